/* shapes.c: shapes as written: dimensions that are known, patterns that bind names, and slices. */
#include "elaborate/internal.h"

#include <string.h>

static bool dimension(struct elaboration *e, struct environment *env, const struct ast *a, int64_t *d)
{
    struct value v = evaluate(e, env, a);
    return v.kind != VALUE_ERROR && value_to_integer(e, v, a->span, "a dimension", 1, d);
}

bool evaluate_shape(struct elaboration *e, struct environment *env, const struct ast *shape, struct type *out)
{
    *out = type_scalar();
    if (shape->kind != A_SHAPE) { /* shape(x), onehot(10) */
        struct value v = evaluate(e, env, shape);
        if (v.kind == VALUE_SHAPE) {
            *out = v.shape;
            return true;
        }
        if (v.kind == VALUE_DISTRIBUTION && v.distribution->kind == DIST_ONEHOT) {
            int64_t n;
            if (!value_to_integer(e, v.distribution->a, shape->span, "a number of classes", 1, &n)) return false;
            *out = type_of(false, 1, &n);
            return true;
        }
        if (v.kind != VALUE_ERROR) diag(e->g, E0401, shape->span, "a shape", value_describe(e, &v));
        if (v.kind == VALUE_NUMBER) diag_help(e->g, "a shape stands in brackets: [%s]", value_describe(e, &v));
        return false;
    }
    for (uint32_t i = 0; i < shape->n; i++) {
        if (shape->kids[i]->kind == A_ELLIPSIS) {
            diag(e->g, E0207, shape->kids[i]->span);
            return false;
        }
        if (out->rank == MAX_RANK) {
            diag(e->g, E0208, shape->span, MAX_RANK);
            return false;
        }
        if (!dimension(e, env, shape->kids[i], &out->dim[out->rank])) return false;
        out->rank++;
    }
    return true;
}

/* Is this dimension a name that nothing gives a value yet? Then it is bound by what it meets. */
static bool unknown(struct elaboration *e, struct environment *env, const struct ast *a)
{
    if (a->kind != A_NAME || environment_find(env, a->name)) return false;
    const struct declaration *d = scope_find(e, a->name, a->span);
    return !d || d->kind != A_SETTING;
}

void sizes_unknown(struct elaboration *e, struct environment *env, const struct ast *shape)
{
    for (uint32_t i = 0; shape->kind == A_SHAPE && i < shape->n; i++)
        if (unknown(e, env, shape->kids[i])) environment_bind(e, env, shape->kids[i]->name, value_error());
}

static bool mismatch(struct elaboration *e, const struct ast *shape, struct type t, struct span at, const char *what)
{
    struct buffer b = {0};
    ast_expression(&b, shape);
    diag(e->g, E0204, at, what, arena_string(e->g->mem, b.text ? b.text : "", b.length), type_text(e, t));
    buffer_free(&b);
    return false;
}

bool match_shape(struct elaboration *e, struct environment *env, const struct ast *shape, struct type t, struct span at, const char *what)
{
    if (shape->kind != A_SHAPE) {
        struct type want;
        if (!evaluate_shape(e, env, shape, &want)) return false;
        want.batched = t.batched;
        return type_equal(want, t) || mismatch(e, shape, t, at, what);
    }
    uint32_t before = shape->n; /* dimensions before an ellipsis */
    for (uint32_t i = 0; i < shape->n; i++)
        if (shape->kids[i]->kind == A_ELLIPSIS) {
            if (before < shape->n) {
                diag(e->g, E0119, shape->kids[i]->span);
                return false;
            }
            before = i;
        }
    uint32_t after = before < shape->n ? shape->n - before - 1 : 0;
    if (before == shape->n ? t.rank != shape->n : t.rank < before + after) return mismatch(e, shape, t, at, what);
    for (uint32_t i = 0; i < shape->n; i++) {
        const struct ast *d = shape->kids[i];
        if (d->kind == A_ELLIPSIS) continue;
        int64_t have = t.dim[i < before ? i : t.rank - (shape->n - i)];
        if (unknown(e, env, d)) {
            environment_bind(e, env, d->name, value_number((double)have));
            continue;
        }
        int64_t want;
        if (!dimension(e, env, d, &want)) return false;
        if (want != have) return mismatch(e, shape, t, at, what);
    }
    return true;
}

