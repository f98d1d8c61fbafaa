/* checkpoint_differ.c: is a file a checkpoint of this model? What differs is listed whole, up to a bound: who mixed up two runs sees it at a glance, and
 * who changed the model sees what the change did. */
#include "checkpoint.h"
#include "json.h"
#include "listing.h"
#include "safetensors.h"
#include "trace_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct differences {
    const struct run *run;
    const struct safetensors *file;
    struct listing list;
};

static void describe(char *text, size_t room, const char *type, uint32_t rank, const int64_t *dims)
{
    size_t used = (size_t)snprintf(text, room, "%s[", type);
    for (uint32_t d = 0; d < rank && used < room; d++) used += (size_t)snprintf(text + used, room - used, "%s%" PRId64, d ? ", " : "", dims[d]);
    if (used < room) snprintf(text + used, room - used, "]");
}

static bool needed(const struct ganrt_tensor *tensor, bool training)
{
    return training || tensor->kind != GANRT_OPTIMIZER_STATE;
}

static const struct ganrt_tensor *tensor_named(const struct ganrt_model *model, const char *name)
{
    for (uint32_t i = 0; i < model->ntensors; i++)
        if (!strcmp(model->tensors[i].name, name)) return &model->tensors[i];
    return NULL;
}

/* Is the tensor one of this net's: NET.WHAT? */
static bool of_net(const char *tensor, const char *net, size_t length)
{
    return !strncmp(tensor, net, length) && tensor[length] == '.';
}

/* Where the file's tensors of this net begin among its tensors by name, or (behind) end: however many it has, few steps. */
static uint32_t place(const struct safetensors *file, const char *net, size_t length, bool behind)
{
    uint32_t low = 0, high = file->ntensors;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const char *name = file->tensors[file->by_name[middle]].name;
        int order = strncmp(name, net, length);
        if (!order) order = (unsigned char)name[length] - '.';
        if (order < 0 || (behind && !order)) low = middle + 1;
        else high = middle;
    }
    return low;
}

static uint32_t here(const struct ganrt_model *model, const char *net, size_t length)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < model->ntensors; i++) count += of_net(model->tensors[i].name, net, length);
    return count;
}

/* Does the file say that it is in the other precision? Then that is one difference, and not one for each tensor. */
static bool other_precision(const struct differences *d)
{
    const char *dtype = safetensors_value(d->file, "dtype");
    return dtype && !strcmp(dtype, d->run->model->f64 ? "f32" : "f64");
}

static void compare(struct differences *d, const struct ganrt_tensor *want, const struct safetensors_tensor *got)
{
    bool f64 = want->size == 8, floats = got->type == SAFETENSORS_F32 || got->type == SAFETENSORS_F64;
    bool same = got->rank == want->rank;
    for (uint32_t k = 0; k < want->rank && same; k++) same = got->dims[k] == want->dims[k];
    if (same && (got->type == (f64 ? SAFETENSORS_F64 : SAFETENSORS_F32) || (floats && other_precision(d)))) return;
    char has[160], takes[160];
    describe(takes, sizeof takes, f64 ? "f64" : "f32", want->rank, want->dims);
    describe(has, sizeof has, floats ? (got->type == SAFETENSORS_F64 ? "f64" : "f32") : safetensors_type_name(got->type), got->rank, got->dims);
    listing_add(&d->list, "%s is %s there and %s here", want->name, has, takes);
}

/* A net that one side has none of is one difference, said with its first tensor, number i. Returns whether the tensor belongs to such a net. */
static bool whole_net(struct differences *d, uint32_t i, bool missing)
{
    const struct ganrt_model *model = d->run->model;
    const char *tensor = missing ? model->tensors[i].name : d->file->tensors[i].name;
    size_t length = strcspn(tensor, ".");
    if (!tensor[length]) return false;
    uint32_t ours = here(model, tensor, length);
    uint32_t theirs = place(d->file, tensor, length, true) - place(d->file, tensor, length, false), count = missing ? ours : theirs;
    if ((missing ? theirs : ours) || count < 2) return false;
    bool first = missing || d->file->by_name[place(d->file, tensor, length, false)] == i;
    for (uint32_t j = 0; j < i && first && missing; j++) first = !of_net(model->tensors[j].name, tensor, length);
    if (first)
        listing_add(&d->list, missing ? "%.*s is missing, with its %u tensors" : "%.*s is not in the model, with its %u tensors", (int)length, tensor, count);
    return true;
}

