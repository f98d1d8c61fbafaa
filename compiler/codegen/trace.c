/* trace.c: the kernels written down for the runtime, which looks in them for the operation that made the first value that is not finite.
 * The format is ganrt/trace.h; only graphs that train, or make first values, are written. */
#include "codegen/emit.h"

#include "base/buffer.h"
#include "graph/parse.h"

#include <ganrt/trace.h>
#include <string.h>

_Static_assert((int)ROLE_BACK == GANRT_BACK && (int)ROLE_TWICE == GANRT_TWICE && (int)ROLE_UPDATE == GANRT_UPDATE, "the runtime's roles are ganc's");
_Static_assert((int)STORAGE_BATCH == GANRT_TRACE_BATCH && (int)STORAGE_SCRATCH == GANRT_TRACE_SCRATCH, "the runtime's storages are ganc's");
_Static_assert((int)INSN_LOAD == GANRT_TRACE_LOAD && (int)INSN_REDUCE == GANRT_TRACE_REDUCE, "the runtime's instructions are ganc's");

#define SNIPPET 60 /* characters of a place's text, at most */

struct writing {
    struct ganc *g;
    struct arena *mem;
    const struct kernels *k;
    struct buffer *to;
    VEC(const char *) texts; /* interned */
    VEC(struct span) places;
    struct key_map text_map, place_map;
};

static void put(struct buffer *to, uint64_t x)
{
    unsigned char bytes[10];
    size_t n = 0;
    do {
        bytes[n++] = (unsigned char)((x & 127) | (x > 127 ? 128 : 0));
        x >>= 7;
    } while (x);
    buffer_bytes(to, (const char *)bytes, n);
}

static void put_signed(struct buffer *to, int64_t x)
{
    put(to, (uint64_t)x << 1 ^ (x < 0 ? UINT64_MAX : 0));
}

static uint32_t text_number(struct writing *w, const char *text)
{
    const char *name = intern(w->g, text ? text : "");
    uint32_t i;
    if (key_map_find(&w->text_map, (uintptr_t)name, &i)) return i;
    key_map_add(w->mem, &w->text_map, (uintptr_t)name, w->texts.n);
    vec_push(w->mem, &w->texts, name);
    return w->texts.n - 1;
}

static void put_text(struct writing *w, const char *text)
{
    put(w->to, text_number(w, text));
}

static void put_place(struct writing *w, struct span s)
{
    uint64_t key = ((uint64_t)s.at << 40 ^ (uint64_t)s.length << 24 ^ (uint64_t)s.call << 10 ^ (uint64_t)s.file << 2 ^ s.role) + 1;
    uint32_t i;
    bool known = key_map_find(&w->place_map, key, &i);
    if (known && span_same(w->places.at[i], s)) {
        put(w->to, i);
        return;
    }
    if (!known) key_map_add(w->mem, &w->place_map, key, w->places.n); /* of two with one key the second is written each time */
    vec_push(w->mem, &w->places, s);
    put(w->to, w->places.n - 1);
}

/* ---- places ---- */

/* The text of a place, one line of it: no more than readers need to find it. */
static const char *snippet(struct writing *w, const struct source *source, struct span s)
{
    const char *text = source->text + s.at;
    size_t most = s.at > source->length ? 0 : source->length - s.at, n = 0, letters = 0;
    if (s.length < most) most = s.length;
    for (; n < most && text[n] != '\n' && text[n]; n++) {
        bool letter = ((unsigned char)text[n] & 0xc0) != 0x80;
        if (letter && letters++ == SNIPPET) break;
    }
    return arena_format(w->mem, "%.*s%s", (int)n, n ? text : "", n < most ? " ..." : "");
}

static const struct source *source_of(const struct writing *w, struct span s)
{
    return s.file && s.file < w->g->sources.n ? w->g->sources.at[s.file] : NULL;
}

/* file line column snippet; a place of nowhere is line 0 */
static void put_spot(struct writing *w, struct span s, bool line_first)
{
    const struct source *source = source_of(w, s);
    uint32_t line = 0, column = 0;
    const char *name = source ? source->name : "", *base = strrchr(name, '/');
    if (source) source_place(source, s.at, &line, &column);
    if (line_first) put(w->to, line);
    if (line_first && !line) return;
    put_text(w, source && !source->library && base ? base + 1 : name);
    if (!line_first) put(w->to, line);
    put(w->to, column);
    put_text(w, source ? snippet(w, source, s) : "");
}