/* x[i], x[a:b], x[a:b, ..., c]: on the first axes; an ellipsis skips to the last ones. Indices from the end may be negative. */
bool evaluate_index(struct elaboration *e, struct environment *env, const struct ast *a, struct value base, struct value *out)
{
    struct type t;
    bool is_shape = base.kind == VALUE_SHAPE;
    if (is_shape) t = type_of(false, 1, (int64_t[]){base.shape.rank});
    else if (base.kind == VALUE_NODE) t = base.node->type;
    else {
        diag(e->g, E0401, a->kids[0]->span, "a tensor", value_describe(e, &base));
        return false;
    }
    uint32_t n = a->n - 1, ellipsis = n;
    for (uint32_t i = n; i-- > 0;)
        if (a->kids[i + 1]->kind == A_ELLIPSIS) {
            if (ellipsis < n) {
                diag(e->g, E0119, a->kids[ellipsis + 1]->span);
                return false;
            }
            ellipsis = i;
        }
    if (is_shape && !base.shape.rank) { /* shape(x) of a scalar: x[0:1] of it is as empty, x[0] is not there */
        if (n == 1 && a->kids[1]->kind == A_SLICE) *out = base;
        else diag(e->g, E0209, a->span, (int)n, type_text(e, base.shape));
        return out->kind == VALUE_SHAPE;
    }
    uint32_t given = ellipsis < n ? n - 1 : n;
    if (given > t.rank) {
        diag(e->g, E0209, a->span, (int)given, type_text(e, t));
        return false;
    }
    struct node like = {.type = t};
    bool drop[MAX_RANK] = {false};
    for (uint32_t i = 0; i < n; i++) {
        const struct ast *s = a->kids[i + 1];
        if (s->kind == A_ELLIPSIS) continue;
        uint32_t axis = i < ellipsis ? i : t.rank - (n - i);
        int64_t size = t.dim[axis], low = 0, high = size;
        bool range = s->kind == A_SLICE;
        const struct ast *l = range ? s->kids[0] : s, *h = range ? s->kids[1] : NULL;
        if (l && !value_to_integer(e, evaluate(e, env, l), l->span, "an index", INT64_MIN / 2, &low)) return false;
        if (h && !value_to_integer(e, evaluate(e, env, h), h->span, "an index", INT64_MIN / 2, &high)) return false;
        if (low < 0) low += size;
        if (high < 0) high += size;
        if (!range) high = low + 1, drop[axis] = true;
        if (low < 0 || high > size || low >= high) {
            diag(e->g, E0250, s->span, (int)axis, type_text(e, t));
            if (range && low >= high) diag_help(e->g, "this slice is empty: in x[a:b], b is not included");
            else diag_help(e->g, range ? "x[a:b] needs a from 0 and b up to %lld" : "its indices are 0 to %lld", (long long)(range ? size : size - 1));
            return false;
        }
        like.axes[axis] = low;
        like.type.dim[axis] = high - low;
    }
    if (is_shape) {
        if (!drop[0]) {
            struct type r = {0};
            for (int64_t i = 0; i < like.type.dim[0]; i++) r.dim[r.rank++] = base.shape.dim[like.axes[0] + i];
            *out = value_shape(r);
        } else *out = value_number((double)base.shape.dim[like.axes[0]]);
        return true;
    }
    struct node *x = value_to_node(e, base, a->span);
    struct node *y = node_make(e, OP_slice, 1, &x, &like, a->span);
    struct type kept = {.batched = t.batched};
    for (uint32_t i = 0; i < t.rank; i++)
        if (!drop[i]) kept.dim[kept.rank++] = like.type.dim[i];
    *out = value_node(e, y ? graph_reshape(e->g, e->graph, y, kept) : NULL);
    return y != NULL;
}
