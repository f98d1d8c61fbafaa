/* views.c: views of views, sums of what was expanded, and expands that nobody needs.
 *
 * An expand makes no new numbers. It moves towards its uses: f(expand(x)) is expand(f(x)), computed once for each element of x; an
 * elementwise operation broadcasts by itself; a sum over an axis along which x was repeated is a product. */
#include "passes/passes.h"
#include "passes/rebuild.h"

#include <string.h>

/* x's operand where x is such a view and may be looked through, else NULL. */
static struct node *beneath(const struct rebuild *r, const struct node *x, enum op op)
{
    return x->op == op && !rebuild_wanted(r, x) ? x->arg[0] : NULL;
}

/* ---- one function for each view: n's operand is x; the result, or NULL ---- */

static struct node *reshape(struct rebuild *r, const struct node *n, struct node *x)
{
    if (type_equal(x->type, n->type)) return x;
    struct node *inner = beneath(r, x, OP_reshape);
    return inner ? rebuild_reshape(r, n, inner, n->type) : NULL;
}

static struct node *expand(struct rebuild *r, const struct node *n, struct node *x)
{
    if (type_equal(x->type, n->type)) return x;
    struct node *inner = beneath(r, x, OP_expand);
    return inner ? rebuild_expand(r, n, inner, n->type) : NULL;
}

static struct node *transpose(struct rebuild *r, const struct node *n, struct node *x)
{
    bool identity = true, in_order = true; /* in_order: only axes of length 1 change places */
    int64_t last = -1;
    for (uint32_t i = 0; i < n->type.rank; i++) {
        identity &= n->axes[i] == i;
        if (n->type.dim[i] == 1) continue;
        in_order &= n->axes[i] > last;
        last = n->axes[i];
    }
    if (identity) return x;
    if (in_order) return rebuild_reshape(r, n, x, n->type);
    struct node *inner = beneath(r, x, OP_transpose), like = *n;
    if (!inner) return NULL;
    for (uint32_t i = 0; i < n->type.rank; i++) like.axes[i] = x->axes[n->axes[i]];
    return rebuild_node(r, n, OP_transpose, 1, &inner, &like);
}

/* The part of a concat that holds the whole window of slice n, or NULL. */
static struct node *slice_of_part(struct rebuild *r, const struct node *n, const struct node *x)
{
    int64_t axis = x->axes[0], at = n->axes[axis];
    struct node like = *n;
    for (uint32_t i = 0; i < x->nargs; i++) {
        int64_t length = x->arg[i]->type.dim[axis];
        like.axes[axis] = at;
        if (at < length)
            return at + n->type.dim[axis] <= length ? rebuild_node(r, n, OP_slice, 1, &x->arg[i], &like) : NULL;
        at -= length;
    }
    return NULL;
}

static struct node *slice(struct rebuild *r, const struct node *n, struct node *x)
{
    if (type_equal(x->type, n->type)) return x;
    struct node *inner = beneath(r, x, OP_pad);
    if (inner && type_equal(inner->type, n->type) && !memcmp(x->axes, n->axes, n->type.rank * sizeof *n->axes)) return inner;
    if (x->op == OP_concat && !rebuild_wanted(r, x)) return slice_of_part(r, n, x);
    inner = beneath(r, x, OP_slice);
    if (!inner) return NULL;
    struct node like = *n;
    for (uint32_t i = 0; i < n->type.rank; i++) like.axes[i] += x->axes[i];
    return rebuild_node(r, n, OP_slice, 1, &inner, &like);
}

static struct node *pad(struct rebuild *r, const struct node *n, struct node *x)
{
    if (type_equal(x->type, n->type)) return x;
    struct node *inner = beneath(r, x, OP_pad), like = *n;
    if (!inner) return NULL;
    for (uint32_t i = 0; i < n->type.rank; i++) like.axes[i] += x->axes[i];
    return rebuild_node(r, n, OP_pad, 1, &inner, &like);
}

/* ---- sums ---- */

static bool has_axis(const struct node *n, int64_t axis)
{
    for (uint32_t i = 0; i < n->axis_count; i++)
        if (n->axes[i] == axis) return true;
    return false;
}

