/* gradcheck_points.c: central differences and dual numbers along single elements and random directions, on all processors.
 *
 * The work is cut into tasks by shape alone, and each task draws its own random numbers: what is printed does not depend on the number of
 * threads. */
#include "gradcheck.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LARGEST_STEP 0x1p-2 /* and each next one a quarter of the last */
#define STEPS 13
#define ORDER 4             /* of extrapolation */
#define CHUNK 10            /* elements a task */
#define DRAWS 4             /* of one element or direction, at most */
#define MOST_THREADS 64

/* ---- random numbers ---- */

static uint64_t random_bits(uint64_t seed, uint64_t i)
{
    uint64_t z = (seed + 1) * 0x9E3779B97F4A7C15u + i * 0xD1B54A32D192ED03u; /* splitmix64's finish */
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

double gradcheck_random(uint64_t seed, uint64_t i)
{
    double a = ((double)(random_bits(seed, 2 * i) >> 11) + 1) * 0x1p-53, b = (double)(random_bits(seed, 2 * i + 1) >> 11) * 0x1p-53;
    return sqrt(-2 * log(a)) * cos(2 * acos(-1) * b);
}

/* ---- differences ---- */

struct task {
    const struct checked *s;
    int32_t tensor;   /* into s->tensors; -1: a direction */
    int64_t from, to; /* elements by their number among those checked; or the direction's number, to = from + 1 */
    struct checks checks;
    /* at work */
    struct view *view;
    double **direction; /* by tensor */
    double start[1];
    int64_t at;         /* the element */
    uint32_t level;     /* where the steps begin: above the last one that crossed no kink */
};

/* y at a step h along the task's line. Returns the step really taken, which rounding makes another, with the sign of h. */
static double value_at(struct task *t, double h, double *y, bool *same)
{
    double step = h;
    if (t->tensor >= 0) {
        double *w = view_tensor(t->view, t->s->tensors[t->tensor].tensor);
        w[t->at] = t->start[0] + h;
        step = w[t->at] - t->start[0];
        *y = view_value(t->view, same);
        w[t->at] = t->start[0];
        return step;
    }
    for (uint32_t k = 0; k < t->s->n; k++) {
        uint32_t tensor = t->s->tensors[k].tensor;
        const double *from = t->s->e->tensors[tensor], *u = t->direction[tensor];
        double *w = view_tensor(t->view, tensor);
        int64_t n = type_elements(t->s->p->tensors.at[tensor].type);
        for (int64_t i = 0; i < n; i++) w[i] = from[i] + h * u[i];
    }
    *y = view_value(t->view, same);
    return step;
}

enum outcome { FOUND, KINK, LOST };

/* The derivative along the task's line: central differences of steps that cross no kink, extrapolated to step 0 (Ridders 1982); the
 * one that agrees best with its neighbours in the tableau, the objective's own rounding counted in. `scale`: what an error is relative to. */
static enum outcome difference(struct task *t, double unit, double scale, double *derivative, double *uncertainty)
{
    double before[STEPS], row[STEPS], error = INFINITY;
    uint32_t rows = 0, first = t->level ? t->level - 1 : 0;
    bool kinked = first > 0;
    *derivative = NAN;
    for (uint32_t k = first; k < STEPS; k++) {
        double h = unit * ldexp(LARGEST_STEP, -2 * (int)k), above, below, steps;
        double rounding = t->s->rounding / h, worth = fmin(error, 0.1 * GRADCHECK_DIFFERENCES * scale);
        bool same;
        if (rounding > worth) break; /* smaller steps are worse still */
        steps = value_at(t, h, &above, &same);
        if (same) steps -= value_at(t, -h, &below, &same);
        if (!same) {
            kinked = true;
            rows = 0;
            continue;
        }
        if (rows == 0) t->level = k;
        row[0] = (above - below) / steps;
        double power = 1, corner;
        for (uint32_t m = 1; m <= rows && m <= ORDER; m++) {
            power *= 16;
            row[m] = row[m - 1] + (row[m - 1] - before[m - 1]) / (power - 1);
            corner = fmax(fabs(row[m] - row[m - 1]), fabs(row[m] - before[m - 1])) + rounding;
            if (corner < error) {
                error = corner;
                *derivative = row[m];
            }
        }
        if (error <= 1e-3 * GRADCHECK_DIFFERENCES * scale) break;
        memcpy(before, row, sizeof row);
        rows++;
    }
    *uncertainty = error;
    if (error <= 0.1 * GRADCHECK_DIFFERENCES * scale) return FOUND;
    return kinked ? KINK : LOST;
}

/* ---- elements and directions ---- */

static double relative(double a, double b, double scale)
{
    double difference = fabs(a - b);
    return difference == 0 ? 0 : isfinite(difference) ? difference / scale : INFINITY;
}

/* Compares `dual` and the differences along the task's line with the two gradients. True where differences met a kink. */
static bool compare(struct task *t, const double gradient[2], double dual, double unit, double scale)
{
    double derivative, uncertainty, worst = 0;
    for (int i = 0; i < 2; i++) t->checks.dual = fmax(t->checks.dual, relative(gradient[i], dual, scale));
    enum outcome outcome = difference(t, unit, scale, &derivative, &uncertainty);
    if (outcome == KINK) {
        t->checks.redrawn++;
        return true;
    }
    for (int i = 0; i < 2; i++) worst = fmax(worst, fabs(gradient[i] - derivative));
    if (outcome == LOST && !(worst > 10 * uncertainty)) return false; /* but a coarse difference still tells a gross error */
    t->checks.compared++;
    t->checks.differences = fmax(t->checks.differences, relative(worst, 0, scale));
    return false;
}

static void check_element(struct task *t, double *seed)
{
    const struct checked_tensor *c = &t->s->tensors[t->tensor];
    const double *w = t->s->e->tensors[c->tensor];
    double gradient[2] = {c->gradient[0][t->at], c->gradient[1][t->at]};
    int exponent;
    frexp(w[t->at], &exponent);
    seed[t->at] = 1;
    double dual = view_tangent(t->view, (const double *const *)t->direction);
    seed[t->at] = 0;
    t->start[0] = w[t->at];
    compare(t, gradient, dual, fabs(w[t->at]) > 1 ? ldexp(1, exponent - 1) : 1, fmax(fabs(gradient[0]), fmax(c->norm, GRADCHECK_TERMS * c->terms)));
}

/* Of a tensor that has more elements than are checked, one from each of as many equal parts. */
static void check_elements(struct task *t, struct arena *scratch)
{
    const struct checked_tensor *c = &t->s->tensors[t->tensor];
    int64_t n = type_elements(t->s->p->tensors.at[c->tensor].type);
    bool all = n <= t->s->elements;
    double *seed = t->direction[c->tensor] = NEW_ARRAY(scratch, double, n);
    for (int64_t i = t->from; i < t->to; i++)
        for (int attempt = 0; attempt < DRAWS; attempt++) {
            int64_t redrawn = t->checks.redrawn, low = n / t->s->elements * i, high = i + 1 == t->s->elements ? n : n / t->s->elements * (i + 1);
            t->at = all ? i : low + (int64_t)(random_bits(c->tensor, (uint64_t)(i * DRAWS + attempt)) % (uint64_t)(high - low));
            check_element(t, seed);
            if (all || t->checks.redrawn == redrawn) break;
        }
}

static void draw_direction(struct task *t, uint64_t seed, double gradient[2], double *scale)
{
    double own = 0, terms = 0;
    gradient[0] = gradient[1] = 0;
    for (uint32_t k = 0; k < t->s->n; k++) {
        const struct checked_tensor *c = &t->s->tensors[k];
        int64_t n = type_elements(t->s->p->tensors.at[c->tensor].type);
        double *u = t->direction[c->tensor];
        for (int64_t i = 0; i < n; i++) {
            u[i] = gradcheck_random(seed << 32 | c->tensor, (uint64_t)i);
            for (int j = 0; j < 2; j++) gradient[j] += c->gradient[j][i] * u[i];
            own += c->gradient[0][i] * c->gradient[0][i] * u[i] * u[i];
        }
        terms += (double)n * c->terms * c->terms;
    }
    *scale = fmax(fabs(gradient[0]), fmax(sqrt(own), GRADCHECK_TERMS * sqrt(terms)));
}

static void check_direction(struct task *t, struct arena *scratch)
{
    for (uint32_t k = 0; k < t->s->n; k++) {
        uint32_t tensor = t->s->tensors[k].tensor;
        t->direction[tensor] = NEW_ARRAY(scratch, double, type_elements(t->s->p->tensors.at[tensor].type));
    }
    for (int attempt = 0; attempt < DRAWS; attempt++) {
        double gradient[2], scale;
        draw_direction(t, (uint64_t)(1000 + t->from * DRAWS + attempt), gradient, &scale);
        if (!compare(t, gradient, view_tangent(t->view, (const double *const *)t->direction), 1, scale)) break;
    }
}

static void run_task(struct task *t)
{
    struct arena *scratch = arena_new();
    bool *moved = NEW_ARRAY(scratch, bool, t->s->p->tensors.n);
    for (uint32_t k = 0; k < t->s->n; k++) moved[t->s->tensors[k].tensor] = t->tensor < 0 || t->tensor == (int32_t)k;
    t->direction = NEW_ARRAY(scratch, double *, t->s->p->tensors.n);
    t->view = view_new(t->s->objective, t->s->y, moved);
    if (t->tensor < 0) check_direction(t, scratch);
    else check_elements(t, scratch);
    view_free(t->view);
    arena_free(scratch);
}

/* ---- all of them ---- */

struct tasks {
    struct task *at;
    uint32_t n;
    atomic_uint next;
};

static void *work(void *tasks)
{
    struct tasks *all = tasks;
    for (uint32_t i; (i = atomic_fetch_add(&all->next, 1)) < all->n;) run_task(&all->at[i]);
    return NULL;
}

static void add(struct checks *to, const struct checks *c)
{
    to->redrawn += c->redrawn;
    to->compared += c->compared;
    to->differences = fmax(to->differences, c->differences);
    to->dual = fmax(to->dual, c->dual);
}

void gradcheck_points(struct checked *s)
{
    struct arena *scratch = arena_new();
    VEC(struct task) list = {0};
    for (int64_t d = 0; d < GRADCHECK_DIRECTIONS; d++) vec_push(scratch, &list, (struct task){.s = s, .tensor = -1, .from = d, .to = d + 1});
    for (uint32_t k = 0; k < s->n; k++) {
        int64_t n = type_elements(s->p->tensors.at[s->tensors[k].tensor].type);
        if (n > s->elements) n = s->elements;
        for (int64_t i = 0; i < n; i += CHUNK)
            vec_push(scratch, &list, (struct task){.s = s, .tensor = (int32_t)k, .from = i, .to = i + CHUNK < n ? i + CHUNK : n});
    }
    struct tasks tasks = {.at = list.at, .n = list.n};
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    pthread_t threads[MOST_THREADS];
    int running = 0;
    while (running < MOST_THREADS - 1 && running + 1 < processors && pthread_create(&threads[running], NULL, work, &tasks) == 0) running++;
    work(&tasks); /* this one too, and alone where there are no threads to have */
    while (running > 0) pthread_join(threads[--running], NULL);
    for (uint32_t i = 0; i < list.n; i++) add(list.at[i].tensor < 0 ? &s->directions : &s->tensors[list.at[i].tensor].checks, &list.at[i].checks);
    arena_free(scratch);
}
