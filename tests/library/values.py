#!/usr/bin/env python3
# values.py: the values of the pages beside this file, step by step, computed by PyTorch in double precision: `python3 values.py > values.txt`. Where
# PyTorch has a layer, loss or optimizer itself it is used, else the formula of the paper. Statements are in the order of the page's train block.
import math
import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
BYTES = torch.tensor([(37 * i * i + 11 * i) % 251 for i in range(384)], dtype=torch.float64).reshape(8, 4, 4, 3)
IMAGES = BYTES / 64 - 2
ROWS = IMAGES.reshape(8, 48)[:, :12]


def iota(n): return torch.arange(n, dtype=torch.float64)


def wave(*s): return (0.5 * torch.sin(0.7 * iota(math.prod(s)) + 0.3)).reshape(s).clone().requires_grad_()


def const(c, *s): return torch.full(s, float(c)).requires_grad_()


def weights(s): return torch.cos(iota(math.prod(s))).reshape(s)


def score(y, power=2):
    """of each example summed; [] or one example: a sum"""
    return (y ** power + y * weights(y.shape)).sum()


def mean_score(y, power=2): return (y ** power + y * weights(y.shape[1:])).sum() / y.shape[0]


def show(page, name, step, value): print(page, name, step, repr(value.item()))


class Sgd:
    """a statement: minimize (or maximize) value() over parameters"""
    def __init__(self, name, value, parameters, lr, up=False, after=None, optimizer=None):
        self.name, self.value, self.up, self.parameters, self.after = name, value, up, parameters, after
        self.lr, self.optimizer = lr, optimizer

    def run(self, page, step):
        v = self.value()
        show(page, self.name, step, v)
        g = torch.autograd.grad(-v if self.up else v, self.parameters, allow_unused=True)
        if self.optimizer:
            for p, d in zip(self.parameters, g): p.grad = d
            self.optimizer.step()
        else:
            lr = self.lr(step) if callable(self.lr) else self.lr
            with torch.no_grad():
                for p, d in zip(self.parameters, g):
                    if d is not None: p -= lr * d
        if self.after:
            with torch.no_grad():
                for p in self.parameters: p.copy_(self.after(p))


def run(page, statements, steps, reports=()):
    for step in range(1, steps + 1):
        for s in statements: s.run(page, step)
        for name, f in reports: show(page, name, step, f())


def prelude():
    w = wave(3, 4)
    P = lambda: 4 * w
    row = lambda: ROWS * P().reshape(12)
    values = [
        ('relu', lambda: score(F.relu(P()))),
        ('leaky_relu', lambda: score(F.leaky_relu(P(), 0.2)) + score(F.leaky_relu(P(), 0.01))),
        ('elu', lambda: score(F.elu(P())) + score(F.elu(P(), 0.5))),
        ('selu', lambda: score(F.selu(P()))),
        ('gelu', lambda: score(F.gelu(P()))),
        ('swish', lambda: score(F.silu(P()))),
        ('clamp', lambda: score(P().clamp(-0.7, 0.9))),
        ('mean', lambda: score(P().mean(0)) + P().mean() + score(P().mean(1, keepdim=True))),
        ('min_over', lambda: score(P().min(1)[0]) + P().min()),
        ('norm', lambda: score(P().norm(dim=0)) + P().norm()),
        ('logsumexp', lambda: score(torch.logsumexp(100 * P(), 1)) + torch.logsumexp(P().reshape(-1), 0) + score(torch.logsumexp(P(), 0, keepdim=True))),
        ('softmax', lambda: score(F.softmax(P(), 0)) + score(F.softmax(P().reshape(-1), 0).reshape(3, 4))),
        ('batch_mean', lambda: score(row().mean(0)) + row().mean()),
        ('batch_var', lambda: score(row().var(0, unbiased=False)) + row().var(unbiased=False)),
        ('logit', lambda: score(torch.logit(0.1 + 0.8 * torch.sigmoid(P())))),
    ]
    run('prelude', [Sgd('v_' + n, f, [w], 1e-6 if n == 'logsumexp' else 0.01) for n, f in values], 3)


