/* tool_bench.c: `trainer bench`: how fast training is, or one graph of the model, and where the time goes.
 *
 * Passes of the first train block, or runs of the graph, from fresh parameters; data that is not given is made up. Three measurements: the
 * rate, undisturbed; then each kernel's time by the clock around it, whose own cost shows in tiny kernels; at last this machine's limits. */
#include "bench.h"
#include "tool.h"
#include "train.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define SECONDS 2.0 /* what the undisturbed measurement takes where --steps does not say */

static void take_time(void *self, uint32_t graph, uint32_t kernel, double seconds)
{
    struct bench *b = self;
    if (kernel >= b->run->model->graphs[graph].nkernels) return;
    struct bench_timing *t = &b->timings[b->first[graph] + kernel];
    t->calls++;
    t->seconds += seconds;
}

static void make_timings(struct bench *b)
{
    const struct ganrt_model *model = b->run->model;
    b->first = memory_take(model->ngraphs, sizeof *b->first);
    for (uint32_t i = 0; i < model->ngraphs; i++) {
        b->first[i] = b->ntimings;
        b->ntimings += model->graphs[i].nkernels;
    }
    b->timings = memory_take(b->ntimings, sizeof *b->timings);
    for (uint32_t i = 0; i < model->ngraphs; i++)
        for (uint32_t k = 0; k < model->graphs[i].nkernels; k++) b->timings[b->first[i] + k] = (struct bench_timing){i, k, 0, 0};
}

/* Runs up to `steps` iterations (at least 3), or fewer where `seconds` is over; returns seconds an iteration and how many there were. */
static double iterate(struct bench *b, int64_t steps, double seconds, int64_t *done)
{
    struct run *run = b->run;
    const struct ganrt_train *train = &run->model->trains[0];
    double start = run_clock(), now = start;
    for (*done = 0; *done < steps && (*done < 3 || now - start < seconds); now = run_clock()) {
        if (b->graph >= 0) run_graph(run, (uint32_t)b->graph, (uint64_t)run->frame.step);
        else train->pass(&run->frame);
        run->frame.step++;
        ++*done;
    }
    return *done ? (now - start) / (double)*done : 0;
}

static void measure(struct bench *b)
{
    struct run *run = b->run;
    const struct ganrt_train *train = &run->model->trains[0];
    int64_t done;
    for (uint32_t i = 0; i < train->ncounters; i++) run->frame.counters[train->counters[i]] = 0;
    run->frame.step = run->frame.epoch = 1;
    run->training = b->graph < 0;
    iterate(b, b->warmup, INFINITY, &done);
    b->rate_seconds = iterate(b, b->steps ? b->steps : INT64_MAX, b->steps ? INFINITY : SECONDS, &b->steps);
    run->timed = take_time;
    run->frame.timed = 1;
    run->timed_self = b;
    b->profile_seconds = iterate(b, b->steps, SECONDS, &b->profile_steps);
    run->timed = NULL;
    run->frame.timed = 0;
    run->training = false;
    b->peak_bytes = memory_peak();
}

/* In vectors as wide as the model's code has them. */
static bool measure_machine(struct bench *b, struct error *e)
{
    const struct ganrt_model *model = b->run->model;
    b->machine = (struct machine){.threads = b->run->nthreads, .bits = strstr(model->features, "avx512") ? 512 : 256, .f64 = model->f64 != 0};
    if (machine_measure(&b->machine) || errno == ENOSYS) return true;
    return error_set(e, "the limits of this machine could not be measured: %s", strerror(errno));
}

static int by_seconds(const void *a, const void *b)
{
    const struct bench_timing *s = a, *t = b;
    if (s->seconds != t->seconds) return s->seconds > t->seconds ? -1 : 1;
    if (s->graph != t->graph) return s->graph < t->graph ? -1 : 1;
    return s->kernel < t->kernel ? -1 : s->kernel > t->kernel;
}

/* Data sets that --data named; the others stay closed, and their batches are made up. */
static bool open_given(struct run *run, struct error *e)
{
    const struct ganrt_model *model = run->model;
    for (uint32_t i = 0; i < model->ndata; i++) {
        uint32_t source = model->data[i].source;
        if (run->sources[source].path && run->sources[source].path != model->data[i].from && !run_open_source(run, source, e)) return false;
    }
    return true;
}

static bool find_graph(struct bench *b, struct error *e)
{
    const struct ganrt_model *model = b->run->model;
    const char **names = memory_take(model->ngraphs, sizeof *names);
    b->graph = -1;
    for (uint32_t i = 0; i < model->ngraphs; i++) {
        names[i] = model->graphs[i].name;
        if (b->name && b->graph < 0 && !strcmp(b->name, names[i])) b->graph = (int32_t)i;
    }
    const char *nearest = b->name ? options_nearest(b->name, names, model->ngraphs) : NULL;
    free(names);
    if (b->graph >= 0 && !model->graphs[b->graph].nkernels)
        return error_set(e, "%s: '%s' has no kernels of its own: it runs in those of the graph before it", model->name, b->name);
    if (!b->name || b->graph >= 0) return true;
    return error_set(e, "%s has no graph '%s'%s%s%s", model->name, b->name, nearest ? "; is it '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

int tool_bench(struct run *run, int argc, char **argv)
{
    struct bench b = {.run = run, .warmup = 3, .top = 30};
    struct error e = {""};
    const struct option table[] = {
        {"steps", OPTION_INTEGER, &b.steps, 1, 1e9, "N", "iterations to time (default: 2 seconds of them)", NULL},
        {"warmup", OPTION_INTEGER, &b.warmup, 0, 1e9, "N", "iterations before (default 3)", NULL},
        {"top", OPTION_INTEGER, &b.top, 1, 1e9, "N", "kernels to print (default 30)", NULL},
        {"graph", OPTION_TEXT, &b.name, 0, 0, "NAME", "runs of this graph instead: \"net G\", \"picture samples\"", NULL},
        {"json", OPTION_FLAG, &b.json, 0, 0, NULL, "print all of it as JSON", NULL},
        {"data", OPTION_DATA, NULL, 0, 0, "PATH", "the data (default: made up), or NAME=PATH", &b.data},
        {"seed", OPTION_SEED, NULL, 0, 0, "N", "random numbers (default 1)", NULL},
        {"threads", OPTION_THREADS, NULL, 0, 0, "N", "threads (default: one a processor)", NULL},
    };
    const struct options_command command = {
        "bench",
        "Times iterations of the first train block, and each of their kernels beside the limit of this machine that binds it.",
        NULL,
        table,
        sizeof table / sizeof *table,
        true};
    int status = options_parse(run, &command, argc, argv, NULL);
    if (status >= 0) return status;
    if (!run->model->ntrains) return error_line("%s has no train block", run->model->name);
    if (!find_graph(&b, &e) || !run_allocate(run, &e) || !open_given(run, &e)) return error_line("%s", e.text);
    run_initialise(run);
    make_timings(&b);
    measure(&b);
    qsort(b.timings, b.ntimings, sizeof *b.timings, by_seconds);
    bool ok = measure_machine(&b, &e);
    if (ok && b.json) bench_json(&b);
    else if (ok) bench_table(&b);
    free(b.first);
    free(b.timings);
    return ok ? 0 : error_line("%s", e.text);
}
