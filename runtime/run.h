/* run.h: the runtime's central structure: one model at work, for training or for a tool.
 *
 * A run is made by ganrt_main (main.c) and lives until it returns. It owns everything it points to, except the model (the object
 * file's) and the texts of the command line. Order: main.c makes it and calls the command; the command parses its flags
 * (options.h), then takes memory (run_allocate), then opens data or loads a checkpoint, then runs graphs. */
#ifndef GANRT_RUN_H
#define GANRT_RUN_H

#include "error.h"

#include <ganrt/model.h>
#include <math.h>
#include <string.h>

struct data_source;
struct safetensors;
struct threads;

/* A data set, with the place in its shuffled stream. Everything training's future depends on is (pass, next, base). */
struct run_source {
    const char *name;         /* as declared: the NAME of --data NAME=PATH */
    const char *path;         /* --data's, or the run's (when resuming), or the model's own; NULL: none */
    bool given;               /* it is --data's */
    char *recorded;           /* it is the run's; owned */
    struct data_source *data; /* NULL until run_open_source */
    uint32_t nfields;
    bool trained;             /* a graph that training runs draws from it */
    int64_t count;            /* items */
    uint32_t *order;          /* the permutation of pass `ordered` */
    uint64_t ordered;         /* pass + 1, or 0: none yet */
    uint64_t pass;            /* passes begun before this one, since the run began */
    int64_t next;             /* items of the pass already drawn */
    uint64_t base;            /* pass at which the train block began */
};

struct watch { /* who follows the graphs that run, one by one (trace_run.c) */
    bool (*begin)(struct watch *w, uint32_t graph); /* before its minibatches are drawn; true: they are filled already */
    void (*begun)(struct watch *w, uint32_t graph); /* they are there, and no kernel has run */
};

struct run {
    const struct ganrt_model *model;
    const char *invoked;         /* argv[0] as it was typed, for commands that are suggested */
    struct ganrt_frame frame;    /* frame.runtime is this run */
    struct threads *threads;     /* NULL until run_allocate */
    uint32_t nthreads;           /* wanted: --threads, or the processors available */
    uint64_t seed;               /* --seed; 1 where none is given */
    bool seeded;                 /* --seed was given */
    bool sweeping;               /* a report over all of its data runs; of its minibatches, number `sweep` */
    int64_t sweep;
    bool training;               /* a pass of a train block runs: STEP graphs advance tick and data */
    uint8_t *given;              /* for each setting: given on the command line; the value is in frame.settings */

    uint32_t nsources;
    struct run_source *sources;
    uint32_t *field;             /* for each of model->data: its number among the fields of its source */
    int64_t *picks;              /* room for a draw's item numbers */
    int64_t most;                /* so many */
    int64_t data_memory;         /* --data-memory; 0: as data_options has it */
    double bad_share;            /* --bad-share */
    bool sizes;                  /* data_options.sizes */

    struct looks *looks;         /* of training (looks.h); else NULL */

    /* Where kernels are timed (bench): called after each kernel with the seconds it took; NULL otherwise. */
    void (*timed)(void *self, uint32_t graph, uint32_t kernel, double seconds);
    void *timed_self;

    struct watch *watch;         /* NULL in training */

    size_t arena_mapped, tiles_mapped;
    void *arena_map, *tiles_map;
};

/* Flags that are not part of a tool's table, the settings and --data included: options.h. */
struct run *run_new(const struct ganrt_model *model);
void run_free(struct run *run);

/* Is this trainer for this runtime and this processor? */
bool run_check(const struct ganrt_model *model, struct error *e);

/* Settings that were not given get their defaults; arena and tiles (zeroed, scratch NaN under --check=bounds), threads. Call once, when the
 * flags are parsed. */
bool run_allocate(struct run *run, struct error *e);
void run_settings(struct run *run); /* only the settings; needs no allocation (info, --help) */

/* Opens the data set with this number (model->data[].source), from sources[source].path. */
bool run_open_source(struct run *run, uint32_t source, struct error *e);
bool run_data_has_news(struct run *run); /* data_has_news, data_complain of all that are open */
bool run_data_complain(struct run *run, struct error *e);
int32_t run_source_named(const struct run *run, const char *name); /* or -1 */

/* Runs a graph outside training: parameters, states' training values, tick and data streams stay as they are, but for what an INIT graph sets.
 * tick: which random numbers it draws. Data it draws comes from picks (batch.c); BATCH_INPUT storages are the caller's to
 * fill beforehand; batches of sources that are not open get made-up values of the declared range. */
void run_graph(struct run *run, uint32_t graph, uint64_t tick);

/* All INIT graphs, in order: the first values of every tensor. */
void run_initialise(struct run *run);

/* Loads parameters and states from a checkpoint: a .safetensors file, or a run's folder (its newest whole checkpoint; a broken one is
 * warned of). Missing optimizer states are fine. Settings that were not given on the command line take the checkpoint's values.
 * Call after run_allocate. `step`, where not NULL: the step of the checkpoint; `file` likewise its path (the caller frees it). */
bool run_load(struct run *run, const char *path, uint64_t *step, char **file, struct error *e);

/* All tensors with their rows in order, for what reads or writes them by name; and back to how the model's code wants them. Between graphs only. */
void run_layout(struct run *run, bool rows);

static inline void *run_at(const struct run *run, int64_t offset) /* a storage, by its offset in the arena */
{
    return run->frame.arena + offset;
}

static inline double run_planned(const struct run *run) /* bytes: the arena, and each thread's tile */
{
    return (double)run->model->arena_bytes + (double)run->model->worker_bytes * run->nthreads;
}

static inline size_t run_element(const struct run *run) /* bytes */
{
    return run->model->f64 ? 8 : 4;
}

/* frame.results starts as a NaN that no arithmetic makes, so that a result that is NaN can be told from one that never ran. */
#define RUN_NEVER UINT64_C(0x7ff80dead0000001)
static inline bool run_result_known(const struct run *run, uint32_t result)
{
    uint64_t bits;
    memcpy(&bits, &run->frame.results[result], sizeof bits);
    return bits != RUN_NEVER;
}
void run_results_clear(struct run *run);

double run_clock(void); /* seconds, monotonic */

/* The commands. argv[0] is the command's name; they return the exit status: 0, 1 failed, 2 usage. */
typedef int run_command(struct run *run, int argc, char **argv);
run_command train_command, tool_sample, tool_info, tool_bench, tool_parzen, tool_data, tool_plot, tool_replay;

#endif
