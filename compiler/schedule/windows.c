/* windows.c: convolutions and windows of images, in terms of what the other files know: joins, views, products element by element, sums.
 *
 * The image is laid into a larger one, whose padding is filled: then window (i, j) holds at (p, q) the element (stride i + p, stride j + q),
 * an affine view that reads nothing outside. A convolution is the sum over p, q and the channels of that view times the weights: no patch
 * is ever stored. The transpose lays its operand out with stride - 1 zeros between the elements and runs over it backwards with stride 1.
 *
 * A view of windows: axes [batch,] i, j, p, q, rest; its operand's are [batch,] a, b, rest, or with p, q before the rest where it has those itself;
 * a = offset + step[i] i + step[p] p. */
#include "schedule/internal.h"

#include <string.h>

struct map windows_map(const struct map *m, const struct value *view)
{
    const struct value *arg = view->arg[0];
    uint32_t first = view->batched, dropped = view->rank - arg->rank;
    struct map out = {0};
    if (first) out.axis[0] = m->axis[0];
    for (uint32_t a = first; a < arg->rank; a++) {
        if (a >= first + 2) {
            out.axis[a] = m->axis[a + dropped];
            continue;
        }
        out.axis[a].offset = view->offset[a];
        affine_add(&out.axis[a], m->axis[a], view->step[a]);
        affine_add(&out.axis[a], m->axis[a + 2], view->step[a + 2]);
    }
    return out;
}

static struct value *made(struct scheduling *s, enum value_kind kind, enum op op, const struct node *n, struct value *arg, bool batched, uint32_t rank,
                          const int64_t *dim)
{
    struct value *v = value_new(s, kind, n, arg ? 1 : 0);
    v->op = op;
    if (arg) v->arg[0] = arg;
    value_dims(v, batched, rank, dim);
    return v;
}

static struct value *settled(struct value *v)
{
    value_settle(v);
    return v;
}

/* x in an image of the given extents, element i of an axis at offset + step * i; those that fall outside are left out. */
struct value *windows_place(struct scheduling *s, const struct node *n, struct value *x, const int64_t *offset, const int64_t *step, const int64_t *extent)
{
    uint32_t first = x->batched;
    int64_t low[2], high[2], dim[KERNEL_RANK], part_dim[KERNEL_RANK];
    bool all = true, any = true;
    memcpy(dim, x->dim, sizeof dim);
    memcpy(part_dim, x->dim, sizeof dim);
    for (int i = 0; i < 2; i++) {
        int64_t length = x->dim[first + i], end = extent[i] - offset[i]; /* of the places that elements may have, from offset on */
        low[i] = offset[i] < 0 ? (-offset[i] + step[i] - 1) / step[i] : 0;
        high[i] = end <= 0 ? 0 : (end - 1) / step[i] + 1;
        if (high[i] > length) high[i] = length;
        all = all && low[i] == 0 && high[i] == length;
        any = any && low[i] < high[i];
        dim[first + i] = extent[i];
        part_dim[first + i] = high[i] - low[i];
    }
    struct value *join = made(s, VALUE_JOIN, OP_pad, n, NULL, x->batched, x->rank, dim);
    struct value *fill = made(s, VALUE_FILL, OP_pad, n, NULL, x->batched, x->rank, dim);
    fill->into = join;
    vec_push(s->mem, &join->parts, settled(fill));
    if (any && !all) {
        x = made(s, VALUE_VIEW, OP_slice, n, x, x->batched, x->rank, part_dim);
        for (int i = 0; i < 2; i++) x->offset[first + i] = low[i];
        value_settle(x);
    }
    if (any) {
        struct value *part = made(s, VALUE_PART, OP_pad, n, x, x->batched, x->rank, part_dim);
        for (int i = 0; i < 2; i++) part->offset[first + i] = offset[i] + low[i] * step[i], part->step[first + i] = step[i];
        part->into = join;
        vec_push(s->mem, &part->after, (struct use){fill, false});
        vec_push(s->mem, &join->parts, settled(part));
    }
    return settled(join);
}

static struct value *view(struct scheduling *s, const struct node *n, struct value *arg, const int64_t *count, const struct window *w, bool forward, bool kept)
{
    uint32_t first = arg->batched, rest = first + (kept ? 4 : 2);
    int64_t dim[KERNEL_RANK] = {arg->dim[0]};
    for (int i = 0; i < 2; i++) dim[first + i] = count[i], dim[first + 2 + i] = w->size[i];
    for (uint32_t a = rest; a < arg->rank; a++) dim[first + 4 + a - rest] = arg->dim[a];
    struct value *v = made(s, VALUE_VIEW, OP_windows, n, arg, arg->batched, first + 4 + arg->rank - rest, dim);
    for (uint32_t i = 0; i < 2; i++) {
        v->step[first + i] = forward ? w->stride[i] : 1;
        v->step[first + 2 + i] = forward ? 1 : -1;
        v->offset[first + i] = forward ? 0 : w->size[i] - 1;
    }
    return settled(v);
}

