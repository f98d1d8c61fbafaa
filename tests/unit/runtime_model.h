/* runtime_model.h: a model as ganc would compile it, written by hand, for the runtime's tests.
 *
 * points : [2, 2] in [0, 255], 23 items, item i being (i, i, i, i); minibatches of 5. w : [4] follows the mean of the minibatch with momentum v and
 * noise; the schedule state `fade` halves at each step. Two blocks: `first`, 30 steps; `second`, 6 epochs, of two steps each with two draws a step. What the tests
 * make happen at a step (a signal, a NaN) is in `event`. */
#ifndef RUNTIME_MODEL_H
#define RUNTIME_MODEL_H

#include <ganrt/model.h>
#include <ganrt/random.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ITEMS = 23, BATCH = 5 };
enum { AT_W = 0, AT_V = 64, AT_FADE = 128, TENSORS = 192, AT_X = 192, AT_Y = 320, AT_PART = 448, AT_TILES = 512, ARENA = 640 };
enum { GRAPH_INIT, GRAPH_STEP, GRAPH_REPORT, GRAPH_PICTURE };

static struct { /* what is to happen in the pass in which w has been updated so often (counter 1 + ticks) */
    uint64_t tick;
    int signal; /* 0: the objective becomes a NaN */
} event;

static float *at(struct ganrt_frame *f, int64_t offset)
{
    return (float *)(void *)(f->arena + offset);
}

static float uniform(const struct ganrt_frame *f, uint32_t stream, uint32_t e)
{
    return (float)(ganrt_random_word(f->seed, f->tick, stream, 0, e) >> 8) * 0x1p-24f;
}

static void init_run(struct ganrt_frame *f)
{
    ganrt_begin(f, GRAPH_INIT); /* x is the mean example */
    for (uint32_t i = 0; i < 4; i++) at(f, AT_W)[i] = at(f, AT_X)[i] + uniform(f, 0, i);
    memset(at(f, AT_V), 0, 16);
    *(double *)(void *)at(f, AT_FADE) = 1;
}

static void step_kernel(struct ganrt_frame *f, uint32_t task, uint32_t worker) /* x [5, 4] -> part [4], a task each */
{
    (void)worker;
    float sum = 0;
    for (int i = 0; i < BATCH; i++) sum += at(f, AT_X)[i * 4 + (int)task];
    at(f, AT_PART)[task] = sum / BATCH;
}

static void step_run(struct ganrt_frame *f)
{
    ganrt_begin(f, GRAPH_STEP);
    ganrt_parallel(f, step_kernel, 4, 0);
    double loss = 0;
    for (uint32_t i = 0; i < 4; i++) {
        float *w = &at(f, AT_W)[i], *v = &at(f, AT_V)[i], g = *w - at(f, AT_PART)[i];
        loss += (double)(g * g);
        *v = 0.5f * *v - (float)f->settings[0] * g;
        *w += *v + 0.01f * uniform(f, 1, i);
    }
    f->counters[0]++;
    f->results[0] = loss + (double)f->epoch;
    if (!event.tick || event.tick != f->tick) return;
    if (event.signal) kill(getpid(), event.signal);
    else f->results[0] = 0.0 / (loss - loss);
}

static void report_run(struct ganrt_frame *f)
{
    ganrt_begin(f, GRAPH_REPORT);
    f->results[1] = (double)at(f, AT_X)[0];
}

static void picture_run(struct ganrt_frame *f)
{
    ganrt_begin(f, GRAPH_PICTURE);
    for (uint32_t i = 0; i < 16; i++) at(f, AT_TILES)[i] = at(f, AT_W)[i % 4] + 10 * uniform(f, 2, i);
}

static void pass(struct ganrt_frame *f)
{
    double *fade = (double *)(void *)at(f, AT_FADE);
    step_run(f);
    *fade *= 0.5 + f->step * 1e-3;
}

static double thirty(struct ganrt_frame *f)
{
    (void)f;
    return 30;
}

static double six(struct ganrt_frame *f)
{
    (void)f;
    return 6;
}

static double seven(struct ganrt_frame *f)
{
    (void)f;
    return 7;
}

static void defaults(struct ganrt_frame *f, const uint8_t *given)
{
    if (!given[0]) f->settings[0] = 0.1;
    if (!given[1]) f->settings[1] = f->settings[0] * 2;
    f->settings[2] = BATCH;
}

static const int64_t shape4[] = {4}, shape22[] = {2, 2};
static const struct ganrt_tensor tensors[] = {
    {"G.w", GANRT_PARAMETER, 1, shape4, 4, 4, 0, AT_W, 0},
    {"momentum.v.G.w", GANRT_OPTIMIZER_STATE, 1, shape4, 4, 4, -1, AT_V, 0},
    {"fade", GANRT_SCHEDULE_STATE, 0, NULL, 1, 8, -1, AT_FADE, 0},
};
static const struct ganrt_setting settings[] = {
    {"rate", "learning rate", 0, 0, NULL}, {"other", "twice the rate", 0, 0, NULL}, {"batch", NULL, 1, 0, NULL}};
