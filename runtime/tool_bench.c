/* tool_bench.c: `trainer bench`: how fast training is, and where its time goes.
 *
 * Passes of the first train block run from fresh parameters; data that is not given is made up. Two measurements: the rate, undisturbed;
 * then each kernel's time by the clock around it, whose own cost shows in tiny kernels. */
#include "tool.h"

#include "json.h"

#include <stdio.h>
#include <stdlib.h>

struct timing {
    uint32_t graph, kernel;
    uint64_t calls;
    double seconds;
};

struct bench {
    struct run *run;
    int64_t steps, warmup, top; /* steps 0: as many as take SECONDS */
    bool json, data;
    uint32_t *first; /* of each graph, its first kernel among timings */
    uint32_t ntimings;
    struct timing *timings;
    double rate_seconds, profile_seconds; /* of a pass */
    int64_t profile_steps;
};

#define SECONDS 2.0 /* what the undisturbed measurement takes where --steps does not say */

static void take_time(void *self, uint32_t graph, uint32_t kernel, double seconds)
{
    struct bench *b = self;
    if (kernel >= b->run->model->graphs[graph].nkernels) return;
    struct timing *t = &b->timings[b->first[graph] + kernel];
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
        for (uint32_t k = 0; k < model->graphs[i].nkernels; k++) b->timings[b->first[i] + k] = (struct timing){i, k, 0, 0};
}

