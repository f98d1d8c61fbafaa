/* parse.c: reads a program's text back: the declarations, the schedule, and what leads through them.
 *
 * Lists refer to each other in all directions (a tensor names its net, a net its graph and tensors), so the names of all
 * declarations are gathered first; then one pass from top to bottom builds the program, which program_verify checks as a whole. */
#include "graph/parse.h"

#include <string.h>

/* Bounds of what is read, far above what is ever written: of blocks in blocks, and of a train block's slots. */
enum { MOST_NESTING = 100, MOST_VARS = 65536 };

/* ---- declarations ---- */

static void parse_setting(struct parse *s)
{
    struct setting x = {.name = parse_name(s, "a setting's name")};
    if (parse_accept(s, '='))
        x.value = parse_expression(s);
    x.fixed = parse_accept_word(s, "fixed");
    x.boolean = parse_accept_word(s, "boolean");
    if (parse_accept_word(s, "text"))
        x.text = parse_string(s);
    if (parse_accept_word(s, "doc"))
        x.doc = parse_string(s);
    x.span = parse_place(s);
    vec_push(s->g->mem, &s->p->settings, x);
}

/* in [-1, 1], in any, in any [0, 255] */
static void parse_scale(struct parse *s, double *low, double *high, bool *any)
{
    parse_expect_word(s, "in");
    *any = parse_accept_word(s, "any");
    *low = *high = 0;
    if (*any && !parse_is(s, '['))
        return;
    const struct token *t = parse_peek(s, 0);
    struct range r = parse_range(s);
    if (r.low_open || r.high_open)
        parse_wrong(s, t, "the interval of data", "closed");
    *low = r.low;
    *high = r.high;
}

static void parse_slice(struct parse *s, struct data *x)
{
    x->sliced = parse_accept_word(s, "slice");
    x->slice_high = -1;
    if (!x->sliced && !parse_accept_word(s, "unsliced"))
        return;
    x->slice_low = parse_integer(s, "a slice's bound", INT64_MIN, INT64_MAX);
    parse_expect(s, ':');
    if (parse_is(s, TOKEN_NUMBER) || parse_is(s, '-'))
        x->slice_high = parse_integer(s, "a slice's bound", INT64_MIN, INT64_MAX);
}

static void parse_data(struct parse *s)
{
    struct data x = {.name = parse_name(s, "a data set's name")};
    if (parse_accept_word(s, "field"))
        x.field = parse_name(s, "a field's name");
    parse_expect(s, ':');
    x.type = parse_type(s, false);
    parse_scale(s, &x.low, &x.high, &x.any);
    x.onehot = parse_accept_word(s, "onehot");
    parse_expect_word(s, "source");
    x.source = (uint32_t)parse_integer(s, "a source's number", 0, UINT32_MAX);
    if (parse_accept_word(s, "from"))
        x.from = parse_string(s);
    parse_slice(s, &x);
    x.span = parse_place(s);
    vec_push(s->g->mem, &s->p->data, x);
}

static void parse_prior(struct parse *s)
{
    struct prior_info x = {.name = parse_name(s, "a prior's name")};
    parse_expect(s, ':');
    x.type = parse_type(s, false);
    if (parse_accept(s, '~'))
        x.text = parse_string(s);
    vec_push(s->g->mem, &s->p->priors, x);
}

static void parse_tensor(struct parse *s)
{
    struct tensor x = {.name = parse_name(s, "a tensor's name"), .net = -1, .of = -1};
    parse_expect(s, ':');
    x.type = parse_type(s, false);
    x.kind = parse_choice(s, text_tensor_kinds, 5, "a tensor's kind");
    if (parse_accept_word(s, "net"))
        x.net = (int32_t)parse_reference(s, NAME_NET);
    if (parse_accept_word(s, "of"))
        x.of = (int32_t)parse_reference(s, NAME_TENSOR);
    x.f64 = parse_accept_word(s, "f64");
    x.span = parse_place(s);
    vec_push(s->g->mem, &s->p->tensors, x);
}

uint32_t parse_graph_number(struct parse *s)
{
    const struct token *t = parse_peek(s, 0);
    uint32_t graph = (uint32_t)parse_integer(s, "a graph's number", 0, UINT32_MAX);
    if (graph >= s->graphs)
        parse_wrong(s, t, "a graph's number", "that of a graph of this text");
    return graph;
}

