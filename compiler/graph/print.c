/* print.c: a whole program as text: everything that struct program holds, so that program_parse gives it back.
 *
 * The layout follows the order of a paper: settings, data, nets; then graphs; then the schedule that runs them; last the
 * model's own text, which all places (@line:column+length) refer to. compiler/docs/ir.md is the format. */
#include "graph/print.h"

#include <inttypes.h>
#include <string.h>

enum { DECLARATION_PLACE = 60, LIST_WIDTH = 100 };

void print_line(struct printer *t)
{
    buffer_bytes(t->to, "\n", 1);
    t->line = t->to->length;
}

void print_column(struct printer *t, uint32_t column)
{
    uint32_t at = 0;
    for (size_t i = t->line; i < t->to->length; i++)
        at += ((unsigned char)t->to->text[i] & 0xc0) != 0x80; /* characters, not bytes */
    do
        buffer_bytes(t->to, " ", 1);
    while (++at < column);
}

const char *print_file_name(const struct printer *t, uint32_t file)
{
    const char *name = t->g->sources.at[file]->name;
    return t->folder && !strncmp(name, t->g->sources.at[t->model]->name, t->folder) ? name + t->folder : name;
}

/* A file of the library prints bare and without its <stdlib/...>, one that the model imports in quotes. */
static void print_file(struct printer *t, uint32_t file)
{
    const char *name = print_file_name(t, file);
    size_t length = strlen(name);
    if (!t->g->sources.at[file]->library) {
        buffer_quoted(t->to, name);
        t->mentioned[file] = true;
    } else if (length > 9 && !strncmp(name, "<stdlib/", 8))
        buffer_bytes(t->to, name + 8, length - 9);
    else
        buffer_put(t->to, "%s", name);
    buffer_put(t->to, ":");
}

static const struct source *place_source(const struct printer *t, struct span s)
{
    return s.file < t->g->sources.n ? t->g->sources.at[s.file] : NULL;
}

/* layers.gan:8:9+31 */
static void print_spot(struct printer *t, const struct source *source, struct span s)
{
    if (s.file != t->model)
        print_file(t, s.file);
    uint32_t line, place, at = s.at < source->length ? s.at : (uint32_t)source->length;
    uint32_t rest = (uint32_t)source->length - at;
    source_place(source, at, &line, &place);
    buffer_put(t->to, "%" PRIu32 ":%" PRIu32 "+%" PRIu32, line, place, s.length < rest ? s.length : rest);
}

void print_place(struct printer *t, uint32_t column, struct span s)
{
    const struct source *source = place_source(t, s);
    if (!source)
        return;
    print_column(t, column);
    buffer_put(t->to, "@");
    print_spot(t, source, s);
    struct span call = s.call < t->g->calls.n ? t->g->calls.at[s.call] : (struct span){0};
    const struct source *caller = place_source(t, call);
    if (caller) {
        buffer_put(t->to, " from ");
        print_spot(t, caller, call);
    }
    if (s.role)
        buffer_put(t->to, " %s", text_roles[s.role]);
}

/* What is black and what is white: ` in [-1, 1]`, or ` in any`. */
static void print_scale(struct printer *t, double low, double high, bool any)
{
    buffer_put(t->to, any ? " in any" : " in");
    if (any && low == 0 && high == 0)
        return;
    buffer_put(t->to, " ");
    print_interval(t, low, high, false, false);
}

static void print_text(struct printer *t, const char *word, const char *text)
{
    if (!text)
        return;
    buffer_put(t->to, " %s ", word);
    buffer_quoted(t->to, text);
}

static void print_value(struct printer *t, const char *before, const struct sexpr *e)
{
    if (!e)
        return;
    buffer_put(t->to, "%s", before);
    text_sexpr(t->to, t->names, e);
}

static void print_named(struct printer *t, const char *word, const char *name)
{
    buffer_put(t->to, "%s ", word);
    text_name(t->to, name);
}

static void print_reference(struct printer *t, const char *word, enum name_space space, uint32_t index)
{
    buffer_put(t->to, " %s ", word);
    text_reference(t->to, t->names, space, index);
}

