/* tools_parzen.c: the Parzen estimate against closed forms and against the plain sum, at sizes around the block sizes. */
#include "check.h"

#include "../../runtime/parzen.h"

#include <stdlib.h>

static uint32_t state = 1;

static double uniform(void)
{
    state = state * 1664525u + 1013904223u;
    return (state >> 8) * 0x1p-24;
}

static double normal(void)
{
    double u = uniform() + 0x1p-25, v = uniform();
    return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
}

static double plain(const float *s, int64_t n, const float *x, int64_t d, double sigma)
{
    double most = -INFINITY, sum = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int64_t i = 0; i < n; i++) {
            double square = 0;
            for (int64_t k = 0; k < d; k++) square += ((double)x[k] - (double)s[i * d + k]) * ((double)x[k] - (double)s[i * d + k]);
            double a = -square / (2 * sigma * sigma);
            if (pass == 0) most = a > most ? a : most;
            else sum += exp(a - most);
        }
    return most + log(sum / (double)n) - (double)d * log(sigma * sqrt(2 * 3.14159265358979323846));
}

static void single_sample(void)
{
    float s[3] = {0.5f, -1, 2}, x[6] = {0.5f, -1, 2, 1.5f, 1, 0};
    double sigmas[] = {0.1, 1}, out[4];
    struct parzen p = {s, 1, 3, NULL, NULL};
    CHECK(parzen_loglik(&p, x, 2, sigmas, 2, out));
    double constant = -1.5 * log(2 * 3.14159265358979323846);
    CHECK_NEAR(out[0], constant - 3 * log(0.1), 1e-12);
    CHECK_NEAR(out[1], constant - 3 * log(0.1) - 9 / 0.02, 1e-9);
    CHECK_NEAR(out[2], constant, 1e-12);
    CHECK_NEAR(out[3], constant - 4.5, 1e-12);
}

static void backwards(void *context, parzen_body *body, void *self, uint32_t tasks)
{
    ++*(int *)context;
    while (tasks--) body(self, tasks);
}

/* 300 samples (two blocks), 130 points (two tasks). */
static void against_plain(void)
{
    enum { N = 300, M = 130, D = 7 };
    static float s[N * D], x[M * D];
    static double out[3 * M], again[3 * M];
    double sigmas[] = {0.01, 0.3, 5}, worst = 0;
    int called = 0;
    for (int i = 0; i < N * D; i++) s[i] = (float)uniform();
    for (int i = 0; i < M * D; i++) x[i] = (float)uniform();
    struct parzen p = {s, N, D, NULL, NULL};
    CHECK(parzen_loglik(&p, x, M, sigmas, 3, out));
    for (int g = 0; g < 3; g++)
        for (int i = 0; i < M; i++) {
            double want = plain(s, N, x + i * D, D, sigmas[g]), off = fabs(out[g * M + i] - want) / (1 + fabs(want));
            worst = off > worst ? off : worst;
        }
    CHECK_NEAR(worst, 0, 1e-12);
    p.parallel = backwards, p.context = &called;
    CHECK(parzen_loglik(&p, x, M, sigmas, 3, again));
    CHECK(called == 1 && !memcmp(out, again, sizeof out));
}

/* Samples of N(0, 1) smoothed by sigma tend to N(0, 1 + sigma^2): E log-likelihood of x is known. */
static void gaussian(void)
{
    enum { N = 20000 };
    static float s[N];
    for (int i = 0; i < N; i++) s[i] = (float)normal();
    struct parzen p = {s, N, 1, NULL, NULL};
    double sigma = 0.5, out[3];
    float x[3] = {0, 0.7f, -1.5f};
    CHECK(parzen_loglik(&p, x, 3, &sigma, 1, out));
    for (int i = 0; i < 3; i++) CHECK_NEAR(out[i], -0.5 * log(2 * 3.14159265358979323846 * 1.25) - (double)x[i] * (double)x[i] / 2.5, 0.02);
}

int main(void)
{
    single_sample();
    against_plain();
    gaussian();
    double values[] = {1, 2, 3, 6}, mean, error;
    parzen_mean(values, 4, &mean, &error);
    CHECK_NEAR(mean, 3, 1e-15);
    CHECK_NEAR(error, sqrt(3.5) / 2, 1e-15);
    return check_done();
}