static void parse_net_input(struct parse *s, struct net_info *net)
{
    struct net_input x = {.name = parse_name(s, "an input's name"), .prior = -1, .data = -1};
    parse_expect(s, ':');
    x.type = parse_type(s, false);
    if (parse_accept_word(s, "prior"))
        x.prior = (int32_t)parse_reference(s, NAME_PRIOR);
    if (parse_accept_word(s, "data"))
        x.data = (int32_t)parse_reference(s, NAME_DATA);
    vec_push(s->g->mem, &net->inputs, x);
}

static void parse_references(struct parse *s, enum name_space space, uint32_t **at, uint32_t *n)
{
    VEC(uint32_t) list = {0};
    do
        vec_push(s->g->mem, &list, parse_reference(s, space));
    while (parse_accept(s, ','));
    *at = list.at;
    *n = s->bad ? 0 : list.n;
}

static void parse_net(struct parse *s)
{
    struct net_info x = {.name = parse_name(s, "a net's name"), .graph = -1};
    parse_expect(s, ':');
    x.output = parse_type(s, false);
    if (parse_accept_word(s, "graph"))
        x.graph = (int32_t)parse_graph_number(s);
    x.span = parse_place(s);
    parse_line(s);
    while (!parse_peek(s, 0)->first) {
        if (parse_accept_word(s, "input"))
            parse_net_input(s, &x);
        else if (parse_accept_word(s, "tensors"))
            parse_references(s, NAME_TENSOR, &x.tensors.at, &x.tensors.n);
        else
            parse_failed(s, "input or tensors");
        parse_line(s);
    }
    vec_push(s->g->mem, &s->p->nets, x);
}

/* ---- the schedule ---- */

static struct schedule *parse_schedule(struct parse *s);

static void parse_run(struct parse *s, struct schedule *x)
{
    x->index = parse_graph_number(s);
    if (parse_accept_word(s, "advance"))
        parse_references(s, NAME_COUNTER, &x->counters.at, &x->counters.n);
}

/* `{`, lines, `}`: the closing bracket's line goes on */
static void parse_block(struct parse *s, struct schedule *x, bool otherwise)
{
    const struct token *t = parse_peek(s, 0);
    parse_expect(s, '{');
    if (s->nesting >= MOST_NESTING) {
        diag(s->g, E0612, parse_span(s, t), "a block", MOST_NESTING);
        s->bad = true;
    }
    if (!parse_line(s))
        return;
    s->nesting++;
    while (!parse_is(s, '}') && !parse_peek(s, 0)->first) {
        struct schedule *inner = parse_schedule(s);
        if (otherwise)
            vec_push(s->g->mem, &x->otherwise, inner);
        else
            vec_push(s->g->mem, &x->body, inner);
    }
    s->nesting--;
    parse_expect(s, '}');
}

static struct schedule *parse_schedule(struct parse *s)
{
    static const char *const words[] = {"run", "repeat", "every", "if", "let", "set"}; /* enum schedule_kind */
    struct schedule *x = NEW(s->g->mem, struct schedule);
    x->kind = parse_choice(s, words, 6, "run, repeat, every, if, let or set");
    if (x->kind == SCHEDULE_RUN)
        parse_run(s, x);
    else {
        const struct token *t = parse_peek(s, 0);
        if (x->kind == SCHEDULE_LET) {
            parse_expect(s, TOKEN_SLOT);
            x->index = t->index;
        } else if (x->kind == SCHEDULE_SET)
            x->index = parse_reference(s, NAME_TENSOR);
        if (x->kind == SCHEDULE_LET || x->kind == SCHEDULE_SET)
            parse_expect(s, '=');
        x->value = parse_expression(s);
    }
    x->span = parse_place(s);
    if (x->kind == SCHEDULE_REPEAT || x->kind == SCHEDULE_EVERY || x->kind == SCHEDULE_IF) {
        parse_block(s, x, false);
        if (x->kind == SCHEDULE_IF && parse_accept_word(s, "else"))
            parse_block(s, x, true);
    }
    parse_line(s);
    return x;
}

