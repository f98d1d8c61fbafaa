/* conv.c: convolution (as the field has it: correlation), its transpose and its gradient for the weights, over images with channels last:
 *
 *     image x [h, w, in], each example's own    weights k [rows, columns, in, out]    result y [m, n, out]
 *     y[i, j, o] = sum over p, q, c of x[stride i + p - before, stride j + q - before, c] k[p, q, c, o]      beyond its edges x is 0
 *
 *     conv2d           x, k -> y
 *     conv2d_transpose y, k -> x
 *     conv2d_kernel    x, y -> k
 *
 * One trilinear form, sum x k y, seen from three sides: each is the gradient of the others, by the same windows. That needs windows that
 * fill the image with its padding exactly; where a stride leaves a rest, `after` is smaller by it, and may be below 0. */
#include "ops/nest.h"
#include "ops/window.h"

#include <string.h>

/* ---- windows ---- */

#define MOST_WORK ((int64_t)1 << 60)

static const char *const axis_names[2] = {"rows", "columns"};

bool window_count(struct ganc *g, const struct node *n, const struct window *w, int i, int64_t image, int64_t *count)
{
    int64_t all = image + w->before[i] + w->after[i];
    const char *name = op_info[n->op].name;
    if (w->size[i] > all) diag(g, E0244, n->span, name, (long long)w->size[i], axis_names[i], (long long)all);
    else if (w->size[i] < 1 || (all - w->size[i]) % w->stride[i]) diag(g, E0245, n->span, name, (long long)w->stride[i], (long long)all, axis_names[i]);
    else {
        *count = (all - w->size[i]) / w->stride[i] + 1;
        return true;
    }
    return false;
}

bool window_image(struct ganc *g, const struct node *n, const struct window *w, int i, int64_t count, int64_t *image)
{
    int64_t all;
    if (__builtin_mul_overflow(count - 1, w->stride[i], &all) || all > MAX_ELEMENTS) {
        *image = MAX_ELEMENTS + 1; /* which is said to be too large */
        return true;
    }
    all += w->size[i];
    *image = all - w->before[i] - w->after[i];
    if (*image >= 1) return true;
    diag(g, E0246, n->span, op_info[n->op].name, (long long)w->before[i], (long long)w->after[i], axis_names[i], (long long)all);
    return false;
}

bool window_takes_image(struct ganc *g, const struct node *n, struct type t)
{
    if (t.rank == 3) return true;
    diag(g, E0241, n->span, op_info[n->op].name, hooks_shape(g, t));
    return false;
}