/* Runs up to `steps` passes (at least 3), or fewer where `seconds` is over; returns seconds a pass and how many there were. */
static double run_passes(struct run *run, int64_t steps, double seconds, int64_t *done)
{
    const struct ganrt_train *train = &run->model->trains[0];
    double start = run_clock(), now = start;
    for (*done = 0; *done < steps && (*done < 3 || now - start < seconds); now = run_clock()) {
        train->pass(&run->frame);
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
    run->training = true;
    run_passes(run, b->warmup, INFINITY, &done);
    b->rate_seconds = run_passes(run, b->steps ? b->steps : INT64_MAX, b->steps ? INFINITY : SECONDS, &b->steps);
    run->timed = take_time;
    run->frame.timed = 1;
    run->timed_self = b;
    b->profile_seconds = run_passes(run, b->steps, SECONDS, &b->profile_steps);
    run->timed = NULL;
    run->frame.timed = 0;
    run->training = false;
}

static int by_seconds(const void *a, const void *b)
{
    const struct timing *s = a, *t = b;
    if (s->seconds != t->seconds) return s->seconds > t->seconds ? -1 : 1;
    if (s->graph != t->graph) return s->graph < t->graph ? -1 : 1;
    return s->kernel < t->kernel ? -1 : s->kernel > t->kernel;
}

static const struct ganrt_kernel_info *info_of(const struct bench *b, const struct timing *t)
{
    return &b->run->model->graphs[t->graph].kernels[t->kernel];
}

/* Of a pass: useful floating-point operations, and seconds in kernels. */
static void totals(const struct bench *b, double *flop, double *seconds)
{
    *flop = *seconds = 0;
    for (uint32_t i = 0; i < b->ntimings; i++) {
        *flop += info_of(b, &b->timings[i])->flop * (double)b->timings[i].calls / (double)b->profile_steps;
        *seconds += b->timings[i].seconds / (double)b->profile_steps;
    }
}

static void print_table(const struct bench *b)
{
    double flop, kernels;
    int64_t shown = 0;
    const struct ganrt_model *model = b->run->model;
    totals(b, &flop, &kernels);
    printf("%s: %.4g iterations/s (%.4g ms), %.4g GFLOP/s; %lld iterations on %u threads\n", model->name, 1 / b->rate_seconds, b->rate_seconds * 1e3,
           flop / b->rate_seconds * 1e-9, (long long)b->steps, b->run->nthreads);
    if (!b->data && model->ndata) printf("(the data is made up: no --data)\n");
    printf("\n  share        ms   calls   GFLOP/s      GB/s   line  kernel\n");
    for (uint32_t i = 0; i < b->ntimings && shown < b->top; i++, shown++) {
        const struct timing *t = &b->timings[i];
        const struct ganrt_kernel_info *k = info_of(b, t);
        if (!t->calls) break;
        double calls = (double)t->calls, passes = (double)b->profile_steps;
        printf("%6.1f%% %9.4f %7.4g %9.2f %9.2f %6u  %s\n", t->seconds / passes / b->profile_seconds * 100, t->seconds / passes * 1e3, calls / passes,
               t->seconds > 0 ? k->flop * calls / t->seconds * 1e-9 : 0, t->seconds > 0 ? k->bytes * calls / t->seconds * 1e-9 : 0, k->line, k->name);
    }
    printf("%6.1f%% %9.4f                                    outside kernels (minibatches, schedule, clock)\n", (1 - kernels / b->profile_seconds) * 100,
           (b->profile_seconds - kernels) * 1e3);
}

static void print_json(const struct bench *b)
{
    double flop, kernels;
    struct json_out o = {.pretty = true};
    totals(b, &flop, &kernels);
    json_open(&o, '{');
    json_key(&o, "model"), json_string(&o, b->run->model->name);
    json_key(&o, "threads"), json_integer(&o, b->run->nthreads);
    json_key(&o, "iterations"), json_integer(&o, b->steps);
    json_key(&o, "iterations_per_second"), json_number(&o, 1 / b->rate_seconds);
    json_key(&o, "milliseconds"), json_number(&o, b->rate_seconds * 1e3);
    json_key(&o, "gflop"), json_number(&o, flop * 1e-9);
    json_key(&o, "gflop_per_second"), json_number(&o, flop / b->rate_seconds * 1e-9);
    json_key(&o, "profiled_milliseconds"), json_number(&o, b->profile_seconds * 1e3);
    json_key(&o, "kernel_milliseconds"), json_number(&o, kernels * 1e3);
    json_key(&o, "kernels"), json_open(&o, '[');
    for (uint32_t i = 0; i < b->ntimings; i++) {
        const struct timing *t = &b->timings[i];
        const struct ganrt_kernel_info *k = info_of(b, t);
        if (!t->calls) break;
        double calls = (double)t->calls;
        json_open(&o, '{');
        json_key(&o, "name"), json_string(&o, k->name);
        json_key(&o, "line"), json_integer(&o, k->line);
        json_key(&o, "graph"), json_string(&o, b->run->model->graphs[t->graph].name);
        json_key(&o, "tasks"), json_integer(&o, k->tasks);
        json_key(&o, "calls"), json_number(&o, calls / (double)b->profile_steps);
        json_key(&o, "milliseconds"), json_number(&o, t->seconds / (double)b->profile_steps * 1e3);
        json_key(&o, "share"), json_number(&o, t->seconds / (double)b->profile_steps / b->profile_seconds);
        json_key(&o, "gflop_per_second"), json_number(&o, k->flop * calls / t->seconds * 1e-9);
        json_key(&o, "gb_per_second"), json_number(&o, k->bytes * calls / t->seconds * 1e-9);
        json_close(&o);
    }
    json_close(&o);
    json_close(&o);
    puts(o.text);
    json_done(&o);
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

int tool_bench(struct run *run, int argc, char **argv)
{
    struct bench b = {.run = run, .warmup = 3, .top = 30};
    struct error e = {""};
    const struct option table[] = {
        {"steps", OPTION_INTEGER, &b.steps, 1, 1e9, "N", "iterations to time (default: 2 seconds of them)", NULL},
        {"warmup", OPTION_INTEGER, &b.warmup, 0, 1e9, "N", "iterations before (default 3)", NULL},
        {"top", OPTION_INTEGER, &b.top, 1, 1e9, "N", "kernels to print (default 30)", NULL},
        {"json", OPTION_FLAG, &b.json, 0, 0, NULL, "print all of it as JSON", NULL},
        {"data", OPTION_DATA, NULL, 0, 0, "PATH", "the data (default: made up), or NAME=PATH", &b.data},
        {"seed", OPTION_SEED, NULL, 0, 0, "N", "random numbers (default 1)", NULL},
        {"threads", OPTION_THREADS, NULL, 0, 0, "N", "threads (default: one a processor)", NULL},
    };
    const struct options_command command = {
        "bench", "Times iterations of the first train block, and each of their kernels.", NULL, table, sizeof table / sizeof *table, true};
    int status = options_parse(run, &command, argc, argv, NULL);
    if (status >= 0) return status;
    if (!run->model->ntrains) return error_line("%s has no train block", run->model->name);
    if (!run_allocate(run, &e) || !open_given(run, &e)) return error_line("%s", e.text);
    run_initialise(run);
    make_timings(&b);
    measure(&b);
    qsort(b.timings, b.ntimings, sizeof *b.timings, by_seconds);
    if (b.json) print_json(&b);
    else print_table(&b);
    free(b.first);
    free(b.timings);
    return 0;
}
