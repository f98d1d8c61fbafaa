/* metrics.c: metrics.jsonl: a JSON object a line, for programs. After a resume it reads as if there had been no interruption: lines
 * of steps that are done again are dropped first, and each line is written whole. That none is lost besides, metrics_record.c knows. */
#define _GNU_SOURCE
#include "checksum.h"
#include "durable.h"
#include "train.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool cannot(const struct training *t, const char *what, struct error *e)
{
    return error_set(e, "cannot %s '%s/metrics.jsonl': %s", what, t->out, strerror(errno));
}

/* A line that is there; NULL where it is none of ours (the machine stopped while it was written, or a disk lost it), or says that training was set back, which
 * the state does not know. */
static struct json_value *read_line(const struct training *t, const char *text, size_t length, double *step, double *seconds)
{
    struct json_value *v = length && text[length - 1] == '\n' ? json_parse(text, length, NULL) : NULL;
    const struct json_value *a = v && v->kind == JSON_OBJECT ? json_get(v, "step") : NULL;
    const struct json_value *b = a ? json_get(v, "seconds") : NULL;
    const struct json_value *back = a ? json_get(v, "rollback") : NULL;
    bool known = !back || (back->kind == JSON_NUMBER && back->number <= (double)trace_rollbacks(t));
    if (known && a && a->kind == JSON_NUMBER && a->integer && a->whole >= 0 && b && b->kind == JSON_NUMBER) {
        *step = a->number, *seconds = b->number;
        return v;
    }
    json_free(v);
    return NULL;
}

struct kept { /* what stays of the log when a run is resumed */
    uint64_t bytes, lines;   /* up to the last line of a step that is not done again */
    double step;             /* its step */
    uint64_t damaged, first; /* lines before it that are none; the number of the first */
};

/* Blanks, which JSON allows before a line: the same bytes but for the damage, wherever the machine stops. */
static bool blank(const struct training *t, uint64_t from, uint64_t to, struct error *e)
{
    char *path = memory_format("%s/metrics.jsonl", t->out);
    char spaces[256];
    memset(spaces, ' ', sizeof spaces);
    int fd = open(path, O_WRONLY | O_CLOEXEC); /* t->metrics only appends */
    bool ok = fd >= 0;
    while (ok && from < to) {
        ssize_t n = pwrite(fd, spaces, to - from < sizeof spaces ? to - from : sizeof spaces, (off_t)from);
        if (n < 0 && errno == EINTR) continue;
        ok = n > 0;
        if (ok) from += (uint64_t)n;
    }
    ok = ok || cannot(t, "mend", e);
    if (fd >= 0) close(fd);
    free(path);
    return ok;
}

/* Lines of later steps end the log, and are dropped. What cannot be read, or is of a later step, where lines of earlier ones follow, is blanked. */
static bool measure(struct training *t, FILE *file, struct kept *k, struct error *e)
{
    char *text = NULL;
    size_t room = 0;
    uint64_t at = 0, number = 0, bad = 0;
    bool ok = true;
    for (ssize_t n; ok && (n = getline(&text, &room, file)) > 0; at += (uint64_t)n) {
        double step, seconds;
        struct json_value *line = read_line(t, text, (size_t)n, &step, &seconds);
        number++;
        if (line && step <= (double)t->total) {
            if (bad > k->damaged && !k->first) k->first = number - (bad - k->damaged);
            ok = bad == k->damaged || blank(t, k->bytes, at, e);
            *k = (struct kept){at + (uint64_t)n, k->lines + 1, step, bad, k->first};
            t->earlier = seconds;
            best_line(t, (uint64_t)step, line);
            alarms_line(t, line);
        } else {
            bad++;
        }
        json_free(line);
    }
    free(text);
    return ok && (!ferror(file) || cannot(t, "read", e));
}

/* The checksum of the first `bytes`. With `until` it is compared there: is it that of the record? */
static bool add_up(struct training *t, FILE *file, uint64_t bytes, const struct metrics_record *until, bool *same, struct error *e)
{
    char room[4096];
    *same = !until;
    rewind(file);
    checksum_end(t->log.sum);
    t->log.sum = checksum_begin();
    for (t->log.bytes = 0; t->log.bytes < bytes;) {
        uint64_t goal = until && t->log.bytes < until->bytes && until->bytes < bytes ? until->bytes : bytes, left = goal - t->log.bytes;
        size_t n = fread(room, 1, left < sizeof room ? (size_t)left : sizeof room, file);
        if (!n) return cannot(t, "read", e);
        checksum_add(t->log.sum, room, n);
        t->log.bytes += n;
        if (until && t->log.bytes == until->bytes) *same = checksum_value(t->log.sum) == until->sum;
    }
    if (until && !until->bytes) *same = true;
    return true;
}

