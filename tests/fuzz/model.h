/* model.h: a model written by hand, for the fuzz targets that need one (flags, safetensors, map, json): tensors of every kind and layout, settings of every
 * kind, two data sets, one of which a step draws from. And a folder of the target's own, in memory where the system has such. */
#ifndef FUZZ_MODEL_H
#define FUZZ_MODEL_H

#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BATCH = 2, ITEMS = 5 };
enum { AT_DENSE = 0, AT_CONV = 64, AT_WIDE = 256, AT_FLAT = 1088, AT_ONE = 1216, AT_STATE = 1280, AT_FADE = 1344, TENSORS = 1408, AT_X = 1408, ARENA = 3072 };

static inline void must(bool holds, const char *what)
{
    if (holds) return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void model_init(struct ganrt_frame *f)
{
    memset(f->arena, 0, TENSORS);
}

static void model_step(struct ganrt_frame *f)
{
    ganrt_begin(f, 1);
    f->counters[0]++;
    f->results[0] = f->settings[0];
}

static double model_steps(struct ganrt_frame *f)
{
    return f->settings[0] * 100;
}

static double model_epochs(struct ganrt_frame *f)
{
    return f->settings[1];
}

static void model_defaults(struct ganrt_frame *f, const uint8_t *given)
{
    if (!given[0]) f->settings[0] = 0.5;
    if (!given[1]) f->settings[1] = f->settings[0] / 4;
    if (!given[2]) f->settings[2] = 1;
    f->settings[3] = BATCH;
}

static const int64_t dims_dense[] = {3, 2}, dims_conv[] = {2, 2, 3, 4}, dims_wide[] = {2, 100}, dims_flat[] = {24}, dims_item[] = {4}, dims_class[] = {10};
static const struct ganrt_tensor model_tensors[] = {
    {"G.dense.W", GANRT_PARAMETER, 2, dims_dense, 6, 4, 0, AT_DENSE, 0},
    {"G.conv.W", GANRT_PARAMETER, 4, dims_conv, 48, 4, 0, AT_CONV, 0},
    {"G.wide.W", GANRT_PARAMETER, 2, dims_wide, 200, 4, 0, AT_WIDE, 100}, /* in panels */
    {"G.flat", GANRT_PARAMETER, 1, dims_flat, 24, 4, 0, AT_FLAT, 0},
    {"G.one", GANRT_PARAMETER, 0, NULL, 1, 4, 0, AT_ONE, 0},
    {"momentum.v.G.dense.W", GANRT_OPTIMIZER_STATE, 2, dims_dense, 6, 4, -1, AT_STATE, 0},
    {"fade", GANRT_SCHEDULE_STATE, 0, NULL, 1, 8, -1, AT_FADE, 0},
};
static const struct ganrt_setting model_settings[] = {
    {"rate", "learning rate", 0, 0, NULL}, {"slow_rate", "a fourth\nof it", 0, 0, NULL}, {"warm", NULL, 0, 1, NULL}, {"batch", NULL, 1, 0, NULL}};
static const struct ganrt_data model_data[] = {
    {.name = "points", .rank = 1, .dims = dims_item, .elements = 4, .high = 255, .slice_high = -1},
    {.name = "pairs", .field = "image", .source = 1, .rank = 1, .dims = dims_item, .elements = 4, .high = 1, .slice_high = -1},
    {.name = "pairs", .field = "label", .source = 1, .rank = 1, .dims = dims_class, .elements = 10, .onehot = 1, .slice_high = -1},
};
static const uint32_t model_net_tensors[] = {0, 1, 2, 3, 4}, model_block_counters[] = {0};
static const struct ganrt_net model_nets[] = {{.name = "G", .rank = 1, .dims = dims_flat, .elements = 24, .ntensors = 5, .tensors = model_net_tensors, .graph = -1}};
static const struct ganrt_batch model_batches[] = {{GANRT_BATCH_DATA, 0, 0, AT_X, 4 * BATCH}};
static const struct ganrt_output model_objective[] = {{.name = "V", .elements = 1, .data = -1}};
static const struct ganrt_graph model_graphs[] = {
    {.name = "init", .kind = GANRT_INIT, .batch = 1, .run = model_init},
    {.name = "step", .kind = GANRT_STEP, .batch = BATCH, .run = model_step, .nbatches = 1, .batches = model_batches, .noutputs = 1, .outputs = model_objective},
};
static const char *const model_counters[] = {"G"}, *const model_results[] = {"V"};
static const struct ganrt_train model_trains[] = {
    {.name = "first", .batch = BATCH, .steps = model_steps, .pass = model_step, .epoch_data = 0, .ncounters = 1, .counters = model_block_counters},
    {.name = "second", .batch = BATCH, .epochs = model_epochs, .pass = model_step, .epoch_data = 0, .ncounters = 1, .counters = model_block_counters},
};
static const struct ganrt_model model = {
    .abi = GANRT_ABI, .name = "tiny", .source = "# tiny\n", .cpu = "any", .features = "", .compiler = "0", .tensor_bytes = TENSORS, .arena_bytes = ARENA,
    .worker_bytes = 64, .defaults = model_defaults, .nsettings = 4, .ndata = 3, .ntensors = 7, .nnets = 1, .ncounters = 1, .ngraphs = 2, .nresults = 1,
    .ntrains = 2, .settings = model_settings, .data = model_data, .tensors = model_tensors, .nets = model_nets, .counters = model_counters,
    .graphs = model_graphs, .results = model_results, .trains = model_trains};

/* A run that has its memory, and one thread. */
static inline struct run *model_run(void)
{
    struct error e = {""};
    struct run *run = run_new(&model);
    run->nthreads = 1;
    must(run_allocate(run, &e), e.text);
    run_initialise(run);
    return run;
}

static inline const char *model_folder(void);

static inline void model_folder_remove(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", model_folder()); /* a path of mkdtemp's: nothing a shell would read otherwise */
    if (system(command) != 0) fprintf(stderr, "%s stays\n", model_folder());
}

/* The target's folder; it goes away with the process. */
static inline const char *model_folder(void)
{
    static char folder[64];
    if (folder[0]) return folder;
    snprintf(folder, sizeof folder, "%s/ganc-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    must(mkdtemp(folder) != NULL, "no folder can be made");
    atexit(model_folder_remove);
    return folder;
}

static inline char *model_file(const char *name, const void *bytes, size_t length) /* in that folder; its path, the caller's to free */
{
    char *path = memory_format("%s/%s", model_folder(), name);
    FILE *f = fopen(path, "wb");
    must(f && fwrite(bytes, 1, length, f) == length && fclose(f) == 0, "a file cannot be written");
    return path;
}

static inline const char *model_points(void) /* a file of the data that the step draws from */
{
    static char *path;
    const unsigned char bytes[12 + ITEMS * 4] = {0, 0, 8, 2, 0, 0, 0, ITEMS, 0, 0, 0, 4}; /* IDX of bytes, [5, 4] */
    return path ? path : (path = model_file("points", bytes, sizeof bytes));
}

/* Bytes as a file in memory; close the number. */
static inline int model_bytes(char path[32], const void *bytes, size_t length)
{
    int fd = memfd_create("fuzz", 0);
    must(fd >= 0 && write(fd, bytes, length) == (ssize_t)length, "no file in memory");
    snprintf(path, 32, "/proc/self/fd/%d", fd);
    return fd;
}

#endif
