/* values.c: a graph as values: what must stand in memory or be computed in a group of its own ("solid"), what is recomputed where it is used.
 *
 * Inline are numbers, iota, views, and MAPs that cost little and read at most one storage of about their size: to keep a mask `x > 0`, or what batchnorm makes
 * of x, costs more than to make it again. Solid are random numbers, reductions, products, dearer MAPs, and whatever must lie in memory in
 * its own order: operands of products, outputs, effects' values, what a reshape takes apart in another way.
 * The parts of concat and pad, and effects, are values too: they store, and join the group of what they store.
 *
 * A reduction of much to little is made in two, the outermost axis last: the first has an axis to run in parallel. */
#include "schedule/internal.h"
#include "schedule/rules.h"

#include <string.h>

/* Operations that are recomputed rather than stored: up to this many an element of what reads one storage. */
#define INLINE_COST 3
/* Of values of so many elements, which no cache keeps, up to INLINE_LARGE_COST, and storages count only that have more than an INLINE_SMALL-th of its elements: the
 * numbers for each channel that are read beside an image stay in the first cache. What an operand of so few elements costs INLINE_ONCE or more is made once. */
#define INLINE_LARGE ((int64_t)1 << 19)
#define INLINE_LARGE_COST 15
#define INLINE_SMALL 8
#define INLINE_ONCE 2
/* Reductions over at least TWICE_FROM elements to less than TWICE_TO are made in two steps; a single axis in up to TWICE_PARTS parts. */
#define TWICE_FROM ((int64_t)1 << 16)
#define TWICE_TO 32
#define TWICE_PARTS 32
/* Sums down at least TALL rows, in which there are no more columns, of at least TALL_FROM elements are made in TALL_PARTS parts: tasks then take rows,
 * as those of the products before do, and find them in their core's cache. */
#define TALL 128
#define TALL_FROM ((int64_t)1 << 14)
#define TALL_PARTS 8

struct value *value_new(struct scheduling *s, enum value_kind kind, const struct node *n, uint32_t nargs)
{
    struct value *v = NEW(s->mem, struct value);
    v->kind = kind;
    v->node = n;
    v->op = n->op;
    v->nargs = nargs;
    v->arg = NEW_ARRAY(s->mem, struct value *, nargs);
    v->storage = UINT32_MAX;
    v->id = s->values.n;
    vec_push(s->mem, &s->values, v);
    return v;
}

void value_dims(struct value *v, bool batched, uint32_t rank, const int64_t *dim)
{
    v->batched = batched;
    v->rank = rank;
    v->total = 1;
    for (uint32_t a = 0; a < rank; a++) v->dim[a] = dim[a], v->total *= dim[a];
}

static void value_type(struct scheduling *s, struct value *v, struct type t)
{
    int64_t dim[KERNEL_RANK];
    uint32_t rank = 0;
    if (t.batched) dim[rank++] = type_examples(s->graph, t);
    for (uint32_t a = 0; a < t.rank; a++) dim[rank++] = t.dim[a];
    value_dims(v, t.batched, rank, dim);
}

static struct value *value_like(struct scheduling *s, enum value_kind kind, enum op op, const struct value *shape, struct value *arg)
{
    struct value *v = value_new(s, kind, shape->node, 1);
    v->op = op;
    v->arg[0] = arg;
    value_dims(v, shape->batched, shape->rank, shape->dim);
    return v;
}

/* A copy in row-major order: OP_stop, stored. */
static struct value *value_copy(struct scheduling *s, struct value *of)
{
    if (of->copy) return of->copy;
    struct value *v = value_like(s, VALUE_MAP, OP_stop, of, of);
    v->forced = v->solid = true;
    return of->copy = v;
}

