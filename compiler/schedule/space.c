/* space.c: iteration spaces, and index maps over them.
 *
 * A space is a list of extents; its points are numbered in row-major order. It can hold a value of as many elements whose axes end where
 * dimensions end; where they do not, a dimension is cut in two: [100, 1200] holds [100, 240, 5] as [100, 240, 5]. */
#include "schedule/internal.h"

#include <string.h>

struct space space_of(uint32_t rank, const int64_t *dim)
{
    struct space s = {0};
    for (uint32_t i = 0; i < rank; i++)
        if (dim[i] != 1) s.extent[s.rank++] = dim[i];
    return s;
}

int64_t space_total(const struct space *s, bool outer)
{
    int64_t n = 1;
    for (uint32_t d = 0; d < s->rank; d++)
        if (!outer || !s->reduced[d]) n *= s->extent[d];
    return n;
}

/* Cuts dimension d into [extent / inner, inner]. */
static bool space_cut(struct space *s, uint32_t d, int64_t inner)
{
    if (s->rank == KERNEL_RANK || s->extent[d] % inner) return false;
    for (uint32_t i = s->rank; i > d + 1; i--) s->extent[i] = s->extent[i - 1], s->reduced[i] = s->reduced[i - 1];
    s->rank++;
    s->extent[d + 1] = inner;
    s->extent[d] /= inner;
    s->reduced[d + 1] = s->reduced[d];
    return true;
}

bool space_refine(struct space *s, bool outer, uint32_t rank, const int64_t *dim)
{
    int64_t cut = 1; /* elements of the axes from here on */
    for (uint32_t a = rank; a-- > 1;) {
        cut *= dim[a];
        int64_t points = 1; /* of the dimensions to the right of d */
        for (uint32_t d = s->rank; d-- > 0;) {
            if (outer && s->reduced[d]) continue;
            if (points == cut) break;
            int64_t next = points * s->extent[d];
            if (points < cut && cut < next) {
                if (cut % points || !space_cut(s, d, cut / points)) return false;
                break;
            }
            points = next;
        }
    }
    return true;
}

bool space_merge(struct space *a, struct space b, bool a_reduces, bool b_reduces)
{
    struct space to = *a;
    if (!space_refine(&to, false, b.rank, b.extent) || !space_refine(&b, false, to.rank, to.extent)) return false;
    if (to.rank != b.rank || memcmp(to.extent, b.extent, to.rank * sizeof *to.extent)) return false;
    for (uint32_t d = 0; d < to.rank; d++) {
        if (a_reduces && b_reduces && to.reduced[d] != b.reduced[d]) return false;
        to.reduced[d] |= b.reduced[d];
    }
    *a = to;
    return true;
}

struct map map_identity(const struct space *s, bool outer, const struct value *v)
{
    struct map m = {0};
    uint32_t a = v->rank;
    int64_t inside = 1, dim = 1; /* elements of axis a to the right of dimension d; of all of axis a */
    for (uint32_t d = s->rank; d-- > 0;) {
        if (outer && s->reduced[d]) continue;
        while (inside == dim && a > 0) inside = 1, dim = v->dim[--a] == 1 ? 1 : v->dim[a];
        m.axis[a].stride[d] = inside;
        inside *= s->extent[d];
    }
    return m;
}

void affine_add(struct affine *to, struct affine x, int64_t times)
{
    to->offset += times * x.offset;
    for (uint32_t d = 0; d < KERNEL_RANK; d++) to->stride[d] += times * x.stride[d];
}

struct affine map_linear(const struct map *m, const struct value *v)
{
    if (m->linear) return m->line;
    struct affine line = {0};
    int64_t stride = 1;
    for (uint32_t a = v->rank; a-- > 0; stride *= v->dim[a]) affine_add(&line, m->axis[a], stride);
    return line;
}

