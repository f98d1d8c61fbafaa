# project: every parameter w of the nets named becomes f(w, args), never state; of a part, those of the part.
. "$(dirname "$0")/kit.sh"
trains <<'EOF'
setting c = 0.5
net N() -> [2] { param w : [2] = 3; param v : [2] = -0.25; state s : [2] = 7; s <- s + 1; w + v + s }
net M() -> [2] { param w : [2] = -4; param v : [2] = -4; w + v }
train (batch=1, steps=1) {
    minimize 0 * sum(N()) + 0 * sum(M()) over N, M using sgd(0)
    project N, M.w with clip(c)
    project N.v with scaled(10 * c, by=2)
}
fn scaled(w, a, by) = a * by * w
report n = sum(N())
report m = sum(M())
EOF
near 1 n 14   # 2 * (0.5 - 0.25 * 10 + 9): the step and the report each see one more than s
near 1 m -9   # 2 * (-0.5 - 4)
finish