def attention(x, f, g, h, v, gamma):
    """x [batch, n, c], weights as [in, out] (Zhang et al. 2019, equations 1 to 3)"""
    beta = F.softmax((x @ g) @ (x @ f).transpose(1, 2), -1)      # beta[j, i]
    return x + gamma * (beta @ (x @ h) @ v)


def layers():
    statements = []
    add = lambda name, value, ps, lr: statements.append(Sgd('v_' + name, value, ps, lr))
    a, b, c = wave(12, 4), wave(4), wave(4, 3)
    add('dense', lambda: mean_score(torch.tanh(F.linear(ROWS, a.T, b)) @ c), [a, b, c], 0.01)
    m = wave(12, 12)
    mb = wave(12)
    add('maxout', lambda: mean_score((ROWS @ m + mb).reshape(8, 4, 3).max(2)[0]), [m, mb], 0.001)
    e1, e2 = wave(5, 3), wave(5, 3)
    index = (BYTES[:, 0, 0, 0] % 5).long()
    add('embedding', lambda: mean_score(F.embedding(index, e1) + 2 * F.embedding(index, e2)), [e1, e2], 0.1)
    r1, rb, r2, rc = wave(12, 5), wave(5), wave(5, 12), const(0, 12)
    add('residual', lambda: mean_score(ROWS + torch.tanh(ROWS @ r1 + rb) @ r2 + rc), [r1, rb, r2, rc], 0.01)
    p1, p2 = wave(3, 6), wave(3, 6)
    add('projected', lambda: mean_score(torch.tanh(IMAGES @ p1) + IMAGES @ p2), [p1, p2], 0.001)
    s1 = wave(3, 6)
    add('skipping', lambda: mean_score(torch.tanh(IMAGES[:, :2] @ s1) + torch.cat([IMAGES[:, :2]] * 2, -1)), [s1], 0.01)
    f, g, h, v, gamma = wave(3, 2), wave(3, 2), wave(3, 2), wave(2, 3), const(0)
    add('attention', lambda: mean_score(attention(IMAGES.reshape(8, 16, 3), f, g, h, v, gamma).reshape(8, 4, 4, 3)), [f, g, h, v, gamma], 0.01)
    rf, rg, rh, rv, rgamma = wave(12, 1), wave(12, 1), wave(12, 1), wave(1, 12), const(0)
    add('attention_row', lambda: mean_score(attention(IMAGES.reshape(8, 4, 12), rf, rg, rh, rv, rgamma)), [rf, rg, rh, rv, rgamma], 0.01)
    t = wave(12, 12)

    def minibatch():
        x = ROWS / 4
        M = (x @ t).reshape(8, 4, 3)
        o = torch.exp(-(M[:, None] - M[None]).abs().sum(-1)).sum(1)
        return mean_score(torch.cat([x, o], 1))
    add('minibatch', minibatch, [t], 0.1)
    run('layers', statements, 4)


class Spectral:
    """Miyato et al. 2018, Algorithm 1; W as [d, n]"""
    def __init__(self, n): self.u = wave(n).detach()

    def __call__(self, w, training):
        W = w.reshape(-1, w.shape[-1])
        with torch.no_grad():
            v = F.normalize(W @ self.u, dim=0)
        if not training: return w / (W @ self.u).norm()
        with torch.no_grad():
            self.u = F.normalize(W.T @ v, dim=0)
        return w / (v @ W @ self.u)