bool value_same(const struct value *v, const struct value *arg)
{
    if (v->total != arg->total || (v->kind == VALUE_VIEW && v->op == OP_windows)) return false;
    if (v->kind != VALUE_VIEW || v->op != OP_transpose) return true;
    uint32_t last = 0; /* axes longer than 1 must keep their order */
    for (uint32_t a = 0; a < v->rank; a++) {
        if (v->dim[a] == 1) continue;
        if ((uint32_t)v->offset[a] < last) return false;
        last = (uint32_t)v->offset[a];
    }
    return true;
}

struct value *value_base(struct value *v)
{
    while (v->kind == VALUE_VIEW && !v->solid && value_same(v, v->arg[0])) v = v->arg[0];
    return v;
}

/* Makes v stand in memory in its own order, whatever it is. */
struct value *value_force(struct scheduling *s, struct value *v)
{
    struct value *base = value_base(v);
    if (base->kind == VALUE_MAP && !base->uniform) base->forced = base->solid = true;
    return value_has_storage(base) ? v : value_copy(s, v);
}

uint32_t element_cost(enum op op)
{
    switch (op) {
    case OP_stop: return 0;
    case OP_neg: case OP_abs: case OP_sign: case OP_floor: case OP_add: case OP_sub: case OP_mul: case OP_max: case OP_min:
    case OP_eq: case OP_ne: case OP_lt: case OP_le: case OP_gt: case OP_ge: case OP_where: return 1;
    case OP_div: case OP_sqrt: return 2;
    default: return 8;
    }
}

static bool value_large(const struct value *v) { return v->kind == VALUE_MAP && v->total >= INLINE_LARGE; }

static bool value_small(const struct value *of, const struct value *v) { return of->total <= v->total / INLINE_SMALL; }

static uint32_t inline_cost(const struct value *v)
{
    uint32_t cost = v->kind == VALUE_MAP ? element_cost(v->op) : 0;
    return cost > INLINE_COST ? INLINE_LARGE_COST + 1 : value_large(v) ? cost * cost : cost;
}

/* What v would divide by, or the like, for each of its elements, though it has far fewer of its own. */
static void operand_once(const struct value *v, struct value *a)
{
    while (a->kind == VALUE_VIEW && !a->solid) a = a->arg[0];
    if (a->kind == VALUE_MAP && !a->uniform && a->cost >= INLINE_ONCE && value_small(a, v)) a->forced = a->solid = true;
}

/* What v costs and reads, its operands' being known; may its users recompute it? */
void value_settle(struct value *v)
{
    v->uniform = v->kind == VALUE_NUMBER || ((v->kind == VALUE_MAP || v->kind == VALUE_VIEW) && v->nargs > 0);
    v->cost = inline_cost(v);
    bool large = value_large(v);
    for (uint32_t i = 0; i < v->nargs; i++) {
        struct value *a = v->arg[i];
        if (large) operand_once(v, a);
        if (v->kind == VALUE_MAP || v->kind == VALUE_REDUCE) value_base(a)->readers++;
        bool memory = value_has_storage(a);
        v->uniform &= !memory && a->uniform;
        v->cost += memory ? 0 : a->cost;
        const struct value *from = memory ? a : a->from;
        v->many |= !memory && a->many;
        if (!from || (large && value_small(from, v))) continue;
        if (v->from && v->from != from) v->many = true;
        else v->from = from;
    }
    bool always = v->kind == VALUE_RANDOM || v->kind >= VALUE_REDUCE;
    if (v->kind == VALUE_JOIN) v->solid = false;
    else v->solid = v->forced || always || (v->kind == VALUE_MAP && (v->cost > (large ? INLINE_LARGE_COST : INLINE_COST) || v->many));
    if (v->solid) v->uniform = false;
}

/* May v be found by number alone, without the indices of its axes? Else a reshape of it needs it in memory. */
static bool value_numbered(const struct value *v)
{
    if (value_has_storage(v) || v->uniform || v->kind == VALUE_IOTA) return true;
    if (v->kind != VALUE_VIEW || v->op == OP_transpose || v->op == OP_slice || v->op == OP_windows) return false;
    return (v->op == OP_unstack || v->total == v->arg[0]->total) && value_numbered(v->arg[0]);
}