static void parse_setup(struct parse *s)
{
    parse_line(s);
    while (!parse_peek(s, 0)->first)
        vec_push(s->g->mem, &s->p->setup, parse_schedule(s));
}

static void parse_train(struct parse *s)
{
    struct train x = {.name = parse_name(s, "a train block's name"), .epoch_data = -1};
    parse_expect_word(s, "batch");
    x.batch = parse_integer(s, "a batch", 1, MAX_ELEMENTS);
    if (parse_accept_word(s, "steps"))
        x.steps = parse_expression(s);
    if (parse_accept_word(s, "epochs"))
        x.epochs = parse_expression(s);
    if (parse_accept_word(s, "vars"))
        x.vars = (uint32_t)parse_integer(s, "vars", 0, MOST_VARS);
    if (parse_accept_word(s, "over"))
        x.epoch_data = (int32_t)parse_reference(s, NAME_DATA);
    x.span = parse_place(s);
    parse_line(s);
    while (!parse_peek(s, 0)->first) {
        if (parse_accept_word(s, "counters")) {
            parse_references(s, NAME_COUNTER, &x.counters.at, &x.counters.n);
            parse_line(s);
        } else
            vec_push(s->g->mem, &x.body, parse_schedule(s));
    }
    vec_push(s->g->mem, &s->p->trains, x);
}

static void parse_report(struct parse *s)
{
    struct report x = {.name = parse_name(s, "a report's name"), .gather = -1};
    parse_expect_word(s, "graph");
    x.graph = parse_graph_number(s);
    if (parse_accept_word(s, "gather"))
        x.gather = (int32_t)parse_graph_number(s);
    if (parse_accept_word(s, "every"))
        x.every = parse_expression(s);
    x.span = parse_place(s);
    vec_push(s->g->mem, &s->p->reports, x);
}

static void parse_picture(struct parse *s)
{
    struct picture x = {.name = parse_name(s, "a picture's name")};
    parse_expect_word(s, "graph");
    x.graph = parse_graph_number(s);
    if (parse_accept_word(s, "every"))
        x.every = parse_expression(s);
    parse_expect_word(s, "rows");
    x.rows = parse_integer(s, "rows", 1, MAX_ELEMENTS);
    parse_expect_word(s, "columns");
    x.columns = parse_integer(s, "columns", 1, MAX_ELEMENTS);
    parse_expect_word(s, "tile");
    x.type = parse_type(s, false);
    x.image = parse_accept_word(s, "image");
    parse_scale(s, &x.low, &x.high, &x.any);
    x.span = parse_place(s);
    vec_push(s->g->mem, &s->p->pictures, x);
}

/* ---- the whole text ---- */

static void declare(struct parse *s, enum name_space space, uint32_t at)
{
    const struct token *list = s->tokens.list.at, *name = &list[at + 1];
    const char *key = name->text;
    if (name->kind != TOKEN_WORD && name->kind != TOKEN_STRING)
        return;
    if (space == NAME_DATA && list[at + 2].kind == TOKEN_WORD && !strcmp(list[at + 2].text, "field") && list[at + 3].text)
        key = intern(s->g, arena_format(s->g->mem, "%s.%s", key, list[at + 3].text));
    bool first = key_map_add(s->g->mem, &s->names[space], (uintptr_t)key, s->counts[space]++);
    if (!first && space != NAME_COUNTER && space != NAME_RESULT) /* those are only for readers */
        diag(s->g, E0604, parse_span(s, name), text_spaces[space], key);
}

/* Every line that begins in the first column with the word of a list declares an entry of it. The list ends in TOKEN_LINE and
 * TOKEN_END, and a name is followed by at least these: looking three tokens ahead of a word stays inside. */
static void declare_all(struct parse *s)
{
    for (uint32_t i = 0; i + 3 < s->tokens.list.n; i++) {
        const struct token *t = &s->tokens.list.at[i];
        if (!t->first || t->kind != TOKEN_WORD)
            continue;
        for (int space = 0; space < NAME_SPACES; space++)
            if (!strcmp(t->text, text_spaces[space]))
                declare(s, (enum name_space)space, i);
        s->graphs += !strcmp(t->text, "graph");
    }
}

