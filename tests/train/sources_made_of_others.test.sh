# A source made by a block draws its example of the data beneath, whose passes `epoch` counts; a record is made by giving one or by binding its fields.
. "$(dirname "$0")/kit.sh"
bytes ten.idx 0 1 2 3 4 5 6 7 8 9
bytes three.idx 1 1 1 1 1
trains --data ten=ten.idx --data three=three.idx <<'EOF'
data ten   : [] in any
data three : [] in any
prior coin : [] ~ bernoulli(0.5)
data made  : { image : [2] in any, square : [] in any, fixed : [] in any } = {
    let x ~ ten
    let n ~ coin
    let image = concat(reshape(x, 1), reshape(n, 1))
    let square = x^2
    let fixed = 5
}
data renamed : { fixed : [] in any, image : [2] in any } = { let m ~ made; m }
net N(x ~ renamed.image) -> [] { param w : [] = 1; w * x[0] }
train (batch=5, epochs=3) {
    minimize E[m ~ made] (m.square - m.image[0]^2)^2 * N(m.image) over N using sgd(0)
    minimize E[r ~ renamed] r.fixed * N(0 * r.image + 1) over N using sgd(0)
    minimize E[x ~ three] N(concat(reshape(x, 1), reshape(x, 1))) over N using sgd(0)
}
report e = epoch
report square(over=all) = E[m ~ made] m.square
report field(over=all) = E[f ~ made.square] f
report coins = E[m ~ made] ((m.image[1] == 0) + (m.image[1] == 1))
EOF
series_is e "1 2 3"
series_is square "28.5 28.5 28.5"
series_is field "28.5 28.5 28.5"
series_is coins "1 1 1"
series_is 'E[r ~ renamed] r.fixed * N(0 * r.image + 1)' "5 5 5"
series_is 'E[m ~ made] (m.square - m.image[0]^2)^2 * N(m.image)' "0 0 0"
finish
