/* info_text.c: `ganc info` for people. */
#include "base/buffer.h"
#include "info.h"

#include <string.h>

struct printing {
    struct buffer *to;
    const struct compilation *c;
    const struct program *p;
    struct arena *mem;
};

struct info_sum info_sum(const struct program *p, enum tensor_kind kind)
{
    struct info_sum s = {0};
    for (uint32_t i = 0; i < p->tensors.n; i++) {
        const struct tensor *t = &p->tensors.at[i];
        if (t->kind != kind) continue;
        int64_t n = type_elements(t->type);
        s.tensors++;
        s.elements += n;
        s.bytes += n * (p->f64 || t->f64 ? 8 : 4);
    }
    return s;
}

int64_t info_elements(const struct program *p, const struct net_info *net, const char *path, enum tensor_kind kind)
{
    int64_t n = 0;
    size_t length = path ? strlen(path) : 0;
    for (uint32_t i = 0; i < net->tensors.n; i++) {
        const struct tensor *t = &p->tensors.at[net->tensors.at[i]];
        enum tensor_kind is = t->kind == TENSOR_AVERAGE ? TENSOR_PARAMETER : t->kind; /* what a net computes with */
        if (is == kind && (!path || (!strncmp(t->name, path, length) && t->name[length] == '.'))) n += type_elements(t->type);
    }
    return n;
}

const char *info_value(struct arena *mem, const struct program *p, const struct sexpr *e)
{
    if (!e) return "";
    struct buffer b = {0};
    sexpr_print(&b, p, e);
    const char *text = arena_string(mem, b.text, b.length);
    buffer_free(&b);
    return text;
}

const char *info_call(const struct graph *graph)
{
    return graph->name ? graph->name : "";
}

static const char *count(const struct printing *t, int64_t n) /* 2,402,384 */
{
    const char *digits = arena_format(t->mem, "%lld", (long long)n);
    size_t length = strlen(digits);
    char *text = arena_take(t->mem, length + length / 3 + 2), *at = text;
    for (size_t i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0 && digits[i - 1] != '-') *at++ = ',';
        *at++ = digits[i];
    }
    return text;
}

static const char *bytes_text(const struct printing *t, int64_t bytes) /* 12.3 MB */
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    double x = (double)bytes / 1000;
    int unit = 0;
    if (bytes < 1000) return arena_format(t->mem, "%lld bytes", (long long)bytes);
    for (; x >= 999.95 && unit < 5; unit++) x /= 1000;
    return arena_format(t->mem, "%.1f %s", x, units[unit]);
}

static const char *shape(const struct printing *t, struct type type)
{
    struct buffer b = {0};
    type.batched = false;
    type_print(&b, type);
    const char *text = arena_string(t->mem, b.text, b.length);
    buffer_free(&b);
    return text;
}

/* "14:10", or where it is another file "layers.gan:5:5". */
static const char *place(const struct printing *t, struct span s, uint32_t home)
{
    if (!s.file || s.file >= t->c->g->sources.n) return "";
    const struct source *source = t->c->g->sources.at[s.file];
    uint32_t line, column;
    source_place(source, s.at, &line, &column);
    return s.file == home ? arena_format(t->mem, "%u:%u", line, column) : arena_format(t->mem, "%s:%u:%u", source->name, line, column);
}

static void data(const struct printing *t)
{
    const struct program *p = t->p;
    for (uint32_t i = 0; i < p->data.n; i++) {
        const struct data *d = &p->data.at[i];
        if (!i) buffer_put(t->to, "\ndata\n");
        buffer_put(t->to, "  %s%s%s : %s", d->name, d->field ? "." : "", d->field ? d->field : "", shape(t, d->type));
        if (d->onehot) buffer_put(t->to, " onehot");
        else if (d->any) buffer_put(t->to, " in any");
        else {
            buffer_put(t->to, " in [");
            buffer_number(t->to, d->low);
            buffer_put(t->to, ", ");
            buffer_number(t->to, d->high);
            buffer_put(t->to, "]");
        }
        if (d->from) buffer_put(t->to, " from "), buffer_quoted(t->to, d->from);
        if (d->sliced && d->slice_high < 0) buffer_put(t->to, " [%lld:]", (long long)d->slice_low);
        else if (d->sliced) buffer_put(t->to, " [%lld:%lld]", (long long)d->slice_low, (long long)d->slice_high);
        buffer_put(t->to, "\n");
    }
    for (uint32_t i = 0; i < p->priors.n; i++)
        buffer_put(t->to, "%s  %s : %s ~ %s\n", i ? "" : "\npriors\n", p->priors.at[i].name, shape(t, p->priors.at[i].type),
                   p->priors.at[i].text ? p->priors.at[i].text : "");
}

