/* interval.c: interval arithmetic. An end is a number and whether it is open; the ends of a result are found among the ends of the operands. */
#include "ops/interval.h"

/* Brings what was computed into order: NaN ends say nothing, infinite ends are open. */
static struct range tidy(struct range r)
{
    if (!(r.low <= r.high)) {
        if (!isnan(r.low) && !isnan(r.high)) return range_all();
        if (isnan(r.low)) r.low = -INFINITY;
        if (isnan(r.high)) r.high = INFINITY;
    }
    r.low_open = r.low_open || isinf(r.low);
    r.high_open = r.high_open || isinf(r.high);
    return r;
}

struct range interval_of(double low, double high)
{
    return tidy((struct range){low, high, false, false});
}

struct range interval_point(double x)
{
    return isfinite(x) ? interval_of(x, x) : range_all();
}

bool interval_is_point(struct range a)
{
    return a.low == a.high;
}

bool interval_positive(struct range a)
{
    return a.low > 0 || (a.low == 0 && a.low_open);
}

bool interval_has(struct range a, double x)
{
    return (a.low_open ? a.low < x : a.low <= x) && (a.high_open ? x < a.high : x <= a.high);
}

struct range interval_hull(struct range a, struct range b)
{
    struct range r = a;
    if (b.low < a.low) r.low = b.low, r.low_open = b.low_open;
    else if (b.low == a.low) r.low_open = a.low_open && b.low_open;
    if (b.high > a.high) r.high = b.high, r.high_open = b.high_open;
    else if (b.high == a.high) r.high_open = a.high_open && b.high_open;
    return r;
}

struct range interval_neg(struct range a)
{
    return (struct range){-a.high, -a.low, a.high_open, a.low_open};
}

struct range interval_abs(struct range a)
{
    if (a.low >= 0) return a;
    struct range n = interval_neg(a);
    if (a.high <= 0) return n;
    struct range r = interval_hull(a, n);
    return (struct range){0, r.high, false, r.high_open};
}

struct range interval_add(struct range a, struct range b)
{
    return tidy((struct range){a.low + b.low, a.high + b.high, a.low_open || b.low_open, a.high_open || b.high_open});
}

/* The product of two ends as an interval of one number. An end that is 0 and reached makes 0, whatever the other is: infinite ends never
 * are values. */
static struct range end_product(double x, bool x_open, double y, bool y_open)
{
    bool zero = (x == 0 && !x_open) || (y == 0 && !y_open);
    double v = x == 0 || y == 0 ? 0 : x * y;
    bool open = !zero && (x_open || y_open);
    return (struct range){v, v, open, open};
}

struct range interval_mul(struct range a, struct range b)
{
    struct range r = end_product(a.low, a.low_open, b.low, b.low_open);
    r = interval_hull(r, end_product(a.low, a.low_open, b.high, b.high_open));
    r = interval_hull(r, end_product(a.high, a.high_open, b.low, b.low_open));
    return tidy(interval_hull(r, end_product(a.high, a.high_open, b.high, b.high_open)));
}

struct range interval_div(struct range a, struct range b)
{
    if (interval_positive(interval_neg(b))) return interval_div(interval_neg(a), interval_neg(b));
    if (!interval_positive(b)) return range_all();
    return interval_mul(a, tidy((struct range){1 / b.high, b.low == 0 ? INFINITY : 1 / b.low, b.high_open, b.low_open}));
}

/* The lower end of a maximum is reached only where both operands are as low. */
struct range interval_max(struct range a, struct range b)
{
    struct range r = interval_hull(a, b);
    r.low = fmax(a.low, b.low);
    r.low_open = (a.low == r.low && a.low_open) || (b.low == r.low && b.low_open);
    return r;
}

struct range interval_min(struct range a, struct range b)
{
    return interval_neg(interval_max(interval_neg(a), interval_neg(b)));
}

struct range interval_scale(struct range a, double count)
{
    return tidy((struct range){a.low * count, a.high * count, a.low_open, a.high_open});
}

struct range interval_increasing(struct range a, fold_rule *f)
{
    double ends[2] = {-INFINITY, INFINITY}, least = f(&ends[0]), most = f(&ends[1]);
    struct range r = {f(&a.low), f(&a.high), a.low_open, a.high_open};
    if (r.low <= least) r.low_open = true;
    if (r.high >= most) r.high_open = true;
    if (r.low >= most) r.low = nextafter(most, least); /* rounded to a limit that it does not reach */
    if (r.high <= least) r.high = nextafter(least, most);
    return tidy(r);
}

/* x^c, increasing where x >= 0 and c > 0. */
static struct range power_of_nonnegative(struct range x, double c)
{
    return tidy((struct range){pow(x.low, c), pow(x.high, c), x.low_open, x.high_open});
}

static struct range power_by_number(struct range x, double c)
{
    if (c == 0) return interval_point(1);
    if (c < 0) return interval_div(interval_point(1), power_by_number(x, -c));
    if (fmod(c, 2) == 0) return power_of_nonnegative(interval_abs(x), c);
    if (fmod(c, 2) == 1) return tidy((struct range){pow(x.low, c), pow(x.high, c), x.low_open, x.high_open});
    if (x.high < 0) return range_all();                         /* never a number */
    if (x.low < 0) x.low = 0, x.low_open = false;               /* a number from 0 on only */
    return power_of_nonnegative(x, c);
}

struct range interval_pow(struct range a, struct range b)
{
    if (interval_is_point(b)) return power_by_number(a, b.low);
    if (interval_is_point(a) && a.low > 0) { /* monotone in the exponent; never 0 */
        struct range r = {pow(a.low, b.low), pow(a.low, b.high), b.low_open, b.high_open};
        if (a.low < 1) r = (struct range){r.high, r.low, r.high_open, r.low_open};
        if (r.low == 0) r.low_open = true;
        return tidy(r);
    }
    if (interval_positive(a)) return (struct range){0, INFINITY, true, true};
    if (a.low == 0) return interval_of(0, INFINITY);
    return range_all();
}