static void compare_tensors(struct differences *d, bool training)
{
    const struct ganrt_model *model = d->run->model;
    if (other_precision(d)) listing_add(&d->list, "its numbers are %s there and %s here", model->f64 ? "f32" : "f64", model->f64 ? "f64" : "f32");
    for (uint32_t i = 0; i < model->ntensors; i++) {
        const struct ganrt_tensor *want = &model->tensors[i];
        const struct safetensors_tensor *got = safetensors_find(d->file, want->name);
        if (got) compare(d, want, got);
        else if (needed(want, training) && !whole_net(d, i, true)) listing_add(&d->list, "%s is missing", want->name);
    }
    for (uint32_t i = 0; i < d->file->ntensors && training; i++) {
        const char *name = d->file->tensors[i].name;
        if (trace_file_is(d->file) && !strncmp(name, TRACE_MINIBATCH, strlen(TRACE_MINIBATCH))) continue; /* more than a checkpoint */
        if (!tensor_named(model, name) && !whole_net(d, i, false)) listing_add(&d->list, "%s is not in the model", name);
    }
}

/* Where training stood: what counts updates, and the places in the streams of data. */
static void compare_place(struct differences *d)
{
    const struct run *run = d->run;
    const char *counters = safetensors_value(d->file, "counters"), *data = safetensors_value(d->file, "data");
    struct json_value *c = counters ? json_parse(counters, strlen(counters), NULL) : NULL, *s = data ? json_parse(data, strlen(data), NULL) : NULL;
    if (c && c->kind == JSON_ARRAY && c->count != run->model->ncounters)
        listing_add(&d->list, "there %u updates are counted, here %u", c->count, run->model->ncounters);
    for (uint32_t i = 0; i < run->nsources && s && s->kind == JSON_ARRAY; i++) {
        bool found = !run->sources[i].trained;
        for (const struct json_value *v = s->first; v && !found; v = v->next) {
            const struct json_value *name = json_get(v, "name");
            found = name && name->kind == JSON_STRING && !strcmp(name->string, run->sources[i].name);
        }
        if (!found) listing_add(&d->list, "the data set %s is not trained on there", run->sources[i].name);
    }
    json_free(c);
    json_free(s);
}

/* Settings that only one side has do no harm alone: where something else differs, they help to see what. */
static void compare_settings(struct differences *d)
{
    const struct ganrt_model *model = d->run->model;
    const char *text = safetensors_value(d->file, "settings");
    struct json_value *settings = text ? json_parse(text, strlen(text), NULL) : NULL;
    bool object = settings && settings->kind == JSON_OBJECT;
    for (const struct json_value *v = object ? settings->first : NULL; v; v = v->next) {
        const struct ganrt_setting *ours = NULL;
        for (uint32_t i = 0; i < model->nsettings && !ours; i++)
            if (!strcmp(model->settings[i].name, v->key)) ours = &model->settings[i];
        char a[32], b[32];
        double x = ours ? d->run->frame.settings[ours - model->settings] : 0;
        json_shortest(a, v->number);
        json_shortest(b, x);
        if (!ours) listing_add(&d->list, "there is no setting %s here", v->key);
        else if (ours->fixed && v->kind == JSON_NUMBER && v->number != x) listing_add(&d->list, "the setting %s is %s there and %s here", v->key, a, b);
    }
    for (uint32_t i = 0; i < model->nsettings && object; i++)
        if (!model->settings[i].text && !json_get(settings, model->settings[i].name))
            listing_add(&d->list, "there is no setting %s there", model->settings[i].name);
    json_free(settings);
}

bool checkpoint_known(const struct run *run, const struct safetensors *file, struct error *e)
{
    const char *text = safetensors_value(file, "version"), *by = safetensors_value(file, "ganc");
    uint64_t version = 1; /* the first had no number */
    if (!by) return true; /* another program's */
    if (text && (!checkpoint_number(file, "version", &version) || !version))
        return error_set(e, "'%s': its version is '%s', not a whole number", file->path, text);
    if (version <= CHECKPOINT_VERSION) return true;
    return error_set(e, "'%s': is a checkpoint of version %" PRIu64 ", written by ganc %s; this trainer, by ganc %s, reads those up to version %d",
                     file->path, version, by, run->model->compiler, CHECKPOINT_VERSION);
}

bool checkpoint_fits(const struct run *run, const struct safetensors *file, bool training, struct error *e)
{
    struct differences d = {.run = run, .file = file};
    compare_tensors(&d, training);
    if (training) compare_place(&d);
    if (d.list.count && training) compare_settings(&d);
    const char *theirs = safetensors_value(file, "model"), *ours = run->model->name;
    bool other = theirs && strcmp(theirs, ours) != 0;
    char head[400];
    snprintf(head, sizeof head, "'%s'%s%.100s%s does not fit %s", file->path, other ? ", a checkpoint of " : "", other ? theirs : "", other ? "," : "", ours);
    return listing_end(&d.list, head, "differences", e);
}
