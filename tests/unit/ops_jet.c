/* jets: each elementwise operation's nested tangents against differences of the level below: at two points x and x + h e of the last level, the
 * parts of the other levels differ by h times the parts that have it. */
#include "ops/ops.h"

#include "check.h"

#include <stdlib.h>

enum { LEVELS = JET_LEVELS };
#define STEP 1e-3

static double uniform(double low, double high)
{
    return low + (high - low) * rand() / RAND_MAX;
}

/* The lower half of the operation at x, its last level moved by h: x[s] + h x[s with the level]. */
static void moved(enum op op, double x[3][JET_PARTS], double h, double *y)
{
    double at[3][JET_PARTS];
    const uint32_t bit = 1u << (LEVELS - 1);
    for (uint32_t k = 0; k < 3; k++)
        for (uint32_t s = 0; s < bit; s++) at[k][s] = x[k][s] + h * x[k][s | bit];
    op_hooks[op].jet(LEVELS - 1, (const double *const[]){at[0], at[1], at[2]}, y);
}

static void check(enum op op)
{
    double x[3][JET_PARTS], y[JET_PARTS], above[2][JET_PARTS], below[2][JET_PARTS];
    for (int k = 0; k < 3; k++)
        for (int s = 0; s < JET_PARTS; s++) x[k][s] = s ? uniform(-0.5, 0.5) : uniform(0.4, 0.9); /* kinks and poles are far */
    if (op == OP_where) x[0][0] = rand() % 2;
    if (op == OP_where)
        for (int s = 1; s < JET_PARTS; s++) x[0][s] = 0;
    op_hooks[op].jet(LEVELS, (const double *const[]){x[0], x[1], x[2]}, y);
    double values[3] = {x[0][0], x[1][0], x[2][0]};
    CHECK_NEAR(y[0], op_hooks[op].fold(values), 1e-15);
    for (int i = 0; i < 2; i++) {
        moved(op, x, STEP / (i + 1), above[i]);
        moved(op, x, -STEP / (i + 1), below[i]);
    }
    for (uint32_t s = 0; s < JET_PARTS / 2; s++) {
        double wide = (above[0][s] - below[0][s]) / (2 * STEP), narrow = (above[1][s] - below[1][s]) / STEP, want = op == OP_stop ? 0 : (4 * narrow - wide) / 3;
        double is = y[s | JET_PARTS / 2];
        bool good = fabs(is - want) <= 1e-6 * (1 + fabs(want));
        CHECK(good);
        if (!good) printf("%s, part %u: %.12g, not %.12g\n", op_info[op].name, s | JET_PARTS / 2, is, want);
    }
}

/* Where slopes are infinite or bases 0, what has no tangent adds nothing. */
static void check_edges(void)
{
    double zero[JET_PARTS] = {0}, two[JET_PARTS] = {2}, line[JET_PARTS] = {0, 1, 1}, y[JET_PARTS];
    op_hooks[OP_sqrt].jet(2, (const double *const[]){zero}, y);
    CHECK(y[0] == 0 && y[1] == 0 && y[3] == 0);
    op_hooks[OP_pow].jet(2, (const double *const[]){line, two}, y);
    CHECK(y[0] == 0 && y[1] == 0 && y[2] == 0 && y[3] == 2);
    op_hooks[OP_abs].jet(2, (const double *const[]){line}, y);
    CHECK(y[0] == 0 && y[1] == 0 && y[3] == 0);
}

int main(void)
{
    for (int op = 0; op < OP_COUNT; op++)
        for (int i = 0; i < 50 && op_info[op].class == CLASS_MAP; i++) check((enum op)op);
    check_edges();
    return check_done();
}
