/* builtin_windows.c: functions of images: convolutions, pooling, upsampling. They say where windows lie as papers do, by stride and padding;
 * the operations want windows that fill the image exactly, so a rest that a stride leaves is taken off the padding after it. */
#include "elaborate/builtin.h"

#include <string.h>

/* A number for rows and columns alike, or [rows, columns]; more than there can be is as good as the most. */
static bool pair(struct elaboration *e, const struct argument *a, const char *what, int64_t least, int64_t to[2])
{
    if (!a->v) return true;
    if (a->v->kind == VALUE_SHAPE && a->v->shape.rank == 2) memcpy(to, a->v->shape.dim, 2 * sizeof *to);
    else if (!value_to_integer(e, *a->v, a->span, what, least, &to[0])) return false;
    else to[1] = to[0];
    for (int i = 0; i < 2; i++)
        if (to[i] > MAX_ELEMENTS) to[i] = MAX_ELEMENTS;
    return true;
}

static struct node *image(struct elaboration *e, struct arguments *args, const char *name)
{
    struct node *x = value_to_node(e, args->positional.at[0], args->spans.at[0]);
    if (!x || x->type.rank == 3) return x;
    diag(e->g, E0241, args->spans.at[0], name, type_text(e, x->type));
    return NULL;
}

static struct node *make(struct elaboration *e, enum op op, uint32_t n, struct node *const *x, const struct window *w, double fill, struct span span)
{
    struct node like = {.number = fill, .axis_count = 8};
    for (int i = 0; i < 2; i++) like.axes[i] = w->stride[i], like.axes[2 + i] = w->before[i], like.axes[4 + i] = w->after[i], like.axes[6 + i] = w->size[i];
    return node_make(e, op, n, x, &like, span);
}

/* ---- convolutions ---- */

struct convolution {
    struct node *x, *weights;
    struct window w; /* before: the padding asked for */
    bool same;
};

static bool convolution(struct elaboration *e, struct arguments *args, const char *name, struct convolution *c)
{
    struct argument stride, pad;
    *c = (struct convolution){.x = image(e, args, name), .w.stride = {1, 1}};
    if (!c->x || !(c->weights = value_to_node(e, args->positional.at[1], args->spans.at[1]))) return false;
    struct type x = c->x->type, k = c->weights->type;
    if (k.rank != 4 || k.batched) {
        diag(e->g, E0242, args->spans.at[1], name, type_text(e, k));
        return false;
    }
    if (x.dim[2] != k.dim[2]) {
        diag(e->g, E0243, args->spans.at[1], name, type_text(e, x), (long long)x.dim[2], type_text(e, k), (long long)k.dim[2]);
        return false;
    }
    if (!argument_find(e, args, 2, "stride", &stride) || !argument_find(e, args, 3, "pad", &pad)) return false;
    if (!pair(e, &stride, "stride", 1, c->w.stride)) return false;
    memcpy(c->w.size, k.dim, sizeof c->w.size);
    if (pad.v && pad.v->kind == VALUE_STRING) {
        if ((c->same = !strcmp(pad.v->text, "same"))) return true;
        diag(e->g, E0401, pad.span, "a number or \"same\"", value_describe(e, pad.v));
        return false;
    }
    return pair(e, &pad, "pad", 0, c->w.before);
}

/* conv2d(x, w, stride=1, pad=0): "same" gives ceil(h / stride), the odd element of padding at the end. */
struct value builtin_conv2d(struct elaboration *e, struct arguments *args, struct span span)
{
    struct convolution c;
    if (!convolution(e, args, "conv2d", &c)) return value_error();
    for (int i = 0; i < 2; i++) {
        int64_t h = c.x->type.dim[i], k = c.w.size[i], s = c.w.stride[i], p = c.w.before[i];
        int64_t count = c.same ? (h - 1) / s + 1 : h + 2 * p < k ? 0 : (h + 2 * p - k) / s + 1;
        int64_t padding = count ? (count - 1) * s + k - h : 2 * p; /* 0: the operation says that the window does not fit */
        if (c.same) c.w.before[i] = padding > 0 ? padding / 2 : 0;
        c.w.after[i] = padding - c.w.before[i];
    }
    return value_node(e, make(e, OP_conv2d, 2, (struct node *[]){c.x, c.weights}, &c.w, 0, span));
}

/* conv2d_transpose(x, w, stride=1, pad=0, out_pad=0), w [rows, columns, in, out] of what goes in and comes out here: it is the transpose of a
 * convolution from out to in. (h - 1) stride + k - 2 pad + out_pad; with "same" h stride. */
struct value builtin_conv2d_transpose(struct elaboration *e, struct arguments *args, struct span span)
{
    struct convolution c;
    struct argument out;
    int64_t out_pad[2] = {0};
    if (!convolution(e, args, "conv2d_transpose", &c) || !argument_find(e, args, 4, "out_pad", &out) || !pair(e, &out, "out_pad", 0, out_pad))
        return value_error();
    for (int i = 0; i < 2; i++) {
        int64_t k = c.w.size[i], s = c.w.stride[i];
        if (out_pad[i] >= s) diag(e->g, E0254, out.span, (long long)s);
        else if (c.same && out_pad[i]) diag(e->g, E0255, out.span);
        if (out_pad[i] >= s || (c.same && out_pad[i])) return value_error();
        if (c.same) c.w.before[i] = k > s ? (k - s) / 2 : 0;
        c.w.after[i] = c.same ? k - s - c.w.before[i] : c.w.before[i] - out_pad[i];
    }
    struct node turned = {.axes = {0, 1, 3, 2}, .axis_count = 4};
    struct node *w = node_make(e, OP_transpose, 1, &c.weights, &turned, span);
    return value_node(e, make(e, OP_conv2d_transpose, 2, (struct node *[]){c.x, w}, &c.w, 0, span));
}