/* Is a reshape of b to a no more than another way to write the shape: as it is, but for axes of length 1, or axes cut in several? */
static bool reshape_trivial(const struct value *a, const struct value *b)
{
    uint32_t i = 0;
    for (uint32_t j = 0; j < b->rank; j++) {
        int64_t inside = 1;
        while (inside < b->dim[j] && i < a->rank) inside *= a->dim[i++];
        if (inside != b->dim[j]) return false;
    }
    return true;
}

static struct value *view_make(struct scheduling *s, const struct node *n, struct value *arg)
{
    bool shifts = n->op == OP_transpose || n->op == OP_slice || n->op == OP_unstack || n->op == OP_expand;
    struct value shape = {.node = n};
    value_type(s, &shape, n->type);
    if (!shifts && !value_numbered(arg) && !reshape_trivial(&shape, arg)) arg = value_force(s, arg);
    struct value *v = value_like(s, VALUE_VIEW, n->op, &shape, arg);
    if (n->op == OP_unstack) v->offset[0] = n->axes[0] * s->graph->batch;
    for (uint32_t a = 0; a < v->rank; a++) {
        bool batch = v->batched && a == 0;
        if (n->op == OP_transpose) v->offset[a] = batch ? 0 : n->axes[a - v->batched] + v->batched;
        if (n->op == OP_slice) v->offset[a] = batch ? 0 : n->axes[a - v->batched];
    }
    return v;
}

/* The reduction of x along the axes in cut, of the shape that is left. */
struct value *value_reduce(struct scheduling *s, const struct node *n, enum op op, struct value *x, const bool *cut)
{
    int64_t dim[KERNEL_RANK], gone = 1;
    uint32_t rank = 0;
    for (uint32_t a = 0; a < x->rank; a++) {
        if (cut[a]) gone *= x->dim[a];
        else dim[rank++] = x->dim[a];
    }
    bool number = op == OP_argmax && gone == 1; /* the index of the only one: 0 */
    struct value *v = value_new(s, number ? VALUE_NUMBER : gone == 1 ? VALUE_VIEW : VALUE_REDUCE, n, number ? 0 : 1);
    v->op = v->kind == VALUE_VIEW ? OP_reshape : op;
    if (!number) v->arg[0] = x;
    for (uint32_t a = 0; a < x->rank; a++) v->cut[a] = cut[a];
    value_dims(v, x->batched && !cut[0], rank, dim);
    return v;
}

/* x with axis a as [parts, dim / parts], so that the first can be reduced last. */
static struct value *axis_divide(struct scheduling *s, const struct node *n, struct value *x, uint32_t axis, int64_t parts)
{
    struct value *v = value_new(s, VALUE_VIEW, n, 1);
    int64_t dim[KERNEL_RANK];
    uint32_t rank = 0;
    for (uint32_t a = 0; a < x->rank; a++) {
        if (a == axis) dim[rank++] = parts;
        dim[rank++] = a == axis ? x->dim[a] / parts : x->dim[a];
    }
    v->op = OP_reshape;
    v->arg[0] = x;
    value_dims(v, x->batched && axis > 0, rank, dim);
    value_settle(v);
    return v;
}

