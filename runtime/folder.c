/* folder.c: a run's folder: what stands in it, and that only one trainer writes to it. */
#define _GNU_SOURCE
#include "data.h"
#include "durable.h"
#include "train.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_LIMIT ((off_t)16 << 20) /* bytes of a file that is read back */

bool folder_begin(struct training *t, struct error *e)
{
    DIR *dir = opendir(t->out);
    if (!dir && errno != ENOENT) return error_set(e, "'%s': %s", t->out, strerror(errno));
    bool empty = true;
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) empty = false;
    if (dir) closedir(dir);
    if (!empty) return error_set(e, "'%s' is not empty: go on with its run by --resume, or name another folder with --out", t->out);
    return true;
}

static bool make(const struct training *t, const char *name, struct error *e)
{
    char *path = memory_format("%s/%s", t->out, name);
    bool ok = durable_mkdirs(path, e);
    free(path);
    return ok;
}

/* A file of the folder as it stands; NULL where there is none, or none that can be read. */
static char *read_file(const struct training *t, const char *name, size_t *length)
{
    char *path = memory_format("%s/%s", t->out, name), *text = NULL;
    struct stat s;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_size <= RECORD_LIMIT) {
        text = memory_take((size_t)s.st_size + 1, 1);
        ssize_t n = read(fd, text, (size_t)s.st_size);
        *length = n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0) close(fd);
    free(path);
    return text;
}

static struct json_value *read_record(const struct training *t) /* run.json; without one it is written anew */
{
    size_t length = 0;
    char *text = read_file(t, "run.json", &length);
    struct json_value *record = length ? json_parse(text, length, NULL) : NULL;
    free(text);
    return record;
}

/* A run may go on with a model that was changed, as long as its tensors are the same; unsaid it shall not. */
static void compare_source(const struct training *t)
{
    size_t length = 0;
    char *text = t->total ? read_file(t, "model.gan", &length) : NULL;
    const char *source = t->run->model->source;
    if (length && source && (length != strlen(source) || memcmp(text, source, length)))
        error_warning("'%s/model.gan' is not the text of this %s: the rest of the run follows the new one", t->out, t->run->model->name);
    free(text);
}

static const struct json_value *record_of(const struct json_value *record, const char *source)
{
    const struct json_value *data = record && record->kind == JSON_OBJECT ? json_get(record, "data") : NULL;
    const struct json_value *own = data && data->kind == JSON_OBJECT ? json_get(data, source) : NULL;
    return own && own->kind == JSON_OBJECT ? own : NULL;
}

/* A run that was killed at its very beginning has its two folders, or nothing yet. */
static bool is_run(const struct training *t)
{
    static const char *const marks[] = {"checkpoints", "metrics.jsonl", "run.json"};
    bool found = false, empty = true;
    for (int i = 0; i < 3 && !found; i++) {
        char *path = memory_format("%s/%s", t->out, marks[i]);
        found = access(path, F_OK) == 0;
        free(path);
    }
    DIR *dir = found ? NULL : opendir(t->out);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) empty = false;
    if (dir) closedir(dir);
    return found || empty;
}

bool folder_resume(struct training *t, struct error *e)
{
    struct stat s;
    if (stat(t->out, &s) != 0) return error_set(e, "'%s': there is no run to resume: %s", t->out, strerror(errno));
    if (!S_ISDIR(s.st_mode)) return error_set(e, "'%s' is not a folder", t->out);
    if (!is_run(t)) return error_set(e, "'%s' holds no run to resume, but other files", t->out);
    struct json_value *record = read_record(t);
    for (uint32_t i = 0; i < t->run->nsources; i++) {
        struct run_source *source = &t->run->sources[i];
        const struct json_value *own = source->nfields ? record_of(record, source->name) : NULL;
        const struct json_value *path = own ? json_get(own, "path") : NULL;
        if (source->given || !path || path->kind != JSON_STRING) continue;
        free(source->recorded);
        source->path = source->recorded = memory_format("%s", path->string);
    }
    json_free(record);
    return true;
}

static void put_settings(const struct run *run, struct json_out *o)
{
    const struct ganrt_model *model = run->model;
    json_key(o, "settings");
    json_open(o, '{');
    for (uint32_t i = 0; i < model->nsettings; i++) {
        json_key(o, model->settings[i].name);
        if (model->settings[i].text) json_string(o, model->settings[i].text);
        else if (model->settings[i].boolean) json_bool(o, run->frame.settings[i] != 0);
        else json_number(o, run->frame.settings[i]);
    }
    json_close(o);
}