/* `word a, b, c` on as many lines as it takes; a line that ends in a comma goes on. */
static void print_list(struct printer *t, const char *word, enum name_space space, const uint32_t *at, uint32_t n)
{
    if (!n)
        return;
    buffer_put(t->to, "    %s", word);
    for (uint32_t i = 0; i < n; i++) {
        if (t->to->length - t->line > LIST_WIDTH) {
            print_line(t);
            buffer_put(t->to, "       ");
        }
        buffer_put(t->to, " ");
        text_reference(t->to, t->names, space, at[i]);
        if (i + 1 < n)
            buffer_put(t->to, ",");
    }
    print_line(t);
}

/* ---- declarations ---- */

static void print_setting(struct printer *t, const struct setting *s)
{
    print_named(t, "setting", s->name);
    print_value(t, " = ", s->value);
    buffer_put(t->to, "%s%s", s->fixed ? " fixed" : "", s->boolean ? " boolean" : "");
    print_text(t, "text", s->text);
    print_text(t, "doc", s->doc);
    print_place(t, DECLARATION_PLACE, s->span);
    print_line(t);
}

static void print_data(struct printer *t, const struct data *d)
{
    print_named(t, "data", d->name);
    if (d->field)
        print_named(t, " field", d->field);
    buffer_put(t->to, " : ");
    print_type(t, d->type);
    print_scale(t, d->low, d->high, d->any);
    buffer_put(t->to, "%s source %" PRIu32, d->onehot ? " onehot" : "", d->source);
    print_text(t, "from", d->from);
    if (d->sliced || d->slice_low || d->slice_high != -1) {
        buffer_put(t->to, " %s %" PRId64 ":", d->sliced ? "slice" : "unsliced", d->slice_low);
        if (d->slice_high != -1)
            buffer_put(t->to, "%" PRId64, d->slice_high);
    }
    print_place(t, DECLARATION_PLACE, d->span);
    print_line(t);
}

static void print_tensor(struct printer *t, const struct tensor *x)
{
    print_named(t, "tensor", x->name);
    buffer_put(t->to, " : ");
    print_type(t, x->type);
    buffer_put(t->to, " %s", text_tensor_kinds[x->kind]);
    if (x->net >= 0)
        print_reference(t, "net", NAME_NET, (uint32_t)x->net);
    if (x->of >= 0)
        print_reference(t, "of", NAME_TENSOR, (uint32_t)x->of);
    buffer_put(t->to, "%s", x->f64 ? " f64" : "");
    print_place(t, DECLARATION_PLACE, x->span);
    print_line(t);
}

static void print_net(struct printer *t, const struct net_info *n)
{
    print_named(t, "net", n->name);
    buffer_put(t->to, " : ");
    print_type(t, n->output);
    if (n->graph >= 0)
        buffer_put(t->to, " graph %" PRId32, n->graph);
    print_place(t, DECLARATION_PLACE, n->span);
    print_line(t);
    for (uint32_t i = 0; i < n->inputs.n; i++) {
        const struct net_input *x = &n->inputs.at[i];
        print_named(t, "    input", x->name);
        buffer_put(t->to, " : ");
        print_type(t, x->type);
        if (x->prior >= 0)
            print_reference(t, "prior", NAME_PRIOR, (uint32_t)x->prior);
        if (x->data >= 0)
            print_reference(t, "data", NAME_DATA, (uint32_t)x->data);
        print_line(t);
    }
    print_list(t, "tensors", NAME_TENSOR, n->tensors.at, n->tensors.n);
}

static void print_gap(struct printer *t, bool wanted)
{
    if (wanted)
        print_line(t);
}

static void print_declarations(struct printer *t)
{
    const struct program *p = t->p;
    print_gap(t, p->settings.n);
    for (uint32_t i = 0; i < p->settings.n; i++)
        print_setting(t, &p->settings.at[i]);
    print_gap(t, p->data.n || p->priors.n);
    for (uint32_t i = 0; i < p->data.n; i++)
        print_data(t, &p->data.at[i]);
    for (uint32_t i = 0; i < p->priors.n; i++) {
        print_named(t, "prior", p->priors.at[i].name);
        buffer_put(t->to, " : ");
        print_type(t, p->priors.at[i].type);
        print_text(t, "~", p->priors.at[i].text);
        print_line(t);
    }
    print_gap(t, p->tensors.n);
    for (uint32_t i = 0; i < p->tensors.n; i++)
        print_tensor(t, &p->tensors.at[i]);
    print_gap(t, p->nets.n);
    for (uint32_t i = 0; i < p->nets.n; i++)
        print_net(t, &p->nets.at[i]);
    print_gap(t, p->counters.n || p->results.n);
    for (uint32_t i = 0; i < p->counters.n; i++) {
        print_named(t, "counter", p->counters.at[i]);
        print_line(t);
    }
    for (uint32_t i = 0; i < p->results.n; i++) {
        print_named(t, "result", p->results.at[i]);
        print_line(t);
    }
}