/* ---- pooling ---- */

/* As PyTorch counts: with ceil=true a last window may reach beyond the padding, if it begins before its end. */
static int64_t pool_count(int64_t h, int64_t k, int64_t s, int64_t p, bool ceil)
{
    int64_t room = h + 2 * p - k + (ceil ? s - 1 : 0);
    if (room < 0) return 0;
    int64_t count = room / s + 1;
    return ceil && (count - 1) * s >= h + p ? count - 1 : count;
}

/* Windows side by side without padding are a reshape: [m, rows, n, columns, c]. */
static struct node *side_by_side(struct elaboration *e, struct node *x, const struct window *w, struct span span)
{
    struct node like = {.type = x->type, .axis_count = 3};
    int64_t dim[] = {0, w->size[0], 0, w->size[1], x->type.dim[2]};
    for (int i = 0; i < 2; i++) {
        like.type.dim[i] += w->after[i];
        dim[2 * i] = like.type.dim[i] / w->size[i];
    }
    if (w->after[0] || w->after[1]) x = node_make(e, OP_slice, 1, &x, &like, span);
    return example_reshape(e, x, 5, dim);
}

/* How many elements of the image and its padding each window has: [m, n, 1]. */
static struct node *pool_elements(struct elaboration *e, struct node *x, const struct window *w, const int64_t pad[2], struct span span)
{
    struct node *one = graph_constant(e->g, e->graph, 1, span);
    bool beyond = w->after[0] > pad[0] || w->after[1] > pad[1];
    if (!beyond) return graph_constant(e->g, e->graph, (double)w->size[0] * (double)w->size[1], span);
    struct window all = *w;
    struct type t = type_of(false, 3, (int64_t[]){0, 0, 1});
    for (int i = 0; i < 2; i++) t.dim[i] = x->type.dim[i] + 2 * pad[i], all.before[i] = 0, all.after[i] -= pad[i];
    one = make(e, OP_windows, 1, (struct node *[]){node_make(e, OP_expand, 1, &one, &(struct node){.type = t}, span)}, &all, 0, span);
    return one ? graph_sum(e->g, e->graph, one, (int64_t[]){2, 3}, 2, false) : NULL;
}

struct value builtin_pool(struct elaboration *e, bool largest, struct arguments *args, struct span span)
{
    const char *name = largest ? "max_pool" : "avg_pool";
    struct argument size, stride, pad, ceil_given;
    struct window w = {0};
    int64_t padding[2] = {0};
    bool ceil = false, apart = true;
    struct node *x = image(e, args, name), *y;
    if (!x || !argument_find(e, args, 1, "size", &size) || !argument_find(e, args, 2, "stride", &stride) || !argument_find(e, args, 3, "pad", &pad))
        return value_error();
    if (!size.v) {
        diag(e->g, E0406, span, name, "size");
        return value_error();
    }
    if (!pair(e, &size, "size", 1, w.size)) return value_error();
    memcpy(w.stride, w.size, sizeof w.stride);
    if (!pair(e, &stride, "stride", 1, w.stride) || !pair(e, &pad, "pad", 0, padding) || !argument_find(e, args, 4, "ceil", &ceil_given)) return value_error();
    if (ceil_given.v && !value_to_boolean(e, *ceil_given.v, ceil_given.span, &ceil)) return value_error();
    for (int i = 0; i < 2; i++) {
        int64_t h = x->type.dim[i], k = w.size[i], s = w.stride[i], p = padding[i], count = pool_count(h, k, s, p, ceil);
        if (2 * p > k) {
            diag(e->g, E0256, pad.span, (long long)k);
            return value_error();
        }
        if (!count) {
            diag(e->g, E0244, size.span, name, (long long)k, i ? "columns" : "rows", (long long)(h + 2 * p));
            return value_error();
        }
        w.before[i] = p;
        w.after[i] = (count - 1) * s + k - h - p;
        apart = apart && s == k && !p && w.after[i] <= 0;
    }
    y = apart ? side_by_side(e, x, &w, span) : make(e, OP_windows, 1, &x, &w, largest ? -INFINITY : 0, span);
    struct node inside = {.axes = {apart ? 1 : 2, 3}, .axis_count = 2};
    y = node_make(e, largest ? OP_max_over : OP_sum, 1, &y, &inside, span);
    if (!largest) y = node_make(e, OP_div, 2, (struct node *[]){y, pool_elements(e, x, &w, padding, span)}, NULL, span);
    return value_node(e, y);
}

/* Each element factor times along rows and columns. */
struct value builtin_upsample(struct elaboration *e, struct arguments *args, struct span span)
{
    struct argument given;
    int64_t f[2] = {1, 1};
    struct node *x = image(e, args, "upsample");
    if (!x || !argument_find(e, args, 1, "factor", &given)) return value_error();
    if (!given.v) {
        diag(e->g, E0406, span, "upsample", "factor");
        return value_error();
    }
    if (!pair(e, &given, "factor", 1, f)) return value_error();
    const int64_t *d = x->type.dim;
    struct type t = type_of(x->type.batched, 5, (int64_t[]){d[0], f[0], d[1], f[1], d[2]});
    x = example_reshape(e, x, 5, (int64_t[]){d[0], 1, d[1], 1, d[2]});
    x = node_make(e, OP_expand, 1, &x, &(struct node){.type = t}, span);
    return value_node(e, example_reshape(e, x, 3, (int64_t[]){t.dim[0] * t.dim[1], t.dim[2] * t.dim[3], t.dim[4]}));
}
