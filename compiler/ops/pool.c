/* pool.c: an image's windows laid out apart, and their transpose: what pooling is made of.
 *
 *     windows      x [h, w, c] -> y [m, n, rows, columns, c]    y[i, j, p, q] = x[stride i + p - before, stride j + q - before], `fill` outside
 *     windows_sum  y -> x                                       each element the sum of all that stands at it
 *
 * The largest of each window is max_over of its two axes, so max_pool's gradients of any order are max_over's and these two's, which derive
 * into each other. A fill of -inf is for that: each window must hold an element of the image, and ranges leave it out. */
#include "ops/interval.h"
#include "ops/nest.h"
#include "ops/window.h"

#include <string.h>

static bool check_room(struct ganc *g, const struct graph *graph, const struct node *n, const struct window *w, struct type image)
{
    int64_t all = type_elements(type_of(false, 3, (int64_t[]){w->size[0], w->size[1], image.dim[2]}));
    return window_room(g, graph, n, w, image, image.dim[2], all);
}

bool shape_windows(struct ganc *g, const struct graph *graph, struct node *n)
{
    struct type x = n->arg[0]->type;
    if (!window_takes_image(g, n, x)) return false;
    struct window w = window_of(n);
    n->type = (struct type){x.batched, 5, {0, 0, w.size[0], w.size[1], x.dim[2]}};
    return window_count(g, n, &w, 0, x.dim[0], &n->type.dim[0]) && window_count(g, n, &w, 1, x.dim[1], &n->type.dim[1]) && check_room(g, graph, n, &w, x);
}

bool shape_windows_sum(struct ganc *g, const struct graph *graph, struct node *n)
{
    struct type y = n->arg[0]->type;
    struct window w = window_of(n);
    if (y.rank != 5 || y.dim[2] != w.size[0] || y.dim[3] != w.size[1]) {
        diag(g, E0248, n->span, op_info[n->op].name, (long long)w.size[0], (long long)w.size[1], hooks_shape(g, y));
        return false;
    }
    n->type = (struct type){y.batched, 3, {0, 0, y.dim[4]}};
    return window_image(g, n, &w, 0, y.dim[0], &n->type.dim[0]) && window_image(g, n, &w, 1, y.dim[1], &n->type.dim[1]) && check_room(g, graph, n, &w, n->type);
}

void range_windows(const struct graph *graph, struct node *n)
{
    (void)graph;
    struct window w = window_of(n);
    bool pads = w.before[0] > 0 || w.before[1] > 0 || w.after[0] > 0 || w.after[1] > 0;
    n->range = n->arg[0]->range;
    if (pads && n->number != -INFINITY) n->range = interval_hull(n->range, interval_point(n->number));
}

/* An element is in no more windows than fit side by side around it, and may be in fewer. */
void range_windows_sum(const struct graph *graph, struct node *n)
{
    (void)graph;
    struct window w = window_of(n);
    double most = 1;
    for (int i = 0; i < 2; i++) {
        int64_t windows = (w.size[i] + w.stride[i] - 1) / w.stride[i];
        most *= (double)windows;
    }
    n->range = interval_hull(interval_point(0), interval_hull(n->arg[0]->range, interval_scale(n->arg[0]->range, most)));
}

/* ---- evaluation ---- */

static void fill(double *to, int64_t n, double x)
{
    for (int64_t i = 0; i < n; i++) to[i] = x;
}

/* Copies the elements of the image `from` to their windows, or, where `back`, adds them the other way. */
static void move(const struct evaluation *e, struct type image, struct type windows, bool back, const double *from, double *to)
{
    int64_t c = image.dim[2], examples = type_examples(e->graph, image);
    for (int64_t b = 0; b < examples; b++) {
        struct window_walk k = {.w = window_of(e->n), .image = {image.dim[0], image.dim[1]}, .count = {windows.dim[0], windows.dim[1]}};
        while (window_next(&k)) {
            int64_t x = ((b * image.dim[0] + k.element[0]) * image.dim[1] + k.element[1]) * c;
            int64_t y = ((((b * k.count[0] + k.at[0]) * k.count[1] + k.at[1]) * k.w.size[0] + k.in[0]) * k.w.size[1] + k.in[1]) * c;
            for (int64_t i = 0; i < c; i++)
                if (back) to[x + i] += from[y + i];
                else to[y + i] = from[x + i];
        }
    }
}

static void evaluate(struct evaluation *e, bool back)
{
    struct type x = e->n->arg[0]->type, y = e->n->type, image = back ? y : x, windows = back ? x : y;
    int64_t total = type_total(e->graph, y);
    fill(e->y, total, e->n->number);
    move(e, image, windows, back, e->x[0], e->y);
    if (!e->dy) return;
    fill(e->dy, total, 0);
    if (e->dx[0]) move(e, image, windows, back, e->dx[0], e->dy);
}

void evaluate_windows(struct evaluation *e)
{
    evaluate(e, false);
}

void evaluate_windows_sum(struct evaluation *e)
{
    evaluate(e, true);
}

/* ---- derivatives ---- */

static struct node *other(struct derive *d, enum op op)
{
    struct node like = *d->y;
    like.number = 0;
    return hooks_node(d, op, d->dy, like);
}

void derive_windows(struct derive *d)
{
    d->dx[0] = other(d, OP_windows_sum);
}

void derive_windows_sum(struct derive *d)
{
    d->dx[0] = other(d, OP_windows);
}
