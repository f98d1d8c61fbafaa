#!/usr/bin/env python3
# first_steps.py: the objectives of the first ten steps of gan_mnist_plain.gan (beside this file), computed by PyTorch in double
# precision from the same initial weights, noise and minibatches, which this script makes by itself from the page that defines
# them (runtime/include/ganrt/random.h: Philox4x32-10; the shuffle: runtime/batch.c). Only the numbers of the random streams
# are read from ganc's graph text, given on standard input.
#
#   ganc --dtype f64 gan_mnist_plain.gan --emit=graph | python3 first_steps.py MNIST_FOLDER > first_steps.txt
#
# Made with Python 3.11.7, NumPy 2.4.6, PyTorch (its version is written into the file's first line).
import gzip, math, re, sys
import numpy as np
import torch

SEED = (1, 0)
BATCH = 100
M = 0xFFFFFFFF


def philox(block, example, tick, stream):
    """Philox4x32-10 for arrays of blocks: four words each."""
    c0 = np.asarray(block, np.uint64)
    c1 = np.full_like(c0, 0) + np.asarray(example, np.uint64)
    c2 = np.full_like(c0, tick & M)
    c3 = np.full_like(c0, (stream << 16 | (tick >> 32 & 0xffff)) & M)
    k0, k1 = SEED
    for _ in range(10):
        p0 = (c0 * np.uint64(0xD2511F53))
        p1 = (c2 * np.uint64(0xCD9E8D57))
        c0, c2 = (p1 >> np.uint64(32)) ^ c1 ^ np.uint64(k0), (p0 >> np.uint64(32)) ^ c3 ^ np.uint64(k1)
        c1, c3 = p1 & np.uint64(M), p0 & np.uint64(M)
        k0, k1 = (k0 + 0x9E3779B9) & M, (k1 + 0xBB67AE85) & M
    return c0, c1, c2, c3


def uniform(stream, tick, examples, elements):
    """[examples, elements] uniform numbers on [0, 1)"""
    e = np.arange(elements, dtype=np.uint64)[None, :]
    w = philox(e // np.uint64(64) * np.uint64(16) + e % np.uint64(16) + np.zeros((examples, 1), np.uint64),
               np.arange(examples, dtype=np.uint64)[:, None], tick, stream)
    which = (e // np.uint64(16) % np.uint64(4)).astype(int) + np.zeros((examples, 1), int)
    words = np.choose(which, w)
    return torch.from_numpy((words >> np.uint64(8)).astype(np.float64) * 2.0 ** -24)


def shuffle(count, source, passes):
    words = philox(np.arange((count + 3) // 4), 0, passes, 0xff00 + source)
    words = np.stack(words, 1).reshape(-1)
    order = list(range(count))
    for i in range(count - 1):
        last = count - 1 - i
        other = int(words[i]) * (last + 1) >> 32
        order[last], order[other] = order[other], order[last]
    return order


def streams_of(text, graph_start):
    """stream numbers of the rand_uniform nodes of the first graph whose header matches"""
    body = re.split(r'^graph ', text, flags=re.M)
    for g in body[1:]:
        if re.match(graph_start, g):
            return g
    raise SystemExit('no graph ' + graph_start)


text = sys.stdin.read()
init = streams_of(text, r'\d+ init')
# each parameter's own node: NAME <- %n, where %n = add/mul of a uniform stream
nodes = {}
for line in init.splitlines():
    m = re.match(r'\s*%(\d+)\S*\s*(?:\S+\s*)?=\s*(\w+)(.*)', line)
    if m:
        nodes[int(m.group(1))] = (m.group(2), m.group(3))


def stream_under(n):
    op, rest = nodes[n]
    if op == 'rand_uniform':
        return int(re.search(r'stream (\d+)', rest).group(1))
    for a in re.findall(r'%(\d+)', rest.split(':')[0]):
        s = stream_under(int(a))
        if s is not None:
            return s
    return None


weights = {}
for line in init.splitlines():
    m = re.match(r'\s*(\S+)\s*<-\s*%(\d+)', line)
    if m and m.group(1).endswith('.W') and not m.group(1).startswith('momentum'):
        weights[m.group(1)] = stream_under(int(m.group(2)))


def step_stream(name):
    g = streams_of(text, r'\d+ step "%s' % re.escape(name))
    return int(re.search(r'rand_uniform.*?stream (\d+)', g).group(1))


z_d, z_g = step_stream('maximize V over D'), step_stream('maximize E[z ~ noise]')
shapes = {'G.dense1': (100, 1200, .05), 'G.dense2': (1200, 1200, .05), 'G.dense3': (1200, 784, .05),
          'D.maxout1.dense1': (784, 1200, .005), 'D.maxout2.dense1': (240, 1200, .005), 'D.dense1': (240, 1, .005)}
W = {}
for k, (i, o, a) in shapes.items():
    u = uniform(weights[k + '.W'], 0, 1, i * o).reshape(i, o)
    W[k + '.W'] = (u * (a - -a) + -a).requires_grad_()
    W[k + '.b'] = torch.zeros(o, dtype=torch.float64, requires_grad=True)
raw = gzip.open(sys.argv[1] + '/train-images-idx3-ubyte.gz').read()
X = torch.from_numpy(np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 784)[:50000].astype(np.float64) / 255)
order = shuffle(50000, 0, 0)
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
    z = uniform(z_d, 2 * step - 1, BATCH, 100) * (root3 - -root3) + -root3
    v = ls(D(x)).mean() + ls(-D(G(z))).mean()
    ascend(v, 'D', lr, mu)
    z = uniform(z_g, 2 * step, BATCH, 100) * (root3 - -root3) + -root3
    o = ls(D(G(z))).mean()
    ascend(o, 'G', lr, mu)
    print(step, '%.17g %.17g' % (v.item(), o.item()))