/* ---- the schedule ---- */

static void print_schedule(struct printer *t, const struct schedule *s, uint32_t depth);

static void print_body(struct printer *t, struct schedule *const *at, uint32_t n, uint32_t depth)
{
    for (uint32_t i = 0; i < n; i++)
        print_schedule(t, at[i], depth);
}

static void print_run(struct printer *t, const struct schedule *s)
{
    buffer_put(t->to, "run %" PRIu32, s->index);
    for (uint32_t i = 0; i < s->counters.n; i++) {
        buffer_put(t->to, i ? ", " : " advance ");
        text_reference(t->to, t->names, NAME_COUNTER, s->counters.at[i]);
    }
    print_place(t, 0, s->span);
    const char *name = s->index < t->p->graphs.n ? t->p->graphs.at[s->index]->name : NULL;
    if (name && !strpbrk(name, "\n\r"))
        buffer_put(t->to, "  # %s", name);
    print_line(t);
}

static void print_schedule(struct printer *t, const struct schedule *s, uint32_t depth)
{
    static const char *const words[] = {
        [SCHEDULE_REPEAT] = "repeat", [SCHEDULE_EVERY] = "every", [SCHEDULE_IF] = "if", [SCHEDULE_LET] = "let", [SCHEDULE_SET] = "set"};
    buffer_put(t->to, "%*s", (int)(4 * depth), "");
    if (s->kind == SCHEDULE_RUN) {
        print_run(t, s);
        return;
    }
    buffer_put(t->to, "%s ", words[s->kind]);
    if (s->kind == SCHEDULE_LET)
        buffer_put(t->to, "$%" PRIu32 " = ", s->index);
    if (s->kind == SCHEDULE_SET) {
        text_reference(t->to, t->names, NAME_TENSOR, s->index);
        buffer_put(t->to, " = ");
    }
    print_value(t, "", s->value);
    print_place(t, 0, s->span);
    if (s->kind == SCHEDULE_LET || s->kind == SCHEDULE_SET) {
        print_line(t);
        return;
    }
    buffer_put(t->to, " {");
    print_line(t);
    print_body(t, s->body.at, s->body.n, depth + 1);
    if (s->otherwise.n) {
        buffer_put(t->to, "%*s} else {", (int)(4 * depth), "");
        print_line(t);
        print_body(t, s->otherwise.at, s->otherwise.n, depth + 1);
    }
    buffer_put(t->to, "%*s}", (int)(4 * depth), "");
    print_line(t);
}

static void print_train(struct printer *t, const struct train *b)
{
    print_named(t, "train", b->name);
    buffer_put(t->to, " batch %" PRId64, b->batch);
    print_value(t, " steps ", b->steps);
    print_value(t, " epochs ", b->epochs);
    if (b->vars)
        buffer_put(t->to, " vars %" PRIu32, b->vars);
    if (b->epoch_data >= 0)
        print_reference(t, "over", NAME_DATA, (uint32_t)b->epoch_data);
    print_place(t, 0, b->span);
    print_line(t);
    print_list(t, "counters", NAME_COUNTER, b->counters.at, b->counters.n);
    print_body(t, b->body.at, b->body.n, 1);
}

static void print_readings(struct printer *t)
{
    for (uint32_t i = 0; i < t->p->reports.n; i++) {
        const struct report *r = &t->p->reports.at[i];
        print_named(t, "report", r->name);
        buffer_put(t->to, " graph %" PRIu32, r->graph);
        if (r->gather >= 0)
            buffer_put(t->to, " gather %" PRId32, r->gather);
        print_value(t, " every ", r->every);
        print_place(t, DECLARATION_PLACE, r->span);
        print_line(t);
    }
    for (uint32_t i = 0; i < t->p->pictures.n; i++) {
        const struct picture *c = &t->p->pictures.at[i];
        print_named(t, "picture", c->name);
        buffer_put(t->to, " graph %" PRIu32, c->graph);
        print_value(t, " every ", c->every);
        buffer_put(t->to, " rows %" PRId64 " columns %" PRId64 " tile ", c->rows, c->columns);
        print_type(t, c->type);
        buffer_put(t->to, "%s", c->image ? " image" : "");
        print_scale(t, c->low, c->high, c->any);
        print_place(t, DECLARATION_PLACE, c->span);
        print_line(t);
    }
}

