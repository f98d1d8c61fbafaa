#!/usr/bin/env python3
# first_steps.py: the objectives of the first ten steps of gan_mnist_plain.gan (beside this file), computed by PyTorch in double
# precision from the same initial weights, noise and minibatches, which are ganc's (../draws.py), whose graph text is given on standard
# input.
#
#   ganc --dtype f64 gan_mnist_plain.gan --emit=graph | python3 first_steps.py MNIST_FOLDER > first_steps.txt
#
# Made with Python 3.11.7, NumPy 2.4.6, PyTorch (its version is written into the file's first line).
import gzip, math, os, re, sys
import numpy as np
import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
import draws

BATCH = 100
text = sys.stdin.read()
init = draws.graph(text, 'init')
step_stream = lambda name: int(re.search(r'rand_uniform.*?stream (\d+)', draws.graph(text, 'step "' + name)).group(1))
z_d, z_g = step_stream('maximize V over D'), step_stream('maximize E[z ~ noise]')
shapes = {'G.dense1': (100, 1200, .05), 'G.dense2': (1200, 1200, .05), 'G.dense3': (1200, 784, .05),
          'D.maxout1.dense1': (784, 1200, .005), 'D.maxout2.dense1': (240, 1200, .005), 'D.dense1': (240, 1, .005)}
W = {}
for k, (i, o, a) in shapes.items():
    u = draws.uniform(draws.stream_of(init, k + '.W', 'rand_uniform'), 0, 1, i * o).reshape(i, o)
    W[k + '.W'] = (u * (a - -a) + -a).requires_grad_()
    W[k + '.b'] = torch.zeros(o, dtype=torch.float64, requires_grad=True)
raw = gzip.open(sys.argv[1] + '/train-images-idx3-ubyte.gz').read()
X = torch.from_numpy(np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 784)[:50000].astype(np.float64) / 255)
order = draws.shuffle(50000, 0, 0)
root3 = math.sqrt(3)
dense = lambda x, n: x @ W[n + '.W'] + W[n + '.b']
G = lambda z: torch.sigmoid(dense(torch.relu(dense(torch.relu(dense(z, 'G.dense1')), 'G.dense2')), 'G.dense3'))


def D(x):
    h = dense(x, 'D.maxout1.dense1').reshape(-1, 240, 5).amax(2)
    return dense(dense(h, 'D.maxout2.dense1').reshape(-1, 240, 5).amax(2), 'D.dense1')[:, 0]


V = {k: torch.zeros_like(v) for k, v in W.items()}


def ascend(objective, net, lr, mu):
    names = [k for k in W if k.startswith(net)]
    for k, g in zip(names, torch.autograd.grad(objective, [W[k] for k in names])):
        with torch.no_grad():
            V[k].mul_(mu).add_(g, alpha=lr)
            W[k].add_(V[k])


ls = torch.nn.functional.logsigmoid
print('# step, V, E[z ~ noise] log(D(G(z))): PyTorch', torch.__version__)
for step in range(1, 11):
    lr, mu = max(0.1 / 1.000004 ** (step - 1), 1e-6), 0.5
    x = X[order[(step - 1) * BATCH:step * BATCH]]
    z = draws.uniform(z_d, 2 * step - 1, BATCH, 100) * (root3 - -root3) + -root3
    v = ls(D(x)).mean() + ls(-D(G(z))).mean()
    ascend(v, 'D', lr, mu)
    z = draws.uniform(z_g, 2 * step, BATCH, 100) * (root3 - -root3) + -root3
    o = ls(D(G(z))).mean()
    ascend(o, 'G', lr, mu)
    print(step, '%.17g %.17g' % (v.item(), o.item()))
