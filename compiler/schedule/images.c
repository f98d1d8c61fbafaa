/* images.c: images of a minibatch with the batch inside, and convolutions as products over them.
 *
 * What a convolution makes or reads lies [rows, columns, batch, channels]: a pixel of all examples is a matrix, [batch, channels], and a convolution a sum of
 * products of such matrices with those of the weights (struct windows of kernels.h). Values made of such images element by element lie so too,
 * and so do stacks and parts of them, and sums run over them as they lie; all others see a transposed view. So the batch goes inside where images come
 * from the outside, a minibatch or a dense layer, and out again where they leave.
 *
 * The transpose reads the weights turned, [rows, columns, out, in]. */
#include "schedule/internal.h"
#include "schedule/rules.h"

#include <string.h>

#define ROWS_FROM ((int64_t)1 << 14) /* elements that are worth more than one task */
#define ROWS_LEAST 8 /* of an image, whose sums are a task each */
#define EXAMPLES_LEAST 8 /* of the gradient for the weights, whose sums run over them tap by tap */

static const int64_t inward[4] = {1, 2, 0, 3}, outward[4] = {2, 0, 1, 3}; /* axes of the operand */

static bool is_image(const struct value *v) { return v->batched && v->rank == 4; }

static bool on(const struct scheduling *s) { return !s->p->f64 && !s->g->blas && rule_on(s->g, RULE_images); }

static struct value *view(struct scheduling *s, const struct node *n, enum op op, struct value *arg, bool batched, uint32_t rank, const int64_t *dim)
{
    struct value *v = value_new(s, VALUE_VIEW, n, 1);
    v->op = op;
    v->arg[0] = arg;
    value_dims(v, batched, rank, dim);
    return v;
}

/* Axis a of the result is axis axes[a] of arg, as it lies in memory. */
static struct value *permuted(struct scheduling *s, const struct node *n, struct value *arg, bool batched, uint32_t rank, const int64_t *axes)
{
    int64_t dim[MAX_RANK];
    for (uint32_t a = 0; a < rank; a++) dim[a] = arg->dim[axes[a]];
    struct value *v = view(s, n, OP_transpose, arg, batched, rank, dim);
    memcpy(v->offset, axes, rank * sizeof *axes);
    value_settle(v);
    return v;
}

struct value *image_inside(struct scheduling *s, const struct node *n, struct value *v)
{
    return v->inside ? v->inside : permuted(s, n, v, false, 4, inward);
}

struct value *image_outside(struct scheduling *s, const struct node *n, struct value *in)
{
    struct value *v = permuted(s, n, in, true, 4, outward);
    v->inside = in;
    return v;
}

/* The same in memory. */
static struct value *image_stored(struct scheduling *s, const struct node *n, struct value *v)
{
    return v->inside = value_force(s, image_inside(s, n, v));
}

/* ---- what is made of images ---- */

/* An operand of an operation on images, element by element, whose axes are to fit [rows, columns, batch, channels]. */
static struct value *broadcast(struct scheduling *s, const struct node *n, struct value *v)
{
    int64_t dim[4] = {1, 1, 1, 1};
    if (is_image(v)) return image_inside(s, n, v);
    if (v->rank <= 1 && !v->batched) return v; /* a number, or one for each channel */
    uint32_t own = v->rank - v->batched;       /* axes but the batch, the last of the image's */
    if (v->batched) dim[2] = v->dim[0];
    for (uint32_t a = 0; a < own; a++) {
        uint32_t axis = 3 - own + a; /* of the image */
        dim[axis == 2 ? 3 : axis] = v->dim[v->batched + a];
    }
    if (v->batched && own > 0) { /* the batch comes from before the others */
        int64_t all[4] = {dim[2], dim[0], dim[1], dim[3]};
        struct value *whole = view(s, n, OP_reshape, v, true, 4, all);
        value_settle(whole);
        return permuted(s, n, whole, false, 4, inward);
    }
    struct value *shaped = view(s, n, OP_reshape, v, false, 4, dim);
    value_settle(shaped);
    return shaped;
}

static struct value *map_inside(struct scheduling *s, const struct node *n, struct value **args)
{
    struct value *in[3], *image = NULL;
    for (uint32_t i = 0; i < n->nargs; i++)
        if (args[i]->inside) image = args[i];
    for (uint32_t i = 0; i < n->nargs; i++) in[i] = broadcast(s, n, args[i]);
    struct value *v = value_map(s, n, in, false, 4, image->inside->dim);
    value_settle(v);
    return image_outside(s, n, v);
}

/* The axes that are left keep their order but for the batch: either it goes, or all but it and the channels do. */
static bool reduces_inside(const struct node *n, const struct value *x, bool *cut)
{
    uint32_t count = op_info[n->op].attributes == ATTR_AXIS ? 1 : n->axis_count;
    bool own[3] = {0}, whole = n->over_batch;
    for (uint32_t i = 0; i < count; i++) own[n->axes[i]] = true;
    for (int a = 0; a < 2; a++) cut[a] = own[a];
    cut[2] = whole, cut[3] = own[2];
    if (op_info[n->op].attributes == ATTR_AXIS || n->op == OP_argmax) return false;
    return x->inside && (whole ? n->arg[0]->type.batched == 1 : own[0] && own[1]);
}

