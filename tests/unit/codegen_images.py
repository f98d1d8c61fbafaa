#!/usr/bin/env python3
# codegen_images.py: what codegen_images.c compares with: operations on images and layers of the library, their gradients and second gradients, by PyTorch in
# double precision.
#
#     python3 codegen_images.py > codegen_images_values.h
#
# With f the row's function of an image x, and its parameters, in their order, W, ...; y = f(x), q = sum(y^3) / 3 over an example, V its mean over the batch:
#     y, dx = dq/dx, ddx = d(|dx|^2 / 2)/dx, dW = dV/dW, dxW = d(mean |dx|^2 / 2)/dW, dWW = d(|dW|^2 / 2)/dW
# Element i of the minibatch of 2 is the made-up number of runtime/batch.c in [-1, 1], of parameter number k cos(0.5 + 0.3 i + k).
# Made with Python 3.11.7; PyTorch's version is written into the file's first line.
import math
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
BATCH = 2
rows = []


def row(body, f, image, *params, before=""):
    """body: in the language; f(x, *params) in PyTorch, x [n, h, w, c]"""
    rows.append((body, f, image, params, before))


def first(x): return x.permute(0, 3, 1, 2)
def last(x): return x.permute(0, 2, 3, 1)


def wave(*s): return 0.5 * torch.sin(0.7 * torch.arange(math.prod(s)) + 0.3).reshape(s)


# ---- convolutions ----