/* ganc graph 1 */
static bool parse_header(struct parse *s)
{
    parse_expect_word(s, "ganc");
    if (s->stage) {
        parse_expect_word(s, s->stage->word);
        s->p->stage = STAGE_OPT;
    } else
        s->p->stage = (enum stage)parse_choice(s, text_stages, 3, "graph, grad or opt");
    const struct token *t = parse_peek(s, 0);
    if (parse_number(s) != TEXT_VERSION && !s->bad) {
        diag(s->g, E0602, parse_span(s, t), parse_token_text(s, t), TEXT_VERSION);
        return false;
    }
    return parse_line(s);
}

static void parse_model(struct parse *s)
{
    static const char *const dtypes[] = {"f32", "f64"};
    parse_expect_word(s, "model");
    s->p->name = parse_name(s, "the model's name");
    s->p->f64 = parse_choice(s, dtypes, 2, "f32 or f64");
    parse_expect_word(s, "streams");
    s->p->streams = (uint32_t)parse_integer(s, "streams", 0, UINT32_MAX);
    parse_line(s);
}

static void parse_counter(struct parse *s)
{
    vec_push(s->g->mem, &s->p->counters, parse_name(s, "a counter's name"));
}

static void parse_result(struct parse *s)
{
    vec_push(s->g->mem, &s->p->results, parse_name(s, "a result's name"));
}

static void parse_source(struct parse *s) /* parse_sources has read it */
{
    parse_string(s);
    parse_line(s);
    while (parse_is(s, TOKEN_SOURCE) || parse_is(s, TOKEN_NO_NEWLINE))
        s->at++;
}

static void parse_section(struct parse *s)
{
    static const struct {
        const char *word;
        void (*read)(struct parse *s);
        bool whole; /* reads the end of its last line itself */
    } sections[] = {
        {"setting", parse_setting, false}, {"data", parse_data, false},       {"prior", parse_prior, false},
        {"tensor", parse_tensor, false},   {"net", parse_net, true},          {"counter", parse_counter, false},
        {"result", parse_result, false},   {"graph", parse_graph, true},      {"setup", parse_setup, true},
        {"train", parse_train, true},      {"report", parse_report, false},   {"picture", parse_picture, false},
        {"source", parse_source, true},    {"import", parse_source, true},
    };
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        if (!parse_accept_word(s, sections[i].word))
            continue;
        if (s->stage && sections[i].read == parse_graph)
            s->stage->graph(s);
        else
            sections[i].read(s);
        if (!sections[i].whole)
            parse_line(s);
        return;
    }
    if (s->stage && s->stage->section(s))
        return;
    parse_failed(s, "a declaration, graph, train block, report, picture or source");
    s->at++; /* whatever it is: the next line may be good */
    parse_line(s);
}

struct program *program_parse(struct ganc *g, uint32_t file)
{
    return program_parse_as(g, file, NULL, NULL);
}

struct program *program_parse_as(struct ganc *g, uint32_t file, const struct parse_stage *stage, void *self)
{
    struct parse *s = NEW(g->mem, struct parse);
    *s = (struct parse){.g = g, .file = file, .p = NEW(g->mem, struct program), .stage = stage, .self = self};
    uint32_t before = diag_errors(g);
    const struct source *source = g->sources.at[file];
    uint32_t length = (uint32_t)source->length, bad = utf8_check(source->text, length);
    if (bad < length) { /* columns count code points */
        diag(g, E0101, span_at(file, bad, 1), arena_format(g->mem, "0x%02x", (unsigned char)source->text[bad]));
        return NULL;
    }
    scan(g, file, &s->tokens);
    if (!parse_header(s))
        return NULL;
    parse_sources(s);
    declare_all(s);
    parse_model(s);
    while (parse_peek(s, 0)->kind != TOKEN_END)
        parse_section(s);
    if (diag_errors(g) > before)
        return NULL;
    const char *message = program_verify(g, s->p);
    if (message)
        diag(g, E0611, parse_span(s, &s->tokens.list.at[0]), message);
    return message ? NULL : s->p;
}

bool program_is_text(const char *text, size_t length)
{
    for (size_t i = 0; i < sizeof text_stages / sizeof *text_stages; i++)
        if (text_is_stage(text, length, text_stages[i]))
            return true;
    return false;
}