static const struct ganrt_data data[] = {
    {.name = "points", .rank = 2, .dims = shape22, .elements = 4, .low = 0, .high = 255, .slice_high = -1}};
static const uint32_t net_tensors[] = {0};
static const struct ganrt_net nets[] = {{"G", 0, NULL, 1, shape4, 4, 1, net_tensors, -1}};
static const struct ganrt_batch init_batch[] = {{GANRT_BATCH_MEAN, 0, 0, AT_X, 4}};
static const struct ganrt_batch step_batch[] = {
    {GANRT_BATCH_DATA, 0, 0, AT_X, 4 * BATCH}, {GANRT_BATCH_DATA, 0, 3, AT_Y, 4 * BATCH}, {GANRT_BATCH_DATA, 0, 0, AT_TILES, 4 * BATCH}};
static const struct ganrt_output objective[] = {{"V", 0, 0, 0, 1, -1}}, report[] = {{"mean", 1, 1, 0, 1, -1}}, tiles[] = {{"p", 2, 0, AT_TILES, 16, -1}};
static const struct ganrt_graph graphs[] = {
    {"init", GANRT_INIT, 1, init_run, 1, init_batch, 0, NULL, 0, NULL, 0, 0, NULL, 0},
    {"step", GANRT_STEP, BATCH, step_run, 2, step_batch, 1, objective, 0, NULL, 0, 0, NULL, 0},
    {"mean", GANRT_REPORT, BATCH, report_run, 1, step_batch, 1, report, 0, NULL, 0, 0, NULL, 0},
    {"p", GANRT_PICTURE, 4, picture_run, 0, NULL, 1, tiles, 0, NULL, 0, 0, NULL, 0},
    {"shared", GANRT_STEP, BATCH, NULL, 3, step_batch, 0, NULL, 0, NULL, 0, 0, NULL, 0}, /* never run: ganrt_begin alone */
};
static const char *const counters[] = {"G"}, *const results[] = {"V", "mean"};
static const uint32_t block_counters[] = {0};
static const struct ganrt_train trains[] = {{"first", BATCH, thirty, NULL, pass, 0, 0, 1, block_counters},
                                            {"second", BATCH, NULL, six, pass, 0, 0, 1, block_counters}};
static const struct ganrt_report reports[] = {{"mean", GRAPH_REPORT, seven, -1}};
static const struct ganrt_picture pictures[] = {{"p", GRAPH_PICTURE, NULL, 2, 2, 1, 0, 2, shape22, 0, 64}};
static const struct ganrt_model model = {
    .abi = GANRT_ABI, .name = "tiny", .source = "# tiny\n", .cpu = "any", .features = "", .compiler = "0.1", .tensor_bytes = TENSORS,
    .arena_bytes = ARENA, .worker_bytes = 64, .defaults = defaults, .nsettings = 3, .ndata = 1, .ntensors = 3, .nnets = 1, .ncounters = 1,
    .ngraphs = 5, .nresults = 2, .ntrains = 2, .nreports = 1, .npictures = 1, .settings = settings, .data = data, .tensors = tensors,
    .nets = nets, .counters = counters, .graphs = graphs, .results = results, .trains = trains, .reports = reports, .pictures = pictures};

static char folder[] = "/tmp/ganrt-test-XXXXXX"; /* the test's own; in it the data, and the runs */

static bool folder_make(void)
{
    unsigned char bytes[16 + ITEMS * 4] = {0, 0, 8, 3, 0, 0, 0, ITEMS, 0, 0, 0, 2, 0, 0, 0, 2}; /* IDX of bytes, [23, 2, 2] */
    for (int i = 0; i < ITEMS * 4; i++) bytes[16 + i] = (unsigned char)(i / 4);
    char path[128];
    if (!mkdtemp(folder)) return false;
    snprintf(path, sizeof path, "%s/points", folder);
    FILE *file = fopen(path, "wb");
    return file && fwrite(bytes, sizeof bytes, 1, file) == 1 && fclose(file) == 0;
}

/* The trainer in a process of its own; "@" in a word stands for the folder. Returns the exit status, or -signal. */
static int trainer(const char *line)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        char text[512], *argv[32] = {"tiny"};
        int argc = 1;
        snprintf(text, sizeof text, "%s", line);
        for (char *word = strtok(text, " "); word && argc < 31; word = strtok(NULL, " ")) {
            char *place = strchr(word, '@'), *full = malloc(strlen(word) + sizeof folder);
            argv[argc++] = full;
            if (place) sprintf(full, "%.*s%s%s", (int)(place - word), word, folder, place + 1);
            else strcpy(full, word);
        }
        char log[128];
        snprintf(log, sizeof log, "%s/log", folder);
        if (!freopen(log, "a", stdout) || !freopen(log, "a", stderr)) _exit(99);
        exit(ganrt_main(&model, argc, argv));
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) return -99;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void folder_remove(void) /* a path of mkdtemp's: nothing a shell would read otherwise */
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0) /* NOLINT(cert-env33-c) */ printf("%s stays\n", folder);
}

#endif