static void settings(const struct printing *t)
{
    const struct program *p = t->p;
    for (uint32_t i = 0; i < p->settings.n; i++) {
        const struct setting *s = &p->settings.at[i];
        double x = s->value && s->value->kind == SEXPR_NUMBER ? s->value->number : 0;
        const char *value = s->text ? s->text : info_value(t->mem, p, s->value);
        if (s->boolean && s->value && s->value->kind == SEXPR_NUMBER) value = x != 0 ? "true" : "false";
        size_t doc = s->doc ? strcspn(s->doc, "\n") : 0;
        buffer_put(t->to, "%s  %-16s = %-12s %-6s", i ? "" : "\nsettings\n", s->name, value, s->fixed ? "fixed" : "");
        if (doc) buffer_put(t->to, "  %.*s", (int)doc, s->doc);
        while (t->to->text[t->to->length - 1] == ' ') t->to->length--;
        buffer_put(t->to, "\n");
    }
}

static void net(const struct printing *t, const struct net_info *n)
{
    buffer_put(t->to, "\nnet %s(", n->name);
    for (uint32_t i = 0; i < n->inputs.n; i++) {
        const struct net_input *in = &n->inputs.at[i];
        const struct data *d = in->prior < 0 && in->data >= 0 ? &t->p->data.at[in->data] : NULL;
        const char *source = in->prior >= 0 ? t->p->priors.at[in->prior].name : d ? d->name : NULL;
        buffer_put(t->to, "%s%s : %s%s%s%s%s", i ? ", " : "", in->name, shape(t, in->type), source ? " ~ " : "", source ? source : "", d && d->field ? "." : "",
                   d && d->field ? d->field : "");
    }
    int64_t states = info_elements(t->p, n, NULL, TENSOR_NET_STATE);
    buffer_put(t->to, ") -> %s: %s parameters", shape(t, n->output), count(t, info_elements(t->p, n, NULL, TENSOR_PARAMETER)));
    if (states) buffer_put(t->to, ", %s values of states", count(t, states));
    buffer_put(t->to, "\n");
    for (uint32_t i = 0; i < n->steps.n; i++) {
        const struct net_step *s = &n->steps.at[i];
        const char *own = s->path ? count(t, info_elements(t->p, n, s->path, TENSOR_PARAMETER)) : "";
        if (!i) buffer_put(t->to, "  %-18s %-18s %-18s %12s   %s\n", "call", "named", "output", "parameters", "place");
        buffer_put(t->to, "  %-18s %-18s %-18s %12s   %s\n", s->what, s->path ? s->path : "", shape(t, s->type), own, place(t, s->span, n->span.file));
    }
}

static void sums(const struct printing *t)
{
    static const char *const names[] = {[TENSOR_PARAMETER] = "parameters",
                                        [TENSOR_NET_STATE] = "states of nets",
                                        [TENSOR_OPTIMIZER_STATE] = "states of optimizers",
                                        [TENSOR_SCHEDULE_STATE] = "states of the schedule",
                                        [TENSOR_AVERAGE] = "averages of parameters"};
    buffer_put(t->to, "\ntensors\n");
    for (size_t kind = 0; kind < sizeof names / sizeof *names; kind++) {
        struct info_sum s = info_sum(t->p, (enum tensor_kind)kind);
        if (!s.tensors) continue;
        buffer_put(t->to, "  %-24s %6u tensor%s %16s values %12s\n", names[kind], s.tensors, s.tensors == 1 ? " " : "s", count(t, s.elements),
                   bytes_text(t, s.bytes));
    }
}

