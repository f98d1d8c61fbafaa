/* checkpoint_write.c: writes checkpoints, and drops old ones. */
#include "checkpoint.h"
#include "durable.h"
#include "safetensors.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PAIRS = 14 };

struct texts { /* metadata: keys and their texts, owned */
    struct safetensors_pair pairs[PAIRS];
    uint32_t count;
};

static void add(struct texts *t, const char *key, char *owned)
{
    t->pairs[t->count++] = (struct safetensors_pair){key, owned};
}

static char *finish(struct json_out *o) /* hands over the text */
{
    char *text = memory_format("%s", o->text);
    json_done(o);
    return text;
}

static char *settings_text(const struct run *run)
{
    struct json_out o = {0};
    json_open(&o, '{');
    for (uint32_t i = 0; i < run->model->nsettings; i++) {
        if (run->model->settings[i].text) continue; /* a text, fixed in the model */
        json_key(&o, run->model->settings[i].name);
        json_number(&o, run->frame.settings[i]);
    }
    json_close(&o);
    return finish(&o);
}

static char *given_text(const struct run *run)
{
    struct json_out o = {0};
    json_open(&o, '[');
    for (uint32_t i = 0; i < run->model->nsettings; i++)
        if (run->given[i]) json_string(&o, run->model->settings[i].name);
    json_close(&o);
    return finish(&o);
}

static char *counters_text(const struct run *run)
{
    struct json_out o = {0};
    json_open(&o, '[');
    for (uint32_t i = 0; i < run->model->ncounters; i++) json_number(&o, run->frame.counters[i]);
    json_close(&o);
    return finish(&o);
}

/* Reports are left out: when they are evaluated depends on flags, and two runs alike in training shall have equal checkpoints. */
static char *results_text(const struct run *run)
{
    const struct ganrt_model *model = run->model;
    uint8_t *kept = memory_take(model->nresults, 1);
    for (uint32_t i = 0; i < model->ngraphs; i++) {
        const struct ganrt_graph *graph = &model->graphs[i];
        for (uint32_t j = 0; j < graph->noutputs && graph->kind == GANRT_STEP; j++)
            if (graph->outputs[j].kind == 0 || graph->outputs[j].kind == 4) kept[graph->outputs[j].result] = 1;
    }
    struct json_out o = {0};
    json_open(&o, '[');
    for (uint32_t i = 0; i < model->nresults; i++) {
        if (kept[i] && run_result_known(run, i)) json_number(&o, run->frame.results[i]);
        else json_null(&o);
    }
    json_close(&o);
    free(kept);
    return finish(&o);
}

static char *data_text(const struct run *run)
{
    struct json_out o = {0};
    json_open(&o, '[');
    for (uint32_t i = 0; i < run->nsources; i++) {
        const struct run_source *s = &run->sources[i];
        if (!s->data) continue;
        json_open(&o, '{');
        json_key(&o, "name");
        json_string(&o, s->name);
        json_key(&o, "pass");
        json_integer(&o, (int64_t)s->pass);
        json_key(&o, "next");
        json_integer(&o, s->next);
        json_key(&o, "base");
        json_integer(&o, (int64_t)s->base);
        json_close(&o);
    }
    json_close(&o);
    return finish(&o);
}

static struct texts metadata(const struct training *t)
{
    const struct run *run = t->run;
    struct texts m = {0};
    add(&m, "version", memory_format("%d", CHECKPOINT_VERSION));
    add(&m, "model", memory_format("%s", run->model->name));
    add(&m, "ganc", memory_format("%s", run->model->compiler));
    add(&m, "dtype", memory_format("%s", run->model->f64 ? "f64" : "f32"));
    add(&m, "seed", memory_format("%" PRIu64, run->seed));
    add(&m, "step", memory_format("%" PRIu64, t->total));
    add(&m, "block", memory_format("%" PRIu32, t->block));
    add(&m, "block_step", memory_format("%" PRIu64, t->block_step));
    add(&m, "tick", memory_format("%" PRIu64, run->frame.tick));
    add(&m, "counters", counters_text(run));
    add(&m, "results", results_text(run));
    add(&m, "settings", settings_text(run));
    add(&m, "given", given_text(run));
    add(&m, "data", data_text(run));
    return m;
}