def norms():
    wide = torch.tanh(IMAGES @ torch.sin(iota(12)).reshape(3, 4))                # [8, 4, 4, 4], channels last
    still = 40 * torch.sin(iota(48)).reshape(1, 4, 4, 3)
    still_wide = torch.tanh((still / 64 - 2) @ torch.sin(iota(12)).reshape(3, 4))
    first = lambda x: x.permute(0, 3, 1, 2)                                       # PyTorch wants the channels first
    last = lambda x: x.permute(0, 2, 3, 1)
    cube = lambda y: mean_score(y, 3)
    statements = []
    add = lambda name, value, ps: statements.append(Sgd('v_' + name, value, ps, 0.001))
    bg, bb = wave(4), const(0, 4)
    mu, var = torch.zeros(4), torch.ones(4)

    def batch():
        with torch.no_grad(): # PyTorch's running variance divides by n - 1; the page's by n
            mu.mul_(0.9).add_(0.1 * wide.mean((0, 1, 2)))
            var.mul_(0.9).add_(0.1 * wide.var((0, 1, 2), unbiased=False))
        return cube(last(F.batch_norm(first(wide), None, None, bg, bb, True, 0.1, 1e-5)))
    add('batch', batch, [bg, bb])
    pw = wave(4)
    add('plain', lambda: cube(last(F.batch_norm(first(wide * pw + pw), None, None, None, None, True, 0.1, 0.01))), [pw])
    lg, lb = const(1, 4), const(0, 4)
    add('layer', lambda: cube(F.layer_norm(wide, (4, 4, 4)) * lg + lb), [lg, lb])
    ig, ib = const(1, 4), const(0, 4)
    add('instance', lambda: cube(last(F.instance_norm(first(wide), weight=ig, bias=ib))), [ig, ib])
    gg, gb = const(1, 4), const(0, 4)
    add('group', lambda: cube(last(F.group_norm(first(wide), 2, gg, gb, 1e-4))), [gg, gb])
    w = wave(4)
    add('bare', lambda: cube(F.layer_norm(wide * w, (4, 4, 4)) + 2 * last(F.instance_norm(first(wide * w))) + 3 * last(F.group_norm(first(wide * w), 2))), [w])
    sw, sb, sn = wave(12, 5), wave(5), Spectral(5)
    add('spectral', lambda: cube(ROWS @ sn(sw, True) + sb), [sw, sb])
    ww, wn = wave(3, 2), Spectral(2)
    add('weight', lambda: cube(IMAGES @ wn(ww, True)), [ww])
    run('norms', statements, 4, [
        ('r_batch', lambda: cube(last(F.batch_norm(first(still_wide), mu, var, bg, bb, False, 0.1, 1e-5)))),
        ('r_spectral', lambda: cube((still / 64 - 2).reshape(1, 48)[:, :12] @ sn(sw, False) + sb)),
    ])


def losses():
    NOISE = (BYTES / 128 - 1).reshape(8, 48)[:, 12:16]
    g, gb, d, db, c, cb = wave(4, 12), const(0, 12), wave(12, 1), const(0, 1), wave(16, 1), const(0, 1)
    G = lambda: NOISE @ g + gb
    D = lambda x: (x @ d + db)[:, 0]
    real, fake = lambda: D(ROWS), lambda: D(G())
    ones, zeros = torch.ones(8), torch.zeros(8)

    def penalty(score, target):
        torch.manual_seed(0)
        t = torch.rand(8, 1)
        u = (t * ROWS + (1 - t) * G().detach()).requires_grad_()
        return ((torch.autograd.grad(score(u).sum(), u, create_graph=True)[0].norm(dim=1) - target) ** 2).mean()

    def divergence(activation, conjugate): # Nowozin et al. 2016, equation 6 and Table 2
        return lambda: activation(real()).mean() - conjugate(activation(fake())).mean()
    hellinger = divergence(lambda v: 1 - torch.exp(-v), lambda t: t / (1 - t))
    both = lambda: F.binary_cross_entropy_with_logits(real(), ones) + F.binary_cross_entropy_with_logits(fake(), zeros)
    Ds, Gs, Cs = [d, db], [g, gb], [c, cb]
    run('losses', [
        Sgd('v_minimax', lambda: -both(), Ds, 0.01, True),
        Sgd('v_nonsaturating', lambda: -F.binary_cross_entropy_with_logits(fake(), ones), Gs, 0.01, True),
        Sgd('v_wasserstein', lambda: real().mean() - fake().mean(), Ds, 0.01, True),
        Sgd('v_wasserstein_again', lambda: real().mean() - fake().mean(), Gs, 0.01),
        Sgd('v_least_squares', lambda: F.mse_loss(real(), ones) / 2 + F.mse_loss(fake(), zeros) / 2, Ds, 0.01),
        Sgd('v_hinge', lambda: F.relu(1 - real()).mean() + F.relu(1 + fake()).mean(), Ds, 0.01),
        Sgd('v_penalty', lambda: penalty(D, 1), Ds, 0.1),
        Sgd('v_penalty_of_two', lambda: penalty(lambda u: (torch.cat([u, NOISE], 1) @ c + cb)[:, 0], 0), Cs, 0.1),
        Sgd('v_kl', divergence(lambda v: v, lambda t: torch.exp(t - 1)), Ds, 0.001, True),
        Sgd('v_reverse_kl', divergence(lambda v: -torch.exp(-v), lambda t: -1 - torch.log(-t)), Ds, 0.001, True),
        Sgd('v_pearson', divergence(lambda v: v, lambda t: t * t / 4 + t), Ds, 0.001, True),
        Sgd('v_squared_hellinger', hellinger, Ds, 0.001, True),
        Sgd('v_f_divergence', hellinger, Gs, 0.001),
        Sgd('v_jensen_shannon', divergence(lambda v: math.log(2) + F.logsigmoid(v), lambda t: -torch.log(2 - torch.exp(t))), Ds, 0.01, True),
        Sgd('v_gan', divergence(F.logsigmoid, lambda t: -torch.log(1 - torch.exp(t))), Ds, 0.01, True),
    ], 3)


