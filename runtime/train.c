/* train.c: `trainer train`: blocks of steps, and between two steps what is due: reports, the log, pictures, checkpoints.
 *
 * Only compiled code, the data streams and the counters that checkpoints hold decide what training computes. The clock decides when
 * people are told and, where --checkpoint-every is a time or not given, when a checkpoint is written; never what is in it. */
#include "train.h"

#include "checkpoint.h"
#include "checksum.h"
#include "fits.h"
#include "options.h"
#include "safetensors.h"
#include "weights.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CHECKPOINT_STEPS 2000
#define CHECKPOINT_SECONDS 600.0 /* of work that a power cut may cost, where steps take long */
#define LOG_STEPS 100
#define KEEP 3

double training_seconds(const struct training *t)
{
    return t->earlier + run_clock() - t->began;
}

static const struct ganrt_train *block_of(const struct training *t)
{
    return &t->run->model->trains[t->block];
}

/* Passes over the block's first-named data that are complete: no whole minibatch is left in them. */
static double epochs_done(const struct training *t)
{
    const struct ganrt_train *block = block_of(t);
    if (block->epoch_data < 0) return 0;
    const struct run_source *s = &t->run->sources[t->run->model->data[block->epoch_data].source];
    if (!s->data) return 0;
    return (double)(s->pass - s->base) + (s->next + block->batch > s->count);
}

double training_epoch(const struct training *t)
{
    return t->run->frame.epoch;
}

/* Is the block done? The last one runs on where --steps asks for more than the model. */
static bool block_done(const struct training *t)
{
    const struct ganrt_train *block = block_of(t);
    if (t->flags.steps && t->block + 1 == t->run->model->ntrains) return t->total >= (uint64_t)t->flags.steps;
    if (block->epochs) return !(epochs_done(t) < block->epochs(&t->run->frame));
    return !((double)t->block_step < floor(block->steps(&t->run->frame)));
}

bool training_complete(const struct training *t)
{
    struct training whole = *t;
    whole.flags.steps = 0;
    return t->block + 1 == t->run->model->ntrains && block_done(&whole);
}

static bool all_done(const struct training *t)
{
    if (t->flags.steps && t->total >= (uint64_t)t->flags.steps) return true;
    return t->block + 1 == t->run->model->ntrains && block_done(t);
}

double training_goal(struct training *t)
{
    const struct ganrt_train *block = block_of(t);
    double steps = (double)t->flags.steps;
    bool last = t->block + 1 == t->run->model->ntrains;
    if (last && steps > 0) return steps;
    if (!block->steps) return NAN;
    double goal = (double)(t->total - t->block_step) + floor(block->steps(&t->run->frame));
    return steps > 0 && steps < goal ? steps : goal;
}

double training_part(struct training *t)
{
    const struct ganrt_train *block = block_of(t);
    if (!block->epochs || block->epoch_data < 0) return 0;
    const struct run_source *s = &t->run->sources[t->run->model->data[block->epoch_data].source];
    double done = (double)(s->pass - s->base) + (s->count ? (double)s->next / (double)s->count : 0);
    return done / block->epochs(&t->run->frame);
}

/* `step`, `epoch`, the counters named and the passes over the data start again; minibatches of different blocks never share a pass. */
static void block_begin(struct training *t)
{
    struct run *run = t->run;
    const struct ganrt_train *block = block_of(t);
    for (uint32_t i = 0; i < block->ncounters; i++) run->frame.counters[block->counters[i]] = 0;
    for (uint32_t i = 0; i < run->nsources; i++) {
        struct run_source *s = &run->sources[i];
        if (s->next > 0) s->pass++;
        s->next = 0;
        s->base = s->pass;
    }
    run_results_clear(run);
    run->frame.step = run->frame.epoch = 1;
}

void training_pass(struct training *t)
{
    struct run *run = t->run;
    if (t->block_step == 0) block_begin(t); /* a second time changes nothing */
    run->frame.step = (double)t->block_step + 1;
    run->frame.epoch = t->trace.epoch > 0 ? t->trace.epoch : 1 + epochs_done(t);
    run->training = true;
    alarms_before(t);
    block_of(t)->pass(&run->frame);
    run->training = false;
    t->block_step++;
    t->total++;
}

bool training_step(struct training *t)
{
    for (;; t->block++, t->block_step = 0) {
        if (t->block_step == 0) block_begin(t);
        if (all_done(t)) return false;
        if (!block_done(t)) break;
        if (t->block + 1 == t->run->model->ntrains) return false;
    }
    training_pass(t);
    return true;
}