/* The sum n of x = expand(inner): repeated axes multiply, the others are summed before expanding. */
static struct node *sum_of_expand(struct rebuild *r, const struct node *n, const struct node *x, struct node *inner)
{
    int64_t axes[MAX_RANK], lead = x->type.rank - inner->type.rank;
    uint32_t count = 0;
    double times = 1;
    for (int64_t a = 0; a < x->type.rank; a++) {
        if (!has_axis(n, a)) continue;
        if (a >= lead) axes[count++] = a - lead;
        if (a < lead || inner->type.dim[a - lead] != x->type.dim[a]) times *= (double)x->type.dim[a];
    }
    if (n->over_batch && x->type.batched && !inner->type.batched) times *= (double)type_examples(r->to, x->type);
    if (times == 1) return NULL;
    struct node *s = rebuild_sum(r, n, inner, axes, count, n->over_batch && inner->type.batched);
    return rebuild_binary(r, n, OP_mul, s, rebuild_constant(r, n, times));
}

/* sum(sum(inner)): one sum. The outer's axes are counted among those that the inner left. */
static struct node *sum_of_sum(struct rebuild *r, const struct node *n, const struct node *x, struct node *inner)
{
    int64_t axes[MAX_RANK];
    uint32_t count = 0;
    for (int64_t a = 0, left = 0; a < inner->type.rank; a++) {
        bool gone = has_axis(x, a);
        if (gone || has_axis(n, left)) axes[count++] = a;
        left += !gone;
    }
    return rebuild_sum(r, n, inner, axes, count, n->over_batch || x->over_batch);
}

static struct node *sum(struct rebuild *r, const struct node *n, struct node *const *args)
{
    struct node *x = args[0], *inner;
    bool trivial = !(n->over_batch && type_examples(r->to, x->type) > 1);
    for (uint32_t i = 0; i < n->axis_count; i++) trivial &= x->type.dim[n->axes[i]] == 1;
    if (trivial && x->type.batched == n->type.batched) return rebuild_reshape(r, n, x, n->type);
    if ((inner = beneath(r, x, OP_expand))) return sum_of_expand(r, n, x, inner);
    bool once = r->uses[n->arg[0]->id] == 1;
    if (once && (inner = beneath(r, x, OP_sum))) return sum_of_sum(r, n, x, inner);
    if (n->axis_count == x->type.rank && (inner = beneath(r, x, OP_reshape))) {
        int64_t all[MAX_RANK];
        for (uint32_t i = 0; i < inner->type.rank; i++) all[i] = i;
        if (inner->type.rank || n->over_batch) return rebuild_sum(r, n, inner, all, inner->type.rank, n->over_batch);
    }
    return NULL;
}

/* ---- expands towards their uses ---- */

/* A view, or the largest, of one number repeated is that number repeated. */
static struct node *of_uniform(struct rebuild *r, const struct node *n, struct node *x)
{
    struct node *inner = beneath(r, x, OP_expand);
    if (!inner || type_elements(inner->type) != 1) return NULL;
    if (inner->type.batched && (n->over_batch || n->op == OP_as_tensor)) return NULL;
    return rebuild_reshape(r, n, inner, type_of(inner->type.batched, 0, NULL));
}

static struct node *map(struct rebuild *r, const struct node *n, struct node *const *args)
{
    struct node *bare[3];
    bool any = false;
    for (uint32_t i = 0; i < n->nargs; i++) {
        struct node *inner = beneath(r, args[i], OP_expand);
        bare[i] = inner ? inner : args[i];
        any |= inner != NULL;
    }
    return any ? rebuild_node(r, n, n->op, n->nargs, bare, n) : NULL;
}

static struct node *view(struct rebuild *r, const struct node *n, struct node *const *args)
{
    if (op_info[n->op].class == CLASS_MAP) return map(r, n, args);
    struct node *x = n->nargs ? args[0] : NULL, *m = NULL;
    switch (n->op) {
    case OP_reshape: m = reshape(r, n, x); break;
    case OP_transpose: m = transpose(r, n, x); break;
    case OP_slice: m = slice(r, n, x); break;
    case OP_max_over:
    case OP_as_tensor: break;
    case OP_expand: return expand(r, n, x);
    case OP_pad: return pad(r, n, x);
    case OP_concat: return n->nargs == 1 ? x : NULL;
    case OP_as_batch: return beneath(r, x, OP_as_tensor);
    case OP_sum: return sum(r, n, args);
    default: return NULL;
    }
    return m ? m : of_uniform(r, n, x);
}

bool pass_views(struct ganc *g, const struct program *p, struct graph *graph)
{
    return rebuild_graph(g, p, graph, view, NULL);
}
