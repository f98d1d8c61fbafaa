#!/usr/bin/env python3
# wgan_gp.py: the gradient of the first critic step of wgan_gp.gan (beside this file) by PyTorch's double backward in double precision, from the
# same weights and draws, which are ganc's (../draws.py), whose graph text is given on standard input.
#
#   ganc --dtype f64 wgan_gp.gan --emit=graph | python3 wgan_gp.py > wgan_gp.txt
#
# Each line: tensor, element, its value after the step (the weight less its gradient), its gradient. Made with Python 3.11.7, NumPy
# 2.4.6, PyTorch (its version is written into the file's first line).
import math, os, re, sys
import numpy as np
import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
import draws

BATCH = 32
text = sys.stdin.read()
init, step = draws.graph(text, 'init'), draws.graph(text, 'step "minimize W')


def drawn(op, shape):
    found = re.findall(r'= %s stream (\d+).*?: \[B%s\]' % (op, shape), step)
    assert len(set(found)) == 1, (op, shape, found)
    return int(found[0])


P = {}
for net, sizes in (('G', (3, 16, 2)), ('D', (2, 24, 24, 24, 1))):
    for i in range(len(sizes) - 1):
        name = '%s.dense%d' % (net, i + 1)
        w = draws.normal(draws.stream_of(init, name + '.W', 'rand_normal'), 0, 1, sizes[i] * sizes[i + 1]).reshape(sizes[i], sizes[i + 1])
        w = w * math.sqrt(2 / sizes[i])
        P[name + '.W'] = w.requires_grad_()
        P[name + '.b'] = torch.zeros(sizes[i + 1], dtype=torch.float64, requires_grad=True)

dense = lambda x, n: x @ P[n + '.W'] + P[n + '.b']
G = lambda z: dense(torch.tanh(dense(z, 'G.dense1')), 'G.dense2')
leaky = lambda x: torch.nn.functional.leaky_relu(x, 0.2)


def D(x):
    x = leaky(dense(x, 'D.dense1'))
    x = torch.tanh(dense(x, 'D.dense2'))
    return dense(torch.nn.functional.softplus(dense(x, 'D.dense3')), 'D.dense4')[:, 0]


index = (draws.words(drawn('rand_index', ''), 1, BATCH, 1) * np.uint64(8)) >> np.uint64(32)
k = torch.from_numpy(index.astype(np.float64)) * 0.7853981633974483
x = 2 * torch.cat([torch.cos(k), torch.sin(k)], 1) + 0.02 * draws.normal(drawn('rand_normal', ', 2'), 1, BATCH, 2)
z = draws.normal(drawn('rand_normal', ', 3'), 1, BATCH, 3)
t = draws.uniform(drawn('rand_uniform', ''), 1, BATCH, 1)
u = (t * x + (1 - t) * G(z).detach()).requires_grad_()
slope, = torch.autograd.grad(D(u).sum(), u, create_graph=True)
loss = D(G(z)).mean() - D(x).mean() + 10 * ((slope.norm(dim=1) - 1) ** 2).mean()
names = [n for n in P if n.startswith('D')]
print('# tensor, element, value after the step, gradient: PyTorch', torch.__version__)
for n, g in zip(names, torch.autograd.grad(loss, [P[n] for n in names], allow_unused=True)):
    g = torch.zeros_like(P[n]) if g is None else g
    for i, (a, b) in enumerate(zip((P[n] - g).detach().reshape(-1).tolist(), g.reshape(-1).tolist())):
        print(n, i, repr(a), repr(b))