/* Warns of images that could not be decoded; false: they are too many. */
static bool check_data(struct training *t, struct error *e)
{
    if (!run_data_has_news(t->run)) return true;
    progress_clear(t);
    return run_data_complain(t->run, e);
}

/* Runs the reports that are due; a report without `every` is due where a line is logged. Returns whether one ran. */
static bool run_reports(struct training *t, bool line)
{
    const struct ganrt_model *model = t->run->model;
    bool any = false;
    for (uint32_t i = 0; i < model->nreports; i++) {
        double every = model->reports[i].every ? floor(model->reports[i].every(&t->run->frame)) : 0;
        t->fresh[i] = model->reports[i].every ? every >= 1 && fmod((double)t->total, every) == 0 : line;
        if (t->fresh[i]) reports_run(&t->reports, i, t->total);
        any |= t->fresh[i];
    }
    return any;
}

/* What is due after a step. */
static bool after_step(struct training *t, bool last, struct error *e)
{
    bool line = last || t->total % (uint64_t)t->flags.log_every == 0;
    line |= run_reports(t, line);
    if (!check_data(t, e)) return false;
    if (line && (!metrics_line(t, e) || !tensorboard_line(t, e))) return false;
    if (!pictures_write(t, last, e)) return false;
    bool best = line && best_reached(t);
    if ((last || best || checkpoint_due(t) || signals_caught()) && !checkpoint_save(t, e)) return false;
    if (best && !best_keep(t, e)) return false;
    progress_step(t, last);
    return true;
}

/* The loop. Returns the exit status, e->text set where it is 1. */
static int loop(struct training *t, struct error *e)
{
    while (!signals_caught() && training_step(t)) {
        if (!check_data(t, e)) return 1;
        if ((!alarms_after(t, e) || !trace_check(t, false, e) || !after_step(t, all_done(t), e)) && !trace_went_back(t)) return 1;
    }
    return signals_caught() ? 128 + signals_caught() : 0;
}

/* Opens the data that training draws from, and checks that each minibatch fits. */
static bool open_data(struct run *run, struct error *e)
{
    const struct ganrt_model *model = run->model;
    for (uint32_t i = 0; i < run->nsources; i++)
        if (run->sources[i].trained && !run_open_source(run, i, e)) return false;
    for (uint32_t i = 0; i < model->ntrains; i++) {
        const struct ganrt_train *block = &model->trains[i];
        if (block->epochs && (block->epoch_data < 0 || !run->sources[model->data[block->epoch_data].source].trained))
            return error_set(e, "%s: counts epochs, but draws no data", block->name);
    }
    for (uint32_t i = 0; i < model->ngraphs; i++) {
        const struct ganrt_graph *graph = &model->graphs[i];
        for (uint32_t j = 0; j < graph->nbatches && graph->kind == GANRT_STEP; j++) {
            const struct ganrt_batch *batch = &graph->batches[j];
            if (batch->kind != GANRT_BATCH_DATA) continue;
            const struct ganrt_data *data = &model->data[batch->index];
            const struct run_source *s = &run->sources[data->source];
            int64_t n = batch->elements / data->elements;
            if (n > s->count)
                return error_set(e, "'%s': %s has %" PRId64 " items, and a minibatch takes %" PRId64, s->path, s->name, s->count, n);
        }
    }
    return true;
}

/* Names of results, a second "V" becoming "V.2"; and which of them are objectives. */
static void name_results(struct training *t)
{
    const struct ganrt_model *model = t->run->model;
    t->names = memory_take(model->nresults, sizeof *t->names);
    t->objectives = memory_take(model->nresults, sizeof *t->objectives);
    t->fresh = memory_take(model->nreports, sizeof *t->fresh);
    for (uint32_t i = 0; i < model->nresults; i++) {
        uint32_t same = 1;
        for (uint32_t j = 0; j < i; j++) same += !strcmp(model->results[i], model->results[j]);
        t->names[i] = same > 1 ? memory_format("%s.%u", model->results[i], same) : memory_format("%s", model->results[i]);
        bool objective = false;
        for (uint32_t k = 0; k < model->ngraphs; k++)
            for (uint32_t j = 0; j < model->graphs[k].noutputs && model->graphs[k].kind == GANRT_STEP; j++)
                objective |= model->graphs[k].outputs[j].kind == 0 && model->graphs[k].outputs[j].result == i;
        if (objective) t->objectives[t->nobjectives++] = i;
    }
}

/* step and epoch, for the block's length, which may ask for them. */
static void stand(struct training *t)
{
    if (t->block_step) t->run->frame.step = (double)t->block_step, t->run->frame.epoch = 1 + epochs_done(t);
}

