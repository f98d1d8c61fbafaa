/* internal.h: what the files of schedule/ share: a graph as the scheduler sees it, on its way to kernels.
 *
 *     values.c   graph -> values: which are stored or grouped ("solid"), which are recomputed wherever they are used ("inline")
 *     images.c   images with the batch inside, convolutions as products over them
 *     windows.c  convolutions and windows of images as views, joins and sums
 *     group.c    solid values -> groups; a group becomes one kernel
 *     space.c    iteration spaces: refining one by another, index maps over them
 *     lower.c    group -> instructions and accesses
 *     collapse.c dimensions merged and ordered
 *     narrow.c   storages of bytes
 *     order.c    the kernels' order, storages' lifetimes
 *     looks.c    kernels that run in looks only
 *     layout.c   tensors that are kept in panels
 *     split.c    tasks and tiles
 *     plan.c     offsets in the arena
 *     kernels.c  all of it, in order
 *
 * One idea carries it. Row-major order numbers the elements of every value, the batch outermost. Two values are computed in one
 * loop where element e of one needs exactly element e of the other ("same" below); reshapes do not disturb that. Everything
 * else (transposes, slices, broadcasts) is an access map into something stored. */
#ifndef GANC_SCHEDULE_INTERNAL_H
#define GANC_SCHEDULE_INTERNAL_H

#include "schedule/kernels.h"

struct affine { /* offset + sum of stride[d] * i_d over a kernel's dimensions */
    int64_t offset, stride[KERNEL_RANK];
};

/* How to find a value's element from a kernel's indices: each axis (batch first), or, where `linear`, only its number in row-major order. */
struct map {
    bool linear;
    struct affine line;
    struct affine axis[KERNEL_RANK];
};

struct space { /* no dimension of extent 1; rank 0 is a single point */
    uint32_t rank;
    int64_t extent[KERNEL_RANK];
    bool reduced[KERNEL_RANK];
};

enum value_kind {
    VALUE_LEAF,   /* a tensor, minibatch, mean or input: stored by nature */
    VALUE_NUMBER, /* constant, scalar */
    VALUE_IOTA,
    VALUE_RANDOM,
    VALUE_MAP,    /* OP_stop stands for a copy too */
    VALUE_VIEW,   /* reshape, as_tensor, as_batch, expand, transpose, slice, unstack; a reduction of axes of size 1 */
    VALUE_REDUCE,
    VALUE_MATMUL,
    VALUE_WINDOWS, /* a product over windows, see images.c: arg[0], images as it reads them, arg[1], its right operand */
    VALUE_JOIN,   /* concat, stack, pad: a storage that its parts fill */
    VALUE_PART,   /* arg[0], broadcast to dim, stored into a window of `into` at offset */
    VALUE_FILL,   /* zeros over all of `into` (pad) */
    VALUE_EFFECT, /* arg[0] stored into a tensor */
};

struct value;
struct use {
    struct value *value;
    bool same; /* element e of the user reads element e, and no other */
};
struct read {
    uint32_t tensor;
    bool same;
};

struct group;
struct value {
    uint32_t id; /* position in scheduling->values: operands come first */
    enum value_kind kind;
    enum op op;
    const struct node *node; /* attributes, name, span; never NULL */
    uint32_t nargs;
    struct value **arg;
    bool batched;
    uint32_t rank; /* with the batch */
    int64_t dim[KERNEL_RANK], total;
    int64_t offset[KERNEL_RANK]; /* slice, unstack, PART: where the window starts; transpose: the operand's axis */
    int64_t step[KERNEL_RANK];   /* PART: places between its elements, 0: next to each other. A view of windows: how far a step of each axis
                                    goes along the operand's axis in which it moves, see windows.c */
    bool cut[KERNEL_RANK];       /* REDUCE: axes of the operand that are reduced */
    struct value *into;          /* PART, FILL */
    uint32_t tensor;             /* EFFECT */
    VEC(struct value *) parts;   /* JOIN */
    struct windows windows;      /* WINDOWS */
    bool turned;                 /* WINDOWS: of its left operand */
    struct value *inside;        /* of images [batch, rows, columns, channels]: the same with the batch inside, where that is made */
    struct value *across;        /* of weights: [rows, columns, out, in] in memory, where that is made */
    struct value *copy;          /* in row-major order, where one was made */
    struct value *reduced;       /* the latest reduction of it, or of what is made of it element by element */
    struct value *raised;        /* the latest max of it and a constant, or leaky relu */
    uint32_t readers;            /* MAPs and REDUCEs of it so far */
    bool solid, forced, uniform; /* uniform: every element is the same number, known without an index */
    uint32_t cost;               /* inline: of an element, see element_cost */
    const struct value *from;    /* inline: the storage that it reads, if any; many: more than one */
    bool many;
    /* of solid values */
    VEC(struct use) uses;
    VEC(struct read) reads;
    VEC(struct use) after; /* order only: these must have read a storage before this one overwrites it */
    uint32_t users;
    bool output, toward;   /* toward: used once, and that ends in a reduction over the same elements */
    bool summed;           /* a term of its group's sum of products: no value of its own */
    struct group *group;
    struct value *next;    /* in its group */
    bool outer;            /* a value for each point of the parallel dimensions, after the group's reduction */
    bool stored;
    uint32_t storage;
    uint32_t turn, insn;   /* the lowering that made it last, and its instruction there */
};

