# Each distinct application advances a net's state once, in text order, whatever net the statement trains; batch statistics are those of one application.
. "$(dirname "$0")/kit.sh"
trains <<'EOF'
prior zeros : [] ~ constant(0)
prior tens  : [] ~ constant(10)
net G(z ~ zeros) -> [] { param w : [] = 1; state n : [] = 0; state last : [] = -1; if training { n <- n + 1; last <- batch_mean(z) }; w * z + n }
net L(z ~ zeros) -> [] { param w : [] = 1; state last : [] = -1; if training { last <- batch_mean(z) }; w * z + last }
net S(x ~ tens) -> [] { param w : [] = 1; w * (x - batch_mean(x))^2 }
net D(x ~ zeros) -> [] { param w : [] = 1; w * x }
value variances = (E[z ~ zeros] S(z)) + E[t ~ tens] S(t)
value V = E[z ~ zeros] D(G(z)) + E[z ~ zeros] D(G(z))
train (batch=4, steps=3) {
    maximize V over D using sgd(0)
    minimize V over G using sgd(0)
    minimize (E[z ~ zeros] G(z)) + E[t ~ tens] G(t) over G using sgd(0)
    minimize (E[t ~ tens] L(t)) + E[z ~ zeros] L(z) over L using sgd(0)
    minimize (E[z ~ zeros] L(z)) + E[t ~ tens] L(t) over L using sgd(0)
    minimize variances over S using sgd(0)
}
report n = E[z ~ zeros] G(z)
report last = E[z ~ zeros] L(z)
EOF
series_is n "4 8 12"        # twice by V, once each by the third statement; never by a report
series_is last "10 10 10"   # the last application in the text
series_is variances "0 0 0" # pooled, the variance would be 25
finish
