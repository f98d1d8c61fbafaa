#!/usr/bin/env python3
# dcgan.py: dcgan.gan (beside this file) by PyTorch: its own first weights, and the objectives of ten steps of Adam in double precision.
#
#   ganc -D base=8 -D n=128 dcgan.gan --emit=graph | python3 dcgan.py dcgan.safetensors [float32 [channels_last] [no_onednn]] > dcgan.txt
#
# writes PyTorch's weights (single precision, as it makes them) and the objectives. Noise and images are ganc's (../draws.py), whose graph
# text is given on standard input. Width and minibatch are the text's, too: with `-D base=32` this is the long check (tests/README.md).
# Made with Python 3.11.7, NumPy 2.4.6, PyTorch (its version is written into the file's first line).
import json, os, re, sys
import torch
import torch.nn as nn
import torch.nn.functional as F

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
import draws

TEXT = sys.stdin.read()
BASE = int(re.search(r'D.conv1.b : \[(\d+)\]', TEXT).group(1))
N = int(re.search(r'step "maximize V over D" batch (\d+)', TEXT).group(1))


def draw(graph_start, elements, tick):
    """of that step, so many numbers an example on [-1, 1)"""
    stream = int(re.search(r'rand_uniform stream (\d+) +: \[B, %d\]' % elements, draws.graph(TEXT, 'step "' + graph_start)).group(1))
    return draws.uniform(stream, tick, N, elements) * 2 - 1


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
LAYOUT = torch.channels_last if 'channels_last' in sys.argv else torch.contiguous_format
torch.backends.mkldnn.enabled = 'no_onednn' not in sys.argv
G.to(TYPE, memory_format=LAYOUT), D.to(TYPE, memory_format=LAYOUT)
adam = lambda net: torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999), maximize=True)
of_G, of_D = adam(G), adam(D)
ls = F.logsigmoid
print('# step, V, E[z ~ noise] log(D(G(z))): PyTorch', torch.__version__)
for step in range(1, 11):
    x, z = images(draw('maximize V over D', 3, 2 * step - 1)).to(TYPE, memory_format=LAYOUT), draw('maximize V over D', 100, 2 * step - 1).to(TYPE)
    of_D.zero_grad()
    v = ls(D(x)).mean() + ls(-D(G(z))).mean()
    v.backward()
    of_D.step()
    of_G.zero_grad()
    o = ls(D(G(draw('maximize E[z ~ noise]', 100, 2 * step).to(TYPE)))).mean()
    o.backward()
    of_G.step()
    print(step, '%.17g %.17g' % (v.item(), o.item()))