/* Says what of the log is not as it was when the checkpoint was made. */
static void compare(const struct training *t, const struct kept *k, const struct metrics_record *was)
{
    if (k->damaged == 1) error_warning("'%s/metrics.jsonl': line %" PRIu64 " is damaged; it is left out", t->out, k->first);
    if (k->damaged > 1)
        error_warning("'%s/metrics.jsonl': %" PRIu64 " of its lines are damaged, the first is line %" PRIu64 "; they are left out", t->out,
                      k->damaged, k->first);
    if (!was) return;
    if (k->lines < was->lines && k->lines)
        error_warning("'%s/metrics.jsonl' has lost lines: of the %" PRIu64 " up to step %" PRIu64 " %" PRIu64 " are there, the last of step %.0f", t->out,
                      was->lines, t->total, k->lines, k->step);
    else if (k->lines < was->lines)
        error_warning("'%s/metrics.jsonl' has lost all of its %" PRIu64 " lines up to step %" PRIu64, t->out, was->lines, t->total);
    else if (!k->damaged)
        error_warning("'%s/metrics.jsonl' was changed since step %" PRIu64 " was saved", t->out, t->total);
}

bool metrics_begin(struct training *t, struct error *e)
{
    FILE *file = fdopen(dup(t->metrics), "r");
    if (!file) return cannot(t, "read", e);
    struct kept k = {0};
    bool same = false;
    rewind(file);
    metrics_record_read(t);
    best_rewind(t);
    const struct metrics_record *was = metrics_record_of(t, t->total);
    bool ok = measure(t, file, &k, e) && add_up(t, file, k.bytes, was, &same, e);
    fclose(file);
    if (!ok) return false;
    if (was ? !same || k.damaged || k.lines != was->lines : k.damaged) compare(t, &k, was);
    t->log.lines = k.lines;
    if (ftruncate(t->metrics, (off_t)k.bytes) != 0) return cannot(t, "shorten", e);
    return best_resume(t, e);
}

bool metrics_sync(struct training *t, struct error *e)
{
    return durable_sync(t->metrics) || cannot(t, "write", e);
}

static uint32_t report_result(const struct training *t, uint32_t report)
{
    const struct ganrt_graph *graph = &t->run->model->graphs[t->run->model->reports[report].graph];
    for (uint32_t i = 0; i < graph->noutputs; i++)
        if (graph->outputs[i].kind == 1) return graph->outputs[i].result;
    return UINT32_MAX;
}

/* What ran in this block: objectives as they last were, reports only where they were evaluated at this very step. */
bool metrics_has(const struct training *t, uint32_t result)
{
    bool has = run_result_known(t->run, result);
    for (uint32_t r = 0; r < t->run->model->nreports && has; r++)
        if (report_result(t, r) == result) has = t->fresh[r];
    return has;
}

static struct json_out *begin_line(struct training *t)
{
    struct json_out *o = &t->line;
    *o = (struct json_out){.text = o->text, .capacity = o->capacity}; /* nothing is allocated while training */
    json_open(o, '{');
    json_key(o, "step");
    json_integer(o, (int64_t)t->total);
    json_key(o, "block");
    json_string(o, t->run->model->trains[t->block].name);
    json_key(o, "epoch");
    json_number(o, training_epoch(t));
    json_key(o, "seconds");
    json_number(o, round(training_seconds(t) * 1000) / 1000);
    return o;
}

static bool end_line(struct training *t, struct error *e)
{
    json_close(&t->line);
    json_newline(&t->line);
    if (!durable_append(t->metrics, t->line.text, t->line.length)) return cannot(t, "write", e);
    checksum_add(t->log.sum, t->line.text, t->line.length);
    t->log.bytes += t->line.length;
    t->log.lines++;
    return true;
}

bool metrics_rollback(struct training *t, uint64_t from, uint64_t number, struct error *e)
{
    struct json_out *o = begin_line(t);
    json_key(o, "rollback");
    json_integer(o, (int64_t)number);
    json_key(o, "from");
    json_integer(o, (int64_t)from);
    return end_line(t, e);
}

bool metrics_line(struct training *t, struct error *e)
{
    const struct ganrt_model *model = t->run->model;
    struct json_out *o = begin_line(t);
    for (uint32_t i = 0; i < model->nresults; i++) {
        if (!metrics_has(t, i)) continue;
        json_key(o, t->names[i]);
        json_number(o, t->run->frame.results[i]);
    }
    alarms_put(t, o);
    return end_line(t, e);
}