/* The reduction of x along the axes in cut, which has room for one more, in one step or two. */
struct value *value_reduce_axes(struct scheduling *s, const struct node *n, struct value *x, bool *cut)
{
    int64_t left = 1, down = 1;
    uint32_t axes = 0, first = 0, last_cut = 0; /* reduced axes longer than 1, the outermost of them, the innermost */
    for (uint32_t a = x->rank; a-- > 0;) {
        if (!cut[a]) left *= x->dim[a];
        else if (x->dim[a] > 1) last_cut = axes++ ? last_cut : a, first = a, down *= x->dim[a];
    }
    bool twice = x->total >= TWICE_FROM && left < TWICE_TO && rule_on(s->g, RULE_twice);
    int64_t before = 1; /* sums of as many stacked minibatches */
    for (uint32_t a = 0; a < first; a++) before *= x->dim[a];
    bool tall = axes > 0 && before <= TALL_PARTS / 2 && left <= before * down && down >= TALL && x->total >= TALL_FROM;
    for (uint32_t a = first; a < last_cut; a++) tall = tall && (cut[a] || x->dim[a] == 1);
    tall = tall && rule_on(s->g, RULE_tall);
    if (n->op == OP_argmax || axes == 0 || !(twice || tall)) return value_reduce(s, n, n->op, x, cut);
    if (axes == 1 || (tall && !twice)) {
        int64_t parts = twice ? TWICE_PARTS : TALL_PARTS / before;
        while (parts > 1 && x->dim[first] % parts) parts--;
        if (parts == 1 || x->rank == KERNEL_RANK) return value_reduce(s, n, n->op, x, cut);
        x = axis_divide(s, n, x, first, parts);
        for (uint32_t a = KERNEL_RANK - 1; a > first; a--) cut[a] = cut[a - 1];
    }
    cut[first] = false;
    struct value *part = value_reduce(s, n, n->op, x, cut);
    value_settle(part);
    uint32_t at = 0; /* where the axis that is left stands in part */
    for (uint32_t a = 0; a < first; a++) at += !cut[a];
    bool last[KERNEL_RANK] = {0};
    last[at] = true;
    return value_reduce(s, n, n->op, part, last);
}

/* A sum over stacked minibatches is that of each, then of these: what cancels between two of them cancels exactly, as if they were not stacked. */
static struct value *sum_stacked(struct scheduling *s, const struct node *n, struct value *x, bool *cut, uint32_t minibatches)
{
    x = axis_divide(s, n, x, 0, minibatches);
    for (uint32_t a = KERNEL_RANK - 1; a > 0; a--) cut[a] = cut[a - 1];
    cut[0] = false;
    struct value *parts = value_reduce_axes(s, n, x, cut), *sum = NULL;
    value_settle(parts);
    for (uint32_t i = 0; i < minibatches; i++) {
        struct value *part = value_new(s, VALUE_VIEW, n, 1), *terms = part;
        int64_t dim[KERNEL_RANK];
        memcpy(dim, parts->dim, sizeof dim);
        dim[0] = 1;
        part->op = OP_slice, part->arg[0] = parts, part->offset[0] = i;
        value_dims(part, false, parts->rank, dim);
        value_settle(part);
        if (sum) {
            terms = value_new(s, VALUE_MAP, n, 2);
            terms->op = OP_add, terms->arg[0] = sum, terms->arg[1] = part;
            value_dims(terms, false, parts->rank - 1, parts->dim + 1);
            if (i + 1 < minibatches) value_settle(terms);
        }
        sum = terms;
    }
    return sum;
}

static struct value *reduce_values(struct scheduling *s, const struct node *n, struct value *x)
{
    bool cut[KERNEL_RANK + 1] = {0};
    uint32_t minibatches = n->arg[0]->type.batched, count = op_info[n->op].attributes == ATTR_AXIS ? 1 : n->axis_count;
    cut[0] = n->over_batch && x->batched;
    for (uint32_t i = 0; i < count; i++) cut[n->axes[i] + x->batched] = true;
    if (cut[0] && minibatches > 1 && x->rank < KERNEL_RANK) return sum_stacked(s, n, x, cut, minibatches);
    return value_reduce_axes(s, n, x, cut);
}

