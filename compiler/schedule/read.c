/* read.c: the text of kernels read back: where memory is, and each graph's storages, scalars, kernels and outputs. print.c writes it,
 * compiler/docs/ir.md, section 12, defines it, verify.c checks what was read. */
#include "schedule/read.h"

#include <string.h>

/* ---- storages ---- */

uint32_t read_storage(struct parse *s)
{
    struct reading *r = reading_of(s);
    const struct token *t = parse_peek(s, 0);
    uint32_t tensors = s->counts[NAME_TENSOR], own = 0, tensor = 0;
    if (!parse_is(s, TOKEN_WORD) && !parse_is(s, TOKEN_STRING) && !parse_is(s, TOKEN_INDEX)) {
        parse_failed(s, "the name of a storage");
        return 0;
    }
    s->at++;
    if (t->kind == TOKEN_INDEX && t->index < tensors + r->kg->storages.n) return t->index;
    bool is_own = t->kind != TOKEN_INDEX && key_map_find(&r->names, (uintptr_t)t->text, &own);
    bool is_tensor = t->kind != TOKEN_INDEX && key_map_find(&s->names[NAME_TENSOR], (uintptr_t)t->text, &tensor);
    if (is_own != is_tensor && !(is_own && r->twice.at[own])) return is_own ? tensors + own : tensor;
    if (is_own) diag(s->g, E0870, parse_span(s, t), parse_token_text(s, t));
    else diag(s->g, E0603, parse_span(s, t), "storage", parse_token_text(s, t));
    s->bad = true;
    return 0;
}

static const char *const filled_kinds[] = {"batch", "mean", "input", "scratch"};

/* 940800 x 4 bytes at 0 */
static void read_size(struct parse *s, struct storage *x)
{
    x->elements = parse_integer(s, "a number of elements", 1, MAX_ELEMENTS);
    parse_expect_word(s, "x");
    x->size = (uint32_t)parse_integer(s, "the bytes of an element", 1, 8);
    parse_expect_word(s, "bytes");
    fields_read(s, OF_storage, x);
}

/* tensor D.dense1.W 940800 x 4 bytes at 0 */
static void read_tensor(struct parse *s)
{
    struct reading *r = reading_of(s);
    const struct token *t = parse_peek(s, 0);
    struct storage x = {.kind = STORAGE_TENSOR};
    parse_expect_word(s, "tensor");
    const struct token *name = parse_peek(s, 0);
    x.index = parse_reference(s, NAME_TENSOR);
    x.name = name->text;
    read_size(s, &x);
    if (!s->bad && x.index != r->k->tensors.n) parse_wrong(s, name, "a line of a tensor", "in its place: in the order of their declarations, each once");
    if (s->bad) return;
    vec_push(s->g->mem, &r->k->tensors, x);
    vec_push(s->g->mem, &r->tensors, parse_span(s, t));
}

/* memory arena 123 tensors 100 worker 0 [checked], then a line for each tensor */
static bool read_memory(struct parse *s)
{
    struct reading *r = reading_of(s);
    const struct token *t = parse_peek(s, 0);
    if (!parse_accept_word(s, "memory")) return false;
    if (r->memory) diag(s->g, E0604, parse_span(s, t), "the section", "memory");
    r->memory = true;
    r->head = parse_span(s, t);
    fields_read(s, OF_kernels, r->k);
    r->checked = parse_accept_word(s, "checked");
    parse_line(s);
    while (!parse_peek(s, 0)->first) {
        read_tensor(s);
        parse_line(s);
    }
    return true;
}

static void read_lifetime(struct parse *s, struct storage *x)
{
    x->first = UINT32_MAX;
    if (parse_accept_word(s, "unused")) return;
    parse_expect_word(s, "kernels");
    x->first = (uint32_t)parse_integer(s, "a kernel's number", 0, UINT32_MAX - 1);
    parse_expect(s, TOKEN_UPTO);
    x->last = (uint32_t)parse_integer(s, "the last kernel that needs it", x->first, UINT32_MAX - 1);
}

/* batch digits.0 78400 x 4 bytes at 29883520 kernels 0..0 of digits draw 0 */
static void read_own(struct parse *s)
{
    struct reading *r = reading_of(s);
    struct storage x = {0};
    x.kind = (enum storage_kind)(STORAGE_BATCH + parse_choice(s, filled_kinds, 4, "a storage"));
    const struct token *t = parse_peek(s, 0);
    x.name = parse_name(s, "a storage's name");
    read_size(s, &x);
    read_lifetime(s, &x);
    if (x.kind == STORAGE_BATCH || x.kind == STORAGE_MEAN) {
        parse_expect_word(s, "of");
        x.index = parse_reference(s, NAME_DATA);
    }
    if (x.kind == STORAGE_BATCH) {
        parse_expect_word(s, "draw");
        x.draw = (uint32_t)parse_integer(s, "a draw", 0, UINT32_MAX);
    } else if (x.kind == STORAGE_INPUT) {
        parse_expect_word(s, "number");
        x.index = (uint32_t)parse_integer(s, "an input's position", 0, UINT32_MAX);
    } else if (x.kind == STORAGE_SCRATCH) x.index = r->kg->storages.n;
    if (s->bad) return;
    uint32_t other, position = r->kg->storages.n;
    bool twice = !key_map_add(s->g->mem, &r->names, (uintptr_t)x.name, position);
    if (twice && key_map_find(&r->names, (uintptr_t)x.name, &other)) r->twice.at[other] = true;
    vec_push(s->g->mem, &r->twice, twice);
    vec_push(s->g->mem, &r->kg->storages, x);
    vec_push(s->g->mem, &r->storages, parse_span(s, t));
}

