/* interval.h: interval arithmetic with open ends: what is known of a value from what is known of its operands.
 *
 * Ranges are those of real arithmetic: sigmoid stays in (0, 1) though floats round to 1. They speak of values that are numbers: log(x) of x
 * in [-1, 1] is in (-inf, 0]. Infinite ends are open. Where an end cannot be told (inf - inf) it is infinite. */
#ifndef GANC_INTERVAL_H
#define GANC_INTERVAL_H

#include "ops/ops.h"

struct range interval_of(double low, double high); /* closed where finite */
struct range interval_point(double x);             /* says nothing where x is not finite */
bool interval_is_point(struct range a);
bool interval_positive(struct range a);            /* all above 0 */
bool interval_has(struct range a, double x);

struct range interval_hull(struct range a, struct range b);
struct range interval_neg(struct range a);
struct range interval_abs(struct range a);
struct range interval_add(struct range a, struct range b);
struct range interval_mul(struct range a, struct range b);
struct range interval_div(struct range a, struct range b); /* all where b may be 0 */
struct range interval_max(struct range a, struct range b);
struct range interval_min(struct range a, struct range b);
struct range interval_pow(struct range a, struct range b);
struct range interval_scale(struct range a, double count); /* of the sum of so many */

/* Of an increasing function on the whole line, whose limits f(-inf), f(inf) are never reached. */
struct range interval_increasing(struct range a, fold_rule *f);

#endif
