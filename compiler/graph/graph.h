/* graph.h: the typed graph of tensor values, the form that programs have from elaboration to scheduling.
 *
 * A graph is a list of nodes in an order in which operands come first. A node never changes once made: passes build new nodes. What a
 * graph does to the world stands at its edge: `effects` (tensor <- node, all at once, after everything was read) and
 * `outputs` (what is reported or drawn). Memory: the compilation's arena. */
#ifndef GANC_GRAPH_H
#define GANC_GRAPH_H

#include "base/ganc.h"

#include <math.h>

enum op {
#define OP(name, operands, attributes, class, doc) OP_##name,
#include "graph/ops.def"
#undef OP
    OP_COUNT
};

enum op_class { CLASS_LEAF, CLASS_MAP, CLASS_REDUCE, CLASS_VIEW, CLASS_PRODUCT, CLASS_GRAD };

enum op_attributes {
    ATTR_NONE,
    ATTR_NUMBER,        /* number */
    ATTR_TENSOR,        /* index: program->tensors */
    ATTR_DATA,          /* index: program->data; draw */
    ATTR_INPUT,         /* index: position among the net's inputs */
    ATTR_STREAM,        /* index: stream of random numbers, unique in the program; draw: how far apart those of stacked minibatches are */
    ATTR_STREAM_SCALAR, /* index: stream; scalar: the probability */
    ATTR_STREAM_NUMBER, /* index: stream; number: n */
    ATTR_SCALAR,        /* scalar */
    ATTR_AXES,          /* axes[0..axis_count), over_batch */
    ATTR_AXIS,          /* axes[0] */
    ATTR_PERMUTATION,   /* axes[0..rank) */
    ATTR_OFFSETS,       /* axes[0..rank): where the window starts */
    ATTR_PART,          /* axes[0], axes[1]: the first minibatch, and how many */
    ATTR_TRANSPOSE,     /* ta, tb */
    ATTR_WINDOW,        /* axes: stride, before, after, each of rows and columns; see window_of */
    ATTR_WINDOWS,       /* the same, and size; number: what stands in the padding (windows) */
};

struct op_info {
    const char *name; /* as in ops.def */
    int operands;     /* -1: any number from 1 */
    enum op_attributes attributes;
    enum op_class class;
    const char *doc;
};
extern const struct op_info op_info[OP_COUNT];
enum op op_find(const char *name); /* OP_COUNT where there is none */
bool op_type_is_free(enum op op);  /* its type is given, not derived: LEAF, reshape, expand, slice, pad */

#define MAX_RANK 8
#define MAX_ELEMENTS ((int64_t)1 << 40)

#define MOST_MINIBATCHES 255

/* The type of a value: `batched` says of how many minibatches there is one such tensor for each example: 0 none, 1 the graph's, more where
 * several are stacked (then a leading axis of so many times graph->batch stands in memory). dim: each at least 1 (0 is refused everywhere). */
struct type {
    uint8_t batched;
    uint8_t rank;
    int64_t dim[MAX_RANK];
};

/* The interval that a value's elements lie in; (-inf, inf) says nothing. An open end is never reached. */
struct range {
    double low, high;
    bool low_open, high_open;
};

struct sexpr; /* program.h: an expression of the schedule */

struct node {
    uint32_t id; /* its position in graph->nodes */
    enum op op;
    uint32_t nargs;
    struct node **arg;
    /* attributes; see enum op_attributes */
    double number;
    uint32_t index, draw;
    const struct sexpr *scalar;
    uint8_t axis_count;
    int64_t axes[MAX_RANK];
    bool over_batch, ta, tb;
    /* what is known of it */
    struct type type;
    struct range range;
    struct span span;
    const char *name; /* of a let or a layer, interned, or NULL: only for readers */
};

/* Windows over the first two axes of an image, [0] rows, [1] columns: `size` elements, `stride` apart, the first one `before` elements outside
 * and the last one ending `after` elements outside; what is outside is padding. after is below 0 where the image's last elements are in no window. */
struct window {
    int64_t size[2], stride[2], before[2], after[2];
};
struct window window_of(const struct node *n); /* of an operation with ATTR_WINDOW or ATTR_WINDOWS, its operands' types being known */

enum output_kind { OUTPUT_OBJECTIVE, OUTPUT_REPORT, OUTPUT_PICTURE, OUTPUT_NET, OUTPUT_STATE, OUTPUT_GATHER, OUTPUT_LOOK };