struct group {
    bool product, reduces, argmax;
    bool plain;                 /* product: of few channels out, which nothing follows in its tile (kernels.h) */
    struct space space;
    int64_t total, outer_total; /* points; points of the parallel dimensions */
    int64_t rows, columns, inner; /* product; inner: of all its terms */
    struct value *sum;          /* product: the value that the sum of its products is */
    VEC(struct value *) products;
    struct value *first, *last;
    uint32_t count, mark;
};

struct scheduling {
    struct ganc *g;
    struct arena *mem; /* the pass's */
    const struct program *p;
    const struct graph *graph;
    struct kernels *k;
    struct kernel_graph *kg;
    VEC(struct value *) values;
    VEC(struct group *) groups; /* live ones, once grouped, in the order of their first value */
    VEC(struct value *) outputs; /* one for each of graph->outputs: where it stands */
    VEC(struct group *) open;    /* a search's stack */
    uint32_t mark;
    uint32_t turn;         /* counts lowerings */
};

/* values.c */
void values_make(struct scheduling *s);
struct value *value_base(struct value *v); /* through views that keep the order of elements */
bool value_same(const struct value *v, const struct value *arg); /* element e of v is made of element e of arg */
uint32_t element_cost(enum op op); /* of an element, roughly, in additions */
static inline const struct use *value_need(const struct value *v, uint32_t i) /* what comes before v: its uses, then after; NULL at the end */
{
    if (i < v->uses.n) return &v->uses.at[i];
    i -= v->uses.n;
    return i < v->after.n ? &v->after.at[i] : NULL;
}
static inline bool value_has_storage(const struct value *v) { return v->kind == VALUE_LEAF || v->kind == VALUE_JOIN || v->solid; }

struct value *value_new(struct scheduling *s, enum value_kind kind, const struct node *n, uint32_t nargs);
void value_dims(struct value *v, bool batched, uint32_t rank, const int64_t *dim);
void value_settle(struct value *v); /* what it costs and reads, its operands' being known; whether it is solid */
struct value *value_force(struct scheduling *s, struct value *v); /* v, or a copy of it, that stands in memory in its own order */
struct value *value_reduce(struct scheduling *s, const struct node *n, enum op op, struct value *x, const bool *cut); /* along the axes in cut */

/* images.c */
bool images_inside(const struct scheduling *s, const struct node *n, struct value *const *args); /* is n to be made with the batch inside? */
struct value *images_value(struct scheduling *s, const struct node *n, struct value **args);
struct value *image_inside(struct scheduling *s, const struct node *n, struct value *v);   /* v with the batch inside, wherever it stands */
struct value *image_outside(struct scheduling *s, const struct node *n, struct value *in); /* what it is inside of */
struct value *value_reduce_axes(struct scheduling *s, const struct node *n, struct value *x, bool *cut);
struct value *value_map(struct scheduling *s, const struct node *n, struct value **args, bool batched, uint32_t rank, const int64_t *dim);

/* windows.c */
struct value *windows_value(struct scheduling *s, const struct node *n, struct value **args);
struct value *windows_place(struct scheduling *s, const struct node *n, struct value *x, const int64_t *offset, const int64_t *step, const int64_t *extent);
struct map windows_map(const struct map *m, const struct value *view);

/* group.c */
void groups_make(struct scheduling *s);

/* space.c */
struct space space_of(uint32_t rank, const int64_t *dim);
int64_t space_total(const struct space *s, bool outer);
bool space_refine(struct space *s, bool outer, uint32_t rank, const int64_t *dim); /* cuts dimensions so that axes of dim end at cuts */
bool space_merge(struct space *a, struct space b, bool a_reduces, bool b_reduces); /* same points: a becomes the common refinement */
struct map map_identity(const struct space *s, bool outer, const struct value *v); /* v over all of s, element e at point e */
void affine_add(struct affine *to, struct affine x, int64_t times);
struct affine map_linear(const struct map *m, const struct value *v);
struct map map_broadcast(const struct map *m, const struct value *to, const struct value *arg); /* arg of a MAP or expand whose map is m */
struct map map_view(const struct map *m, const struct value *view);
struct matrix { /* rows x columns elements of a storage, one of the two with unit stride */
    struct value *base;
    int64_t offset, rows, columns, stride; /* stride: between rows, or columns where transposed */
    bool transposed;
};
bool matrix_of(const struct scheduling *s, struct value *v, struct matrix *out);

/* lower.c */
struct kernel lower_group(struct scheduling *s, struct group *group, const struct space *space);
bool lower_fits(struct scheduling *s, struct group *product, struct group *with, const struct space *space); /* does it come to rows x columns? */

/* collapse.c */
void collapse(struct kernel *k);
bool collapse_product(struct kernel *k, int64_t rows, int64_t columns); /* to rank 2; false where an access forbids it */

/* layout.c */
void layouts_choose(struct ganc *g, struct kernels *k);

/* split.c */
bool split_pays(const struct kernels *all, const struct kernel_graph *kg); /* are its kernels worth more than one thread? */
/* grid: of kernels_make_grids */
void split_kernel(const struct kernels *all, const struct kernel_graph *kg, bool alone, struct kernel *k, uint32_t size, unsigned grid);

/* looks.c */
void looks_mark(struct scheduling *s);

/* narrow.c */
void narrow_storages(struct scheduling *s, const struct kernel *made); /* made[i] of groups.at[i] */

/* order.c */
void order_kernels(struct scheduling *s, const struct kernel *made); /* made[i] of groups.at[i], into kg->kernels */
void order_lifetimes(struct scheduling *s);

/* plan.c */
void plan_arena(struct ganc *g, struct kernels *k);

#endif
