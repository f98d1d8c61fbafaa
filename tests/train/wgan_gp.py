#!/usr/bin/env python3
# wgan_gp.py: the gradient of the first critic step of wgan_gp.gan (beside this file) by PyTorch's double backward in double precision, from the
# same weights and draws, which this script makes by itself from the page that defines them (runtime/include/ganrt/random.h:
# Philox4x32-10). Only the numbers of the random streams are read from ganc's graph text, given on standard input.
#
#   ganc --dtype f64 wgan_gp.gan --emit=graph | python3 wgan_gp.py > wgan_gp.txt
#
# Each line: tensor, element, its value after the step (the weight less its gradient), its gradient. Made with Python 3.11.7, NumPy
# 2.4.6, PyTorch (its version is written into the file's first line).
import math, re, sys
import numpy as np
import torch

SEED = (1, 0)
BATCH = 32
M = 0xFFFFFFFF


def philox(block, example, tick, stream):
    """Philox4x32-10 for arrays of blocks: four words each."""
    c0 = np.asarray(block, np.uint64)
    c1 = np.full_like(c0, 0) + np.asarray(example, np.uint64)
    c2 = np.full_like(c0, tick & M)
    c3 = np.full_like(c0, (stream << 16 | (tick >> 32 & 0xffff)) & M)
    k0, k1 = SEED
    for _ in range(10):
        p0, p1 = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        c0, c2 = (p1 >> np.uint64(32)) ^ c1 ^ np.uint64(k0), (p0 >> np.uint64(32)) ^ c3 ^ np.uint64(k1)
        c1, c3 = p1 & np.uint64(M), p0 & np.uint64(M)
        k0, k1 = (k0 + 0x9E3779B9) & M, (k1 + 0xBB67AE85) & M
    return np.stack([c0, c1, c2, c3])


def words(stream, tick, examples, elements, normal):
    """the 32-bit words of [examples, elements]; two each for normal"""
    e = np.broadcast_to(np.arange(elements, dtype=np.uint64)[None, :], (examples, elements))
    block = e // np.uint64(32 if normal else 64) * np.uint64(16) + e % np.uint64(16)
    w = philox(block, np.arange(examples, dtype=np.uint64)[:, None], tick, stream)
    which = (e // np.uint64(16)).astype(int)
    take = lambda i: np.take_along_axis(w, i[None], 0)[0]
    return (take(2 * (which % 2)), take(2 * (which % 2) + 1)) if normal else take(which % 4)


def normal(*where):
    a, b = (x >> np.uint64(8) for x in words(*where, True))
    a, b = torch.from_numpy(a.astype(np.float64)), torch.from_numpy(b.astype(np.float64))
    return torch.sqrt(-2 * torch.log((a + 1) * 2.0 ** -24)) * torch.cos(2 * math.pi * (b * 2.0 ** -24))


graphs = re.split(r'^graph ', sys.stdin.read(), flags=re.M)[1:]
init = next(g for g in graphs if re.match(r'\d+ init', g))
step = next(g for g in graphs if re.match(r'\d+ step "minimize W', g))
nodes = {int(n): (op, rest) for n, op, rest in re.findall(r'^ *%(\d+)[^=]*= (\w+)(.*)$', init, flags=re.M)}


def stream_under(n):
    op, rest = nodes[n]
    if op == 'rand_normal':
        return int(re.search(r'stream (\d+)', rest).group(1))
    for a in re.findall(r'%(\d+)', rest.split(':')[0]):
        s = stream_under(int(a))
        if s is not None:
            return s


def drawn(op, shape):
    found = re.findall(r'= %s stream (\d+).*?: \[B%s\]' % (op, shape), step)
    assert len(set(found)) == 1, (op, shape, found)
    return int(found[0])


P = {}
for net, sizes in (('G', (3, 16, 2)), ('D', (2, 24, 24, 24, 1))):
    for i in range(len(sizes) - 1):
        name = '%s.dense%d' % (net, i + 1)
        n = int(re.search(r'^ *%s\.W <- %%(\d+)' % re.escape(name), init, flags=re.M).group(1))
        w = normal(stream_under(n), 0, 1, sizes[i] * sizes[i + 1]).reshape(sizes[i], sizes[i + 1]) * math.sqrt(2 / sizes[i])
        P[name + '.W'] = w.requires_grad_()
        P[name + '.b'] = torch.zeros(sizes[i + 1], dtype=torch.float64, requires_grad=True)

dense = lambda x, n: x @ P[n + '.W'] + P[n + '.b']
G = lambda z: dense(torch.tanh(dense(z, 'G.dense1')), 'G.dense2')
leaky = lambda x: torch.nn.functional.leaky_relu(x, 0.2)


def D(x):
    x = leaky(dense(x, 'D.dense1'))
    x = torch.tanh(dense(x, 'D.dense2'))
    return dense(torch.nn.functional.softplus(dense(x, 'D.dense3')), 'D.dense4')[:, 0]


index = (words(drawn('rand_index', ''), 1, BATCH, 1, False) * np.uint64(8)) >> np.uint64(32)
k = torch.from_numpy(index.astype(np.float64)) * 0.7853981633974483
x = 2 * torch.cat([torch.cos(k), torch.sin(k)], 1) + 0.02 * normal(drawn('rand_normal', ', 2'), 1, BATCH, 2)
z = normal(drawn('rand_normal', ', 3'), 1, BATCH, 3)
t = torch.from_numpy((words(drawn('rand_uniform', ''), 1, BATCH, 1, False) >> np.uint64(8)).astype(np.float64) * 2.0 ** -24)
u = (t * x + (1 - t) * G(z).detach()).requires_grad_()
slope, = torch.autograd.grad(D(u).sum(), u, create_graph=True)
loss = D(G(z)).mean() - D(x).mean() + 10 * ((slope.norm(dim=1) - 1) ** 2).mean()
names = [n for n in P if n.startswith('D')]
print('# tensor, element, value after the step, gradient: PyTorch', torch.__version__)
for n, g in zip(names, torch.autograd.grad(loss, [P[n] for n in names], allow_unused=True)):
    g = torch.zeros_like(P[n]) if g is None else g
    for i, (a, b) in enumerate(zip((P[n] - g).detach().reshape(-1).tolist(), g.reshape(-1).tolist())):
        print(n, i, repr(a), repr(b))