static void graph_line(const struct printing *t, uint32_t index, uint32_t indent, const char *before)
{
    const struct graph *graph = t->p->graphs.at[index];
    const struct kernel_graph *kg = t->c->kernels ? &t->c->kernels->graphs.at[index] : NULL;
    struct buffer line = {0};
    buffer_put(&line, "%*s%s%s", (int)indent, "", before, info_call(graph));
    if (kg) {
        int width = line.length < 60 ? 60 - (int)line.length : 1;
        buffer_put(&line, "%*s%u values, %u kernels, scratch %s", width, "", graph->nodes.n, kg->kernels.n, bytes_text(t, kg->scratch_bytes));
    }
    buffer_put(t->to, "%s\n", line.text);
    for (uint32_t i = 0; i < graph->joins.n; i++) {
        line.length = 0;
        buffer_put(&line, "%*s%s%s", (int)indent, "", before, info_call(t->p->graphs.at[graph->joins.at[i]]));
        buffer_put(&line, "%*sin these kernels, too", line.length < 60 ? 60 - (int)line.length : 1, "");
        buffer_put(t->to, "%s\n", line.text);
    }
    buffer_free(&line);
}

static void statements(const struct printing *t, struct schedule *const *at, uint32_t n, uint32_t indent)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct schedule *s = at[i];
        const char *value = info_value(t->mem, t->p, s->value);
        switch (s->kind) {
        case SCHEDULE_RUN: graph_line(t, s->index, indent, ""); continue;
        case SCHEDULE_LET: buffer_put(t->to, "%*slet $%u = %s\n", (int)indent, "", s->index, value); continue;
        case SCHEDULE_SET: buffer_put(t->to, "%*s%s <- %s\n", (int)indent, "", t->p->tensors.at[s->index].name, value); continue;
        case SCHEDULE_REPEAT: buffer_put(t->to, "%*srepeat %s\n", (int)indent, "", value); break;
        case SCHEDULE_EVERY: buffer_put(t->to, "%*severy %s\n", (int)indent, "", value); break;
        case SCHEDULE_IF: buffer_put(t->to, "%*sif %s\n", (int)indent, "", value); break;
        }
        statements(t, s->body.at, s->body.n, indent + 2);
        if (s->otherwise.n) buffer_put(t->to, "%*selse\n", (int)indent, "");
        statements(t, s->otherwise.at, s->otherwise.n, indent + 2);
    }
}

static void training(const struct printing *t)
{
    const struct program *p = t->p;
    buffer_put(t->to, "\ntraining\n");
    for (uint32_t i = 0; i < p->trains.n; i++) {
        const struct train *b = &p->trains.at[i];
        buffer_put(t->to, "  %s: batch %lld, %s %s\n", b->name, (long long)b->batch, info_value(t->mem, p, b->steps ? b->steps : b->epochs),
                   b->steps ? "steps" : "epochs");
        statements(t, b->body.at, b->body.n, 4);
    }
    for (uint32_t i = 0; i < p->reports.n; i++) {
        const struct report *r = &p->reports.at[i];
        graph_line(t, r->graph, 2, r->every ? arena_format(t->mem, "every %s: ", info_value(t->mem, p, r->every)) : "");
    }
    for (uint32_t i = 0; i < p->pictures.n; i++) {
        const struct picture *c = &p->pictures.at[i];
        const char *every = c->every ? arena_format(t->mem, ", every %s", info_value(t->mem, p, c->every)) : "";
        buffer_put(t->to, "  picture %s: %lld x %lld%s\n", c->name, (long long)c->rows, (long long)c->columns, every);
    }
}

void info_text(struct buffer *to, const struct compilation *c)
{
    struct printing t = {to, c, c->program, arena_new()};
    const struct kernels *k = c->kernels;
    buffer_put(to, "%s (%s)\n", c->program->name, c->program->f64 ? "f64" : "f32");
    data(&t);
    settings(&t);
    for (uint32_t i = 0; i < c->program->nets.n; i++) net(&t, &c->program->nets.at[i]);
    sums(&t);
    training(&t);
    if (k) buffer_put(to, "\nmemory\n  tensors %s, scratch %s: %s; and a tile of %s for each thread\n", bytes_text(&t, k->tensor_bytes),
                      bytes_text(&t, k->arena_bytes - k->tensor_bytes), bytes_text(&t, k->arena_bytes), bytes_text(&t, k->worker_bytes));
    else buffer_put(to, "\nmemory\n  not known: the model cannot be compiled as it is\n");
    arena_free(t.mem);
}
