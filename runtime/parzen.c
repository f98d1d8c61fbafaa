/* parzen.c: log-likelihood under a Parzen window, as matrix products.
 *
 * |x - s|^2 = |x|^2 + |s|^2 - 2 x.s, so that n x m distances cost one product [m, d] [d, n], made block by block; each block is folded at once
 * into a running maximum and sum for each point and sigma. Products are in double: the subtraction cancels most of their digits, and
 * divided by 2 sigma^2 = 0.02 what is left of a float's would move a log-likelihood by tenths of a nat. */
#include "parzen.h"

#include <ganrt/model.h>

#include <math.h>
#include <stdlib.h>

#define POINTS 128  /* rows of x a task */
#define SAMPLES 256 /* of a block */
#define NOTHING 50  /* terms below e^-50 of the largest are left out: 10^20 of them would not show in a double */

struct job {
    const struct parzen *p;
    const float *x;
    int64_t m;
    const double *sigmas;
    uint32_t nsigmas;
    double *out;
    bool *failed; /* one a task */
};

/* What a task works on; blocks are [rows, d], row-major. */
struct workspace {
    double *x, *s, *product; /* [POINTS, d], [SAMPLES, d], [POINTS, SAMPLES] */
    double *xx, *ss;         /* squared norms */
    double *sum;             /* [POINTS, nsigmas]: of exp((nearest - distance) / 2 sigma^2) */
    double *nearest;         /* [POINTS]: the least squared distance so far; it gives every sigma's largest term */
};

static double square_norm(const double *x, int64_t d)
{
    double sum = 0;
    for (int64_t i = 0; i < d; i++) sum += x[i] * x[i];
    return sum;
}

/* Rows to double, and their squared norms. */
static void load_rows(const float *from, int64_t rows, int64_t d, double *to, double *norms)
{
    for (int64_t i = 0; i < rows * d; i++) to[i] = (double)from[i];
    for (int64_t i = 0; i < rows; i++) norms[i] = square_norm(to + i * d, d);
}

/* Folds distances[0..count) into point i's sums. */
static void fold(const struct job *job, struct workspace *w, int64_t i, const double *distances, int64_t count)
{
    double least = w->nearest[i];
    for (int64_t k = 0; k < count; k++)
        if (distances[k] < least) least = distances[k];
    for (uint32_t g = 0; g < job->nsigmas; g++) {
        double scale = 0.5 / (job->sigmas[g] * job->sigmas[g]), *total = &w->sum[i * job->nsigmas + g], sum = 0;
        for (int64_t k = 0; k < count; k++) {
            double below = (distances[k] - least) * scale;
            if (below < NOTHING) sum += exp(-below);
        }
        *total = (isinf(w->nearest[i]) ? 0 : *total * exp((least - w->nearest[i]) * scale)) + sum;
    }
    w->nearest[i] = least;
}

static void fold_block(const struct job *job, struct workspace *w, int64_t rows, int64_t from)
{
    const struct parzen *p = job->p;
    int64_t count = p->n - from < SAMPLES ? p->n - from : SAMPLES;
    load_rows(p->samples + from * p->d, count, p->d, w->s, w->ss);
    ganrt_dgemm(false, true, rows, count, p->d, w->x, p->d, w->s, p->d, 0, w->product, SAMPLES);
    for (int64_t i = 0; i < rows; i++) {
        double *row = w->product + i * SAMPLES;
        for (int64_t k = 0; k < count; k++) {
            double distance = w->xx[i] + w->ss[k] - 2 * row[k];
            row[k] = distance > 0 ? distance : 0;
        }
        fold(job, w, i, row, count);
    }
}

static bool take_workspace(struct workspace *w, int64_t d, uint32_t nsigmas)
{
    size_t size = sizeof(double);
    w->x = calloc((size_t)d, POINTS * size);
    w->s = calloc((size_t)d, SAMPLES * size);
    w->product = calloc(POINTS * SAMPLES, size);
    w->xx = calloc(POINTS, size);
    w->ss = calloc(SAMPLES, size);
    w->sum = calloc(nsigmas, POINTS * size);
    w->nearest = calloc(POINTS, size);
    return w->x && w->s && w->product && w->xx && w->ss && w->sum && w->nearest;
}

static void free_workspace(struct workspace *w)
{
    double *all[] = {w->x, w->s, w->product, w->xx, w->ss, w->sum, w->nearest};
    for (int i = 0; i < 7; i++) free(all[i]);
}

static void run_points(void *self, uint32_t task)
{
    const struct job *job = self;
    const struct parzen *p = job->p;
    int64_t first = (int64_t)task * POINTS, rows = job->m - first < POINTS ? job->m - first : POINTS;
    struct workspace w = {0};
    if (take_workspace(&w, p->d, job->nsigmas)) {
        load_rows(job->x + first * p->d, rows, p->d, w.x, w.xx);
        for (int64_t i = 0; i < rows; i++) w.nearest[i] = INFINITY;
        for (int64_t from = 0; from < p->n; from += SAMPLES) fold_block(job, &w, rows, from);
        for (int64_t i = 0; i < rows; i++)
            for (uint32_t g = 0; g < job->nsigmas; g++) {
                double sigma = job->sigmas[g], largest = -w.nearest[i] * (0.5 / (sigma * sigma));
                double normaliser = (double)p->d * (log(sigma) + 0.5 * log(2 * M_PI));
                job->out[g * job->m + first + i] = largest + log(w.sum[i * job->nsigmas + g]) - log((double)p->n) - normaliser;
            }
    } else {
        job->failed[task] = true;
    }
    free_workspace(&w);
}

bool parzen_loglik(const struct parzen *p, const float *x, int64_t m, const double *sigmas, uint32_t nsigmas, double *out)
{
    uint32_t tasks = (uint32_t)((m + POINTS - 1) / POINTS);
    struct job job = {p, x, m, sigmas, nsigmas, out, calloc(tasks ? tasks : 1, sizeof(bool))};
    bool ok = job.failed != NULL;
    if (ok && p->parallel) p->parallel(p->context, run_points, &job, tasks);
    else if (ok)
        for (uint32_t i = 0; i < tasks; i++) run_points(&job, i);
    for (uint32_t i = 0; i < tasks && ok; i++) ok = !job.failed[i];
    free(job.failed);
    return ok;
}

void parzen_mean(const double *values, int64_t m, double *mean, double *standard_error)
{
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < m; i++) sum += values[i];
    *mean = sum / (double)m;
    for (int64_t i = 0; i < m; i++) squares += (values[i] - *mean) * (values[i] - *mean);
    *standard_error = sqrt(squares / (double)m) / sqrt((double)m); /* divided by m, not m - 1, as the authors' script has it */
}
