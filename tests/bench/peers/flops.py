"""The models that are measured, and the multiply-adds that an iteration of each needs: shared by all peers and by ../run. Needs nothing."""

MODELS = {  # batch, z dim, z dist, optimizer, critic steps, loss
 'gan-1d':         dict(B=64,  z=1,   zd='u11', opt='sgd',     n=1, loss='ns', data='1d'),
 'gan-toy':        dict(B=256, z=2,   zd='n',   opt='adam',    n=1, loss='ns', data='ring'),
 'gan-mnist-mlp':  dict(B=100, z=100, zd='u11', opt='sgd',     n=1, loss='ns', data='mnist'),
 'dcgan-mnist28':  dict(B=128, z=100, zd='n',   opt='adamgan', n=1, loss='ns', data='mnist28'),
 'dcgan-32':       dict(B=128, z=100, zd='n',   opt='adamgan', n=1, loss='ns', data='img32'),
 'dcgan-64':       dict(B=128, z=100, zd='u11', opt='adamgan', n=1, loss='ns', data='img64'),
 'wgan-64':        dict(B=64,  z=100, zd='n',   opt='rms',     n=5, loss='w',  data='img64'),
 'wgan-mlp-64':    dict(B=64,  z=100, zd='n',   opt='rms',     n=5, loss='w',  data='img64flat'),
 'wgan-gp-toy':    dict(B=256, z=2,   zd='n',   opt='adamgp',  n=5, loss='gp', data='ring'),
}
# optimizers: sgd = lr .05 mom .5 (mnist) ; adam = 1e-3 ; adamgan = 2e-4 b1=.5 b2=.999
# adamgp = 1e-4 b1=.5 b2=.9 ; rms = RMSProp 5e-5 + clip +-.01

# Multiply-adds per sample of every dense/conv layer, in order (input layer first).
def lin(*w): return [a * b for a, b in zip(w[:-1], w[1:])]
MACS = {
 'gan-1d':        (lin(1, 16, 1), lin(1, 16, 16, 1)),
 'gan-toy':       (lin(2, 128, 128, 2), lin(2, 128, 128, 1)),
 'gan-mnist-mlp': (lin(100, 1200, 1200, 784), [784*1200, 240*1200, 240]),
 'dcgan-mnist28': ([100*6272, 49*128*64*16, 196*64*1*16], [196*16*1*64, 49*16*64*128, 6272]),
 'dcgan-32':      ([100*8192, 16*512*256*16, 64*256*128*16, 256*128*3*16],
                   [256*16*3*128, 64*16*128*256, 16*16*256*512, 8192]),
 'dcgan-64':      ([100*16384, 16*1024*512*25, 64*512*256*25, 256*256*128*25, 1024*128*3*25],
                   [1024*25*3*128, 256*25*128*256, 64*25*256*512, 16*25*512*1024, 16384]),
 'wgan-mlp-64':   (lin(100, 512, 512, 512, 12288), lin(12288, 512, 512, 512, 1)),
 'wgan-gp-toy':   (lin(2, 512, 512, 512, 2), lin(2, 512, 512, 512, 1)),
}
MACS['wgan-64'] = MACS['dcgan-64']

def gflop_iter(model, B):
    """Useful GEMM/conv GFLOP of one full iteration (n critic steps + 1 G step, fresh z each).
    F = 2*MACs*B.  D step: FG + 2FD fwd + 2FD wgrad + 2(FD-FD1) dgrad.
    G step: FG + FD fwd + FD dgrad + FG wgrad + (FG-FG1) dgrad.
    GP adds per D step: FD fwd + FD dgrad + (FD wgrad + FD dgrad) for the double backward."""
    g, d = MACS[model]; m = MODELS[model]
    FG, FD, FG1, FD1 = sum(g), sum(d), g[0], d[0]
    ds = FG + 6 * FD - 2 * FD1 + (4 * FD if m['loss'] == 'gp' else 0)
    gs = 3 * FG + 2 * FD - FG1
    return 2e-9 * B * (m['n'] * ds + gs)