def optimizers():
    def bowl(w): return 0.5 * ((1 + iota(6)) * (w - torch.cos(iota(6))) ** 2).sum()
    O = torch.optim
    statements = []
    for name, make in [
        ('v_sgd', lambda p: O.SGD(p, 0.05, weight_decay=0.1)),
        ('v_momentum', lambda p: O.SGD(p, 0.05, 0.6, weight_decay=0.1)),
        ('v_nesterov', lambda p: O.SGD(p, 0.05, 0.6, weight_decay=0.1, nesterov=True)),
        ('v_rmsprop', lambda p: O.RMSprop(p, 0.02, 0.9, 1e-3, 0.1)),
        ('v_adagrad', lambda p: O.Adagrad(p, 0.1, weight_decay=0.1, eps=1e-3)),
        ('v_adam', lambda p: O.Adam(p, 0.05, (0.7, 0.9), 1e-3, 0.1)),
        ('v_adam_up', lambda p: O.Adam(p, 0.05, (0.5, 0.999), 1e-8, 0.1)),
    ]:
        w = wave(6)
        up = name.endswith('_up')
        statements.append(Sgd(name, (lambda w=w: -bowl(w)) if up else (lambda w=w: bowl(w)), [w], 0, up, optimizer=make([w])))
    run('optimizers', statements, 6)


def schedules():
    def bowl(w): return 0.5 * ((1 + iota(6)).reshape(2, 3) * (w - torch.cos(iota(6)).reshape(2, 3)) ** 2).sum()
    O = torch.optim.lr_scheduler
    def rates(make, start): # PyTorch's scheduler, stepped 8 times
        o = torch.optim.SGD([torch.zeros(1, requires_grad=True)], start)
        s = make(o)
        out = []
        for _ in range(8):
            out.append(o.param_groups[0]['lr'])
            o.step()
            s.step()
        return out
    exponential = [max(r, 0.01) for r in rates(lambda o: O.ExponentialLR(o, 0.5), 0.05)]
    linear = rates(lambda o: O.LinearLR(o, 1, 0.2, 5), 0.05)
    cosine = rates(lambda o: O.CosineAnnealingLR(o, 5, 0.01), 0.05)[:6]
    cosine += [cosine[5]] * 2                                     # PyTorch's goes up again
    warmup = rates(lambda o: O.LinearLR(o, 0.25, 1, 3), 0.05)
    statements = []
    columns = lambda w: w * torch.clamp(0.4 / w.norm(dim=0), max=1) if w.dim() == 2 else w
    for name, lr, after in [
        ('v_exponential', lambda t: exponential[t - 1], None), ('v_linear', lambda t: linear[t - 1], None), ('v_cosine', lambda t: cosine[t - 1], None),
        ('v_warmup', lambda t: warmup[t - 1], None), ('v_clip', 0.05, lambda w: w.clamp(-0.3, 0.3)),
        ('v_to_sphere', 0.05, lambda w: w * min(1, 0.6 / w.norm())), ('v_max_column_norm', 0.05, columns),
    ]:
        w, b = wave(2, 3), wave(3)
        statements.append(Sgd(name, lambda w=w, b=b: bowl(w + b), [w, b], lr, after=after))
    run('schedules', statements, 8)


