/* checkpoint_read.c: finds, checks and loads checkpoints, for training to go on and for the tools. A file is believed in nothing: it may be
 * another model's, an older one of this model's, or made by hand. */
#include "checkpoint.h"
#include "safetensors.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool read_u64(const char *text, uint64_t *x)
{
    if (!text || !*text || strspn(text, "0123456789") != strlen(text)) return false;
    errno = 0;
    *x = strtoull(text, NULL, 10);
    return errno == 0;
}

bool checkpoint_number(const struct safetensors *file, const char *key, uint64_t *x)
{
    return read_u64(safetensors_value(file, key), x);
}

static bool named(const struct json_value *array, const char *name)
{
    for (const struct json_value *v = array && array->kind == JSON_ARRAY ? array->first : NULL; v; v = v->next)
        if (v->kind == JSON_STRING && !strcmp(v->string, name)) return true;
    return false;
}

/* Settings that are not given now take the file's value. One that was never given is computed from others: where giving another one now changes
 * what would be computed, the new value holds (`setting d_rate = rate / 4` follows --rate). */
static void take_settings(struct run *run, const struct json_value *values, const struct json_value *given, bool notes)
{
    const struct ganrt_model *model = run->model;
    uint32_t n = model->nsettings;
    double *settings = run->frame.settings, *then = memory_take(n, sizeof *then), *now = memory_take(n, sizeof *now);
    uint8_t *old = memory_take(n, 1), *own = run->given;
    const struct json_value **value = memory_take(n, sizeof *value);
    for (uint32_t i = 0; i < n; i++) {
        value[i] = json_get(values, model->settings[i].name);
        if (value[i] && value[i]->kind != JSON_NUMBER) value[i] = NULL;
        old[i] = value[i] && named(given, model->settings[i].name);
        now[i] = settings[i];
        if (old[i]) settings[i] = value[i]->number;
    }
    run->given = old; /* what the settings were computed to then */
    run_settings(run);
    memcpy(then, settings, n * sizeof *then);
    for (uint32_t i = 0; i < n; i++) {
        if (own[i]) settings[i] = now[i];
        old[i] |= own[i];
    }
    run_settings(run); /* and now */
    for (uint32_t i = 0; i < n; i++) {
        bool follows = memcmp(&then[i], &settings[i], sizeof *then) != 0;
        if (notes && values && !value[i] && !model->settings[i].text)
            error_warning("the checkpoint was made without a setting %s", model->settings[i].name);
        if (value[i] && !own[i] && !follows && !model->settings[i].fixed) settings[i] = value[i]->number;
        if (!notes || !value[i] || value[i]->number == settings[i]) continue;
        char a[32], b[32];
        json_shortest(a, value[i]->number);
        json_shortest(b, settings[i]);
        error_warning("%s is %s from here on; the checkpoint was made with %s", model->settings[i].name, b, a);
    }
    for (const struct json_value *v = notes && values ? values->first : NULL; v; v = v->next) {
        bool known = false;
        for (uint32_t i = 0; i < n && !known; i++) known = !strcmp(model->settings[i].name, v->key);
        if (!known) error_warning("the checkpoint was made with a setting %s, which %s has not", v->key, model->name);
    }
    run->given = old;
    free(own);
    free(then);
    free(now);
    free(value);
}

static void take_numbers(const struct json_value *array, double *to, uint32_t count)
{
    const struct json_value *v = array && array->kind == JSON_ARRAY ? array->first : NULL;
    for (uint32_t i = 0; i < count && v; i++, v = v->next)
        if (v->kind == JSON_NUMBER) to[i] = v->number;
}

static bool whole(const struct json_value *object, const char *key, uint64_t *x)
{
    const struct json_value *v = json_get(object, key);
    if (!v || v->kind != JSON_NUMBER || !v->integer || v->whole < 0) return false;
    *x = (uint64_t)v->whole;
    return true;
}

static bool take_data(struct run *run, const struct json_value *data)
{
    for (const struct json_value *v = data && data->kind == JSON_ARRAY ? data->first : NULL; v; v = v->next) {
        const struct json_value *name = json_get(v, "name");
        int32_t i = name && name->kind == JSON_STRING ? run_source_named(run, name->string) : -1;
        uint64_t pass, next, base;
        if (!whole(v, "pass", &pass) || !whole(v, "next", &next) || !whole(v, "base", &base)) return false;
        if (base > pass || pass > INT64_MAX / 2 || next > UINT32_MAX) return false;
        if (i < 0) continue;
        run->sources[i].pass = pass;
        run->sources[i].next = (int64_t)next;
        run->sources[i].base = base;
        run->sources[i].ordered = 0;
    }
    return true;
}

struct parsed { /* metadata that is JSON; NULL where it is missing */
    struct json_value *settings, *given, *counters, *results, *data;
};

static bool parse(const struct safetensors *file, const char *key, enum json_kind kind, struct json_value **to, struct error *e)
{
    const char *text = safetensors_value(file, key);
    struct error why = {""};
    if (!text) return true;
    *to = json_parse(text, strlen(text), &why);
    if (*to && (*to)->kind == kind) return true;
    return error_set(e, "'%s': its '%s' is broken: %s", file->path, key, *to ? "not what it should be" : why.text);
}