struct map map_broadcast(const struct map *m, const struct value *to, const struct value *arg)
{
    if (m->linear && arg->total == to->total) return *m;
    struct map out = {0};
    uint32_t skip = to->batched, own = arg->batched; /* leading axes that are the batch */
    if (own && skip) out.axis[0] = m->axis[0];
    for (uint32_t a = own; a < arg->rank; a++)
        if (arg->dim[a] != 1) out.axis[a] = m->axis[skip + (to->rank - skip) - (arg->rank - own) + (a - own)];
    return out;
}

/* Each of arg's axes is one of the view's, or several that follow each other; any of length 1 are left out. */
static bool axes_cut(const struct map *m, const struct value *view, const struct value *arg, struct map *out)
{
    uint32_t i = view->rank;
    for (uint32_t j = arg->rank; j-- > 0;) {
        int64_t inside = 1;
        while (inside < arg->dim[j] && i > 0) {
            affine_add(&out->axis[j], m->axis[--i], inside);
            inside *= view->dim[i];
        }
        if (inside != arg->dim[j]) return false;
    }
    return true;
}

static struct map map_reshape(const struct map *m, const struct value *view, const struct value *arg)
{
    struct map out = {0};
    if (m->linear || !axes_cut(m, view, arg, &out)) {
        out = (struct map){0};
        out.line = map_linear(m, view);
        out.linear = true;
    }
    return out;
}

struct map map_view(const struct map *m, const struct value *view)
{
    const struct value *arg = view->arg[0];
    struct map out = {0};
    if (m->linear && value_same(view, arg)) return *m;
    switch (view->op) {
    case OP_expand:
        return map_broadcast(m, view, arg);
    case OP_transpose:
        for (uint32_t a = 0; a < view->rank; a++) out.axis[view->offset[a]] = m->axis[a];
        return out;
    case OP_unstack:
        if (m->linear) {
            out = *m;
            out.line.offset += view->offset[0] * (view->total / view->dim[0]);
            return out;
        }
        /* fallthrough */
    case OP_slice:
        for (uint32_t a = 0; a < view->rank; a++) {
            out.axis[a] = m->axis[a];
            out.axis[a].offset += view->offset[a];
        }
        return out;
    case OP_windows:
        return windows_map(m, view);
    default: /* the same elements in the same order */
        return map_reshape(m, view, arg);
    }
}

/* The strides of dimensions [from, to) as those of one dimension, innermost stride in *stride; false where they are not. */
static bool affine_merge(const struct affine *x, const struct space *s, uint32_t from, uint32_t to, int64_t *stride)
{
    *stride = 0;
    for (uint32_t d = to; d-- > from;) {
        if (d + 1 == to) *stride = x->stride[d];
        else if (x->stride[d] != x->stride[d + 1] * s->extent[d + 1]) return false;
    }
    return true;
}

bool matrix_of(const struct scheduling *s, struct value *v, struct matrix *out)
{
    int64_t rows, columns;
    type_matrix(s->graph, v->node->type, &rows, &columns);
    *out = (struct matrix){.rows = rows, .columns = columns};
    struct space space = space_of(v->rank, v->dim);
    if (!space_refine(&space, false, 2, (int64_t[]){rows, columns})) return false;
    struct map m = map_identity(&space, false, v);
    while (!value_has_storage(v)) {
        if (v->kind != VALUE_VIEW) return false;
        m = map_view(&m, v);
        v = v->arg[0];
    }
    struct affine line = map_linear(&m, v);
    uint32_t middle = space.rank; /* dimensions from here on are the columns */
    for (int64_t n = 1; n < columns;) n *= space.extent[--middle];
    int64_t row, column;
    if (!affine_merge(&line, &space, 0, middle, &row) || !affine_merge(&line, &space, middle, space.rank, &column)) return false;
    out->base = v;
    out->offset = line.offset;
    if ((column == 1 || columns == 1) && (row >= columns || rows == 1)) {
        out->stride = rows == 1 ? columns : row;
    } else if ((row == 1 || rows == 1) && (column >= rows || columns == 1)) {
        out->transposed = true;
        out->stride = columns == 1 ? rows : column;
    } else {
        return false;
    }
    return true;
}
