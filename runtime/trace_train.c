/* trace_train.c: what training does about values that are not finite.
 *
 * After each step its objectives are looked at, every hundred steps and before a checkpoint all tensors. Where one is bad, training goes back to its newest
 * checkpoint, which is good, and runs the same steps again, the same bits, looking at everything after each of them; the first that leaves something bad is run
 * once more, graph by graph (trace_run.c), until the walk through the kernels (trace_walk.c) ends at the operation that began it. The state before that step is
 * written, with its minibatches, for `replay`.
 *
 * --on-nan rollback then goes on from the checkpoint. The random numbers' tick and the data's passes leap by 2^32, so that all draws and the data's order are
 * others; both stand in checkpoints, and a resumed run does what this one does. */
#define _GNU_SOURCE
#include "checkpoint.h"
#include "safetensors.h"
#include "trace_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOOK_STEPS = 100, TURNS = 3 };
#define LEAP ((uint64_t)1 << 32)

uint64_t trace_rollbacks(const struct training *t)
{
    return t->run->frame.tick / LEAP;
}

/* Tensors that hold infinities though nothing has happened yet, parameters apart. */
static void find_allowed(struct run *run, uint8_t *may)
{
    const struct ganrt_model *model = run->model;
    for (uint32_t i = 0; i < model->ntensors; i++) {
        const struct ganrt_tensor *t = &model->tensors[i];
        const void *at = run_at(run, t->offset);
        may[i] = t->kind != GANRT_PARAMETER && !trace_finite(at, t->elements, t->size, false) && trace_finite(at, t->elements, t->size, true);
    }
}

void trace_end(struct training *t)
{
    free(t->trace.may);
    t->trace.may = NULL;
}

bool trace_went_back(struct training *t)
{
    bool back = t->trace.back;
    t->trace.back = false;
    return back;
}

/* ---- the state between two steps ---- */

struct state {
    unsigned char *tensors;
    double *counters, *results, *vars, step, epoch;
    uint64_t tick, block_step, total;
    uint32_t block;
    struct run_source *sources; /* of which the place in the stream counts */
};

static void state_take(struct state *s, const struct training *t)
{
    const struct run *run = t->run;
    const struct ganrt_model *model = run->model;
    if (!s->tensors) {
        s->tensors = memory_take((size_t)model->tensor_bytes + 1, 1);
        s->counters = memory_take(model->ncounters, sizeof *s->counters);
        s->results = memory_take(model->nresults, sizeof *s->results);
        s->vars = memory_take(model->vars, sizeof *s->vars);
        s->sources = memory_take(run->nsources, sizeof *s->sources);
    }
    memcpy(s->tensors, run->frame.arena, (size_t)model->tensor_bytes);
    memcpy(s->counters, run->frame.counters, model->ncounters * sizeof *s->counters);
    memcpy(s->results, run->frame.results, model->nresults * sizeof *s->results);
    memcpy(s->vars, run->frame.vars, model->vars * sizeof *s->vars);
    memcpy(s->sources, run->sources, run->nsources * sizeof *s->sources);
    s->step = run->frame.step, s->epoch = run->frame.epoch, s->tick = run->frame.tick;
    s->block = t->block, s->block_step = t->block_step, s->total = t->total;
}

static void state_restore(const struct state *s, struct training *t)
{
    struct run *run = t->run;
    const struct ganrt_model *model = run->model;
    memcpy(run->frame.arena, s->tensors, (size_t)model->tensor_bytes);
    memcpy(run->frame.counters, s->counters, model->ncounters * sizeof *s->counters);
    memcpy(run->frame.results, s->results, model->nresults * sizeof *s->results);
    memcpy(run->frame.vars, s->vars, model->vars * sizeof *s->vars);
    for (uint32_t i = 0; i < run->nsources; i++) {
        run->sources[i].pass = s->sources[i].pass;
        run->sources[i].next = s->sources[i].next;
        run->sources[i].base = s->sources[i].base;
        run->sources[i].ordered = 0;
    }
    run->frame.step = s->step, run->frame.epoch = s->epoch, run->frame.tick = s->tick;
    t->block = s->block, t->block_step = s->block_step, t->total = s->total;
}