bool training_restore(struct training *t, const struct safetensors *file, struct error *e)
{
    bool ok = checkpoint_place(t, file, e) && checkpoint_apply(t->run, file, true, false, e);
    if (ok) stand(t);
    return ok;
}

/* The state that training starts from: the newest whole checkpoint, or first values. */
static bool start(struct training *t, struct error *e)
{
    struct run *run = t->run;
    struct safetensors *file = t->flags.resume ? checkpoint_newest(t->out, e) : NULL;
    if (t->flags.resume && !file && e->text[0]) return false;
    if (file) {
        bool ok = checkpoint_apply(run, file, true, true, e) && checkpoint_place(t, file, e);
        safetensors_close(file);
        if (ok) stand(t);
        return ok;
    }
    if (t->flags.resume)
        error_warning("'%s': has no checkpoint yet; training starts at the first step, with the settings given now", t->out);
    run_initialise(run);
    if (t->weights) weights_apply(run, t->weights);
    weights_free(t->weights);
    t->weights = NULL;
    return true;
}

static int train(struct training *t, struct error *e)
{
    struct run *run = t->run;
    t->out = t->flags.out ? memory_format("%s", t->flags.out) : memory_format("runs/%s", run->model->name);
    t->began = run_clock();
    if (!(t->flags.resume ? folder_resume(t, e) : folder_begin(t, e))) return 1;
    for (uint32_t i = 0; i < run->nsources; i++)
        if (run->sources[i].trained && !run->sources[i].path)
            return error_usage("%s: no data was given; use --data %s%sPATH", run->sources[i].name,
                               run->nsources > 1 ? run->sources[i].name : "", run->nsources > 1 ? "=" : "");
    if (t->flags.weights && !(t->weights = weights_read(run, t->flags.weights, t->flags.map, e))) return 1;
    if (!weights_parts(run, &t->flags.load, &t->weights, e) || !open_data(run, e)) return 1;
    t->loaded = memory_resident();
    if (!fits_check(run, &t->room, e) || !run_allocate(run, e)) return 1;
    name_results(t);
    int status = best_begin(t);
    if (status < 0) status = alarms_begin(t, e);
    if (status >= 0) return status;
    reports_begin(&t->reports, run);
    signals_catch();
    if (!tensorboard_open(t, e) || !folder_lock(t, e) || !start(t, e) || !folder_record(t, e) || !metrics_begin(t, e) || !tensorboard_begin(t, e)) return 1;
    if (!trace_begin(t, e)) return 1;
    progress_header(t);
    t->began = t->saved_at = run_clock();
    if (all_done(t) && t->total) {
        fprintf(stderr, "all %" PRIu64 " steps are done; --steps N, with a larger N, goes on\n", t->total);
    } else {
        if (t->saved == UINT64_MAX && !checkpoint_save(t, e)) return 1; /* so that there is always one to go on from */
        status = loop(t, e);
        progress_clear(t);
        if (status == 1) return 1;
        if (!checkpoint_save(t, e) && !trace_went_back(t)) return 1;
        if (status) fprintf(stderr, "%s: interrupted after step %" PRIu64 "; go on with --resume\n", error_program(), t->total);
        if (status) return status;
    }
    progress_end(t);
    return 0;
}

static void training_free(struct training *t)
{
    for (uint32_t i = 0; t->names && i < t->run->model->nresults; i++) free(t->names[i]);
    free(t->names);
    free(t->objectives);
    free(t->fresh);
    reports_end(&t->reports);
    free(t->out);
    free(t->flags.load.at);
    weights_free(t->weights);
    trace_end(t);
    json_done(&t->line);
    checksum_end(t->log.sum);
    best_end(t);
    alarms_end(t);
    tensorboard_end(t);
    if (t->metrics >= 0) close(t->metrics);
}

/* Flags that do not go together: the exit status, or -1. */
static int check_flags(const struct run *run, const struct training_flags *f)
{
    if (f->weights && f->resume) return error_usage("--weights: with --resume training goes on from its own checkpoint");
    if (f->map && !f->weights) return error_usage("--map: there is no --weights FILE to which it belongs");
    for (uint32_t i = 0; i < f->load.count; i++) {
        const char *equals = strchr(f->load.at[i], '=');
        if (!equals || equals == f->load.at[i] || !equals[1]) return error_usage("--load: '%s' is not NAME=FILE", f->load.at[i]);
    }
    if (f->on_nan && strcmp(f->on_nan, "stop") && strcmp(f->on_nan, "rollback"))
        return error_usage("--on-nan: '%s' is neither stop nor rollback", f->on_nan);
    if (f->load.count && f->resume) return error_usage("--load: with --resume training goes on from its own checkpoint");
    if (!run->model->ntrains) return error_line("%s has no train block: there is nothing to train", run->model->name);
    return -1;
}

