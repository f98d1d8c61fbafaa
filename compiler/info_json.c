/* info_json.c: `ganc info --json`. docs/info.md lists the keys; a key that is there stays, with its meaning. */
#include "base/buffer.h"
#include "info.h"
#include "json.h"

struct writing {
    struct json_out out;
    const struct compilation *c;
    const struct program *p;
    struct arena *mem;
};

static void key_string(struct writing *w, const char *key, const char *text)
{
    json_key(&w->out, key);
    json_string(&w->out, text);
}

static void key_integer(struct writing *w, const char *key, int64_t x)
{
    json_key(&w->out, key);
    json_integer(&w->out, x);
}

static void key_value(struct writing *w, const char *key, const struct sexpr *e)
{
    json_key(&w->out, key);
    if (!e) json_null(&w->out);
    else if (e->kind == SEXPR_NUMBER) json_number(&w->out, e->number);
    else json_string(&w->out, info_value(w->mem, w->p, e));
}

static void open_list(struct writing *w, const char *key)
{
    json_key(&w->out, key);
    json_open(&w->out, '[');
}

static void key_shape(struct writing *w, struct type t)
{
    open_list(w, "shape");
    for (uint32_t i = 0; i < t.rank; i++) json_integer(&w->out, t.dim[i]);
    json_close(&w->out);
}

static void key_place(struct writing *w, struct span s)
{
    if (!s.file || s.file >= w->c->g->sources.n) return;
    const struct source *source = w->c->g->sources.at[s.file];
    uint32_t line, column;
    source_place(source, s.at, &line, &column);
    json_key(&w->out, "place");
    json_open(&w->out, '{');
    key_string(w, "file", source->name);
    key_integer(w, "line", line);
    key_integer(w, "column", column);
    json_close(&w->out);
}

static void data(struct writing *w)
{
    open_list(w, "data");
    for (uint32_t i = 0; i < w->p->data.n; i++) {
        const struct data *d = &w->p->data.at[i];
        json_open(&w->out, '{');
        key_string(w, "name", d->name);
        key_string(w, "field", d->field);
        key_shape(w, d->type);
        json_key(&w->out, "onehot"), json_bool(&w->out, d->onehot);
        json_key(&w->out, "range");
        if (d->onehot || d->any) json_null(&w->out);
        else json_open(&w->out, '['), json_number(&w->out, d->low), json_number(&w->out, d->high), json_close(&w->out);
        key_string(w, "from", d->from);
        json_key(&w->out, "slice");
        if (!d->sliced) json_null(&w->out);
        else {
            json_open(&w->out, '[');
            json_integer(&w->out, d->slice_low);
            if (d->slice_high < 0) json_null(&w->out);
            else json_integer(&w->out, d->slice_high);
            json_close(&w->out);
        }
        key_place(w, d->span);
        json_close(&w->out);
    }
    json_close(&w->out);
    open_list(w, "priors");
    for (uint32_t i = 0; i < w->p->priors.n; i++) {
        json_open(&w->out, '{');
        key_string(w, "name", w->p->priors.at[i].name);
        key_shape(w, w->p->priors.at[i].type);
        key_string(w, "distribution", w->p->priors.at[i].text);
        json_close(&w->out);
    }
    json_close(&w->out);
}

static void settings(struct writing *w)
{
    open_list(w, "settings");
    for (uint32_t i = 0; i < w->p->settings.n; i++) {
        const struct setting *s = &w->p->settings.at[i];
        json_open(&w->out, '{');
        key_string(w, "name", s->name);
        if (s->text) key_string(w, "value", s->text);
        else if (s->boolean && s->value && s->value->kind == SEXPR_NUMBER) json_key(&w->out, "value"), json_bool(&w->out, s->value->number != 0);
        else key_value(w, "value", s->value);
        json_key(&w->out, "fixed"), json_bool(&w->out, s->fixed);
        key_string(w, "doc", s->doc);
        key_place(w, s->span);
        json_close(&w->out);
    }
    json_close(&w->out);
}