static int newer_first(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* Drops old checkpoints. Those after this step are not ours to judge: a run resumed before a broken one leaves it to be overwritten. A file that
 * cannot be removed is no reason to stop. */
static void drop_old(const struct training *t, const char *folder)
{
    DIR *dir = t->flags.keep > 0 ? opendir(folder) : NULL;
    if (!dir) return;
    uint64_t *steps = NULL;
    uint32_t count = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        size_t digits = strspn(entry->d_name, "0123456789");
        if (digits < 8 || digits > 19 || strcmp(entry->d_name + digits, ".safetensors")) continue;
        uint64_t step = strtoull(entry->d_name, NULL, 10);
        if (step > t->total) continue;
        steps = memory_grow(steps, count + 1, sizeof *steps);
        steps[count++] = step;
    }
    closedir(dir);
    if (count) qsort(steps, count, sizeof *steps, newer_first);
    for (uint32_t i = (uint32_t)t->flags.keep; i < count; i++) {
        char *path = memory_format("%s/%08" PRIu64 ".safetensors", folder, steps[i]);
        unlink(path);
        free(path);
    }
    free(steps);
}

char *checkpoint_path(const struct training *t)
{
    return memory_format("%s/checkpoints/%08" PRIu64 ".safetensors", t->out, t->total);
}

bool checkpoint_due(const struct training *t)
{
    const struct option_every *every = &t->flags.checkpoint_every;
    if (every->steps && t->total % (uint64_t)every->steps == 0) return true;
    return every->seconds > 0 && run_clock() - t->saved_at > every->seconds;
}

bool checkpoint_write(struct training *t, const char *path, const struct checkpoint_more *more, struct error *e)
{
    const struct ganrt_model *model = t->run->model;
    uint32_t extra = more ? more->ntensors : 0, npairs = more ? more->npairs : 0;
    struct safetensors_tensor *tensors = memory_take((size_t)model->ntensors + extra, sizeof *tensors);
    for (uint32_t i = 0; i < model->ntensors; i++) {
        const struct ganrt_tensor *tensor = &model->tensors[i];
        tensors[i] = (struct safetensors_tensor){
            .name = tensor->name,
            .type = tensor->size == 8 ? SAFETENSORS_F64 : SAFETENSORS_F32,
            .rank = tensor->rank,
            .data = run_at(t->run, tensor->offset),
            .bytes = (uint64_t)tensor->elements * tensor->size,
        };
        for (uint32_t d = 0; d < tensor->rank && d < SAFETENSORS_RANK; d++) tensors[i].dims[d] = tensor->dims[d];
    }
    for (uint32_t i = 0; i < extra; i++) tensors[model->ntensors + i] = more->tensors[i];
    struct texts m = metadata(t);
    struct safetensors_pair *pairs = memory_take((size_t)m.count + npairs, sizeof *pairs);
    memcpy(pairs, m.pairs, m.count * sizeof *pairs);
    for (uint32_t i = 0; i < npairs; i++) pairs[m.count + i] = more->pairs[i];
    run_layout(t->run, true);
    bool ok = safetensors_write(path, pairs, m.count + npairs, tensors, model->ntensors + extra, e);
    run_layout(t->run, false);
    for (uint32_t i = 0; i < m.count; i++) free((char *)m.pairs[i].value);
    free(pairs);
    free(tensors);
    return ok;
}

bool checkpoint_save(struct training *t, struct error *e)
{
    if (t->saved == t->total) return true;
    if (!trace_check(t, true, e)) return false; /* it would push out good ones */
    char *folder = memory_format("%s/checkpoints", t->out), *path = checkpoint_path(t);
    bool ok = metrics_sync(t, e) && metrics_record_write(t, e) && tensorboard_sync(t, e) && checkpoint_write(t, path, NULL, e);
    if (ok) {
        t->saved = t->total;
        t->saved_at = run_clock();
        drop_old(t, folder);
    }
    free(folder);
    free(path);
    return ok;
}