static void put_places(struct writing *w)
{
    put(w->to, w->places.n);
    for (uint32_t i = 0; i < w->places.n; i++) {
        struct span s = w->places.at[i];
        put_spot(w, s, false);
        put(w->to, s.role);
        put_spot(w, s.call < w->g->calls.n ? w->g->calls.at[s.call] : (struct span){0}, true);
    }
}

/* ---- kernels ---- */

static void put_access(struct writing *w, const struct kernel *k, const struct access *a)
{
    put(w->to, a->storage);
    put_signed(w->to, a->offset);
    for (uint32_t d = 0; d < k->rank; d++) put_signed(w->to, a->stride[d]);
}

static const char *product_name(const struct kernel *k)
{
    const struct windows *x = kernel_windows(k);
    return !x ? "matmul" : k->products.at[0].ta ? "conv2d_kernel" : x->back ? "conv2d_transpose" : "conv2d";
}

static void put_insn(struct writing *w, const struct kernel *k, const struct insn *in)
{
    struct buffer *to = w->to;
    struct span place = in->span.file ? in->span : k->span;
    put(to, (uint64_t)in->kind + (in->outer ? 16 : 0));
    switch (in->kind) {
    case INSN_NUMBER: buffer_bytes(to, (const char *)&in->number, sizeof in->number); break;
    case INSN_SCALAR: put(to, in->index), put_place(w, place); break;
    case INSN_INDEX:
    case INSN_LOAD: put_access(w, k, &in->at); break;
    case INSN_STORE: put_access(w, k, &in->at), put(to, in->arg[0]); break;
    case INSN_OP:
        put_text(w, op_info[in->op].name), put_place(w, place);
        put(to, in->nargs);
        for (uint32_t i = 0; i < in->nargs; i++) put(to, in->arg[i]);
        break;
    case INSN_RANDOM:
        put_text(w, op_info[in->op].name);
        put(to, in->index), put(to, in->scalar), put(to, (uint64_t)in->number), put(to, in->apart), put(to, (uint64_t)in->minibatch);
        put_access(w, k, &in->at), put_access(w, k, &in->example);
        break;
    case INSN_PRODUCT: put_text(w, product_name(k)), put_place(w, place); break;
    case INSN_REDUCE: put_text(w, op_info[in->op].name), put_place(w, place), put(to, in->arg[0]); break;
    }
}

static void put_product(struct writing *w, const struct product *p)
{
    const struct windows *x = &p->windows;
    const struct access *sides[2] = {&p->a, &p->b};
    for (int i = 0; i < 2; i++) put(w->to, sides[i]->storage), put(w->to, (uint64_t)sides[i]->offset), put(w->to, (uint64_t)(i ? p->ldb : p->lda));
    put(w->to, (uint64_t)p->k);
    put(w->to, (p->ta ? GANRT_TRACE_TA : 0) | (p->tb ? GANRT_TRACE_TB : 0) | (x->on ? GANRT_TRACE_WINDOWS : 0) | (x->back ? GANRT_TRACE_WINDOWS_BACK : 0));
    if (!x->on) return;
    const int64_t *const pairs[5] = {x->grid, x->taps, x->image, x->stride, x->before};
    for (int i = 0; i < 10; i++) put_signed(w->to, pairs[i / 2][i % 2]);
}

static void put_kernel(struct writing *w, const struct kernel *k)
{
    uint64_t reduced = 0;
    put(w->to, k->kind == KERNEL_PRODUCT ? GANRT_TRACE_PRODUCT : GANRT_TRACE_LOOP);
    put(w->to, k->rank);
    for (uint32_t d = 0; d < k->rank; d++) put(w->to, (uint64_t)k->extent[d]), reduced |= (uint64_t)k->reduced[d] << d;
    put(w->to, reduced);
    put_place(w, k->span);
    put(w->to, k->products.n);
    for (uint32_t i = 0; i < k->products.n; i++) put_product(w, &k->products.at[i]);
    put(w->to, k->body.n);
    for (uint32_t i = 0; i < k->body.n; i++) put_insn(w, k, &k->body.at[i]);
}

/* ---- graphs ---- */

