/* tool_info.c: `trainer info`: what the model is: nets, parameters, data, settings, schedule, memory. */
#include "tool.h"

#include "json.h"

#include <stdio.h>
#include <stdlib.h>

static int64_t scratch_bytes(const struct ganrt_model *model)
{
    return model->arena_bytes - model->tensor_bytes;
}

static const char *number(char text[32], double x)
{
    json_shortest(text, x);
    return text;
}

/* The source of a net's input, or NULL. */
static const char *input_source(const struct ganrt_model *model, const struct ganrt_net_input *input)
{
    return input->prior >= 0 ? model->priors[input->prior].name : input->data >= 0 ? model->data[input->data].name : NULL;
}

static void print_net(const struct ganrt_model *model, const struct ganrt_net *net)
{
    char shape[160], count[40];
    printf("\nnet %s(", net->name);
    for (uint32_t i = 0; i < net->ninputs; i++) {
        const struct ganrt_net_input *input = &net->inputs[i];
        const char *source = input_source(model, input);
        tool_shape(shape, sizeof shape, input->rank, input->dims);
        printf("%s%s : %s%s%s", i ? ", " : "", input->name, shape, source ? " ~ " : "", source ? source : "");
        if (input->data >= 0 && input->prior < 0 && model->data[input->data].field) printf(".%s", model->data[input->data].field);
    }
    tool_shape(shape, sizeof shape, net->rank, net->dims);
    tool_count(count, sizeof count, tool_parameters(model, net));
    printf(") -> %s: %s parameters\n", shape, count);
    for (uint32_t i = 0; i < net->ntensors; i++) {
        const struct ganrt_tensor *t = &model->tensors[net->tensors[i]];
        tool_shape(shape, sizeof shape, t->rank, t->dims);
        tool_count(count, sizeof count, t->elements);
        printf("  %-32s %-22s %14s%s\n", t->name, shape, count, t->kind == GANRT_PARAMETER ? "" : t->kind == GANRT_AVERAGE ? "  average" : "  state");
    }
}

static void print_data(const struct ganrt_model *model)
{
    char shape[160], a[32], b[32];
    if (model->ndata) printf("\ndata\n");
    for (uint32_t i = 0; i < model->ndata; i++) {
        const struct ganrt_data *d = &model->data[i];
        tool_shape(shape, sizeof shape, d->rank, d->dims);
        printf("  %s%s%s : %s ", d->name, d->field ? "." : "", d->field ? d->field : "", shape);
        if (d->onehot) printf("onehot");
        else if (d->any) printf("in any");
        else printf("in [%s, %s]", number(a, d->low), number(b, d->high));
        if (d->from) printf(" from \"%s\"", d->from);
        if (d->sliced && d->slice_high < 0) printf(" [%lld:]", (long long)d->slice_low);
        else if (d->sliced) printf(" [%lld:%lld]", (long long)d->slice_low, (long long)d->slice_high);
        printf("\n");
    }
    if (model->npriors) printf("\npriors\n");
    for (uint32_t i = 0; i < model->npriors; i++) {
        const struct ganrt_prior *p = &model->priors[i];
        tool_shape(shape, sizeof shape, p->rank, p->dims);
        printf("  %s : %s ~ %s\n", p->name, shape, p->text);
    }
}

static const char *setting_value(const struct run *run, uint32_t i, char text[32])
{
    const struct ganrt_setting *s = &run->model->settings[i];
    double x = run->frame.settings[i];
    return s->text ? s->text : s->boolean ? (x != 0 ? "true" : "false") : number(text, x);
}

static void print_schedule(struct run *run)
{
    const struct ganrt_model *model = run->model;
    char text[32];
    if (model->nsettings) printf("\nsettings\n");
    for (uint32_t i = 0; i < model->nsettings; i++) {
        const struct ganrt_setting *s = &model->settings[i];
        const char *doc = s->doc ? s->doc : "";
        printf("  %-20s = %-12s%s%s%.*s\n", s->name, setting_value(run, i, text), s->fixed ? " fixed" : "", *doc ? "  " : "", (int)strcspn(doc, "\n"), doc);
    }
    printf("\nschedule\n");
    for (uint32_t i = 0; i < model->ntrains; i++) {
        const struct ganrt_train *t = &model->trains[i];
        double length = t->steps ? t->steps(&run->frame) : t->epochs ? t->epochs(&run->frame) : 0;
        printf("  %s: batch %lld, %s %s\n", t->name, (long long)t->batch, number(text, length), t->steps ? "steps" : "epochs");
    }
    for (uint32_t i = 0; i < model->nreports; i++) printf("  report %s\n", model->reports[i].name);
    for (uint32_t i = 0; i < model->npictures; i++)
        printf("  picture %s: %lld x %lld\n", model->pictures[i].name, (long long)model->pictures[i].rows, (long long)model->pictures[i].columns);
}