struct output {
    enum output_kind kind;
    const char *name;   /* "V", or the objective's text */
    struct node *value; /* OBJECTIVE, REPORT, STATE, LOOK: unbatched []; PICTURE, NET, GATHER: batched. LOOK: only made where the runtime looks */
    double sign;        /* OBJECTIVE: what is printed is sign * value: -1 where the program maximises its negation, else 1 */
    uint32_t result;    /* index into frame->results (program->results); not for PICTURE, NET, GATHER and LOOK */
    int32_t data;       /* GATHER: program->data whose examples the rows of value are, or -1 */
};

struct effect {
    uint32_t tensor; /* of program->tensors */
    struct node *value;
    struct span span;
};

static inline bool output_is_number(enum output_kind kind) { return kind != OUTPUT_PICTURE && kind != OUTPUT_NET && kind != OUTPUT_GATHER && kind != OUTPUT_LOOK; }

/* what runs a graph */
enum graph_kind {
    GRAPH_INIT,    /* once: parameters and states get their first values */
    GRAPH_STEP,    /* maximize, minimize, together, project, or a state's assignment in a train block */
    GRAPH_REPORT,
    GRAPH_PICTURE,
    GRAPH_NET,     /* a net's forward program, for the tools: inputs are drawn from their priors or supplied */
};

struct graph {
    enum graph_kind kind;
    const char *name;  /* "maximize V over D": for readers, bench and errors */
    uint32_t index;    /* its position in program->graphs */
    int64_t batch;     /* examples in its minibatch; 1 where nothing is batched */
    struct span span;
    VEC(struct node *) nodes;
    VEC(struct effect) effects;
    VEC(struct output) outputs;
    VEC(struct node *) keep; /* data draws that are made though nothing uses them */
    VEC(uint32_t) joins;     /* graphs that run as a part of this one, after it (passes/join.c): empty, but each counts as a run (random numbers' tick) */
};

/* graph_node makes a node, runs the operation's shape and range rule, folds and appends it. Attributes are given in
 * `like` (only its attribute fields are read, and for ops whose type is free (LEAF, reshape, expand, slice, pad) its type;
 * of data, data_mean and input also its range). Returns NULL after reporting an error at `span` where the shape rule refuses the operands. */
struct node *graph_node(struct ganc *g, struct graph *graph, enum op op, uint32_t nargs, struct node *const *args, const struct node *like,
                        struct span span);

/* Shorthands for builders whose shapes are known to fit (an error in them is a bug of ganc, and aborts). */
struct node *graph_constant(struct ganc *g, struct graph *graph, double x, struct span span);
struct node *graph_unary(struct ganc *g, struct graph *graph, enum op op, struct node *a);
struct node *graph_binary(struct ganc *g, struct graph *graph, enum op op, struct node *a, struct node *b);
struct node *graph_where(struct ganc *g, struct graph *graph, struct node *c, struct node *a, struct node *b);
struct node *graph_sum(struct ganc *g, struct graph *graph, struct node *x, const int64_t *axes, uint32_t count, bool over_batch);
struct node *graph_reshape(struct ganc *g, struct graph *graph, struct node *x, struct type to);
struct node *graph_expand(struct ganc *g, struct graph *graph, struct node *x, struct type to);
struct node *graph_matmul(struct ganc *g, struct graph *graph, struct node *a, struct node *b, bool ta, bool tb);

/* types */
bool type_equal(struct type a, struct type b);
int64_t type_elements(struct type t);               /* of one example */
int64_t type_examples(const struct graph *graph, struct type t); /* of all its minibatches; 1 where it is not batched */
int64_t type_total(const struct graph *graph, struct type t); /* with the batch */
struct type type_scalar(void);                      /* unbatched [] */
struct type type_of(uint8_t batched, uint32_t rank, const int64_t *dims);
bool type_broadcast(struct type a, struct type b, struct type *out); /* false where they do not fit */
struct buffer;
void type_print(struct buffer *to, struct type t);  /* "[784]": the shape of an example, as the user thinks of it */
/* The matrix that a product sees: rows (all axes but the last, batch included), columns (the last axis). */
void type_matrix(const struct graph *graph, struct type t, int64_t *rows, int64_t *columns);

struct range range_all(void);
bool range_known(struct range r);

/* Nodes that the graph's effects, outputs and keep need, marked true in used[0..nodes.n) (arena memory). */
bool *graph_live(struct arena *mem, const struct graph *graph);
/* Does y depend on x through operations that have a derivative (not through stop, comparisons, floor, ...)? */
bool graph_depends(struct arena *mem, const struct graph *graph, const struct node *y, const struct node *x);

/* Does a gradient flow from `user` to that operand of it? Not through stop, nor into where's condition. */
bool graph_flows(const struct node *user, uint32_t operand);

/* A pass rewrites a graph by building a new one: `map` holds for each old id the new node. Copies `n` with new operands. */
struct node *graph_copy_node(struct ganc *g, struct graph *to, const struct node *n, struct node *const *args);

#endif