/* "D" of the i-th objective of "maximize V over D", or of "together { maximize V over D; minimize W over G }": elaborate/optimize.c writes it so. */
static const char *player(struct writing *w, const struct graph *graph, uint32_t i)
{
    const char *part = graph->name;
    for (uint32_t n = 0; part; part = strstr(part, "; ") ? strstr(part, "; ") + 2 : NULL) {
        size_t length = strstr(part, "; ") ? (size_t)(strstr(part, "; ") - part) : strlen(part);
        const char *over = NULL;
        for (size_t at = 0; at + 6 <= length; at++)
            if (!strncmp(part + at, " over ", 6)) over = part + at + 6;
        if (!over || n++ != i) continue;
        size_t rest = length - (size_t)(over - part);
        if (rest > 2 && !strncmp(over + rest - 2, " }", 2)) rest -= 2;
        return arena_format(w->mem, "%.*s", (int)rest, over);
    }
    return NULL;
}

static void put_graph(struct writing *w, const struct kernel_graph *kg)
{
    bool kept = kg->graph->kind == GRAPH_STEP || kg->graph->kind == GRAPH_INIT;
    put(w->to, kept);
    if (!kept) return;
    put(w->to, kg->storages.n);
    for (uint32_t i = 0; i < kg->storages.n; i++) {
        const struct storage *s = &kg->storages.at[i];
        put(w->to, s->kind), put_text(w, s->name), put(w->to, (uint64_t)s->elements), put(w->to, s->size);
        put(w->to, (uint64_t)s->offset), put(w->to, (uint64_t)s->columns);
    }
    uint32_t objectives = 0;
    for (uint32_t i = 0; i < kg->outputs.n; i++) {
        const char *who = kg->outputs.at[i].output->kind == OUTPUT_OBJECTIVE ? player(w, kg->graph, objectives++) : NULL;
        put(w->to, kg->outputs.at[i].storage);
        put(w->to, who ? text_number(w, who) + 1 : 0);
    }
    put(w->to, kg->scalars.n);
    for (uint32_t i = 0; i < kg->scalars.n; i++) {
        struct buffer text = {0};
        sexpr_print(&text, w->k->program, kg->scalars.at[i]);
        put_text(w, text.text);
        buffer_free(&text);
    }
    put(w->to, kg->kernels.n);
    for (uint32_t i = 0; i < kg->kernels.n; i++) put_kernel(w, &kg->kernels.at[i]);
}

/* ---- all of it ---- */

static uint32_t put_sets(struct writing *w, const struct schedule_list *list)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < list->n; i++) {
        const struct schedule *s = list->at[i];
        if (s->kind == SCHEDULE_SET) put(w->to, s->index), put_place(w, s->span), n++;
        n += put_sets(w, &s->body) + put_sets(w, &s->otherwise);
    }
    return n;
}

static void put_owners(struct writing *w)
{
    const struct program *p = w->k->program;
    for (uint32_t i = 0; i < p->tensors.n; i++) {
        const struct tensor *t = &p->tensors.at[i];
        int32_t net = t->net < 0 && t->of >= 0 ? p->tensors.at[t->of].net : t->net;
        put(w->to, (uint64_t)(net + 1));
    }
}

static void put_texts(struct writing *w, struct buffer *to)
{
    put(to, GANRT_TRACE);
    put(to, w->texts.n);
    for (uint32_t i = 0; i < w->texts.n; i++) {
        size_t n = strlen(w->texts.at[i]);
        put(to, n);
        buffer_bytes(to, w->texts.at[i], n);
    }
}

void trace_write(struct buffer *to, struct ganc *g, const struct kernels *k)
{
    struct buffer places = {0}, owners = {0}, sets = {0}, graphs = {0};
    struct writing w = {.g = g, .mem = arena_new(), .k = k};
    uint32_t n = 0;
    w.to = &graphs;
    put(w.to, k->graphs.n);
    for (uint32_t i = 0; i < k->graphs.n; i++) put_graph(&w, &k->graphs.at[i]);
    w.to = &sets;
    for (uint32_t i = 0; i < k->program->trains.n; i++) n += put_sets(&w, &k->program->trains.at[i].body);
    w.to = &owners;
    put_owners(&w);
    put(w.to, n);
    w.to = &places;
    put_places(&w);
    put_texts(&w, to);
    struct buffer *parts[4] = {&places, &owners, &sets, &graphs};
    for (int i = 0; i < 4; i++) {
        buffer_bytes(to, parts[i]->text ? parts[i]->text : "", parts[i]->length);
        buffer_free(parts[i]);
    }
    arena_free(w.mem);
}
