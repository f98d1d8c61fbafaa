/* compare_values.h: what both comparisons (compare.c: with the evaluator; compare_kernels.c: with interpreted kernels) share: how far values are apart,
 * and what the inputs are.
 *
 * A value may differ by what rounding does to it. That is measured: the reference runs again, with every value that an operation rounds moved at
 * random by up to a rounding of the program's precision, so that what cancels, and what an optimizer makes of the sign of what has cancelled,
 * shows its noise. An error of so many times the noise is one: a few random moves may all be small. Of a value that
 * is nothing but noise, its square: an optimizer keeps squares of such. */
#ifndef GANC_COMPARE_VALUES_H
#define GANC_COMPARE_VALUES_H

#include "run.h"

#define NOISE_MARGIN 8
#define NOISE_RUNS 4

double compared_element(const void *at, uint32_t size, int64_t i); /* of elements of 4 or 8 bytes */
/* Relative, in the 2-norm; infinite where only one is finite. tensor: whose elements stand `at`, as it lays them out; NULL: row-major. */
double compared_error(const void *at, uint32_t size, const struct ganrt_tensor *tensor, const double *want, int64_t n);
double compared_noise(const double *before, const double *after, int64_t n); /* how far the reference's own value moved, relative to its norm */
/* No more than a bound, or than rounding makes? */
bool compared_close(double error, double noise, double bound);
/* Says so where rounding moves a value by its own size or more: what is 0 but for rounding, and what an optimizer makes of its sign. */
void compared_lost(const char *value, const char *side, double error, double noise);
void compared_input(struct run *run, uint32_t graph, uint32_t input, double *to); /* makes up an input: into the run's storage, and to `to` */

#endif