/* concat, stack and pad: a storage, and a value for each part that is written into it. */
static struct value *join_make(struct scheduling *s, const struct node *n, struct value **args)
{
    struct value *join = value_new(s, VALUE_JOIN, n, 0);
    value_type(s, join, n->type);
    if (n->op == OP_pad) {
        struct value *fill = value_new(s, VALUE_FILL, n, 0);
        value_type(s, fill, n->type);
        fill->into = join;
        value_settle(fill);
        vec_push(s->mem, &join->parts, fill);
    }
    int64_t at = 0;
    for (uint32_t i = 0; i < n->nargs; i++) {
        struct value *part = value_new(s, VALUE_PART, n, 1);
        part->arg[0] = args[i];
        part->into = join;
        value_dims(part, join->batched, join->rank, join->dim);
        if (n->op == OP_stack) part->dim[0] = args[i]->dim[0], part->offset[0] = at, at += part->dim[0];
        for (uint32_t a = join->batched; a < join->rank; a++) {
            uint32_t axis = a - join->batched, own = axis + args[i]->batched;
            if (n->op == OP_pad) {
                part->dim[a] = args[i]->dim[own], part->offset[a] = n->axes[axis];
            } else if (n->op == OP_concat && axis == (uint32_t)n->axes[0]) {
                part->dim[a] = args[i]->dim[own], part->offset[a] = at;
                at += part->dim[a];
            }
        }
        value_dims(part, join->batched, join->rank, part->dim);
        if (n->op == OP_pad) vec_push(s->mem, &part->after, (struct use){join->parts.at[0], false});
        value_settle(part);
        vec_push(s->mem, &join->parts, part);
    }
    return join;
}

static const struct value *constant_of(const struct value *v)
{
    while (v->kind == VALUE_VIEW && v->op == OP_expand) v = v->arg[0];
    return v->kind == VALUE_NUMBER && v->op == OP_constant ? v : NULL;
}

/* c >= x and x > c are the same of max(c, x) as of x, NaN included: where that is stored, as the next layer's operand, x need not be. */
static void compare_raised(struct value *v)
{
    for (int i = 0; i < 2 && v->op == OP_max; i++)
        if (constant_of(v->arg[i])) v->arg[1 - i]->raised = v;
    bool first = v->op == OP_ge || v->op == OP_lt; /* where the constant stands */
    if (!(first || v->op == OP_gt || v->op == OP_le)) return;
    const struct value *c = constant_of(v->arg[!first]), *m = v->arg[first]->raised;
    if (!c || !m || !m->solid || m->op != OP_max) return;
    const struct value *other = constant_of(m->arg[m->arg[0] == v->arg[first]]);
    if (c->node->number == other->node->number) v->arg[first] = v->arg[first]->raised;
}

/* x of x > 0; NULL of anything else. */
static struct value *positive(const struct value *c)
{
    const struct value *zero = c->kind == VALUE_MAP && c->op == OP_gt ? constant_of(c->arg[1]) : NULL;
    return zero && zero->node->number == 0 ? c->arg[0] : NULL;
}

/* Is v x where x > 0 and else some part of it above 0 times x: as large as 0 where x is? */
static bool is_leaky(const struct value *v, const struct value *x)
{
    const struct value *part = v->arg[2];
    if (v->arg[1] != x || part->kind != VALUE_MAP || part->op != OP_mul) return false;
    const struct value *c = constant_of(part->arg[part->arg[0] == x]);
    return (part->arg[0] == x || part->arg[1] == x) && c && c->node->number > 0;
}

/* x > 0 is the same of the leaky relu of x. That is taken where x would be stored for nothing else: a product that is read once. */
static void choice_raised(struct scheduling *s, struct value *v)
{
    struct value *c = v->arg[0], *x = positive(c);
    if (!x) return;
    if (is_leaky(v, x)) {
        x->raised = v;
        return;
    }
    const struct value *made = x->solid ? x : x->from;
    if (!x->raised || !x->raised->solid || x->raised->op != OP_where || !made || made->kind < VALUE_MATMUL || made->readers > 1) return;
    struct value *again = value_new(s, VALUE_MAP, c->node, 2);
    again->arg[0] = x->raised, again->arg[1] = c->arg[1];
    value_dims(again, c->batched, c->rank, c->dim);
    value_settle(again);
    v->arg[0] = again;
}

