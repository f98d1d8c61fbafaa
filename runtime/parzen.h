/* parzen.h: log-likelihood of points under a Parzen window of samples (Breuleux et al. 2011; Goodfellow et al. 2014, section 5). */
#ifndef GANRT_PARZEN_H
#define GANRT_PARZEN_H

#include <stdbool.h>
#include <stdint.h>

/* How tasks run: body(self, task) for each task 0..tasks-1, in any order, on any thread. NULL: one after the other. */
typedef void parzen_body(void *self, uint32_t task);
typedef void parzen_parallel(void *context, parzen_body *body, void *self, uint32_t tasks);

struct parzen {
    const float *samples; /* [n, d] */
    int64_t n, d;
    parzen_parallel *parallel;
    void *context;
};

/* out[s * m + i] = log 1/n sum_j N(x_i; samples_j, sigmas[s]^2 I) for points x [m, d]. Bits do not depend on the threads. Returns
 * false where there is no memory for it (a few megabytes a task; nothing of size n x m is ever held). */
bool parzen_loglik(const struct parzen *p, const float *x, int64_t m, const double *sigmas, uint32_t nsigmas, double *out);
void parzen_mean(const double *values, int64_t m, double *mean, double *standard_error); /* standard error: standard deviation / sqrt(m) */

#endif