static void inputs(struct writing *w, const struct net_info *n)
{
    open_list(w, "inputs");
    for (uint32_t i = 0; i < n->inputs.n; i++) {
        const struct net_input *in = &n->inputs.at[i];
        json_open(&w->out, '{');
        key_string(w, "name", in->name);
        key_shape(w, in->type);
        key_string(w, "source", in->prior >= 0 ? w->p->priors.at[in->prior].name : in->data >= 0 ? w->p->data.at[in->data].name : NULL);
        json_close(&w->out);
    }
    json_close(&w->out);
}

static void net(struct writing *w, const struct net_info *n)
{
    json_open(&w->out, '{');
    key_string(w, "name", n->name);
    key_shape(w, n->output);
    key_integer(w, "parameters", info_elements(w->p, n, NULL, TENSOR_PARAMETER));
    key_integer(w, "states", info_elements(w->p, n, NULL, TENSOR_NET_STATE));
    key_place(w, n->span);
    inputs(w, n);
    open_list(w, "calls");
    for (uint32_t i = 0; i < n->steps.n; i++) {
        const struct net_step *s = &n->steps.at[i];
        json_open(&w->out, '{');
        key_string(w, "call", s->what);
        key_string(w, "name", s->path);
        key_shape(w, s->type);
        key_integer(w, "parameters", s->path ? info_elements(w->p, n, s->path, TENSOR_PARAMETER) : 0);
        key_integer(w, "states", s->path ? info_elements(w->p, n, s->path, TENSOR_NET_STATE) : 0);
        key_place(w, s->span);
        json_close(&w->out);
    }
    json_close(&w->out);
    json_close(&w->out);
}

static void tensors(struct writing *w)
{
    static const char *const kinds[] = {[TENSOR_PARAMETER] = "parameter", [TENSOR_NET_STATE] = "state", [TENSOR_OPTIMIZER_STATE] = "optimizer",
                                        [TENSOR_SCHEDULE_STATE] = "schedule", [TENSOR_AVERAGE] = "average"};
    open_list(w, "tensors");
    for (uint32_t i = 0; i < w->p->tensors.n; i++) {
        const struct tensor *t = &w->p->tensors.at[i];
        json_open(&w->out, '{');
        key_string(w, "name", t->name);
        key_string(w, "kind", kinds[t->kind]);
        key_shape(w, t->type);
        key_integer(w, "elements", type_elements(t->type));
        key_string(w, "net", t->net >= 0 ? w->p->nets.at[t->net].name : NULL);
        key_string(w, "of", t->of >= 0 ? w->p->tensors.at[t->of].name : NULL);
        json_close(&w->out);
    }
    json_close(&w->out);
}

/* The keys of a graph that runs: what it is made of once compiled. */
static void graph_keys(struct writing *w, uint32_t index)
{
    const struct graph *graph = w->p->graphs.at[index];
    key_string(w, "text", info_call(graph));
    key_integer(w, "batch", graph->batch);
    open_list(w, "sets");
    for (uint32_t i = 0; i < graph->effects.n; i++) json_string(&w->out, w->p->tensors.at[graph->effects.at[i].tensor].name);
    json_close(&w->out);
    open_list(w, "joins");
    for (uint32_t i = 0; i < graph->joins.n; i++) json_string(&w->out, info_call(w->p->graphs.at[graph->joins.at[i]]));
    json_close(&w->out);
    if (!w->c->kernels) return;
    key_integer(w, "values", graph->nodes.n);
    key_integer(w, "kernels", w->c->kernels->graphs.at[index].kernels.n);
    key_integer(w, "scratch", w->c->kernels->graphs.at[index].scratch_bytes);
}