static void state_free(struct state *s)
{
    free(s->tensors);
    free(s->counters);
    free(s->results);
    free(s->vars);
    free(s->sources);
}

/* ---- what is bad ---- */

static int32_t bad_result(const struct training *t)
{
    for (uint32_t i = 0; i < t->nobjectives; i++)
        if (!isfinite(t->run->frame.results[t->objectives[i]]) && run_result_known(t->run, t->objectives[i])) return (int32_t)t->objectives[i];
    return -1;
}

/* "the objective V is not a number"; the caller frees it. NULL: all is finite. */
static char *describe(struct training *t, bool whole)
{
    int32_t result = bad_result(t), tensor = whole && result < 0 ? trace_scan(t->run, t->trace.may) : -1;
    double x = result < 0 ? 0 : t->run->frame.results[result];
    if (result >= 0) return memory_format("the objective %s is %s", t->names[result], isnan(x) ? "not a number" : x < 0 ? "-infinity" : "infinity");
    if (tensor < 0) return NULL;
    return memory_format("the %s %s is not finite", trace_kind_of(t->run, tensor), t->run->model->tensors[tensor].name);
}

/* ---- its origin ---- */

static bool go_back(struct training *t, uint64_t step, struct error *e)
{
    char *path = memory_format("%s/checkpoints/%08" PRIu64 ".safetensors", t->out, step);
    struct safetensors *file = safetensors_read(path, e);
    free(path);
    bool ok = file && training_restore(t, file, e);
    safetensors_close(file);
    return ok;
}

/* Other random numbers, and another order of the data. */
static void leap(struct run *run, uint32_t turns)
{
    run->frame.tick += turns * LEAP;
    for (uint32_t i = 0; i < run->nsources; i++) {
        run->sources[i].pass += turns * LEAP;
        run->sources[i].base += turns * LEAP;
        run->sources[i].ordered = 0;
    }
}

/* Runs on until a step leaves something bad; false: none up to step `last` does, or somebody wants an end. *s: the state before that step. */
static bool find_step(struct training *t, uint64_t last, struct state *s)
{
    while (t->total < last && !signals_caught()) {
        state_take(s, t);
        if (!training_step(t)) return false;
        if (bad_result(t) >= 0 || trace_scan(t->run, t->trace.may) >= 0) return true;
    }
    return false;
}

/* The step again, graph by graph; then its file. The state stands before the step. */
static void follow_step(struct training *t, const struct trace *trace, const struct state *before, uint64_t step)
{
    struct follow f = {0};
    struct error e = {""};
    state_restore(before, t);
    follow_begin(&f, t->run, trace, t->trace.may);
    training_step(t);
    follow_end(&f);
    double epoch = t->run->frame.epoch;
    uint32_t block = t->block;
    uint64_t block_step = t->block_step;
    state_restore(before, t);
    t->block = block, t->block_step = block_step - 1; /* the step may be the first of a block */
    char *path = memory_format("%s/nan-%08" PRIu64 ".safetensors", t->out, step), *text = f.found ? trace_say(trace, t->run, step, &f.fault) : NULL;
    bool written = f.found && trace_file_write(t, path, &f, epoch, &e);
    if (!f.found) error_line("step %" PRIu64 " was run again, and left nothing that is not finite: the machine does not compute the same twice", step);
    else if (written) error_line("%s See it again: %s replay %s", text, t->run->invoked, path);
    else error_line("%s The step could not be written for replay: %s", text, e.text);
    free(text);
    free(path);
    follow_free(&f);
}

/* Says where it began. The state is any afterwards. */
static void find_origin(struct training *t, const char *what, uint64_t step)
{
    struct error e = {""};
    struct state before = {0};
    struct trace *trace = t->run->model->trace ? trace_read(t->run->model, &e) : NULL;
    if (!trace) {
        if (*e.text) error_warning("%s", e.text);
        return;
    }
    error_line("step %" PRIu64 ": %s; looking for where it began, from the checkpoint of step %" PRIu64 " on", step, what, t->saved);
    uint64_t from = t->saved;
    t->trace.again = true;
    bool ok = go_back(t, from, &e), found;
    if (ok && t->trace.turned == from) leap(t->run, t->trace.turns); /* as training itself went on from there */
    found = ok && find_step(t, step, &before);
    if (found) follow_step(t, trace, &before, t->total);
    else if (!ok) error_line("the checkpoint cannot be read, and the origin not be found: %s", e.text);
    else if (!signals_caught())
        error_line("the steps from %" PRIu64 " to %" PRIu64 " were run again, and all is finite: is the data what it was?", from + 1, step);
    t->trace.again = false;
    state_free(&before);
    trace_free(trace);
}

