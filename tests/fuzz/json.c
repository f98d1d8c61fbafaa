/* json.c: fuzz target: any text as JSON; as the metrics.jsonl of a run that is resumed, and plotted; as its run.json. What follows a line "---" is the run's
 * saved.json. What must hold: no crash, no leak, bounded time and memory; a value that is read is written and read again as the same; resuming keeps whole
 * lines from the front, and twice the same. */
#define _GNU_SOURCE
#include "checksum.h"
#include "curves.h"
#include "model.h"
#include "train.h"

#include <fcntl.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void write_value(struct json_out *o, const struct json_value *v)
{
    switch (v->kind) {
    case JSON_NULL: json_null(o); break;
    case JSON_BOOL: json_bool(o, v->truth); break;
    case JSON_NUMBER:
        if (v->integer) json_integer(o, v->whole);
        else json_number(o, v->number);
        break;
    case JSON_STRING: json_string(o, v->string); break;
    default:
        json_open(o, v->kind == JSON_ARRAY ? '[' : '{');
        for (const struct json_value *i = v->first; i; i = i->next) {
            if (v->kind == JSON_OBJECT) json_key(o, i->key);
            write_value(o, i);
        }
        json_close(o);
    }
}

static bool equal(const struct json_value *a, const struct json_value *b)
{
    if (a->kind != b->kind || a->count != b->count || !a->key != !b->key || (a->key && strcmp(a->key, b->key))) return false;
    if (a->kind == JSON_STRING) return !strcmp(a->string, b->string);
    if (a->kind == JSON_NUMBER) return a->number == b->number && (!a->integer || !b->integer || a->whole == b->whole);
    if (a->kind == JSON_BOOL) return a->truth == b->truth;
    const struct json_value *x = a->first, *y = b->first;
    for (; x && y; x = x->next, y = y->next)
        if (!equal(x, y)) return false;
    return x == y;
}

static void as_json(const char *text, size_t length)
{
    struct error e = {""};
    struct json_value *v = json_parse(text, length, &e);
    must(v || e.text[0], "an error without a text");
    for (int pretty = 0; v && pretty < 2; pretty++) {
        struct json_out o = {.pretty = pretty};
        write_value(&o, v);
        struct json_value *again = json_parse(o.text, o.length, &e);
        must(again != NULL, e.text);
        must(equal(v, again), "written and read again it is another value");
        json_free(again);
        json_done(&o);
    }
    json_free(v);
}

/* What stays of the log is lines of the steps up to this one. */
static void check_log(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t room = 0;
    must(file != NULL, "the log is gone");
    for (ssize_t n; (n = getline(&text, &room, file)) > 0;) {
        struct json_value *line = json_parse(text, (size_t)n, NULL);
        const struct json_value *step = json_get(line, "step");
        must(step && step->integer && step->whole >= 0 && step->whole <= 50, "a line without a step of this run stays");
        json_free(line);
    }
    free(text);
    fclose(file);
}

/* Resumes at step 50, and writes down how much of the log there is, as before a checkpoint. */
static off_t resume(struct run *run, const char *path)
{
    char *name = (char *)"V";
    struct error e = {""};
    struct stat s;
    struct training t = {.run = run, .out = (char *)model_folder(), .total = 50, .saved = 49, .names = &name, .best = {.path = (char *)"none"}};
    t.metrics = open(path, O_RDWR | O_CLOEXEC);
    must(metrics_begin(&t, &e), e.text);
    must(fstat(t.metrics, &s) == 0 && isfinite(t.earlier), "the seconds before are no number");
    must(t.log.bytes == (uint64_t)s.st_size && t.log.lines <= t.log.bytes, "the log is not as long as it is");
    check_log(path);
    must(metrics_record_write(&t, &e), e.text);
    close(t.metrics);
    checksum_end(t.log.sum);
    return s.st_size;
}

static void as_metrics(const uint8_t *bytes, size_t size, const uint8_t *saved, size_t room)
{
    char *path = model_file("metrics.jsonl", bytes, size), *record = model_file("saved.json", saved, room);
    struct error e = {""};
    struct curves c;
    bool ok = curves_read(&c, path, &e);
    must(ok || strstr(e.text, path), "an error that does not name the file");
    for (uint32_t i = 0; ok && i < c.count; i++) must(curves_find(&c, c.at[i].name, &e) == &c.at[i], "a metric is not found by its name");
    curves_free(&c);
    struct run *run = model_run();
    off_t kept = resume(run, path);
    must(kept <= (off_t)size && (!kept || bytes[kept - 1] == '\n'), "a line is kept in part");
    must(resume(run, path) == kept, "resuming twice is not resuming once");
    run_free(run);
    free(record);
    free(path);
}

static void as_record(const uint8_t *bytes, size_t size)
{
    char *path = model_file("run.json", bytes, size);
    struct error e = {""};
    struct run *run = model_run();
    struct training t = {.run = run, .out = (char *)model_folder(), .metrics = -1};
    must(folder_resume(&t, &e), e.text);
    run->sources[0].path = model_points(); /* whatever was recorded */
    must(run_open_source(run, 0, &e), e.text);
    must(folder_record(&t, &e), e.text);
    run_free(run);
    free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char mark[] = "\n---\n";
    const uint8_t *at = memmem(bytes, size, mark, 5), *saved = at ? at + 5 : bytes;
    size_t room = (size_t)(bytes + size - saved);
    if (at) size = (size_t)(at + 1 - bytes);
    as_json((const char *)bytes, size);
    as_metrics(bytes, size, saved, room);
    as_record(bytes, size);
    return 0;
}