int train_command(struct run *run, int argc, char **argv)
{
    struct training t = {.run = run, .saved = UINT64_MAX, .metrics = -1, .tensorboard.fd = -1};
    t.flags = (struct training_flags){.checkpoint_every = {CHECKPOINT_STEPS, CHECKPOINT_SECONDS}, .log_every = LOG_STEPS, .keep = KEEP};
    struct training_flags *f = &t.flags;
    const struct option table[] = {
        {"data", OPTION_DATA, NULL, 0, 0, "[NAME=]PATH", "the data set NAME: a file or folder; PATH[a:b] takes items a to b - 1", NULL},
        {"data-memory", OPTION_BYTES, &run->data_memory, 1, 9e15, "SIZE",
         "for decoded data, as 500M or 8G; what is larger is decoded as it is needed (default: half of what is free)", NULL},
        {"bad-share", OPTION_NUMBER, &run->bad_share, 0, 1, "X", "of the images, which may be impossible to decode (default 0.01)", NULL},
        {"out", OPTION_TEXT, &f->out, 0, 0, "DIR", "the run's folder (default runs/MODEL)", NULL},
        {"steps", OPTION_INTEGER, &f->steps, 1, 9e15, "N", "steps in all, resumed ones included (default: the model's)", NULL},
        {"seed", OPTION_SEED, NULL, 0, 0, "N", "of all random numbers (default 1)", NULL},
        {"threads", OPTION_THREADS, NULL, 0, 0, "N", "1 to 256 (default: the processors); the result is the same", NULL},
        {"resume", OPTION_FLAG, &f->resume, 0, 0, NULL, "go on from the newest whole checkpoint in DIR", NULL},
        {"weights", OPTION_TEXT, &f->weights, 0, 0, "FILE", "begin with the weights of this .safetensors file, or of this run's folder", NULL},
        {"map", OPTION_TEXT, &f->map, 0, 0, "FILE", "which of the weights is which tensor, and in what layout (default: names and shapes are the same)", NULL},
        {"load", OPTION_TEXTS, &f->load, 0, 0, "NAME=FILE",
         "begin with this net, layer or tensor of a checkpoint, .safetensors file or run's folder; repeatable", NULL},
        {"checkpoint-every", OPTION_EVERY, &f->checkpoint_every, 0, 0, "N",
         "steps, or a time, as 90s, 10min or 2h (default 2000, and every ten minutes)", NULL},
        {"on-nan", OPTION_TEXT, &f->on_nan, 0, 0, "WHAT",
         "where a value is not finite: stop (default), or rollback: go on from the last checkpoint with other random numbers", NULL},
        {"keep", OPTION_INTEGER, &f->keep, 0, 1e9, "N", "keep the newest N checkpoints (default 3; 0: all)", NULL},
        {"keep-best", OPTION_TEXT, &f->keep_best, 0, 0, "METRIC[:max]",
         "keep the checkpoint of the step at which this objective or report was least, or most, as checkpoints/best.safetensors, too", NULL},
        {"log-every", OPTION_INTEGER, &f->log_every, 1, 9e15, "N", "steps between lines of metrics.jsonl (default 100)", NULL},
        {"alarms", OPTION_TEXT, &f->alarms, 0, 0, "N|off", "steps between looks at what may go wrong (default 500)", NULL},
        {"pictures-every", OPTION_INTEGER, &f->pictures_every, 1, 9e15, "N", "steps between pictures (default: the model's)", NULL},
        {"tensorboard", OPTION_TEXT, &f->tensorboard, 0, 0, "DIR", "numbers and pictures as an event file in DIR, too, for TensorBoard", NULL},
    };
    const struct options_command command = {.name = "train",
                                            .summary = "Trains the model; its folder gets checkpoints, pictures and metrics.",
                                            .table = table,
                                            .count = sizeof table / sizeof table[0],
                                            .settings = true};
    int status = options_parse(run, &command, argc, argv, NULL);
    if (status < 0) status = check_flags(run, f);
    if (status >= 0) {
        free(f->load.at);
        return status;
    }
    struct error e = {""};
    status = train(&t, &e);
    progress_clear(&t);
    if (status == 1) error_line("%s", e.text);
    training_free(&t);
    return status;
}