/* One flat list, each statement with its depth: a schedule nests deeper than a reader of JSON need go. */
static void statements(struct writing *w, struct schedule *const *at, uint32_t n, uint32_t depth)
{
    static const char *const kinds[] = {
        [SCHEDULE_RUN] = "run", [SCHEDULE_REPEAT] = "repeat", [SCHEDULE_EVERY] = "every", [SCHEDULE_IF] = "if", [SCHEDULE_LET] = "let", [SCHEDULE_SET] = "set"};
    for (uint32_t i = 0; i < n; i++) {
        const struct schedule *s = at[i];
        json_open(&w->out, '{');
        key_string(w, "kind", kinds[s->kind]);
        key_integer(w, "depth", depth);
        if (s->kind == SCHEDULE_RUN) graph_keys(w, s->index);
        else key_value(w, "value", s->value);
        if (s->kind == SCHEDULE_SET) key_string(w, "tensor", w->p->tensors.at[s->index].name);
        if (s->kind == SCHEDULE_LET) key_integer(w, "slot", s->index);
        key_place(w, s->span);
        json_close(&w->out);
        statements(w, s->body.at, s->body.n, depth + 1);
        if (!s->otherwise.n) continue;
        json_open(&w->out, '{');
        key_string(w, "kind", "else");
        key_integer(w, "depth", depth);
        json_close(&w->out);
        statements(w, s->otherwise.at, s->otherwise.n, depth + 1);
    }
}

static void training(struct writing *w)
{
    open_list(w, "train");
    for (uint32_t i = 0; i < w->p->trains.n; i++) {
        const struct train *t = &w->p->trains.at[i];
        json_open(&w->out, '{');
        key_string(w, "name", t->name);
        key_integer(w, "batch", t->batch);
        key_value(w, t->steps ? "steps" : "epochs", t->steps ? t->steps : t->epochs);
        key_place(w, t->span);
        open_list(w, "statements");
        statements(w, t->body.at, t->body.n, 0);
        json_close(&w->out);
        json_close(&w->out);
    }
    json_close(&w->out);
    open_list(w, "reports");
    for (uint32_t i = 0; i < w->p->reports.n; i++) {
        json_open(&w->out, '{');
        key_string(w, "name", w->p->reports.at[i].name);
        key_value(w, "every", w->p->reports.at[i].every);
        graph_keys(w, w->p->reports.at[i].graph);
        json_close(&w->out);
    }
    json_close(&w->out);
    open_list(w, "pictures");
    for (uint32_t i = 0; i < w->p->pictures.n; i++) {
        json_open(&w->out, '{');
        key_string(w, "name", w->p->pictures.at[i].name);
        key_value(w, "every", w->p->pictures.at[i].every);
        key_integer(w, "rows", w->p->pictures.at[i].rows);
        key_integer(w, "columns", w->p->pictures.at[i].columns);
        json_close(&w->out);
    }
    json_close(&w->out);
}

static void memory(struct writing *w)
{
    static const char *const kinds[] = {[TENSOR_PARAMETER] = "parameters", [TENSOR_NET_STATE] = "net_states", [TENSOR_OPTIMIZER_STATE] = "optimizer_states",
                                        [TENSOR_SCHEDULE_STATE] = "schedule_states", [TENSOR_AVERAGE] = "averages"};
    const struct kernels *k = w->c->kernels;
    json_key(&w->out, "memory");
    json_open(&w->out, '{');
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) key_integer(w, kinds[kind], info_sum(w->p, (enum tensor_kind)kind).bytes);
    if (k) {
        key_integer(w, "tensors", k->tensor_bytes);
        key_integer(w, "scratch", k->arena_bytes - k->tensor_bytes);
        key_integer(w, "arena", k->arena_bytes);
        key_integer(w, "tile", k->worker_bytes);
    }
    json_close(&w->out);
}

void info_json(struct buffer *to, const struct compilation *c)
{
    struct writing w = {.out = {.pretty = true}, .c = c, .p = c->program, .mem = arena_new()};
    json_open(&w.out, '{');
    key_string(&w, "model", c->program->name);
    key_string(&w, "dtype", c->program->f64 ? "f64" : "f32");
    json_key(&w.out, "compiled"), json_bool(&w.out, c->kernels != NULL);
    data(&w);
    settings(&w);
    open_list(&w, "nets");
    for (uint32_t i = 0; i < c->program->nets.n; i++) net(&w, &c->program->nets.at[i]);
    json_close(&w.out);
    tensors(&w);
    training(&w);
    memory(&w);
    json_close(&w.out);
    buffer_put(to, "%s\n", w.out.text);
    json_done(&w.out);
    arena_free(w.mem);
}