/* A sum of many pixels to their channels is made row by row of the image, of few rows pixel by pixel, and these are added up: a task reads what lies together. */
static struct value *reduce_inside(struct scheduling *s, const struct node *n, struct value *x)
{
    bool cut[KERNEL_RANK + 1] = {0}, last[KERNEL_RANK] = {true};
    reduces_inside(n, x, cut);
    bool rows = cut[0] && cut[1] && cut[2] && !cut[3] && x->inside->dim[0] * x->inside->dim[1] > 1 && x->total >= ROWS_FROM;
    last[1] = rows && x->inside->dim[0] < ROWS_LEAST;
    cut[0] = !rows && cut[0];
    cut[1] = !last[1] && cut[1];
    struct value *v = rows ? value_reduce(s, n, n->op, x->inside, cut) : value_reduce_axes(s, n, x->inside, cut);
    if (rows) {
        value_settle(v);
        v = value_reduce(s, n, n->op, v, last);
    }
    v->batched = n->type.batched > 0;
    return v;
}

static struct value *stack_inside(struct scheduling *s, const struct node *n, struct value **args)
{
    struct value *join = value_new(s, VALUE_JOIN, n, 0);
    int64_t dim[4] = {args[0]->dim[1], args[0]->dim[2], 0, args[0]->dim[3]}, at = 0;
    for (uint32_t i = 0; i < n->nargs; i++) dim[2] += args[i]->dim[0];
    value_dims(join, false, 4, dim);
    for (uint32_t i = 0; i < n->nargs; i++) {
        struct value *part = value_new(s, VALUE_PART, n, 1);
        part->arg[0] = image_inside(s, n, args[i]);
        part->into = join;
        value_dims(part, false, 4, part->arg[0]->dim);
        part->offset[2] = at;
        at += part->dim[2];
        value_settle(part);
        vec_push(s->mem, &join->parts, part);
    }
    value_settle(join);
    return image_outside(s, n, join);
}

static struct value *unstack_inside(struct scheduling *s, const struct node *n, struct value *x)
{
    int64_t dim[4];
    memcpy(dim, x->inside->dim, sizeof dim);
    dim[2] = type_examples(s->graph, n->type);
    struct value *v = view(s, n, OP_slice, x->inside, false, 4, dim);
    v->offset[2] = n->axes[0] * s->graph->batch;
    value_settle(v);
    return image_outside(s, n, v);
}

/* ---- convolutions ---- */

/* The weights [rows, columns, in, out] in memory as [rows, columns, out, in]. */
static struct value *weights_turned(struct scheduling *s, const struct node *n, struct value *k)
{
    static const int64_t axes[4] = {0, 1, 3, 2};
    bool again = k->kind == VALUE_VIEW && k->op == OP_transpose && !k->solid && !memcmp(k->offset, axes, sizeof axes);
    if (again) return value_force(s, k->arg[0]);
    if (!k->across) k->across = value_force(s, permuted(s, n, k, false, 4, axes));
    return k->across;
}

/* The transpose to few channels makes stride by stride pixels at once, as so many times the channels of one: a plain convolution whose taps are those that any
 * of them has, with zeros for the weights of those that one has not. */
struct phases {
    int64_t taps[2], before[2];    /* of that convolution */
    int64_t offset[2], first[2], extent[2]; /* where the weights stand among zeros, the place there of the first pixel's at tap 0, and of how many */
};

static bool phases_of(const struct node *n, const struct window *w, struct phases *p)
{
    bool fit = n->type.dim[2] < PRODUCT_LANES && w->stride[0] * w->stride[1] > 1 && n->type.dim[2] * w->stride[0] * w->stride[1] <= PRODUCT_PANEL;
    for (int i = 0; i < 2; i++) {
        int64_t by = w->stride[i], most = (by - 1 + w->before[i]) / by, least = w->before[i] < w->size[i] ? -((w->size[i] - 1 - w->before[i]) / by) : 1;
        fit = fit && least <= 0 && n->type.dim[i] % by == 0;
        p->taps[i] = most - least + 1, p->before[i] = -least;
        int64_t low = w->before[i] - by * most, high = w->before[i] - by * least + by - 1; /* of the weights that are met, those that are not there included */
        p->offset[i] = low < 0 ? -low : 0;
        p->first[i] = w->before[i] - by * least + p->offset[i];
        p->extent[i] = (high < w->size[i] ? w->size[i] - 1 : high) + p->offset[i] + 1;
    }
    return fit;
}

static struct value *phases_weights(struct scheduling *s, const struct node *n, struct value *k, const struct window *w, const struct phases *p)
{
    struct value *wide = windows_place(s, n, k, p->offset, (int64_t[]){1, 1}, p->extent);
    struct value *v = view(s, n, OP_windows, wide, false, 6, (int64_t[]){p->taps[0], p->taps[1], w->stride[0], w->stride[1], k->dim[2], k->dim[3]});
    for (int i = 0; i < 2; i++) v->offset[i] = p->first[i], v->step[i] = -w->stride[i], v->step[i + 2] = 1;
    value_settle(v);
    return value_force(s, permuted(s, n, v, false, 6, (int64_t[]){0, 1, 5, 2, 3, 4}));
}