/* ---- graphs ---- */

static void read_scalar(struct parse *s)
{
    struct kernel_graph *kg = reading_of(s)->kg;
    parse_integer(s, "a scalar's number, which counts from 0,", kg->scalars.n, kg->scalars.n);
    parse_expect(s, '=');
    const struct sexpr *e = parse_expression(s);
    if (e && !s->bad) vec_push(s->g->mem, &kg->scalars, e);
}

static void read_output(struct parse *s)
{
    struct reading *r = reading_of(s);
    struct output o = parse_output_head(s);
    const struct token *t = parse_peek(s, 0);
    struct kernel_output x = {.storage = read_storage(s)};
    parse_output_rest(s, &o);
    if (s->bad) return;
    vec_push(s->g->mem, &r->values, o);
    vec_push(s->g->mem, &r->kg->outputs, x);
    vec_push(s->g->mem, &r->outputs, parse_span(s, t));
}

static bool is_storage(const struct parse *s)
{
    bool is = false;
    for (int i = 0; i < 4; i++) is = is || parse_is_word(s, filled_kinds[i]);
    return is;
}

static void read_graph_line(struct parse *s)
{
    if (parse_accept_word(s, "kernel")) {
        read_kernel(s);
        return;
    }
    if (is_storage(s)) read_own(s);
    else if (parse_accept_word(s, "scalar")) read_scalar(s);
    else read_output(s);
    parse_line(s);
}

/* The outputs go to the program's graph only once it is verified: there they would need values. */
static void read_graph(struct parse *s)
{
    struct reading *r = reading_of(s);
    struct graph_places at = {.head = parse_span(s, parse_peek(s, 0))};
    struct graph *graph = parse_graph_head(s);
    vec_push(s->g->mem, &r->k->graphs, (struct kernel_graph){.graph = graph});
    r->kg = &r->k->graphs.at[r->k->graphs.n - 1];
    memset(&r->names, 0, sizeof r->names);
    memset(&r->twice, 0, sizeof r->twice);
    memset(&r->storages, 0, sizeof r->storages);
    memset(&r->outputs, 0, sizeof r->outputs);
    memset(&r->kernels, 0, sizeof r->kernels);
    memset(&r->values, 0, sizeof r->values);
    fields_read(s, OF_kernel_graph, r->kg);
    graph->span = parse_place(s);
    parse_line(s);
    while (!parse_peek(s, 0)->first) read_graph_line(s);
    at.storages = r->storages.at, at.outputs = r->outputs.at, at.kernels = r->kernels.at;
    vec_push(s->g->mem, &r->graphs, at);
    for (uint32_t i = 0; i < r->values.n; i++) r->kg->outputs.at[i].output = arena_copy(s->g->mem, &r->values.at[i], sizeof *r->values.at);
}

/* ---- the whole text ---- */

/* What program_verify could not see. */
static void outputs_attach(struct ganc *g, struct kernels *k, struct program *p)
{
    for (uint32_t i = 0; i < p->graphs.n; i++) {
        struct kernel_graph *kg = &k->graphs.at[i];
        for (uint32_t j = 0; j < kg->outputs.n; j++) vec_push(g->mem, &p->graphs.at[i]->outputs, *kg->outputs.at[j].output);
        for (uint32_t j = 0; j < kg->outputs.n; j++) kg->outputs.at[j].output = &p->graphs.at[i]->outputs.at[j];
    }
}

static bool read_whole(struct ganc *g, struct reading *r, struct program *p, struct span start)
{
    if (!r->memory) {
        diag(g, E0601, start, "a section memory", "none");
        return false;
    }
    if (g->check_bounds && !r->checked) {
        diag(g, E0881, r->head);
        return false;
    }
    g->check_bounds = r->checked;
    r->k->program = p;
    kernels_mark(r->k);
    outputs_attach(g, r->k, p);
    struct kernels_places at = {.head = r->head, .tensors = r->tensors.at, .graphs = r->graphs.at};
    return kernels_verify(g, r->k, &at);
}

struct kernels *kernels_parse(struct ganc *g, uint32_t file, struct program **p)
{
    static const struct parse_stage stage = {.word = KERNELS_STAGE, .graph = read_graph, .section = read_memory};
    struct reading *r = NEW(g->mem, struct reading);
    r->k = NEW(g->mem, struct kernels);
    *p = program_parse_as(g, file, &stage, r);
    return *p && read_whole(g, r, *p, span_at(file, 0, 4)) ? r->k : NULL;
}

bool kernels_is_text(const char *text, size_t length)
{
    return text_is_stage(text, length, KERNELS_STAGE);
}