static void print_memory(const struct run *run)
{
    const struct ganrt_model *model = run->model;
    int64_t tiles = model->worker_bytes * run->nthreads;
    char a[40], b[40], c[40], d[40];
    tool_bytes(a, sizeof a, model->tensor_bytes);
    tool_bytes(b, sizeof b, scratch_bytes(model));
    tool_bytes(c, sizeof c, tiles);
    tool_bytes(d, sizeof d, model->arena_bytes + tiles);
    printf("\nmemory\n  tensors %s, scratch %s, tiles %s (%u threads): %s\n", a, b, c, run->nthreads, d);
}

static void json_dims(struct json_out *o, const char *key, uint32_t rank, const int64_t *dims)
{
    json_key(o, key), json_open(o, '[');
    for (uint32_t i = 0; i < rank; i++) json_integer(o, dims[i]);
    json_close(o);
}

static void json_net(struct json_out *o, const struct ganrt_model *model, const struct ganrt_net *net)
{
    static const char *const kinds[] = {"parameter", "state", "optimizer", "schedule", "average"};
    json_open(o, '{');
    json_key(o, "name"), json_string(o, net->name);
    json_key(o, "parameters"), json_integer(o, tool_parameters(model, net));
    json_key(o, "inputs"), json_open(o, '[');
    for (uint32_t i = 0; i < net->ninputs; i++) {
        json_open(o, '{');
        json_key(o, "name"), json_string(o, net->inputs[i].name);
        json_dims(o, "shape", net->inputs[i].rank, net->inputs[i].dims);
        json_key(o, "source"), json_string(o, input_source(model, &net->inputs[i]));
        json_close(o);
    }
    json_close(o);
    json_dims(o, "shape", net->rank, net->dims);
    json_key(o, "tensors"), json_open(o, '[');
    for (uint32_t i = 0; i < net->ntensors; i++) {
        const struct ganrt_tensor *t = &model->tensors[net->tensors[i]];
        json_open(o, '{');
        json_key(o, "name"), json_string(o, t->name);
        json_key(o, "kind"), json_string(o, t->kind < sizeof kinds / sizeof *kinds ? kinds[t->kind] : NULL);
        json_dims(o, "shape", t->rank, t->dims);
        json_key(o, "elements"), json_integer(o, t->elements);
        json_close(o);
    }
    json_close(o);
    json_close(o);
}

static void json_data(struct json_out *o, const struct ganrt_model *model)
{
    json_key(o, "data"), json_open(o, '[');
    for (uint32_t i = 0; i < model->ndata; i++) {
        const struct ganrt_data *d = &model->data[i];
        json_open(o, '{');
        json_key(o, "name"), json_string(o, d->name);
        json_key(o, "field"), json_string(o, d->field);
        json_dims(o, "shape", d->rank, d->dims);
        json_key(o, "onehot"), json_bool(o, d->onehot != 0);
        json_key(o, "range");
        if (d->onehot || d->any) json_null(o);
        else json_open(o, '['), json_number(o, d->low), json_number(o, d->high), json_close(o);
        json_key(o, "from"), json_string(o, d->from);
        json_key(o, "slice");
        if (!d->sliced) json_null(o);
        else json_open(o, '['), json_integer(o, d->slice_low), json_integer(o, d->slice_high), json_close(o);
        json_close(o);
    }
    json_close(o);
    json_key(o, "priors"), json_open(o, '[');
    for (uint32_t i = 0; i < model->npriors; i++) {
        json_open(o, '{');
        json_key(o, "name"), json_string(o, model->priors[i].name);
        json_dims(o, "shape", model->priors[i].rank, model->priors[i].dims);
        json_key(o, "distribution"), json_string(o, model->priors[i].text);
        json_close(o);
    }
    json_close(o);
}