static struct value *phases_value(struct scheduling *s, const struct node *n, struct value **args, const struct window *w, const struct phases *p)
{
    struct value *a = image_stored(s, n, args[0]), *v = value_new(s, VALUE_WINDOWS, n, 2);
    int64_t channels = n->type.dim[2];
    const int64_t *by = w->stride;
    v->arg[0] = a, v->arg[1] = phases_weights(s, n, args[1], w, p);
    v->windows = (struct windows){.on = true, .stride = {1, 1}};
    for (int i = 0; i < 2; i++) {
        v->windows.grid[i] = n->type.dim[i] / by[i];
        v->windows.taps[i] = p->taps[i], v->windows.image[i] = a->dim[i], v->windows.before[i] = p->before[i];
    }
    int64_t coarse[2] = {v->windows.grid[0], v->windows.grid[1]}, examples = a->dim[2];
    value_dims(v, false, 4, (int64_t[]){coarse[0], coarse[1], examples, by[0] * by[1] * channels});
    value_settle(v);
    struct value *apart = view(s, n, OP_reshape, v, false, 6, (int64_t[]){coarse[0], coarse[1], examples, by[0], by[1], channels});
    value_settle(apart);
    apart = value_force(s, permuted(s, n, apart, false, 6, (int64_t[]){0, 3, 1, 4, 2, 5}));
    struct value *in = view(s, n, OP_reshape, apart, false, 4, (int64_t[]){n->type.dim[0], n->type.dim[1], examples, channels});
    value_settle(in);
    return image_outside(s, n, in);
}

static struct value *convolution(struct scheduling *s, const struct node *n, struct value **args)
{
    struct window w = window_of(n);
    struct phases few;
    bool turned = n->op == OP_conv2d_kernel, back = n->op == OP_conv2d_transpose;
    struct value *a = image_stored(s, n, args[0]), *b = args[1], *v;
    struct windows all = {.on = true, .back = back};
    if (turned) b = image_stored(s, n, b);
    for (int i = 0; i < 2; i++) {
        all.grid[i] = n->type.dim[i];
        all.taps[i] = turned ? b->dim[i] : w.size[i];
        all.image[i] = a->dim[i];
        all.stride[i] = w.stride[i], all.before[i] = w.before[i];
    }
    if (back && !windows_few(&all, a->dim[3], a->dim[2], n->type.dim[2]) && phases_of(n, &w, &few)) return phases_value(s, n, args, &w, &few);
    if (!turned) b = back ? weights_turned(s, n, b) : value_force(s, b);
    int64_t own[4] = {n->type.dim[0], n->type.dim[1], a->dim[2], n->type.dim[2]};
    v = value_new(s, VALUE_WINDOWS, n, 2);
    v->arg[0] = a, v->arg[1] = b;
    v->turned = turned;
    v->windows = all;
    value_dims(v, false, 4, turned ? n->type.dim : own);
    if (turned) return v;
    value_settle(v);
    return image_outside(s, n, v);
}

/* ---- all ---- */

static bool fits(const struct node *n)
{
    struct window w = window_of(n);
    bool fits = true;
    for (int i = 0; i < 2; i++) fits = fits && w.stride[i] <= WINDOWS_MOST && w.before[i] >= 0 && w.before[i] <= WINDOWS_MOST;
    return fits;
}

bool images_inside(const struct scheduling *s, const struct node *n, struct value *const *args)
{
    bool cut[KERNEL_RANK], any = false, all = true, fit = n->type.batched && n->type.rank == 3;
    if (!on(s)) return false;
    for (uint32_t i = 0; i < n->nargs; i++) {
        any = any || args[i]->inside;
        all = all && is_image(args[i]);
        fit = fit && (!args[i]->inside || args[i]->inside->total == type_total(s->graph, n->type));
    }
    switch (n->op) {
    case OP_conv2d: case OP_conv2d_transpose: case OP_conv2d_kernel:
        return is_image(args[0]) && (n->op != OP_conv2d_kernel || args[0]->dim[0] >= EXAMPLES_LEAST) && fits(n);
    case OP_stack:
        return any && all;
    case OP_unstack:
        return any;
    default:
        break;
    }
    if (op_info[n->op].class == CLASS_REDUCE) return any && reduces_inside(n, args[0], cut);
    return op_info[n->op].class == CLASS_MAP && any && fit;
}

struct value *images_value(struct scheduling *s, const struct node *n, struct value **args)
{
    switch (n->op) {
    case OP_stack: return stack_inside(s, n, args);
    case OP_unstack: return unstack_inside(s, n, args[0]);
    case OP_conv2d: case OP_conv2d_transpose: case OP_conv2d_kernel: return convolution(s, n, args);
    default: return op_info[n->op].class == CLASS_REDUCE ? reduce_inside(s, n, args[0]) : map_inside(s, n, args);
    }
}
