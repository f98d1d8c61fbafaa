/* trace.h: where a value came from that is not finite: the kernels of the model as the object describes them (ganrt/trace.h), and a walk through them
 * from a result or parameter that has gone bad to the operation that made the first such value of finite ones.
 *
 *     trace_tables.c  the object's description, read
 *     trace_ops.c     what elementwise operations compute
 *     trace_point.c   kernels at one point, in plain arithmetic over the arena
 *     trace_walk.c    the walk, and what the operation found was given
 *     trace_scan.c    are the tensors finite?
 *     trace_say.c     the sentences
 *     trace_file.c    the file that `replay` reads
 *     trace_run.c     a step again, graph by graph, until one leaves something bad
 *
 * Nothing of this runs in training but trace_scan.c. A struct trace owns its tables; what they point to is the object's or theirs. */
#ifndef GANRT_TRACE_RUN_H
#define GANRT_TRACE_RUN_H

#include "run.h"

#include <ganrt/trace.h>

enum { TRACE_RANK = 9 };

struct trace_spot {
    const char *file, *text; /* text: what stands there, a part of a line */
    uint32_t line, column;   /* line 0: nowhere */
};

struct trace_place {
    struct trace_spot at, call; /* call: of a place in the standard library, from where in the model it was called */
    enum ganrt_role role;
};

struct trace_storage { /* as ganrt_tensor has them, for tensors too */
    const char *name;
    uint32_t kind; /* 0: a tensor; else enum ganrt_trace_storage */
    int64_t elements, offset, columns;
    uint32_t size;
};

struct trace_access {
    uint32_t storage;
    int64_t offset, stride[TRACE_RANK];
};

typedef double trace_function(const double *x);

struct trace_insn {
    enum ganrt_trace_insn kind;
    bool outer;
    const char *name;
    trace_function *function; /* OP */
    const struct trace_place *place;
    uint32_t nargs, arg[3];
    double number;
    uint32_t index, scalar, apart;
    int64_t minibatch;
    struct trace_access at, example;
};

struct trace_product {
    struct { uint32_t storage; int64_t offset, ld; } side[2];
    int64_t k, grid[2], taps[2], image[2], stride[2], before[2];
    bool turned[2], windows, back;
};

struct trace_kernel {
    uint32_t rank, nproducts, ninsns;
    int64_t extent[TRACE_RANK];
    bool reduced[TRACE_RANK], reduces, product;
    const struct trace_place *place;
    struct trace_product *products;
    struct trace_insn *insns;
};

struct trace_graph {
    bool known;
    uint32_t nstorages, nkernels, nscalars;
    const char **scalars;   /* expressions of the schedule */
    struct trace_storage *storages;
    uint32_t *outputs;      /* storages */
    const char **players;   /* of each output: NULL where it is no objective */
    struct trace_kernel *kernels;
};

struct trace {
    const struct ganrt_model *model;
    uint32_t ntexts, nplaces, nsets;
    char **texts;
    struct trace_place *places;
    int32_t *owners;        /* of each tensor: its net, or -1 */
    struct trace_set { uint32_t tensor; const struct trace_place *place; } *sets;
    struct trace_storage *tensors;
    struct trace_graph *graphs;
};

struct trace *trace_read(const struct ganrt_model *model, struct error *e); /* NULL: the object holds none, or one of another version */
void trace_free(struct trace *t);
trace_function *trace_find_function(const char *name); /* NULL: no such operation */
static inline const struct trace_storage *trace_storage_of(const struct trace *t, uint32_t graph, uint32_t id)
{
    return id < t->model->ntensors ? &t->tensors[id] : &t->graphs[graph].storages[id - t->model->ntensors];
}

/* ---- one run of a graph ---- */

/* What a run of a graph began with, so that its kernels can be run again: tensors, and what the runtime filled. */
struct trace_start {
    uint32_t graph;
    uint64_t tick;
    unsigned char *tensors;
    size_t *at;             /* of each of the graph's batches: where its bytes are in `batches` */
    unsigned char *batches;
};

struct trace_point {        /* a kernel at a point: trace_point.c */
    const struct trace *t;
    struct run *run;
    uint32_t graph;
    const struct trace_kernel *k;
    int64_t at[TRACE_RANK];
    double *value;          /* of each instruction */
};

/* point.value at point.at: of the inner part, or of all. what: 2 all, 1 the inner part, of which the matrix product only where it is wanted */
void trace_evaluate_inner(struct trace_point *p);
void trace_evaluate(struct trace_point *p);
int64_t trace_element_of(const struct trace_point *p, const struct trace_access *a);   /* which element an access names at the point */
double trace_load(const struct run *run, const struct trace_storage *s, int64_t element);
bool trace_next(const struct trace_kernel *k, int64_t *at, bool reduced);              /* the next point of the dimensions that are reduced, or are not */
bool trace_solve(const struct trace_kernel *k, const struct trace_access *a, int64_t element, bool inner, int64_t *at); /* the point whose access names it */
/* The factors of term n of the tile's element: their storages and elements; false where the term is none (it falls outside of an image). */
bool trace_factors(const struct trace_kernel *k, const struct trace_product *x, int64_t row, int64_t column, int64_t n, int64_t element[2]);

enum trace_kind {
    TRACE_OPERATION,  /* made by it of finite values */
    TRACE_SCALAR,     /* a number of the schedule is not finite */
    TRACE_STATE,      /* a statement of the train block set a state to it */
    TRACE_BEFORE,     /* it was there before the graph ran */
    TRACE_CONSTANT,   /* it is written so, as a constant */
    TRACE_UNREAD,     /* scratch was read that no kernel wrote */
};

struct trace_fault {
    enum trace_kind kind;
    uint32_t graph, kernel, insn;
    const struct trace_place *place; /* may be NULL */
    const char *operation;           /* "log", "matmul"; or the storage's or tensor's name */
    double value;
    /* of OPERATION */
    uint32_t nargs;
    double arg[3];                   /* where it happened first */
    double low[3], high[3];          /* of each operand, of what was looked at */
    uint64_t bad, seen, all;         /* values that are not finite, of those looked at, of all */
    /* where it was noticed */
    int32_t result, tensor;          /* one of them is not -1 */
    const char *player;              /* may be NULL */
};

/* Finds the origin of what a run of a graph left bad: the first objective, state or tensor that is not finite. `start` is how it began; the arena is used.
 * false: the graph left nothing bad. */
bool trace_walk(const struct trace *t, struct run *run, const struct trace_start *start, const uint8_t *may, struct trace_fault *f);
/* Between two graphs only statements of the train block were. */
void trace_blame_statement(const struct trace *t, const struct run *run, uint32_t graph, uint32_t tensor, bool infinite, struct trace_fault *f);
void trace_restore(struct run *run, const struct trace_start *start); /* the arena as it was before kernel 0 */
void trace_kernel_run(struct run *run, uint32_t graph, uint32_t kernel);

/* trace_scan.c. may: for each tensor, may it hold infinities? NULL: none may. -1: all is finite. */
int32_t trace_scan(struct run *run, const uint8_t *may);
bool trace_finite(const void *at, int64_t elements, uint32_t size, bool infinite); /* infinite: infinities will do */

/* trace_say.c: a paragraph; the caller frees it */
char *trace_say(const struct trace *t, const struct run *run, uint64_t step, const struct trace_fault *f);
void trace_print_kernels(const struct trace *t, struct run *run, const struct trace_start *start); /* on stdout: what each kernel leaves */
const char *trace_kind_of(const struct run *run, int32_t tensor); /* "parameter" */
const char *trace_number(char text[32], double x);

#endif
