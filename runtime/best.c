/* best.c: `train --keep-best METRIC[:min|max]`: beside the newest checkpoints stays that of the step whose line of metrics.jsonl had the best value.
 *
 * At such a step a checkpoint is saved, and checkpoints/best.safetensors becomes a second name of it. What is the best follows from the log alone, so that
 * a run that was interrupted ends with the same file. */
#include "checkpoint.h"
#include "durable.h"
#include "safetensors.h"
#include "train.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool better(const struct best *b, double x, const struct best_value *than)
{
    return isfinite(x) && (!than->known || (b->most ? x > than->value : x < than->value));
}

/* The metric with this name of `length` bytes. */
static bool find(struct training *t, const char *name, size_t length)
{
    for (uint32_t i = 0; i < t->run->model->nresults; i++) {
        if (strlen(t->names[i]) != length || memcmp(t->names[i], name, length)) continue;
        t->best.result = i;
        return true;
    }
    return false;
}

static int unknown(const struct training *t, const char *name)
{
    const struct ganrt_model *model = t->run->model;
    char list[320] = "";
    for (uint32_t i = 0; i < model->nresults; i++) {
        size_t used = strlen(list);
        int n = snprintf(list + used, sizeof list - used, "%s'%s'", i ? ", " : "", t->names[i]);
        if (n < (int)(sizeof list - used)) continue;
        snprintf(list + (used < sizeof list - 8 ? used : sizeof list - 8), 8, ", ...");
        break;
    }
    if (!model->nresults) return error_usage("--keep-best: %s has no metric", model->name);
    return error_usage("--keep-best: '%s' is no metric of %s, perhaps with :min or :max; there are %s", name, model->name, list);
}

int best_begin(struct training *t)
{
    const char *text = t->flags.keep_best;
    if (!text) return -1;
    size_t length = strlen(text);
    bool most = length > 4 && !strcmp(text + length - 4, ":max"), least = length > 4 && !strcmp(text + length - 4, ":min");
    if (!find(t, text, length) && !((most || least) && find(t, text, length - 4))) return unknown(t, text);
    t->best.most = most && strlen(t->names[t->best.result]) != length;
    t->best.path = memory_format("%s/checkpoints/best.safetensors", t->out);
    if (access(t->best.path, F_OK) != 0) return -1;
    struct error e = {""};
    struct safetensors *file = safetensors_read(t->best.path, &e);
    t->best.kept = file && checkpoint_number(file, "step", &t->best.step);
    if (!file) error_warning("%s; the best of what follows takes its place", e.text);
    safetensors_close(file);
    return -1;
}

void best_rewind(struct training *t)
{
    t->best.of_file = t->best.of_log = t->best.newest = (struct best_value){.known = false};
}

void best_line(struct training *t, uint64_t step, const struct json_value *line)
{
    struct best *b = &t->best;
    const struct json_value *v = b->path ? json_get(line, t->names[b->result]) : NULL;
    if (!v || v->kind != JSON_NUMBER) return;
    struct best_value own = {v->number, step, true};
    if (b->kept && step == b->step) b->of_file = own;
    if (better(b, v->number, &b->of_log)) b->of_log = own;
    b->newest = own;
}

static bool take(struct training *t, double value, struct error *e)
{
    struct best *b = &t->best;
    char *from = checkpoint_path(t);
    bool ok = durable_link(from, b->path, e);
    if (ok) b->of_file = (struct best_value){value, t->total, true}, b->step = t->total, b->kept = true;
    free(from);
    return ok;
}

/* The checkpoint that the run is resumed from may be the best itself: the machine stopped before it had its second name. */
bool best_resume(struct training *t, struct error *e)
{
    struct best *b = &t->best;
    if (!b->path) return true;
    if (b->kept && b->step > t->total) b->of_file = b->of_log; /* of steps that are done again: so will it be */
    bool newest = b->newest.known && b->newest.step == t->total && t->saved == t->total;
    bool lost = !b->of_file.known && b->of_log.known && b->of_log.step != t->total;
    if (newest && better(b, b->newest.value, &b->of_file) && !take(t, b->newest.value, e)) return false;
    if (lost)
        error_warning("of %s the best so far was at step %" PRIu64 ", which was not kept; the best of what follows will be", t->names[b->result],
                      b->of_log.step);
    return true;
}

bool best_reached(const struct training *t)
{
    const struct best *b = &t->best;
    return b->path && metrics_has(t, b->result) && better(b, t->run->frame.results[b->result], &b->of_file);
}

bool best_keep(struct training *t, struct error *e)
{
    return take(t, t->run->frame.results[t->best.result], e);
}

void best_end(struct training *t)
{
    free(t->best.path);
}