/* ---- sources ---- */

static void print_source(struct printer *t, const char *word, const char *name, const char *text, size_t length)
{
    print_line(t);
    buffer_put(t->to, "%s ", word);
    buffer_quoted(t->to, name);
    print_line(t);
    for (size_t at = 0; at < length;) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t stop = end ? (size_t)(end - text) : length;
        buffer_put(t->to, stop > at ? "| " : "|");
        buffer_bytes(t->to, text + at, stop - at);
        print_line(t);
        at = stop + 1;
    }
    if (length && text[length - 1] != '\n') {
        buffer_put(t->to, "\\ no newline at the end");
        print_line(t);
    }
}

static void print_sources(struct printer *t)
{
    const struct source *model = t->g->sources.at[t->model];
    if (model)
        print_source(t, "source", print_file_name(t, t->model), model->text, model->length);
    else if (t->p->source)
        print_source(t, "source", "", t->p->source, strlen(t->p->source));
    for (uint32_t k = 0; k < t->p->imports.n; k++) { /* all of them: the texts together are the model */
        uint32_t i = t->p->imports.at[k];
        t->mentioned[i] = false;
        print_source(t, "import", print_file_name(t, i), t->g->sources.at[i]->text, t->g->sources.at[i]->length);
    }
    for (uint32_t i = 1; i < t->g->sources.n; i++)
        if (t->mentioned[i] && i != t->model)
            print_source(t, "import", print_file_name(t, i), t->g->sources.at[i]->text, t->g->sources.at[i]->length);
}

/* The file whose text program->source is: the model's. */
static uint32_t model_file(const struct ganc *g, const struct program *p)
{
    for (uint32_t i = 1; p->source && i < g->sources.n; i++)
        if (g->sources.at[i]->text == p->source)
            return i;
    for (uint32_t i = 1; p->source && i < g->sources.n; i++)
        if (!g->sources.at[i]->library && !strcmp(g->sources.at[i]->text, p->source))
            return i;
    return 0;
}

struct printer printer_new(struct buffer *to, const struct ganc *g, const struct program *p, struct arena *mem)
{
    struct printer t = {.to = to, .g = g, .p = p, .line = to->length, .model = model_file(g, p)};
    t.mentioned = NEW_ARRAY(mem, bool, g->sources.n);
    t.names = text_names_new(mem, p);
    const char *slash = t.model ? strrchr(g->sources.at[t.model]->name, '/') : NULL;
    t.folder = slash ? (size_t)(slash - g->sources.at[t.model]->name) + 1 : 0;
    return t;
}

void program_print_as(struct buffer *to, const struct ganc *g, const struct program *p, const char *stage, print_part *part, void *self)
{
    struct arena *mem = arena_new();
    struct printer t = printer_new(to, g, p, mem);
    buffer_put(to, "ganc %s %d\n", stage, TEXT_VERSION);
    print_named(&t, "model", p->name);
    buffer_put(to, " %s streams %" PRIu32 "\n", p->f64 ? "f64" : "f32", p->streams);
    t.line = to->length;
    print_declarations(&t);
    part(&t, NULL, self);
    for (uint32_t i = 0; i < p->graphs.n; i++) {
        print_line(&t);
        part(&t, p->graphs.at[i], self);
    }
    if (p->setup.n) {
        buffer_put(to, "\nsetup\n");
        t.line = to->length;
        print_body(&t, p->setup.at, p->setup.n, 1);
    }
    for (uint32_t i = 0; i < p->trains.n; i++) {
        print_line(&t);
        print_train(&t, &p->trains.at[i]);
    }
    print_gap(&t, p->reports.n || p->pictures.n);
    print_readings(&t);
    print_sources(&t);
    arena_free(mem);
}

static void print_nodes(struct printer *t, const struct graph *graph, void *self)
{
    (void)self;
    if (graph)
        print_graph(t, graph);
}

void program_print(struct buffer *to, const struct ganc *g, const struct program *p)
{
    program_print_as(to, g, p, text_stages[p->stage], print_nodes, NULL);
}

void graph_print(struct buffer *to, const struct ganc *g, const struct program *p, const struct graph *graph)
{
    struct arena *mem = arena_new();
    struct printer t = printer_new(to, g, p, mem);
    print_graph(&t, graph);
    arena_free(mem);
}