static void put_data(const struct run *run, struct json_out *o)
{
    json_key(o, "data");
    json_open(o, '{');
    for (uint32_t i = 0; i < run->nsources; i++) {
        const struct run_source *source = &run->sources[i];
        if (!source->data) continue;
        json_key(o, source->name);
        json_open(o, '{');
        json_key(o, "path");
        json_string(o, source->path);
        json_key(o, "items");
        json_integer(o, source->count);
        json_key(o, "files");
        data_fingerprint(source->data, o);
        json_close(o);
    }
    json_close(o);
}

/* Are two values the same JSON? */
static bool equal(const struct json_value *a, const struct json_value *b)
{
    if (!a || !b) return a == b;
    if (a->kind != b->kind || a->count != b->count) return false;
    if (a->kind == JSON_STRING) return !strcmp(a->string, b->string);
    if (a->kind == JSON_NUMBER) return a->number == b->number;
    if (a->kind == JSON_BOOL) return a->truth == b->truth;
    const struct json_value *x = a->first, *y = b->first;
    for (; x && y; x = x->next, y = y->next)
        if (!equal(x, y)) return false;
    return x == y;
}

static void compare_data(const struct run *run, const struct json_value *old, const struct json_value *new)
{
    for (uint32_t i = 0; i < run->nsources; i++) {
        const char *name = run->sources[i].name;
        const struct json_value *a = run->sources[i].data ? record_of(old, name) : NULL, *b = a ? record_of(new, name) : NULL;
        if (!b) continue;
        if (!equal(json_get(a, "files"), json_get(b, "files")) || !equal(json_get(a, "items"), json_get(b, "items")))
            error_warning("'%s' is not the data this run began with: the rest of the run follows the new one", run->sources[i].path);
    }
}

static void print_record(const struct run *run, struct json_out *o)
{
    const struct ganrt_model *model = run->model;
    char seed[24]; /* a text: JSON readers round whole numbers over 2^53 */
    snprintf(seed, sizeof seed, "%" PRIu64, run->seed);
    o->pretty = true;
    json_open(o, '{');
    json_key(o, "model");
    json_string(o, model->name);
    json_key(o, "ganc");
    json_string(o, model->compiler);
    json_key(o, "abi");
    json_integer(o, model->abi);
    json_key(o, "cpu");
    json_string(o, model->cpu);
    json_key(o, "dtype");
    json_string(o, model->f64 ? "f64" : "f32");
    json_key(o, "seed");
    if (run->seed < (UINT64_C(1) << 53)) json_integer(o, (int64_t)run->seed);
    else json_string(o, seed);
    put_settings(run, o);
    put_data(run, o);
    json_close(o);
    json_newline(o);
}

bool folder_record(struct training *t, struct error *e)
{
    const struct ganrt_model *model = t->run->model;
    struct json_out o = {0};
    print_record(t->run, &o);
    struct json_value *old = read_record(t), *new = json_parse(o.text, o.length, NULL);
    compare_data(t->run, old, new);
    compare_source(t);
    char *source = memory_format("%s/model.gan", t->out), *record = memory_format("%s/run.json", t->out);
    bool ok = !model->source || durable_text(source, model->source, strlen(model->source), e);
    ok = ok && durable_text(record, o.text, o.length, e);
    json_free(old);
    json_free(new);
    json_done(&o);
    free(source);
    free(record);
    return ok;
}

/* Is it NAME.tmpPID-N, what durable_write leaves where the process is killed while it writes? */
static bool is_leftover(const char *name)
{
    const char *at = strrchr(name, '.');
    if (!at || strncmp(at, ".tmp", 4)) return false;
    size_t process = strspn(at + 4, "0123456789");
    const char *rest = at + 4 + process;
    return process && *rest == '-' && rest[1] && strspn(rest + 1, "0123456789") == strlen(rest + 1);
}

static void sweep(const struct training *t, const char *name)
{
    char *folder = memory_format("%s%s", t->out, name);
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (!is_leftover(entry->d_name)) continue;
        char *path = memory_format("%s/%s", folder, entry->d_name);
        unlink(path);
        free(path);
    }
    if (dir) closedir(dir);
    free(folder);
}

bool folder_lock(struct training *t, struct error *e)
{
    if (!durable_mkdirs(t->out, e) || !make(t, "checkpoints", e) || !make(t, "pictures", e)) return false;
    char *path = memory_format("%s/metrics.jsonl", t->out);
    t->metrics = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    bool ok = t->metrics >= 0 || error_set(e, "cannot open '%s': %s", path, strerror(errno));
    /* File systems without locks go without. */
    if (ok && flock(t->metrics, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        ok = error_set(e, "'%s': another trainer is writing to this run", t->out);
    free(path);
    if (!ok) return false;
    sweep(t, "");
    sweep(t, "/checkpoints");
    sweep(t, "/pictures");
    return true;
}
