#!/usr/bin/env python3
# dcgan.py: dcgan.gan (beside this file) by PyTorch: its own first weights, and the objectives of ten steps of Adam in double precision.
#
#   ganc dcgan.gan --emit=graph | python3 dcgan.py dcgan.safetensors [float32] > dcgan.txt
#
# writes PyTorch's weights (single precision, as it makes them) and the objectives. Noise and images are ganc's, which this script makes by itself from the
# page that defines them (runtime/include/ganrt/random.h: Philox4x32-10); the numbers of the random streams are read from ganc's graph text, given
# on standard input. Width and minibatch are the text's, too: with `-D base=32 -D n=64` this is the long check (tests/README.md).
# Made with Python 3.11.7, NumPy 2.4.6, PyTorch (its version is written into the file's first line).
import json, math, re, sys
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = (1, 0)
M = 0xFFFFFFFF
TEXT = sys.stdin.read()
BASE = int(re.search(r'D.conv1.b : \[(\d+)\]', TEXT).group(1))
N = int(re.search(r'step "maximize V over D" batch (\d+)', TEXT).group(1))


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
    return c0, c1, c2, c3


def uniform(stream, tick, elements):
    """[N, elements] uniform numbers on [-1, 1)"""
    e = np.arange(elements, dtype=np.uint64)[None, :]
    w = philox(e // np.uint64(64) * np.uint64(16) + e % np.uint64(16) + np.zeros((N, 1), np.uint64), np.arange(N, dtype=np.uint64)[:, None], tick, stream)
    which = (e // np.uint64(16) % np.uint64(4)).astype(int) + np.zeros((N, 1), int)
    words = np.choose(which, w)
    return torch.from_numpy((words >> np.uint64(8)).astype(np.float64) * 2.0 ** -24) * 2 - 1


def stream(graph, elements):
    """of that step's draw of so many numbers"""
    body = next(g for g in re.split(r'^graph ', TEXT, flags=re.M) if re.match(r'\d+ step "' + re.escape(graph), g))
    return int(re.search(r'rand_uniform stream (\d+) +: \[B, %d\]' % elements, body).group(1))


def images(a):
    row = torch.arange(32, dtype=torch.float64) / 4
    a = a[:, :, None, None, None]
    return torch.sin(a[:, 0] * row.reshape(32, 1, 1) + a[:, 1] * row.reshape(32, 1) + 3 * a[:, 2] + torch.arange(3)).permute(0, 3, 1, 2)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        up = lambda a, b, bias: nn.ConvTranspose2d(a, b, 5, 2, 1, bias=bias)      # one row and column too many: "same" leaves out the last
        self.project = nn.ConvTranspose2d(100, 4 * BASE, 4, bias=False)
        self.norm1, self.norm2, self.norm3 = (nn.BatchNorm2d(k * BASE) for k in (4, 2, 1))
        self.up1, self.up2, self.up3 = up(4 * BASE, 2 * BASE, False), up(2 * BASE, BASE, False), up(BASE, 3, True)

    def forward(self, z):
        h = F.relu(self.norm1(self.project(z[:, :, None, None])))
        h = F.relu(self.norm2(self.up1(h)[:, :, :-1, :-1]))
        h = F.relu(self.norm3(self.up2(h)[:, :, :-1, :-1]))
        return torch.tanh(self.up3(h)[:, :, :-1, :-1])


class Discriminator(nn.Module):
    """the score before the sigmoid"""
    def __init__(self):
        super().__init__()
        down = lambda a, b, bias: nn.Conv2d(a, b, 5, 2, bias=bias)
        self.conv1, self.conv2, self.conv3 = down(3, BASE, True), down(BASE, 2 * BASE, False), down(2 * BASE, 4 * BASE, False)
        self.norm2, self.norm3 = nn.BatchNorm2d(2 * BASE), nn.BatchNorm2d(4 * BASE)
        self.out = nn.Linear(16 * 4 * BASE, 1)

    def forward(self, x):
        same = lambda h: F.pad(h, (1, 2, 1, 2))
        h = F.leaky_relu(self.conv1(same(x)), 0.2)
        h = F.leaky_relu(self.norm2(self.conv2(same(h))), 0.2)
        h = F.leaky_relu(self.norm3(self.conv3(same(h))), 0.2)
        return self.out(h.flatten(1))[:, 0]


def save(path, tensors):
    header, data = {}, b''
    kinds = {torch.float32: 'F32', torch.int64: 'I64'}
    for name, t in tensors.items():
        raw = t.numpy().tobytes()
        header[name] = {'dtype': kinds[t.dtype], 'shape': list(t.shape), 'data_offsets': [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    open(path, 'wb').write(len(text).to_bytes(8, 'little') + text + data)


def initialise(m): # as Radford et al. 2015 and PyTorch's example of a DCGAN have it
    norm = isinstance(m, nn.BatchNorm2d)
    if norm or isinstance(m, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
        nn.init.normal_(m.weight, 1 if norm else 0, 0.02)
        if m.bias is not None: nn.init.zeros_(m.bias)


torch.manual_seed(1)
G, D = Generator().apply(initialise), Discriminator().apply(initialise)
save(sys.argv[1], {**{'G.' + k: v for k, v in G.state_dict().items()}, **{'D.' + k: v for k, v in D.state_dict().items()}})
TYPE = getattr(torch, sys.argv[2] if len(sys.argv) > 2 else 'float64')
G.to(TYPE), D.to(TYPE)
adam = lambda net: torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999), maximize=True)
of_G, of_D = adam(G), adam(D)
z_d, a_d, z_g = stream('maximize V over D', 100), stream('maximize V over D', 3), stream('maximize E[z ~ noise]', 100)
ls = F.logsigmoid
print('# step, V, E[z ~ noise] log(D(G(z))): PyTorch', torch.__version__)
for step in range(1, 11):
    x, z = images(uniform(a_d, 2 * step - 1, 3)).to(TYPE), uniform(z_d, 2 * step - 1, 100).to(TYPE)
    of_D.zero_grad()
    v = ls(D(x)).mean() + ls(-D(G(z))).mean()
    v.backward()
    of_D.step()
    of_G.zero_grad()
    o = ls(D(G(uniform(z_g, 2 * step, 100).to(TYPE)))).mean()
    o.backward()
    of_G.step()
    print(step, '%.17g %.17g' % (v.item(), o.item()))
