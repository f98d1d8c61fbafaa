/* model.h: what a compiled model tells the runtime, and what its code asks of it.
 *
 * The object file that ganc emits defines one symbol, `ganrt_model`, with everything of the model: tables, and functions to run. The
 * runtime knows a model through it alone. compiler/codegen/descriptor.c writes these structures field by field: change both together,
 * and GANRT_ABI with them. All memory that the tables point to is the object's, constant, and lives as long as the program. */
#ifndef GANRT_MODEL_H
#define GANRT_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define GANRT_ABI 4

/* What compiled code works on. One for each run of the trainer; the runtime fills it, compiled code reads it and writes
 * arena, scalars, vars, counters and results. */
struct ganrt_frame {
    unsigned char *arena;    /* tensors first (model->tensor_bytes), then scratch; 64-byte aligned */
    unsigned char *tiles;    /* worker_bytes for each thread */
    double *settings;        /* model->settings */
    double *scalars;         /* room for the largest graph's scalars */
    double *vars;            /* lets of the train block */
    double *counters;        /* model->counters: updates so far */
    double *results;         /* model->results: latest value of each objective and report */
    double step, epoch;      /* of the train block, from 1 */
    uint64_t tick;           /* counts runs of graphs in training: a coordinate of the random numbers */
    uint32_t seed[2];
    uint32_t graph;          /* the graph that runs */
    void *runtime;           /* the runtime's own */
    uint32_t timed;          /* not 0: kernels of one task are called through ganrt_serial (bench) */
    double look;             /* 1: the graph runs to be looked at (runtime/looks.c): trained tensors become their gradients, all others stay. Else 0 */
};

typedef void ganrt_kernel(struct ganrt_frame *frame, uint32_t task, uint32_t worker);

/* Services that compiled code calls. */
void ganrt_begin(struct ganrt_frame *f, uint32_t graph);   /* next minibatches into the graph's batch storages; sets f->graph; in training, advances f->tick */
/* runs task 0..tasks-1 on all threads, returns when all are done; index: of the kernel in its graph (for bench) */
void ganrt_parallel(struct ganrt_frame *f, ganrt_kernel *kernel, uint32_t tasks, uint32_t index);
/* one task, on this thread; only called where bench times kernels (see timed) */
void ganrt_serial(struct ganrt_frame *f, ganrt_kernel *kernel, uint32_t index);
/* C [m, n] (ldc) = op(A) op(B) + beta C, row-major; op(A) is [m, k]; ta: A is stored [k, m]. OpenBLAS on this thread alone. */
void ganrt_sgemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                 int64_t ldc);
void ganrt_dgemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const double *a, int64_t lda, const double *b, int64_t ldb, double beta,
                 double *c, int64_t ldc);
/* --check=bounds found an access outside its storage */
void ganrt_bounds(struct ganrt_frame *f, uint32_t graph, uint32_t kernel, uint32_t storage, int64_t byte) __attribute__((noreturn));

enum ganrt_tensor_kind { GANRT_PARAMETER, GANRT_NET_STATE, GANRT_OPTIMIZER_STATE, GANRT_SCHEDULE_STATE, GANRT_AVERAGE };

struct ganrt_tensor {
    const char *name;
    uint32_t kind, rank;
    const int64_t *dims;
    int64_t elements;
    uint32_t size;      /* bytes of an element */
    int32_t net;        /* or -1 */
    int64_t offset;     /* in the arena */
    int64_t columns;    /* 0: row-major; else a matrix of so many columns that stands in panels of GANRT_PANEL of them, row after row within each, the
                           last perhaps narrower */
};

#define GANRT_PANEL 48

/* Where element `i` of a tensor, counted row by row, stands, in elements from its offset. */
static inline int64_t ganrt_position(const struct ganrt_tensor *t, int64_t i)
{
    if (!t->columns) return i;
    int64_t row = i / t->columns, column = i % t->columns, start = column / GANRT_PANEL * GANRT_PANEL;
    int64_t wide = t->columns - start < GANRT_PANEL ? t->columns - start : GANRT_PANEL;
    return start * (t->elements / t->columns) + row * wide + column - start;
}

struct ganrt_setting {
    const char *name, *doc; /* doc may be NULL */
    uint32_t fixed, boolean;
    const char *text;       /* of a string setting, else NULL */
};

struct ganrt_data {
    const char *name, *field; /* field may be NULL */
    uint32_t source, rank;
    const int64_t *dims;
    int64_t elements;         /* of one example */
    uint32_t any, onehot;
    double low, high;
    const char *from;         /* default path or NULL */
    uint32_t sliced;
    int64_t slice_low, slice_high; /* slice_high -1: to the end */
};

struct ganrt_prior {
    const char *name, *text;
    uint32_t rank;
    const int64_t *dims;
};

struct ganrt_net_input {
    const char *name;
    uint32_t rank;
    const int64_t *dims;
    int64_t elements;
    int32_t prior, data; /* its usual source, or -1 */
};

struct ganrt_net {
    const char *name;
    uint32_t ninputs;
    const struct ganrt_net_input *inputs;
    uint32_t rank;
    const int64_t *dims;   /* of the output */
    int64_t elements;
    uint32_t ntensors;
    const uint32_t *tensors;
    int32_t graph;         /* its forward program, or -1 */
};