/* Before the first step: the INIT graphs again. */
static bool first_values(struct training *t, const char *what, struct error *e)
{
    struct follow f = {.fed = false};
    struct trace *trace = t->run->model->trace ? trace_read(t->run->model, NULL) : NULL;
    if (trace) {
        follow_begin(&f, t->run, trace, NULL);
        run_initialise(t->run);
        follow_end(&f);
    }
    if (f.found) {
        char *text = trace_say(trace, t->run, 0, &f.fault);
        error_line("%s", text);
        free(text);
    } else if (t->flags.weights || t->flags.load.count) {
        what = "a value that --weights or --load brought is not finite";
    }
    follow_free(&f);
    trace_free(trace);
    return error_set(e, "before the first step: %s; there is nothing to train from", what);
}

/* ---- and what follows ---- */

static bool roll_back(struct training *t, uint64_t step, struct error *e)
{
    struct run *run = t->run;
    double seconds = training_seconds(t);
    uint64_t to = t->saved;
    if (t->trace.turned != to) t->trace.turns = 0;
    t->trace.turned = to;
    t->trace.turns++;
    t->best.of_log = t->best.newest = (struct best_value){0};
    alarms_again(t);
    if (!go_back(t, to, e) || !metrics_begin(t, e) || !tensorboard_begin(t, e)) return false;
    t->earlier = seconds;
    t->began = run_clock();
    leap(run, t->trace.turns);
    if (!metrics_rollback(t, step, trace_rollbacks(t), e)) return false;
    error_warning("step %" PRIu64 ": back to the checkpoint of step %" PRIu64 ", and on from there with other random numbers (%" PRIu32 " of %d times)", step,
                  to, t->trace.turns, TURNS);
    t->trace.looked = 0;
    t->progress.rate_at = t->began;
    t->progress.rate_total = t->total; /* steps a second are counted from here */
    t->trace.back = true;
    return true;
}

bool trace_begin(struct training *t, struct error *e)
{
    uint32_t n = t->run->model->ntensors;
    t->trace.may = memory_take(n, 1);
    find_allowed(t->run, t->trace.may);
    int32_t bad = trace_scan(t->run, t->trace.may);
    if (bad < 0) return true;
    char *what = memory_format("the %s %s is not finite", trace_kind_of(t->run, bad), t->run->model->tensors[bad].name);
    if (t->saved == UINT64_MAX) first_values(t, what, e);
    else error_set(e, "the checkpoint of step %" PRIu64 " is no good: %s", t->saved, what);
    free(what);
    return false;
}

bool trace_check(struct training *t, bool whole, struct error *e)
{
    whole = (whole || t->total % LOOK_STEPS == 0) && t->trace.looked != t->total + 1;
    if (!t->trace.may) return true; /* no training began */
    char *what = describe(t, whole);
    if (whole) t->trace.looked = t->total + 1;
    if (!what) return true;
    uint64_t step = t->total, saved = t->saved;
    bool rollback = t->flags.on_nan && !strcmp(t->flags.on_nan, "rollback") && saved != UINT64_MAX;
    bool again = t->trace.turned == saved && t->trace.turns >= TURNS;
    progress_clear(t);
    if (saved != UINT64_MAX) find_origin(t, what, step);
    if (!rollback)
        error_set(e, "step %" PRIu64 ": %s; training stops, and the last good checkpoint is that of step %" PRIu64, step, what, saved);
    else if (again)
        error_set(e, "step %" PRIu64 ": %s, as after each of %d rollbacks to the checkpoint of step %" PRIu64 "; training stops", step, what, TURNS, saved);
    else if (!signals_caught())
        roll_back(t, step, e);
    else
        error_set(e, "interrupted after step %" PRIu64 ", at which %s; go on with --resume", step, what);
    free(what);
    return false;
}
