#!/usr/bin/env python3
# ops_conv.py: what ops_conv.c compares with: functions of images in the language, their gradients and second gradients, by PyTorch in double.
#
#     python3 ops_conv.py > ops_conv_values.h
#
# With f(x) the row's expression of an image x (W stands for the parameter), q = sum(f^3) / 3 over an example and
#     V = mean over the batch of q + |dq/dx|^2 / 2
# each row holds V and W - dV/dW. The element i of a minibatch of 2 is sin(1 + 0.7 i), of W cos(0.5 + 0.3 i).
# Made with Python 3.11.7; PyTorch's version is written into the file's first line.
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
BATCH = 2


def same(length, k, s):
    out = -(-length // s)
    total = (out - 1) * s + k - length
    return max(total, 0) // 2, total - max(total, 0) // 2


def conv(x, w, stride=1, pad=0):
    """x [n, c, h, w], w [rows, columns, in, out]"""
    if pad == "same":
        t, b = same(x.shape[2], w.shape[0], stride)
        l, r = same(x.shape[3], w.shape[1], stride)
        x, pad = F.pad(x, (l, r, t, b)), 0
    return F.conv2d(x, w.permute(3, 2, 0, 1).contiguous(), stride=stride, padding=pad)


def deconv(x, w, stride=1, pad=0, out_pad=0):
    v = w.permute(2, 3, 0, 1).contiguous()
    if pad != "same":
        return F.conv_transpose2d(x, v, stride=stride, padding=pad, output_padding=out_pad)
    y = F.conv_transpose2d(x, v, stride=stride)
    t, l = (max(k - stride, 0) // 2 for k in w.shape[:2])
    h, c = x.shape[2] * stride, x.shape[3] * stride
    return F.pad(y, (-l, c - y.shape[3] + l, -t, h - y.shape[2] + t))


def largest(x, w, *a):
    return F.max_pool2d(x * w.permute(2, 0, 1), *a)


def average(x, w, *a):
    return F.avg_pool2d(x * w.permute(2, 0, 1), *a)


def bigger(x, w, f):
    return (x * w.permute(2, 0, 1)).repeat_interleave(f, 2).repeat_interleave(f, 3)


rows = []


def row(text, f, image, weights, *a):
    rows.append((text, f, image, weights or image, a))


C, T, M, A = "conv2d(x, W%s)", "conv2d_transpose(x, W%s)", "max_pool(x * W, %s)", "avg_pool(x * W, %s)"
row(C % "", conv, (5, 4, 2), (3, 2, 2, 3))
for stride, image, weights in [(1, (4, 4, 2), (4, 4, 2, 1)), (2, (5, 6, 2), (5, 5, 2, 2)), (2, (7, 4, 1), (3, 3, 1, 2)), (2, (5, 4, 2), (2, 2, 2, 1)),
                               (2, (6, 6, 1), (4, 1, 1, 2)), (3, (7, 8, 1), (2, 1, 1, 2)), (3, (8, 9, 2), (5, 4, 2, 1))]:
    row(C % f', {stride}, "same"', conv, image, weights, stride, "same")
for stride, pad, image, weights in [(2, 1, (6, 5, 2), (3, 3, 2, 2)), (3, 2, (5, 7, 1), (4, 2, 1, 2)), (1, 3, (2, 2, 1), (2, 3, 1, 2)), (2, 0, (6, 7, 2), (3, 2, 2, 1))]:
    row(C % f", stride={stride}, pad={pad}", conv, image, weights, stride, pad)
row(T % "", deconv, (3, 2, 2), (2, 3, 2, 1))
for stride, image, weights in [(1, (3, 3, 2), (4, 3, 2, 1)), (2, (3, 4, 2), (5, 5, 2, 2)), (2, (3, 2, 1), (4, 3, 1, 2)), (2, (3, 2, 2), (2, 1, 2, 1)), (3, (2, 3, 1), (1, 2, 1, 2))]:
    row(T % f', {stride}, "same"', deconv, image, weights, stride, "same")
for stride, pad, out_pad, image, weights in [(2, 1, 0, (3, 3, 2), (4, 4, 2, 1)), (2, 1, 1, (3, 2, 2), (3, 3, 2, 2)), (3, 2, 2, (3, 3, 1), (5, 4, 1, 2)),
                                             (1, 2, 0, (4, 4, 1), (2, 2, 1, 2)), (2, 0, 1, (2, 3, 1), (1, 2, 1, 2))]:
    row(T % f", {stride}, {pad}, out_pad={out_pad}", deconv, image, weights, stride, pad, out_pad)
for text, f in [(M, largest), (A, average)]:
    row(text % "2", f, (4, 6, 2), None, 2)
    row(text % "2", f, (5, 7, 1), None, 2)
    row(text % "3, 2", f, (7, 6, 1), None, 3, 2)
    row(text % "2, 3", f, (7, 6, 1), None, 2, 3)
    row(text % "3, 1, 1", f, (4, 3, 2), None, 3, 1, 1)
    row(text % "size=3, stride=2, pad=1", f, (6, 5, 2), None, 3, 2, 1)
    row(text % "2, ceil=true", f, (5, 3, 2), None, 2, 2, 0, *((1, True) if f is largest else (True,)))
    row(text % "3, 2, 1, true", f, (6, 4, 1), None, 3, 2, 1, *((1, True) if f is largest else (True,)))
    row(text % "2, 3, 1, ceil=true", f, (6, 8, 1), None, 2, 3, 1, *((1, True) if f is largest else (True,)))
row("upsample(x * W, 3)", bigger, (2, 3, 2), None, 3)


def result(f, image, weights, a):
    n = BATCH * image[0] * image[1] * image[2]
    x = torch.sin(1 + 0.7 * torch.arange(n)).reshape(BATCH, *image).requires_grad_()
    k = 1
    for d in weights:
        k *= d
    w = torch.cos(0.5 + 0.3 * torch.arange(k)).reshape(weights).requires_grad_()
    y = f(x.permute(0, 3, 1, 2).contiguous(), w, *a)
    q = (y ** 3).sum() / 3
    (d,) = torch.autograd.grad(q, x, create_graph=True)
    v = (q + (d * d).sum() / 2) / BATCH
    (dw,) = torch.autograd.grad(v, w)
    return v.item(), (w - dw).detach().flatten().tolist(), tuple(y.shape[2:]) + (y.shape[1],)


def numbers(t):
    return ", ".join(map(str, t))


def main():
    print(f"/* ops_conv_values.h: made by ops_conv.py with PyTorch {torch.__version__}. */")
    for i, (text, f, image, weights, a) in enumerate(rows):
        v, w, shape = result(f, image, weights, a)
        lines = [", ".join(repr(x) for x in w[j:j + 6]) for j in range(0, len(w), 6)]
        print(f"static const double values_{i}[] = {{\n    " + ",\n    ".join(lines) + "};")
        rows[i] += (v, shape)
    print("static const struct row rows[] = {")
    for i, (text, f, image, weights, a, v, shape) in enumerate(rows):
        quoted = text.replace('"', '\\"')
        print(f'    {{"{quoted}", "{numbers(image)}", "{numbers(weights)}", "{numbers(shape)}", {v!r}, values_{i}}},')
    print("};")


main()
