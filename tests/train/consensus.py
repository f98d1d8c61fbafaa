#!/usr/bin/env python3
# consensus.py: the objectives and states of the first six steps of consensus.gan (beside this file), computed by PyTorch in double
# precision: gradients by torch.autograd.grad with create_graph, differentiated again. The states are of the parameters after the step.
#
#   python3 consensus.py > consensus.txt
import torch

torch.set_default_dtype(torch.float64)
XS = [12, 250, 40, 90, 200, 10, 128, 128, 255, 0, 77, 190, 33, 66, 99, 222]  # the bytes that consensus.test.sh writes
ZS = [0, 255, 255, 255, 30, 60, 90, 120, 150, 180, 210, 240, 5, 115, 225, 15]
x = torch.tensor(XS).reshape(8, 2) * (2 / 255) - 1
z = torch.tensor(ZS).reshape(8, 2) * (2 / 255) - 1

leaf = lambda v: torch.tensor(v, requires_grad=True)
T = [leaf([[0.5, -0.3, 0.8, 0.1], [-0.2, 0.9, 0.4, -0.7]]), leaf([0.1, 0.0, -0.1, 0.2])]
top = [leaf([0.7, -0.6, 0.5, 0.9]), leaf(0.1)]
D = T + top
G = [leaf([[0.6, -0.4], [0.3, 0.5]]), leaf([0.2, -0.3])]
GAMMA, RATE = 0.3, 0.5


def d(v):
    return torch.sigmoid(torch.tanh(v @ T[0] + T[1]) @ top[0] + top[1])


def value():
    return torch.log(d(x)).mean() + torch.log(1 - d(z @ G[0] + G[1] * z * z)).mean()


def grad(y, wrt):
    return torch.autograd.grad(y, wrt, create_graph=True)


def sumsq(g):
    return sum((t * t).sum() for t in g)


print(f"# step, objective of D, of G, states in the order of the file: PyTorch {torch.__version__}")
for step in range(1, 7):
    V = value()
    L = sumsq(grad(V, D)) + sumsq(grad(V, G))
    objectives = [V - GAMMA * L, V + GAMMA * L]
    up, down = grad(objectives[0], D), grad(objectives[1], G)
    objectives[1] -= torch.log(d(x)).mean()  # a summand without G: ganc leaves it out
    with torch.no_grad():
        for w, g in zip(D, up):
            w += RATE * g
        for w, g in zip(G, down):
            w -= RATE * g
    V = value()
    vD, vG = grad(V, D), grad(V, G)
    both = [-v / 4 + 0.5 * h for v, h in zip(vD, grad(torch.log(1 + V * V), D))]
    for i in range(2):
        both[i] = both[i] + 2 * vD[i]
    reports = [V, sumsq(vD), sumsq(vD[:1]), sumsq(vD[2:]), sumsq(both), sumsq(grad(sumsq(vD) + 3 * sumsq(vG), G[:1]))]
    print(step, *(repr(v.item()) for v in objectives + reports))