static void raised(struct scheduling *s, struct value *v)
{
    if (!rule_on(s->g, RULE_raised)) return;
    compare_raised(v);
    if (v->op == OP_where) choice_raised(s, v);
}

struct value *value_map(struct scheduling *s, const struct node *n, struct value **args, bool batched, uint32_t rank, const int64_t *dim)
{
    struct value *v = value_new(s, VALUE_MAP, n, n->nargs);
    for (uint32_t i = 0; i < n->nargs; i++) v->arg[i] = args[i];
    value_dims(v, batched, rank, dim);
    raised(s, v);
    return v;
}

static struct value *node_value(struct scheduling *s, const struct node *n, struct value **args)
{
    struct value *v;
    enum op_attributes has = op_info[n->op].attributes;
    if (images_inside(s, n, args)) return images_value(s, n, args);
    if (has == ATTR_WINDOW || has == ATTR_WINDOWS) return windows_value(s, n, args);
    switch (op_info[n->op].class) {
    case CLASS_REDUCE:
        return reduce_values(s, n, args[0]);
    case CLASS_VIEW:
        if (n->op == OP_concat || n->op == OP_stack || n->op == OP_pad) return join_make(s, n, args);
        return view_make(s, n, args[0]);
    case CLASS_LEAF: {
        bool random = has == ATTR_STREAM || has == ATTR_STREAM_SCALAR || has == ATTR_STREAM_NUMBER;
        v = value_new(s, random ? VALUE_RANDOM : n->op == OP_iota ? VALUE_IOTA
            : n->op == OP_constant || n->op == OP_scalar ? VALUE_NUMBER : VALUE_LEAF, n, 0);
        break;
    }
    case CLASS_PRODUCT:
        v = value_new(s, VALUE_MATMUL, n, n->nargs);
        break;
    default:
        v = value_new(s, VALUE_MAP, n, n->nargs);
    }
    for (uint32_t i = 0; i < n->nargs; i++) v->arg[i] = args[i];
    value_type(s, v, n->type);
    if (v->kind == VALUE_MAP) raised(s, v);
    return v;
}

/* An operand of a product: a matrix in memory; MAPs that it views become solid, and what is no matrix is copied. */
static struct value *matrix_operand(struct scheduling *s, struct value *v)
{
    struct value *base = v;
    while (base->kind == VALUE_VIEW && !base->solid) base = base->arg[0];
    if (base->kind == VALUE_MAP && !base->solid && !base->uniform) base->forced = base->solid = true;
    struct matrix m;
    return matrix_of(s, v, &m) ? v : value_copy(s, v);
}

/* What v reads, for its user: values that are computed elsewhere or beside it, and tensors. */
static void uses_walk(struct scheduling *s, struct value *user, struct value *v, bool same)
{
    if (v->solid) {
        for (uint32_t i = 0; i < user->uses.n; i++)
            if (user->uses.at[i].value == v) {
                user->uses.at[i].same &= same;
                return;
            }
        vec_push(s->mem, &user->uses, (struct use){v, same});
    } else if (v->kind == VALUE_JOIN) {
        for (uint32_t i = 0; i < v->parts.n; i++) uses_walk(s, user, v->parts.at[i], false);
    } else if (v->kind == VALUE_LEAF && v->op == OP_tensor) {
        vec_push(s->mem, &user->reads, (struct read){v->node->index, same});
    } else {
        for (uint32_t i = 0; i < v->nargs; i++) uses_walk(s, user, v->arg[i], same && value_same(v, v->arg[i]));
    }
}

/* MAPs whose only use ends in a reduction of the same elements: better made there than in a product's tile and stored. */
static void toward_mark(struct scheduling *s)
{
    for (uint32_t i = s->values.n; i-- > 0;) {
        struct value *u = s->values.at[i];
        if (!u->solid) continue;
        bool leads = u->kind == VALUE_REDUCE || (u->kind == VALUE_MAP && u->toward && !u->output && u->users == 1);
        for (uint32_t j = 0; leads && j < u->uses.n; j++)
            if (u->uses.at[j].same && u->uses.at[j].value->kind == VALUE_MAP) u->uses.at[j].value->toward = true;
    }
    for (uint32_t i = 0; i < s->values.n; i++) {
        struct value *v = s->values.at[i];
        v->toward &= v->users == 1 && !v->output;
    }
}

