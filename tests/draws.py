# draws.py: what ganc draws at random, for the scripts that make the expected numbers of tests (weights/dcgan.py, train/first_steps.py, train/wgan_gp.py):
# by the page that defines it (runtime/include/ganrt/random.h: Philox4x32-10; the shuffle: runtime/batch.c), with the seed 1. The numbers of the
# random streams are read from ganc's graph text.
import math, re
import numpy as np
import torch

SEED = (1, 0)
M = 0xFFFFFFFF


def philox(block, example, tick, stream):
    """Philox4x32-10 for arrays of blocks: [4, ...] words."""
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


def words(stream, tick, examples, elements, pairs=False):
    """the 32-bit words of [examples, elements]; of normal numbers pairs of them"""
    e = np.broadcast_to(np.arange(elements, dtype=np.uint64)[None, :], (examples, elements))
    block = e // np.uint64(32 if pairs else 64) * np.uint64(16) + e % np.uint64(16)
    w = philox(block, np.arange(examples, dtype=np.uint64)[:, None], tick, stream)
    which = (e // np.uint64(16)).astype(int)
    take = lambda i: np.take_along_axis(w, i[None], 0)[0]
    return (take(2 * (which % 2)), take(2 * (which % 2) + 1)) if pairs else take(which % 4)


def unit(w):
    """words as numbers on [0, 1)"""
    return torch.from_numpy((w >> np.uint64(8)).astype(np.float64) * 2.0 ** -24)


def uniform(stream, tick, examples, elements):
    """[examples, elements] uniform numbers on [0, 1)"""
    return unit(words(stream, tick, examples, elements))


def normal(stream, tick, examples, elements):
    a, b = (unit(w) for w in words(stream, tick, examples, elements, pairs=True))
    return torch.sqrt(-2 * torch.log(a + 2.0 ** -24)) * torch.cos(2 * math.pi * b)


def shuffle(count, source, passes):
    """the order in which a pass takes the examples"""
    w = philox(np.arange((count + 3) // 4), 0, passes, 0xff00 + source).T.reshape(-1)
    order = list(range(count))
    for i in range(count - 1):
        last = count - 1 - i
        other = int(w[i]) * (last + 1) >> 32
        order[last], order[other] = order[other], order[last]
    return order


def graph(text, start):
    """the text of the first graph whose first line begins so, after its number"""
    for g in re.split(r'^graph \d+ ', text, flags=re.M)[1:]:
        if g.startswith(start):
            return g
    raise SystemExit('no graph ' + start)


def stream_of(init, tensor, op):
    """the stream of the draws by `op` that a tensor's initial value is made of"""
    nodes = {int(n): rest for n, rest in re.findall(r'^ *%(\d+)[^=]*= (.*)$', init, flags=re.M)}

    def under(n):
        if nodes[n].startswith(op):
            return int(re.search(r'stream (\d+)', nodes[n]).group(1))
        return next((s for s in map(under, map(int, re.findall(r'%(\d+)', nodes[n].split(':')[0]))) if s is not None), None)
    return under(int(re.search(r'^ *%s <- %%(\d+)' % re.escape(tensor), init, flags=re.M).group(1)))