def pads(size, k, stride): # "same": ceil(size / stride) comes out, the odd one at the end
    total = max((-(-size // stride) - 1) * stride + k - size, 0)
    return total // 2, total - total // 2


def conv(x, w, stride):
    """x [batch, c, h, h], w [k, k, c, n]"""
    p = pads(x.shape[2], w.shape[0], stride)
    return F.conv2d(F.pad(x, p + p), w.permute(3, 2, 0, 1), stride=stride)


def deconv(x, w, stride):
    """the transpose of conv: stride times the size"""
    n = x.shape[2] * stride
    a, b = pads(n, w.shape[0], stride)
    y = F.conv_transpose2d(x, w.permute(2, 3, 0, 1), stride=stride)
    return y[:, :, a:a + n, a:a + n]


def convolution():
    first = lambda x: x.permute(0, 3, 1, 2)
    last = lambda x: x.permute(0, 2, 3, 1)
    cw, cb = wave(3, 3, 3, 2), wave(2)
    tw, tb = wave(5, 5, 3, 2), wave(2)
    pw, pb = wave(4, 4, 3, 2), wave(9, 9, 2)

    def out_padded(): # (4 - 1) 2 - 2 + 4 + 1 = 9
        return last(F.conv_transpose2d(first(IMAGES), pw.permute(2, 3, 0, 1), stride=2, padding=1, output_padding=1))
    run('convolution', [
        Sgd('v_conv', lambda: mean_score(last(conv(first(IMAGES), cw, 2)) + cb), [cw, cb], 1e-4),
        Sgd('v_deconv', lambda: mean_score(last(deconv(first(IMAGES), tw, 2)) + tb), [tw, tb], 1e-4),
        Sgd('v_out_pad', lambda: mean_score(out_padded() + pb), [pw, pb], 1e-4),
    ], 3)


def models():
    first = lambda x: x.permute(0, 3, 1, 2)
    last = lambda x: x.permute(0, 2, 3, 1)
    norm = lambda x, g, b: F.batch_norm(x, None, None, g, b, True, 0.1, 1e-5)
    sw, sb, sn = wave(3, 3, 3, 2), wave(2), Spectral(2)
    g0, g1, g2 = wave(12, 64), wave(5, 5, 4, 2), wave(5, 5, 2, 3)
    gb = [wave(4), const(0, 4), wave(2), const(0, 2), const(0, 3)]

    def G(): # [12] -> [4, 4, 4] -> [8, 8, 2] -> [16, 16, 3]
        h = F.relu(norm(first((ROWS @ g0).reshape(8, 4, 4, 4)), gb[0], gb[1]))
        h = F.relu(norm(deconv(h, g1, 2), gb[2], gb[3]))
        return torch.tanh(last(deconv(h, g2, 2) + gb[4].reshape(3, 1, 1)))
    d0, d1, d2 = wave(4, 4, 3, 2), wave(4, 4, 2, 4), wave(64, 1)
    db = [const(0, 2), wave(4), const(0, 4), const(0, 1)]

    def D(x): # [16, 16, 3] -> [8, 8, 2] -> [4, 4, 4] -> []
        h = F.leaky_relu(conv(first(x), d0, 2) + db[0].reshape(2, 1, 1), 0.2)
        h = F.leaky_relu(norm(conv(h, d1, 2), db[1], db[2]), 0.2)
        return (last(h).reshape(8, 64) @ d2 + db[3])[:, 0]
    Gs, Ds = [g0, g1, g2] + gb, [d0, d1, d2] + db
    run('models', [
        Sgd('v_spectral', lambda: mean_score(last(conv(first(IMAGES), sn(sw, True), 2)) + sb), [sw, sb], 0.001),
        Sgd('v_generator', lambda: mean_score(G()), Gs, 1e-4),
        Sgd('v_both', lambda: D(G()).mean(), Ds, 1e-4),
        Sgd('v_both_up', lambda: D(G()).mean(), Gs, 1e-4, True),
    ], 3)


print(f'# page, value, step, number: PyTorch {torch.__version__}, double precision (values.py)')
for page in prelude, layers, norms, losses, optimizers, schedules, convolution, models: page()