/* The windows of an image that stands in memory, [.., i, j, p, q, c]. */
static struct value *windows(struct scheduling *s, const struct node *n, struct value *x, const struct window *w, const int64_t *count)
{
    uint32_t first = x->batched;
    int64_t extent[2];
    bool pads = false;
    for (int i = 0; i < 2; i++) {
        extent[i] = x->dim[first + i] + w->before[i] + w->after[i];
        pads = pads || w->before[i] > 0 || w->after[i] > 0;
    }
    x = pads ? windows_place(s, n, x, w->before, (int64_t[]){1, 1}, extent) : value_force(s, x);
    return view(s, n, x, count, w, true, false);
}

/* The windows of the transpose: of element (i, j), at (p, q), what stands in window ((i + before - p) / stride, ...), 0 where that is none. */
static struct value *windows_back(struct scheduling *s, const struct node *n, struct value *y, const struct window *w, const int64_t *image, bool kept)
{
    int64_t offset[2], extent[2];
    for (int i = 0; i < 2; i++) offset[i] = w->size[i] - 1 - w->before[i], extent[i] = image[i] + w->size[i] - 1;
    return view(s, n, windows_place(s, n, y, offset, w->stride, extent), image, w, false, kept);
}

static struct value *reshaped(struct scheduling *s, const struct node *n, struct value *x, uint32_t rank, const int64_t *dim)
{
    return settled(made(s, VALUE_VIEW, OP_reshape, n, x, x->batched, rank, dim));
}

/* The sum of x * y over the axes in cut; x [.., c] gets an axis of 1 at its end, and y broadcasts to that. Inline: no product is stored. */
static struct value *contract(struct scheduling *s, const struct node *n, struct value *x, struct value *y, const bool *cut)
{
    int64_t dim[KERNEL_RANK];
    memcpy(dim, x->dim, sizeof dim);
    dim[x->rank] = 1;
    struct value *product = value_new(s, VALUE_MAP, n, 2);
    product->op = OP_mul;
    product->arg[0] = reshaped(s, n, x, x->rank + 1, dim);
    product->arg[1] = y;
    dim[x->rank] = y->dim[y->rank - 1];
    value_dims(product, x->batched, x->rank + 1, dim);
    value_settle(product);
    product->solid = false;
    return value_reduce(s, n, OP_sum, product, cut);
}

/* The weights [rows, columns, in, out] in memory as [rows, columns, out, in]: the transpose's sums run over out. */
static struct value *weights_turned(struct scheduling *s, const struct node *n, struct value *k)
{
    int64_t dim[] = {k->dim[0], k->dim[1], k->dim[3], k->dim[2]};
    struct value *turned = made(s, VALUE_VIEW, OP_transpose, n, k, false, 4, dim);
    memcpy(turned->offset, (int64_t[]){0, 1, 3, 2}, 4 * sizeof *turned->offset);
    value_settle(turned);
    bool again = k->kind == VALUE_VIEW && k->op == OP_transpose && !k->solid && !memcmp(k->offset, turned->offset, 4 * sizeof *k->offset);
    return value_force(s, again ? k->arg[0] : turned);
}

struct value *windows_value(struct scheduling *s, const struct node *n, struct value **args)
{
    struct window w = window_of(n);
    uint32_t first = n->arg[0]->type.batched > 0;
    bool inner[KERNEL_RANK] = {[2] = true, [3] = true, [4] = true}, outer[KERNEL_RANK] = {true, true, first};
    if (first) memmove(inner + 1, inner, sizeof inner - sizeof *inner), inner[0] = false;
    const int64_t *own = n->type.dim;
    switch (n->op) {
    case OP_windows:
        return windows(s, n, args[0], &w, own);
    case OP_windows_sum:
        inner[first + 4] = false;
        return value_reduce(s, n, OP_sum, windows_back(s, n, args[0], &w, own, true), inner);
    case OP_conv2d:
        return contract(s, n, windows(s, n, args[0], &w, own), value_force(s, args[1]), inner);
    case OP_conv2d_transpose:
        return contract(s, n, windows_back(s, n, args[0], &w, own, false), weights_turned(s, n, args[1]), inner);
    default: { /* conv2d_kernel */
        struct value *y = value_force(s, args[1]);
        int64_t dim[KERNEL_RANK];
        memcpy(dim, y->dim, sizeof dim);
        for (uint32_t a = first + 2; a < first + 5; a++) dim[a] = 1;
        dim[first + 5] = y->dim[y->rank - 1];
        return contract(s, n, windows(s, n, args[0], &w, n->arg[1]->type.dim), reshaped(s, n, y, first + 6, dim), outer);
    }
    }
}
