# The n of `repeat n` is evaluated at run time, when the repeat is met; `every n` is on steps divisible by n; `if` is decided at run time, `else if` too.
. "$(dirname "$0")/kit.sh"
trains <<'EOF'
state n : [] = 0
state k : [] = 0
state half : [] = 0
state third : [] = 0
state parts : [] = 0
state none : [] = 0
net N() -> [] { param w : [] = 1; w }
train (batch=1, steps=6) {
    n <- n + 1
    repeat n { k <- k + 1; n <- n }
    repeat k - 1000 { none <- none + 1 }
    repeat n { n <- n + 0; none <- none + 0 }
    every 2 { half <- half + step }
    every third + 3 { third <- 0; parts <- parts + 1 }
    every 0 { none <- none + 1 }
    if step < 3 { third <- 0 } else if step == 3 { third <- 1 } else { third <- -1 }
    minimize N()^2 over N using sgd(0)
}
report rounds = k
report halves = half
report thirds = third
report part = parts
report nothing = none
EOF
series_is rounds "1 3 6 10 15 21"
series_is halves "0 2 2 6 6 12"
series_is thirds "0 0 1 -1 -1 -1"
series_is part "0 0 1 2 2 3"
series_is nothing "0 0 0 0 0 0"
finish