/* By tensor: who reads it, in order. */
struct readers {
    VEC(struct use) all;
};

static struct readers *readers_find(struct scheduling *s)
{
    struct readers *of = NEW_ARRAY(s->mem, struct readers, s->p->tensors.n + 1);
    for (uint32_t i = 0; i < s->values.n; i++) {
        struct value *v = s->values.at[i];
        for (uint32_t j = 0; v->solid && j < v->reads.n; j++) {
            struct readers *r = &of[v->reads.at[j].tensor];
            struct use *last = r->all.n ? &r->all.at[r->all.n - 1] : NULL;
            if (last && last->value == v) last->same &= v->reads.at[j].same;
            else vec_push(s->mem, &r->all, (struct use){v, v->reads.at[j].same});
        }
    }
    return of;
}

/* An effect's store waits for everything that reads the old value. */
static void effect_order(struct scheduling *s, struct value *effect, const struct readers *of)
{
    for (uint32_t i = 0; i < of->all.n; i++)
        if (of->all.at[i].value != effect) vec_push(s->mem, &effect->after, of->all.at[i]);
}

static void effects_make(struct scheduling *s, struct value **of)
{
    for (uint32_t i = 0; i < s->graph->effects.n; i++) {
        const struct effect *e = &s->graph->effects.at[i];
        struct value *v = of[e->value->id];
        if (!v->uniform) v = value_force(s, v);
        if (value_base(v)->kind == VALUE_LEAF) v = value_copy(s, v); /* so that an effect itself never reads a tensor */
        struct value *effect = value_like(s, VALUE_EFFECT, OP_stop, v, v);
        effect->tensor = e->tensor;
        effect->solid = true;
    }
}

void values_make(struct scheduling *s)
{
    const struct graph *graph = s->graph;
    const bool *live = graph_live(s->mem, graph);
    struct value **of = NEW_ARRAY(s->mem, struct value *, graph->nodes.n);
    for (uint32_t i = 0; i < graph->nodes.n; i++) {
        const struct node *n = graph->nodes.at[i];
        if (!live[i]) continue;
        struct value **args = NEW_ARRAY(s->mem, struct value *, n->nargs);
        for (uint32_t a = 0; a < n->nargs; a++) {
            args[a] = of[n->arg[a]->id];
            if (n->op == OP_matmul) args[a] = matrix_operand(s, args[a]);
        }
        of[i] = node_value(s, n, args);
        value_settle(of[i]);
    }
    for (uint32_t i = 0; i < graph->outputs.n; i++) {
        struct value *v = value_force(s, of[graph->outputs.at[i].value->id]);
        if (value_base(v)->kind == VALUE_LEAF && value_base(v)->op == OP_tensor) v = value_copy(s, v);
        vec_push(s->mem, &s->outputs, value_base(v));
        value_base(v)->output = true;
    }
    effects_make(s, of);
    for (uint32_t i = 0; i < s->values.n; i++) {
        struct value *v = s->values.at[i];
        if (!v->solid) continue;
        for (uint32_t a = 0; a < v->nargs; a++)
            uses_walk(s, v, v->arg[a], v->kind == VALUE_REDUCE || (v->kind != VALUE_MATMUL && v->kind != VALUE_WINDOWS && value_same(v, v->arg[a])));
        for (uint32_t j = 0; j < v->uses.n; j++) v->uses.at[j].value->users++;
    }
    const struct readers *readers = readers_find(s);
    for (uint32_t i = 0; i < s->values.n; i++)
        if (s->values.at[i]->kind == VALUE_EFFECT) effect_order(s, s->values.at[i], &readers[s->values.at[i]->tensor]);
    toward_mark(s);
}