def same(length, k, s):
    total = max((-(-length // s) - 1) * s + k - length, 0)
    return total // 2, total - total // 2


def conv(x, w, stride=1, pad=0):
    """w [rows, columns, in, out]"""
    x = first(x)
    if pad == "same":
        (t, b), (l, r) = same(x.shape[2], w.shape[0], stride), same(x.shape[3], w.shape[1], stride)
        x, pad = F.pad(x, (l, r, t, b)), 0
    return last(F.conv2d(x, w.permute(3, 2, 0, 1).contiguous(), stride=stride, padding=pad))


def deconv(x, w, stride=1, pad=0, out_pad=0):
    v = w.permute(2, 3, 0, 1).contiguous()
    if pad != "same":
        return last(F.conv_transpose2d(first(x), v, stride=stride, padding=pad, output_padding=out_pad))
    y = F.conv_transpose2d(first(x), v, stride=stride)
    t, l = (max(k - stride, 0) // 2 for k in w.shape[:2])
    h, c = x.shape[1] * stride, x.shape[2] * stride
    return last(F.pad(y, (-l, c - y.shape[3] + l, -t, h - y.shape[2] + t)))


def convolution(name, f, image, weights, *a):
    text = ", ".join(["x", "W"] + [f'"{v}"' if isinstance(v, str) else str(v) for v in a])
    shape = ", ".join(map(str, weights))
    row(f"param W : [{shape}] = 0; {name}({text})", lambda x, w: f(x, w, *a), image, weights)


for image, weights, *a in [
        ((5, 4, 2), (3, 2, 2, 3)), ((4, 5, 3), (1, 1, 3, 2)), ((4, 4, 2), (4, 4, 2, 1), 1, "same"), ((5, 6, 2), (5, 5, 2, 2), 2, "same"),
        ((6, 6, 3), (5, 5, 3, 2), 2, "same"), ((7, 4, 1), (3, 3, 1, 2), 2, "same"), ((6, 5, 1), (4, 1, 1, 2), 2, "same"), ((7, 8, 1), (2, 1, 1, 2), 3, "same"),
        ((8, 9, 1), (5, 4, 1, 1), 3, "same"), ((5, 5, 2), (3, 3, 2, 2), 1, 1), ((6, 5, 2), (3, 3, 2, 2), 2, 1), ((8, 8, 1), (4, 4, 1, 2), 2, 1),
        ((5, 7, 1), (4, 2, 1, 2), 3, 2), ((2, 2, 1), (2, 3, 1, 2), 1, 3), ((6, 7, 2), (3, 2, 2, 1), 2, 0), ((7, 7, 1), (2, 2, 1, 2), 4, 0)]:
    convolution("conv2d", conv, image, weights, *a)
for image, weights, *a in [
        ((3, 2, 2), (2, 3, 2, 1)), ((3, 3, 2), (4, 3, 2, 1), 1, "same"), ((3, 4, 2), (5, 5, 2, 2), 2, "same"), ((3, 2, 1), (4, 4, 1, 2), 2, "same"),
        ((3, 2, 2), (2, 1, 2, 1), 2, "same"), ((2, 3, 1), (1, 2, 1, 2), 3, "same"), ((2, 2, 2), (5, 5, 2, 1), 3, "same"), ((3, 3, 2), (4, 4, 2, 1), 2, 1),
        ((3, 2, 2), (3, 3, 2, 2), 2, 1, 1), ((3, 3, 1), (5, 5, 1, 2), 2, 2, 1), ((3, 3, 1), (5, 4, 1, 2), 3, 2, 2), ((4, 4, 1), (2, 2, 1, 2), 1, 2),
        ((2, 3, 1), (1, 2, 1, 2), 2, 0, 1)]:
    convolution("conv2d_transpose", deconv, image, weights, *a)
row('x |> conv(2, kernel=3, stride=2, bias="untied")', lambda x, w, b: conv(x, w, 2, "same") + b, (5, 4, 2), (3, 3, 2, 2), (3, 2, 2))
row("x |> conv(3, kernel=3, pad=2)", lambda x, w, b: conv(x, w, 1, 2) + b, (3, 4, 1), (3, 3, 1, 3), (3,))
row('x |> deconv(2, kernel=3, stride=3, bias="untied")', lambda x, w, b: deconv(x, w, 3, "same") + b, (2, 2, 2), (3, 3, 2, 2), (6, 6, 2))
row("x |> deconv(2, kernel=5, stride=2, pad=2, out_pad=1)", lambda x, w, b: deconv(x, w, 2, 2, 1) + b, (3, 2, 2), (5, 5, 2, 2), (2,))
row("x |> conv(2, kernel=3, bias=false) |> tanh |> deconv(1, kernel=4, stride=2)",
    lambda x, w, v, b: deconv(torch.tanh(conv(x, w, 1, "same")), v, 2, "same") + b, (3, 3, 2), (3, 3, 2, 2), (4, 4, 2, 1), (1,))


# ---- pooling, structure: of x * W ----

def of_product(text, f, image):
    shape = ", ".join(map(str, image))
    row(f"param W : [{shape}] = 0; let u = x * W; {text}", lambda x, w: f(x * w), image, image)


for name, image, arguments, *a in [
        ("max", (4, 6, 2), "2", 2), ("max", (5, 7, 1), "2", 2), ("max", (7, 6, 1), "3, 2", 3, 2), ("max", (4, 3, 2), "3, 1, 1", 3, 1, 1),
        ("max", (6, 5, 2), "size=3, stride=2, pad=1", 3, 2, 1), ("max", (5, 3, 2), "2, ceil=true", 2, 2, 0, 1, True),
        ("max", (6, 4, 1), "3, 2, 1, true", 3, 2, 1, 1, True), ("max", (6, 8, 1), "2, 3, 1, ceil=true", 2, 3, 1, 1, True),
        ("max", (8, 8, 1), "4, 2, ceil=true", 4, 2, 0, 1, True),
        ("avg", (4, 6, 2), "2", 2), ("avg", (7, 6, 1), "2, 3", 2, 3), ("avg", (4, 3, 2), "3, 1, 1", 3, 1, 1),
        ("avg", (5, 3, 2), "2, ceil=true", 2, 2, 0, True), ("avg", (6, 4, 1), "3, 2, 1, true", 3, 2, 1, True)]:
    pool = F.max_pool2d if name == "max" else F.avg_pool2d
    of_product(f"{name}_pool(u, {arguments})", lambda u, pool=pool, a=a: last(pool(first(u), *a)), image)
of_product("upsample(u, 2)", lambda u: u.repeat_interleave(2, 1).repeat_interleave(2, 2), (2, 3, 2))
of_product("upsample(u, 3)", lambda u: u.repeat_interleave(3, 1).repeat_interleave(3, 2), (3, 2, 1))
of_product("pad(u, 1)", lambda u: F.pad(u, (1,) * 6), (2, 3, 2))
of_product("pad(u, 2, 1, axis=0)", lambda u: F.pad(u, (0, 0, 0, 0, 2, 1)), (2, 3, 2))
of_product("pad(u, 0, 3, axis=1)", lambda u: F.pad(u, (0, 0, 0, 3)), (3, 2, 2))
of_product("pad(u, 1, 2, axis=2)", lambda u: F.pad(u, (1, 2)), (3, 2, 1))
for axis in range(3):
    of_product(f"concat(u, 2 * x, u, axis={axis})", lambda u, axis=axis: u, (2, 3, 2))     # with x: below
    rows[-1] = (rows[-1][0], lambda x, w, axis=axis: torch.cat([x * w, 2 * x, x * w], axis + 1)) + rows[-1][2:]
of_product("slice(u, 1, 3, axis=0)", lambda u: u[:, 1:3], (4, 2, 2))
of_product("slice(u, 0, 3, axis=1)", lambda u: u[:, :, 0:3], (2, 4, 2))
of_product("slice(u, 1, 2, axis=2)", lambda u: u[:, :, :, 1:2], (2, 3, 3))
of_product("u[1:4, :, 1]", lambda u: u[:, 1:4, :, 1], (5, 2, 2))


# ---- layers of the library ----

def batch_norm(x, g, b, eps=1e-5): return last(F.batch_norm(first(x), None, None, g, b, True, 0.1, eps))


row("param W : [2] = 0; batchnorm(tanh(x * W))", lambda x, w, g, b: batch_norm(torch.tanh(x * w), g, b), (3, 2, 2), (2,), (2,), (2,))
of_product("batchnorm(u, affine=false, eps=0.01, stats=\"batch\")", lambda u: batch_norm(u, None, None, 0.01), (2, 3, 2))
row("param W : [2, 3] = 0; reshape(x, 3, 4) @ concat(W, -W, axis=0) |> batchnorm(eps=1e-3)",
    lambda x, w, g, b: batch_norm((x.reshape(BATCH, 3, 4) @ torch.cat([w, -w]))[:, None], g, b, 1e-3)[:, 0], (2, 3, 2), (2, 3), (3,), (3,))
row("param W : [3] = 0; layernorm(x * W)", lambda x, w, g, b: F.layer_norm(x * w, x.shape[1:]) * g + b, (2, 3, 3), (3,), (3,), (3,))
of_product("layernorm(u, affine=false)", lambda u: F.layer_norm(u, u.shape[1:]), (3, 2, 2))
row("param W : [2] = 0; instancenorm(x * x * W)", lambda x, w, g, b: last(F.instance_norm(first(x * x * w), weight=g, bias=b)), (3, 3, 2), (2,), (2,), (2,))
of_product("instancenorm(u, affine=false)", lambda u: last(F.instance_norm(first(u))), (3, 2, 2))
row("param W : [4] = 0; groupnorm(x * W, groups=2)", lambda x, w, g, b: last(F.group_norm(first(x * w), 2, g, b)), (2, 3, 4), (4,), (4,), (4,))
of_product("groupnorm(u, groups=3, affine=false, eps=1e-4)", lambda u: last(F.group_norm(first(u), 3, eps=1e-4)), (2, 2, 3))


class Spectral:
    """w over its largest singular value (Miyato et al. 2018, Algorithm 1); each of the six values is one application"""
    def __init__(self, n): self.u = wave(n)

    def __call__(self, w):
        W = w.reshape(-1, w.shape[-1])
        with torch.no_grad():
            v = F.normalize(W @ self.u, dim=0)
            self.u = F.normalize(W.T @ v, dim=0)
        return w / (v @ W @ self.u)


WAVES = "fn wave(s) = 0.5 * reshape(sin(0.7 * iota(count(s)) + 0.3), s)\nfn waves() = distribution(wave)\n"
norm1, norm2, norm3, norm4 = Spectral(4), Spectral(2), Spectral(2), Spectral(2)
row("x |> flatten |> spectral_dense(4, start=waves) |> tanh", lambda x, w, b: torch.tanh(x.flatten(1) @ norm1(w) + b), (2, 2, 2), (8, 4), (4,), before=WAVES)
row("x |> spectral_conv(2, kernel=3, stride=2, start=waves)", lambda x, w, b: conv(x, norm2(w), 2, "same") + b, (4, 5, 2), (3, 3, 2, 2), (2,), before=WAVES)
row('x |> spectral_conv(2, kernel=2, bias="untied", start=waves)', lambda x, w, b: conv(x, norm4(w), 1, "same") + b,
    (3, 2, 2), (2, 2, 2, 2), (3, 2, 2), before=WAVES)
row("param W : [3, 2] = 0; x @ spectral_norm(W, start=waves)", lambda x, w: x @ norm3(w), (2, 2, 3), (3, 2), before=WAVES)
row("x |> residual(body)", lambda x, w, v: torch.tanh(x @ w) + x @ v, (2, 3, 2), (2, 3), (2, 3),
    before="layer body(x : [..., c]) { param W : [c, 3] = 0; tanh(x @ W) }\n")
row("x |> residual(body)", lambda x, w, b: x + torch.tanh(conv(x, w, 1, "same") + b), (3, 2, 2), (3, 3, 2, 2), (2,),
    before="layer body(x) { x |> conv(2, kernel=3) |> tanh }\n")


def block(x, w, a, v, b, skip=None, up=False, down=False, norm=lambda h: h):
    bigger = lambda h: h.repeat_interleave(2, 1).repeat_interleave(2, 2) if up else h
    smaller = lambda h: last(F.avg_pool2d(first(h), 2)) if down else h
    h = conv(bigger(F.relu(norm(x))), w, 1, "same") + a
    h = smaller(conv(F.relu(norm(h)), v, 1, "same") + b)
    s = smaller(bigger(x))
    return h + (s if skip is None else conv(s, skip))


row("x |> residual_image", block, (3, 2, 2), (3, 3, 2, 2), (2,), (3, 3, 2, 2), (2,), before="import resnet\n")
row("x |> residual_image(1, kernel=2, up=true)", lambda *a: block(*a, up=True), (2, 2, 2), (2, 2, 2, 1), (1,), (2, 2, 1, 1), (1,), (1, 1, 2, 1),
    before="import resnet\n")
row("x |> residual_image(3, down=true, norm=bare)", lambda *a: block(*a, down=True, norm=lambda h: F.layer_norm(h, h.shape[1:])), (5, 4, 2), (3, 3, 2, 3), (3,),
    (3, 3, 3, 3), (3,), (1, 1, 2, 3), before="import resnet\nlayer bare(x) { layernorm(x, affine=false) }\n")


def attention(x, f, g, h, v, gamma):
    p = x.flatten(1, 2)
    weights = F.softmax((p @ g) @ (p @ f).transpose(1, 2), -1)
    return x + gamma * ((weights @ (p @ h)) @ v).reshape(x.shape)


row("x |> self_attention(features=1)", attention, (2, 2, 2), (2, 1), (2, 1), (2, 1), (1, 2), ())
row("x |> self_attention(features=2)", attention, (3, 2, 3), (3, 2), (3, 2), (3, 2), (2, 3), ())


# ---- the six values ----

def made_up(n):
    word, out = 1, []
    for _ in range(n):
        word = (word * 1664525 + 1013904223) & 0xFFFFFFFF
        out.append(-1 + 2 * (word >> 8) * 2.0 ** -24)
    return torch.tensor(out)


def values(f, image, params):
    x = made_up(BATCH * math.prod(image)).reshape(BATCH, *image).requires_grad_()
    ws = [torch.cos(0.5 + 0.3 * torch.arange(math.prod(s)) + k).reshape(s).requires_grad_() for k, s in enumerate(params)]
    run = lambda: f(x, *ws)
    q = lambda: (run() ** 3).sum() / 3
    bend = lambda: (torch.autograd.grad(q(), x, create_graph=True)[0] ** 2).sum() / 2
    whole = lambda parts: torch.cat([p.flatten() for p in parts])
    y = run().detach()
    dx = torch.autograd.grad(q(), x)[0]
    ddx = torch.autograd.grad(bend(), x)[0]
    dW = whole(torch.autograd.grad(q() / BATCH, ws))
    dxW = whole(torch.autograd.grad(bend() / BATCH, ws, materialize_grads=True))
    dWW = whole(torch.autograd.grad(sum((g ** 2).sum() for g in torch.autograd.grad(q() / BATCH, ws, create_graph=True)) / 2, ws))
    return y.shape[1:], [y, dx, ddx, dW, dxW, dWW]


def numbers(t): return ", ".join(map(str, t))


def quoted(text): return '"' + text.replace('"', '\\"').replace("\n", "\\n") + '"'


def main():
    print(f"/* codegen_images_values.h: made by codegen_images.py with PyTorch {torch.__version__}. */")
    table = []
    for i, (body, f, image, params, before) in enumerate(rows):
        shape, found = values(f, image, params)
        flat = ["%.13g" % v for t in found for v in t.flatten().tolist()]
        lines, line = [], ""
        for text in flat:
            if len(line) + len(text) > 150: lines, line = lines + [line], ""
            line += ("" if not line else " ") + text + ","
        print(f"static const double values_{i}[] = {{\n    " + "\n    ".join(lines + [line]) + "};")
        sizes = ", ".join(str(t.numel()) for t in found)
        table.append(f"    {{{quoted(before)}, {quoted(body)}, {quoted(numbers(image))}, {quoted(numbers(shape))}, {{{sizes}}}, values_{i}}},")
    print("static const struct row rows[] = {\n" + "\n".join(table) + "\n};")


main()