enum ganrt_batch_kind { GANRT_BATCH_DATA, GANRT_BATCH_MEAN, GANRT_BATCH_INPUT };

struct ganrt_batch {       /* a storage that the runtime fills before the graph runs */
    uint32_t kind;
    uint32_t index;        /* data, or position of the input */
    uint32_t draw;         /* batches of one source with equal draw are the same examples */
    int64_t offset;        /* in the arena */
    int64_t elements;      /* batch * elements of an example */
};

struct ganrt_output {
    const char *name;
    uint32_t kind;         /* enum output_kind: 0 objective, 1 report, 2 picture, 3 net, 4 state, 5 gather, 6 look */
    uint32_t result;       /* into results (kinds 0, 1, 4) */
    int64_t offset;        /* in the arena, row-major, when the graph has run */
    int64_t elements;      /* with the batch */
    int32_t data;          /* gather: whose examples the rows are; -1: of none */
};

struct ganrt_kernel_info { /* for bench */
    const char *name;
    uint32_t line;
    double flop, bytes;    /* of one run: useful floating-point operations; bytes read and written at least */
    uint32_t tasks;
    ganrt_kernel *run;     /* of one task */
};

enum ganrt_graph_kind { GANRT_INIT, GANRT_STEP, GANRT_REPORT, GANRT_PICTURE, GANRT_NET };

struct ganrt_graph {
    const char *name;
    uint32_t kind;
    int64_t batch;
    void (*run)(struct ganrt_frame *f); /* scalars, ganrt_begin, kernels, results */
    uint32_t nbatches;
    const struct ganrt_batch *batches;
    uint32_t noutputs;
    const struct ganrt_output *outputs;
    uint32_t nkernels;
    const struct ganrt_kernel_info *kernels;
    int64_t scratch_bytes;
    uint32_t ntrained;     /* parameters that it sets: with frame->look to their gradients (looks), or, where looks is 0, by a projection */
    const uint32_t *trained;
    uint32_t looks;
};

struct ganrt_train {
    const char *name;
    int64_t batch;
    double (*steps)(struct ganrt_frame *f);  /* NULL where epochs are given */
    double (*epochs)(struct ganrt_frame *f); /* NULL where steps are given */
    void (*pass)(struct ganrt_frame *f);     /* one pass of the block; f->step and f->epoch are set */
    uint32_t vars;
    int32_t epoch_data;                      /* or -1 */
    uint32_t ncounters;
    const uint32_t *counters;                /* set to 0 when the block begins */
};

struct ganrt_report {
    const char *name;
    uint32_t graph;
    double (*every)(struct ganrt_frame *f);  /* NULL: whenever a line is logged */
    int32_t gather;                          /* a graph that runs over all of its data first: the averages of its outputs are the inputs of `graph`; or -1 */
};

struct ganrt_picture {
    const char *name;
    uint32_t graph;
    double (*every)(struct ganrt_frame *f);  /* NULL: at the end and by --pictures-every */
    int64_t rows, columns;
    uint32_t image, any;                     /* not an image: written as CSV */
    uint32_t rank;
    const int64_t *dims;                     /* of a tile */
    double low, high;
};

struct ganrt_size {        /* about how large the arena would be, rather too large, with minibatches smaller than the largest of the train blocks */
    int64_t batch, arena_bytes;
};

struct ganrt_model {
    uint32_t abi;                 /* GANRT_ABI */
    uint32_t f64;                 /* element type: 0 float, 1 double */
    const char *name, *source;    /* source: the .gan file's text */
    const char *cpu;              /* what it was compiled for */
    const char *features;         /* processor features it needs: "avx2,fma,...", checked before anything runs */
    const char *compiler;         /* ganc's version */
    uint32_t check_bounds;
    int64_t tensor_bytes, arena_bytes, worker_bytes;
    void (*defaults)(struct ganrt_frame *f, const uint8_t *given); /* fills settings that are not given, in order */
    uint32_t nsettings, ndata, npriors, ntensors, nnets, ncounters, ngraphs, nresults, ntrains, nreports, npictures;
    uint32_t scalars, vars;       /* the most that any graph, any train block needs */
    const struct ganrt_setting *settings;
    const struct ganrt_data *data;
    const struct ganrt_prior *priors;
    const struct ganrt_tensor *tensors;
    const struct ganrt_net *nets;
    const char *const *counters;
    const struct ganrt_graph *graphs;
    const char *const *results;
    const struct ganrt_train *trains;
    const struct ganrt_report *reports;
    const struct ganrt_picture *pictures;
    uint32_t red_zone;            /* --check=bounds: bytes between storages, else 0 */
    uint32_t nsizes;
    const struct ganrt_size *sizes; /* the largest minibatch first */
    const unsigned char *trace;   /* the kernels, for who looks for the origin of a value (trace.h) */
    int64_t trace_bytes;
};

extern const struct ganrt_model ganrt_model; /* of the linked trainer */

/* The trainer's whole command line (runtime/main.c); ganc run calls it with the model it compiled. Returns the exit status. */
int ganrt_main(const struct ganrt_model *model, int argc, char **argv);

#endif
