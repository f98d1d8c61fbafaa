/* metrics.c: metrics.jsonl: a JSON object a line, for programs. After a resume it reads as if there had been no interruption: lines
 * of steps that are done again are dropped first, and each line is written whole. */
#define _GNU_SOURCE
#include "durable.h"
#include "train.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool cannot(const struct training *t, const char *what, struct error *e)
{
    return error_set(e, "cannot %s '%s/metrics.jsonl': %s", what, t->out, strerror(errno));
}

/* The step of a line, and its seconds; false where it is no line of ours (the machine stopped while it was written). */
static bool read_line(const char *text, size_t length, double *step, double *seconds)
{
    struct json_value *v = json_parse(text, length, NULL);
    const struct json_value *a = v && v->kind == JSON_OBJECT ? json_get(v, "step") : NULL;
    const struct json_value *b = a ? json_get(v, "seconds") : NULL;
    bool ok = a && a->kind == JSON_NUMBER && b && b->kind == JSON_NUMBER;
    if (ok) *step = a->number, *seconds = b->number;
    json_free(v);
    return ok;
}

bool metrics_begin(struct training *t, struct error *e)
{
    FILE *file = fdopen(dup(t->metrics), "r");
    if (!file) return cannot(t, "read", e);
    rewind(file);
    char *text = NULL;
    size_t room = 0;
    off_t kept = 0;
    for (ssize_t n; (n = getline(&text, &room, file)) > 0; kept += n) {
        double step, seconds;
        if (text[n - 1] != '\n' || !read_line(text, (size_t)n, &step, &seconds) || step > (double)t->total) break;
        t->earlier = seconds;
    }
    bool ok = !ferror(file);
    free(text);
    fclose(file);
    if (!ok) return cannot(t, "read", e);
    return ftruncate(t->metrics, kept) == 0 || cannot(t, "shorten", e);
}

bool metrics_sync(struct training *t, struct error *e)
{
    return fsync(t->metrics) == 0 || errno == EINVAL || cannot(t, "write", e);
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

bool metrics_line(struct training *t, struct error *e)
{
    const struct ganrt_model *model = t->run->model;
    struct json_out *o = &t->line;
    *o = (struct json_out){.text = o->text, .capacity = o->capacity}; /* nothing is allocated while training */
    json_open(o, '{');
    json_key(o, "step");
    json_integer(o, (int64_t)t->total);
    json_key(o, "block");
    json_string(o, model->trains[t->block].name);
    json_key(o, "epoch");
    json_number(o, training_epoch(t));
    json_key(o, "seconds");
    json_number(o, round(training_seconds(t) * 1000) / 1000);
    for (uint32_t i = 0; i < model->nresults; i++) {
        if (!metrics_has(t, i)) continue;
        json_key(o, t->names[i]);
        json_number(o, t->run->frame.results[i]);
    }
    json_close(o);
    json_newline(o);
    return durable_append(t->metrics, o->text, o->length) || cannot(t, "write", e);
}