static void json_schedule(struct json_out *o, struct run *run)
{
    const struct ganrt_model *model = run->model;
    json_key(o, "settings"), json_open(o, '[');
    for (uint32_t i = 0; i < model->nsettings; i++) {
        const struct ganrt_setting *s = &model->settings[i];
        double x = run->frame.settings[i];
        json_open(o, '{');
        json_key(o, "name"), json_string(o, s->name);
        json_key(o, "value");
        if (s->text) json_string(o, s->text);
        else if (s->boolean) json_bool(o, x != 0);
        else json_number(o, x);
        json_key(o, "fixed"), json_bool(o, s->fixed != 0);
        json_key(o, "doc"), json_string(o, s->doc);
        json_close(o);
    }
    json_close(o);
    json_key(o, "train"), json_open(o, '[');
    for (uint32_t i = 0; i < model->ntrains; i++) {
        const struct ganrt_train *t = &model->trains[i];
        json_open(o, '{');
        json_key(o, "name"), json_string(o, t->name);
        json_key(o, "batch"), json_integer(o, t->batch);
        if (t->steps) json_key(o, "steps"), json_number(o, t->steps(&run->frame));
        else if (t->epochs) json_key(o, "epochs"), json_number(o, t->epochs(&run->frame));
        json_close(o);
    }
    json_close(o);
}

static void print_json(struct run *run, const char *file, uint64_t step)
{
    const struct ganrt_model *model = run->model;
    struct json_out o = {.pretty = true};
    json_open(&o, '{');
    json_key(&o, "model"), json_string(&o, model->name);
    json_key(&o, "dtype"), json_string(&o, model->f64 ? "f64" : "f32");
    json_key(&o, "cpu"), json_string(&o, model->cpu);
    json_key(&o, "compiler"), json_string(&o, model->compiler);
    if (file) json_key(&o, "checkpoint"), json_string(&o, file), json_key(&o, "step"), json_integer(&o, (int64_t)step);
    json_key(&o, "nets"), json_open(&o, '[');
    for (uint32_t i = 0; i < model->nnets; i++) json_net(&o, model, &model->nets[i]);
    json_close(&o);
    json_data(&o, model);
    json_schedule(&o, run);
    json_key(&o, "memory"), json_open(&o, '{');
    json_key(&o, "tensors"), json_integer(&o, model->tensor_bytes);
    json_key(&o, "scratch"), json_integer(&o, scratch_bytes(model));
    json_key(&o, "tiles"), json_integer(&o, model->worker_bytes * run->nthreads);
    json_key(&o, "total"), json_integer(&o, model->arena_bytes + model->worker_bytes * run->nthreads);
    json_close(&o);
    json_close(&o);
    puts(o.text);
    json_done(&o);
}

/* file: the checkpoint's, or NULL */
static void print_text(struct run *run, const char *file, uint64_t step)
{
    const struct ganrt_model *model = run->model;
    printf("%s (%s, for %s, by ganc %s)\n", model->name, model->f64 ? "f64" : "f32", model->cpu, model->compiler);
    if (file) printf("checkpoint %s, step %llu\n", file, (unsigned long long)step);
    for (uint32_t i = 0; i < model->nnets; i++) print_net(model, &model->nets[i]);
    print_data(model);
    print_schedule(run);
    print_memory(run);
}

int tool_info(struct run *run, int argc, char **argv)
{
    bool json = false;
    const char *folder = NULL, *checkpoint = NULL;
    char *file = NULL;
    uint64_t step = 0;
    struct error e = {""};
    const struct option table[] = {
        {"run", OPTION_TEXT, &folder, 0, 0, "DIR", "with a run's folder: its newest checkpoint, and its settings", NULL},
        {"checkpoint", OPTION_TEXT, &checkpoint, 0, 0, "FILE", "this checkpoint instead", NULL},
        {"json", OPTION_FLAG, &json, 0, 0, NULL, "print it as JSON", NULL},
        {"threads", OPTION_THREADS, NULL, 0, 0, "N", "count the memory of N threads (default: one a processor)", NULL},
    };
    const struct options_command command = {
        "info", "Prints what the model is: nets, parameters, data, settings, schedule, memory.", NULL, table, sizeof table / sizeof *table, true};
    int status = options_parse(run, &command, argc, argv, NULL);
    if (status >= 0) return status;
    /* Steps may be counted by a state: the arena must be there, though all zeros. */
    if (!run_allocate(run, &e)) return error_line("%s", e.text);
    const char *from = checkpoint ? checkpoint : folder;
    if (from && !run_load(run, from, &step, &file, &e)) return error_line("%s", e.text);
    if (json) print_json(run, file, step);
    else print_text(run, file, step);
    free(file);
    return 0;
}