static int64_t times(int64_t a, int64_t b)
{
    int64_t product;
    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

bool window_room(struct ganc *g, const struct graph *graph, const struct node *n, const struct window *w, struct type image, int64_t in, int64_t out)
{
    struct type t[2] = {image, image};
    for (int i = 0; i < 2; i++) {
        int64_t after = w->after[i] > 0 ? w->after[i] : 0;
        t[0].dim[i] = image.dim[i] + w->before[i] + after;
        t[1].dim[i] = image.dim[i] + w->size[i] - 1;
    }
    t[0].dim[2] = in, t[1].dim[2] = out;
    for (int i = 0; i < 2; i++) {
        if (type_total(graph, t[i]) <= MAX_ELEMENTS) continue;
        diag(g, E0621, n->span, hooks_shape(g, t[i]), (long long)type_examples(graph, image));
        return false;
    }
    return true;
}

/* One step of an odometer: [0..n) below `extent`. */
static bool step(int64_t *at, const int64_t *extent, int n)
{
    while (n-- > 0) {
        if (++at[n] < extent[n]) return true;
        at[n] = 0;
    }
    return false;
}

bool window_next(struct window_walk *k)
{
    do {
        if (!k->begun) k->begun = true;
        else if (!step(k->in, k->w.size, 2) && !step(k->at, k->count, 2)) return false;
        for (int i = 0; i < 2; i++) k->element[i] = k->w.stride[i] * k->at[i] + k->in[i] - k->w.before[i];
    } while (k->element[0] < 0 || k->element[0] >= k->image[0] || k->element[1] < 0 || k->element[1] >= k->image[1]);
    return true;
}

/* ---- shapes ---- */

/* Room for the image x and the result y, and no more multiplications than can be counted. */
static bool check_room(struct ganc *g, const struct graph *graph, const struct node *n, const struct window *w, struct type x, struct type y)
{
    if (!window_room(g, graph, n, w, x, x.dim[2], y.dim[2])) return false;
    int64_t work = times(times(times(type_total(graph, y), x.dim[2]), w->size[0]), w->size[1]);
    if (work <= MOST_WORK) return true;
    diag(g, E0257, n->span, op_info[n->op].name);
    return false;
}

/* The weights and the channels of operand 0, which are the weights' axis 2 or 3. */
static bool check_weights(struct ganc *g, const struct node *n, uint32_t axis)
{
    struct type x = n->arg[0]->type, k = n->arg[1]->type;
    const char *name = op_info[n->op].name;
    if (k.rank != 4 || k.batched) diag(g, E0242, n->span, name, hooks_shape(g, k));
    else if (x.dim[2] != k.dim[axis]) diag(g, E0243, n->span, name, hooks_shape(g, x), (long long)x.dim[2], hooks_shape(g, k), (long long)k.dim[axis]);
    else return true;
    return false;
}

bool shape_conv2d(struct ganc *g, const struct graph *graph, struct node *n)
{
    struct type x = n->arg[0]->type, k = n->arg[1]->type, y = x;
    if (!window_takes_image(g, n, x) || !check_weights(g, n, 2)) return false;
    struct window w = window_of(n);
    y.dim[2] = k.dim[3];
    n->type = y;
    return window_count(g, n, &w, 0, x.dim[0], &n->type.dim[0]) && window_count(g, n, &w, 1, x.dim[1], &n->type.dim[1]) &&
           check_room(g, graph, n, &w, x, n->type);
}

bool shape_conv2d_transpose(struct ganc *g, const struct graph *graph, struct node *n)
{
    struct type y = n->arg[0]->type, k = n->arg[1]->type;
    if (!window_takes_image(g, n, y) || !check_weights(g, n, 3)) return false;
    struct window w = window_of(n);
    n->type = y;
    n->type.dim[2] = k.dim[2];
    return window_image(g, n, &w, 0, y.dim[0], &n->type.dim[0]) && window_image(g, n, &w, 1, y.dim[1], &n->type.dim[1]) &&
           check_room(g, graph, n, &w, n->type, y);
}

bool shape_conv2d_kernel(struct ganc *g, const struct graph *graph, struct node *n)
{
    struct type x = n->arg[0]->type, y = n->arg[1]->type;
    if (!window_takes_image(g, n, x) || !window_takes_image(g, n, y)) return false;
    if (x.batched != y.batched) {
        diag(g, E0247, n->span, op_info[n->op].name, hooks_shape(g, x), hooks_shape(g, y));
        return false;
    }
    struct window w = window_of(n);
    for (int i = 0; i < 2; i++) {
        int64_t count;
        if (!window_count(g, n, &w, i, x.dim[i], &count)) return false;
    }
    n->type = type_of(false, 4, (int64_t[]){w.size[0], w.size[1], x.dim[2], y.dim[2]});
    return check_room(g, graph, n, &w, x, y);
}

#define RANGE(name)                                                                                                    \
    void range_##name(const struct graph *graph, struct node *n)                                                       \
    {                                                                                                                  \
        (void)graph;                                                                                                   \
        n->range = range_all();                                                                                        \
    }
RANGE(conv2d)
RANGE(conv2d_transpose)
RANGE(conv2d_kernel)

/* ---- evaluation ---- */

/* Adds the products of all pairs to the side of the form that is to be made; *x, *k and *y are the other two and it. */
static void accumulate(const struct evaluation *e, struct type xt, struct type kt, struct type yt, const double *x, const double *k, const double *y,
                       double *to)
{
    const struct node *n = e->n;
    int64_t in = kt.dim[2], out = kt.dim[3], examples = type_examples(e->graph, xt);
    for (int64_t b = 0; b < examples; b++) {
        struct window_walk walk = {.w = window_of(n), .image = {xt.dim[0], xt.dim[1]}, .count = {yt.dim[0], yt.dim[1]}};
        while (window_next(&walk)) {
            int64_t xi = ((b * xt.dim[0] + walk.element[0]) * xt.dim[1] + walk.element[1]) * in;
            int64_t yi = ((b * yt.dim[0] + walk.at[0]) * yt.dim[1] + walk.at[1]) * out;
            int64_t ki = (walk.in[0] * kt.dim[1] + walk.in[1]) * in * out;
            for (int64_t c = 0; c < in; c++)
                for (int64_t o = 0; o < out; o++) {
                    int64_t kc = ki + c * out + o;
                    if (n->op == OP_conv2d) to[yi + o] += x[xi + c] * k[kc];
                    else if (n->op == OP_conv2d_transpose) to[xi + c] += y[yi + o] * k[kc];
                    else to[kc] += x[xi + c] * y[yi + o];
                }
        }
    }
}

/* The operation's value, of a and b in the place of its operands. */
static void product(const struct evaluation *e, const double *a, const double *b, double *to)
{
    struct type first = e->n->arg[0]->type, second = e->n->arg[1]->type, own = e->n->type;
    if (e->n->op == OP_conv2d) accumulate(e, first, second, own, a, b, NULL, to);
    else if (e->n->op == OP_conv2d_transpose) accumulate(e, own, second, first, NULL, b, a, to);
    else accumulate(e, first, own, second, a, NULL, b, to);
}

static void evaluate(struct evaluation *e)
{
    size_t bytes = (size_t)type_total(e->graph, e->n->type) * sizeof *e->y;
    memset(e->y, 0, bytes);
    product(e, e->x[0], e->x[1], e->y);
    if (!e->dy) return;
    memset(e->dy, 0, bytes);
    if (e->dx[0]) product(e, e->dx[0], e->x[1], e->dy);
    if (e->dx[1]) product(e, e->x[0], e->dx[1], e->dy);
}

void evaluate_conv2d(struct evaluation *e)
{
    evaluate(e);
}

void evaluate_conv2d_transpose(struct evaluation *e)
{
    evaluate(e);
}

void evaluate_conv2d_kernel(struct evaluation *e)
{
    evaluate(e);
}

/* ---- derivatives: each side of the form from the other two ---- */

static struct node *side(struct derive *d, enum op op, struct node *a, struct node *b)
{
    return graph_node(d->g, d->graph, op, 2, (struct node *[]){a, b}, d->y, d->y->span);
}

void derive_conv2d(struct derive *d)
{
    d->dx[0] = side(d, OP_conv2d_transpose, d->dy, d->x[1]);
    d->dx[1] = side(d, OP_conv2d_kernel, d->x[0], d->dy);
}

void derive_conv2d_transpose(struct derive *d)
{
    d->dx[0] = side(d, OP_conv2d, d->dy, d->x[1]);
    d->dx[1] = side(d, OP_conv2d_kernel, d->dy, d->x[0]);
}

void derive_conv2d_kernel(struct derive *d)
{
    d->dx[0] = side(d, OP_conv2d_transpose, d->x[1], d->dy);
    d->dx[1] = side(d, OP_conv2d, d->x[0], d->dy);
}