static bool take_seed(struct run *run, const struct safetensors *file, bool training, struct error *e)
{
    uint64_t seed;
    if (!checkpoint_number(file, "seed", &seed))
        return !training || error_set(e, "'%s': has no seed; it is not a checkpoint of training", file->path);
    if (!training && run->seeded) return true; /* a sample with another seed */
    if (run->seeded && run->seed != seed)
        return error_set(e, "--seed: this run's seed is %" PRIu64 ", and it cannot change; a new run needs another --out", seed);
    run->seed = seed;
    run->frame.seed[0] = (uint32_t)seed;
    run->frame.seed[1] = (uint32_t)(seed >> 32);
    return true;
}

static bool take_parsed(struct run *run, const struct safetensors *file, const struct parsed *p, bool training, bool notes, struct error *e)
{
    take_settings(run, p->settings, p->given, notes);
    if (!training) return true;
    uint64_t tick;
    if (!checkpoint_number(file, "tick", &tick) || !p->counters || !p->data)
        return error_set(e, "'%s': is not a checkpoint of training: it says not where training stood", file->path);
    if (!take_data(run, p->data)) return error_set(e, "'%s': its 'data' is broken", file->path);
    run->frame.tick = tick;
    run_results_clear(run);
    take_numbers(p->counters, run->frame.counters, run->model->ncounters);
    take_numbers(p->results, run->frame.results, run->model->nresults);
    return true;
}

bool checkpoint_apply(struct run *run, const struct safetensors *file, bool training, bool notes, struct error *e)
{
    const struct ganrt_model *model = run->model;
    if (!checkpoint_known(run, file, e) || !checkpoint_fits(run, file, training, e) || !take_seed(run, file, training, e)) return false;
    const char *of = notes ? safetensors_value(file, "model") : NULL;
    if (of && strcmp(of, model->name)) error_warning("the checkpoint is one of %s, whose tensors are the same", of);
    struct parsed p = {0};
    bool ok = parse(file, "settings", JSON_OBJECT, &p.settings, e) && parse(file, "given", JSON_ARRAY, &p.given, e) &&
              parse(file, "counters", JSON_ARRAY, &p.counters, e) && parse(file, "results", JSON_ARRAY, &p.results, e) &&
              parse(file, "data", JSON_ARRAY, &p.data, e) && take_parsed(run, file, &p, training, notes, e);
    json_free(p.settings);
    json_free(p.given);
    json_free(p.counters);
    json_free(p.results);
    json_free(p.data);
    run_layout(run, true); /* a checkpoint may hold some of the tensors only */
    for (uint32_t i = 0; i < model->ntensors && ok; i++) {
        const struct safetensors_tensor *tensor = safetensors_find(file, model->tensors[i].name);
        if (tensor) memcpy(run_at(run, model->tensors[i].offset), tensor->data, tensor->bytes);
    }
    run_layout(run, false);
    return ok;
}

bool checkpoint_place(struct training *t, const struct safetensors *file, struct error *e)
{
    uint64_t block, step, total;
    if (!checkpoint_number(file, "block", &block) || !checkpoint_number(file, "block_step", &step) ||
        !checkpoint_number(file, "step", &total) || block >= t->run->model->ntrains || step > total || total > INT64_MAX)
        return error_set(e, "'%s': is not a checkpoint of training: it says not where training stood", file->path);
    t->block = (uint32_t)block;
    t->block_step = step;
    t->total = t->saved = total;
    return true;
}

static int newer_first(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    size_t n = strlen(x), m = strlen(y);
    return n != m ? (n < m ? 1 : -1) : strcmp(y, x); /* more digits, a later step */
}

char **checkpoint_list(const char *folder, uint32_t *count, struct error *e)
{
    char *place = memory_format("%s/checkpoints", folder), **paths = NULL;
    *count = 0;
    e->text[0] = 0;
    DIR *dir = opendir(place);
    if (!dir && errno != ENOENT) error_set(e, "'%s': %s", place, strerror(errno));
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        size_t digits = strspn(entry->d_name, "0123456789");
        if (digits < 8 || digits > 19 || strcmp(entry->d_name + digits, ".safetensors")) continue;
        paths = memory_grow(paths, *count + 1, sizeof *paths);
        paths[(*count)++] = memory_format("%s/%s", place, entry->d_name);
    }
    if (dir) closedir(dir);
    if (paths) qsort(paths, *count, sizeof *paths, newer_first);
    free(place);
    return paths;
}

struct safetensors *checkpoint_newest(const char *folder, struct error *e)
{
    uint32_t count, broken = 0;
    char **paths = checkpoint_list(folder, &count, e);
    struct safetensors *file = NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (!file) file = safetensors_read(paths[i], e);
        if (!file) error_warning("%s%s", e->text, ++broken < count ? "; trying the one before it" : "");
        free(paths[i]);
    }
    if (!file && broken) error_set(e, "'%s/checkpoints': none of its %u checkpoints is whole", folder, broken);
    free(paths);
    return file;
}

bool run_load(struct run *run, const char *path, uint64_t *step, char **name, struct error *e)
{
    struct stat s;
    if (stat(path, &s) != 0) return error_set(e, "'%s': %s", path, strerror(errno));
    struct safetensors *file = S_ISDIR(s.st_mode) ? checkpoint_newest(path, e) : safetensors_read(path, e);
    if (!file && !e->text[0]) error_set(e, "'%s': has no checkpoints", path);
    if (!file) return false;
    bool ok = checkpoint_apply(run, file, false, false, e);
    if (ok && step && !checkpoint_number(file, "step", step)) *step = 0;
    if (ok && name) *name = memory_format("%s", file->path);
    safetensors_close(file);
    return ok;
}
