/* print.c: kernels as a text, readable as loop nests and read back by read.c; and the memory plan as a table.
 *
 *     kernel 3 "D.dense1 matmul+add+max": 9 tasks @26:3+24
 *       for i0 in 0..100, i1 in 0..1200 by tiles of [100, 144]
 *         tile = digits.0 [100, 784] @ D.dense1.W [784, 1200]
 *         %0 = tile
 *         %1 = D.dense1.b[i1]
 *         %2 = add %0 %1
 *         s4.h[1200*i0 + i1] = %2
 *
 * The text is the whole of struct kernels and of the program, whose parts graph/print.c prints (compiler/docs/ir.md, section 12). A member that is a
 * number is printed by its row in fields.def. */
#include "base/buffer.h"
#include "graph/print.h"
#include "schedule/fields.h"
#include "schedule/kernels.h"

#include <inttypes.h>

struct printing {
    struct printer *t;
    struct buffer *to;
    const struct kernels *k;
    const struct kernel_graph *kg;
    const bool *apart; /* by storage: its name tells it */
};

static void storage_name(const struct printing *p, uint32_t storage)
{
    if (!p->apart[storage]) {
        buffer_put(p->to, "&%" PRIu32, storage);
        return;
    }
    const char *name = kernels_storage(p->k, p->kg, storage)->name;
    if (text_is_reserved(name)) buffer_quoted(p->to, name);
    else text_name(p->to, name);
}

/* 1200*i0 + i1 + offset, leaving out what is 0 */
static void affine_put(const struct printing *p, const struct kernel *k, const struct access *a)
{
    const char *plus = "";
    for (uint32_t d = 0; d < k->rank; d++) {
        if (!a->stride[d]) continue;
        buffer_put(p->to, "%s", plus);
        if (a->stride[d] != 1) buffer_put(p->to, "%" PRId64 "*", a->stride[d]);
        buffer_put(p->to, "i%" PRIu32, d);
        plus = " + ";
    }
    if (a->offset || !*plus) buffer_put(p->to, "%s%" PRId64, plus, a->offset);
}

static void place_put(const struct printing *p, const struct kernel *k, const struct access *a)
{
    buffer_put(p->to, "[");
    affine_put(p, k, a);
    buffer_put(p->to, "]");
}

static void access_put(const struct printing *p, const struct kernel *k, const struct access *a)
{
    storage_name(p, a->storage);
    place_put(p, k, a);
}

static void random_put(const struct printing *p, const struct kernel *k, const struct insn *in)
{
    enum op_attributes has = op_info[in->op].attributes;
    buffer_put(p->to, "%s stream %" PRIu32, op_info[in->op].name, in->index);
    if (in->minibatch) buffer_put(p->to, " apart %" PRIu32 " minibatch %" PRId64, in->apart, in->minibatch);
    if (has == ATTR_STREAM_SCALAR) buffer_put(p->to, " p scalar %" PRIu32, in->scalar);
    if (has == ATTR_STREAM_NUMBER) buffer_put(p->to, " n "), buffer_number(p->to, in->number);
    buffer_put(p->to, " example ");
    place_put(p, k, &in->example);
    buffer_put(p->to, " element ");
    place_put(p, k, &in->at);
}

static void value_put(const struct printing *p, const struct kernel *k, const struct insn *in)
{
    switch (in->kind) {
    case INSN_NUMBER: buffer_number(p->to, in->number); break;
    case INSN_SCALAR: buffer_put(p->to, "scalar %" PRIu32, in->index); break;
    case INSN_INDEX: buffer_put(p->to, "index "), affine_put(p, k, &in->at); break;
    case INSN_LOAD: access_put(p, k, &in->at); break;
    case INSN_RANDOM: random_put(p, k, in); break;
    case INSN_PRODUCT: buffer_put(p->to, "tile"); break;
    case INSN_OP:
    case INSN_REDUCE:
    case INSN_STORE:
        buffer_put(p->to, "%s", op_info[in->op].name);
        for (uint32_t a = 0; a < in->nargs; a++) buffer_put(p->to, " %%%" PRIu32, in->arg[a]);
    }
    const char *over = in->kind == INSN_REDUCE ? " over" : NULL;
    for (uint32_t d = 0; over && d < k->rank; d++)
        if (k->reduced[d]) buffer_put(p->to, "%s i%" PRIu32, over, d), over = ",";
}

static void insn_put(const struct printing *p, const struct kernel *k, uint32_t i, int indent)
{
    const struct insn *in = &k->body.at[i];
    buffer_put(p->to, "%*s", indent, "");
    if (in->kind == INSN_STORE) {
        access_put(p, k, &in->at);
        buffer_put(p->to, " = %%%" PRIu32, in->arg[0]);
    } else {
        buffer_put(p->to, "%%%" PRIu32 " = ", i);
        value_put(p, k, in);
    }
    fields_print(p->to, OF_insn, in);
    if (!span_same(in->span, k->span)) print_place(p->t, 0, in->span);
    if (in->kind == INSN_SCALAR) buffer_put(p->to, "  # "), text_sexpr(p->to, p->t->names, p->kg->scalars.at[in->index]);
    print_line(p->t);
}

static void matrix_put(const struct printing *p, const struct access *a, int64_t rows, int64_t columns, int64_t ld, bool transposed)
{
    storage_name(p, a->storage);
    if (a->offset) buffer_put(p->to, " + %" PRId64, a->offset);
    buffer_put(p->to, " [%" PRId64 ", %" PRId64 "]%s", transposed ? columns : rows, transposed ? rows : columns, transposed ? "'" : "");
    if (ld != (transposed ? rows : columns)) buffer_put(p->to, " ld %" PRId64, ld);
}

static void product_put(const struct printing *p, const struct kernel *k)
{
    buffer_put(p->to, "      for i0 in 0..%" PRId64 ", i1 in 0..%" PRId64 " by tiles of [%" PRId64 ", %" PRId64 "]", k->extent[0], k->extent[1], k->tile[0],
               k->tile[1]);
    print_line(p->t);
    for (uint32_t i = 0; i < k->products.n; i++) {
        const struct product *x = &k->products.at[i];
        buffer_put(p->to, "        %s ", i ? "     +" : "tile =");
        int64_t pixels = x->windows.image[0] * x->windows.image[1]; /* of images: the whole of them, as they lie */
        int64_t rows = !x->windows.on ? k->extent[0] : x->ta ? x->lda : pixels * windows_inner(k);
        matrix_put(p, &x->a, rows, !x->windows.on ? x->k : x->ta ? pixels * windows_depth(x) : x->lda, x->lda, x->ta);
        buffer_put(p->to, " @ ");
        matrix_put(p, &x->b, x->k, k->extent[1], x->ldb, x->tb);
        fields_print(p->to, OF_product, x);
        print_line(p->t);
    }
    for (uint32_t i = 0; i < k->body.n; i++) insn_put(p, k, i, 8);
}

/* One line of the parallel dimensions, `for`, or of the reduced ones, `over`. */
static bool loop_put(const struct printing *p, const struct kernel *k, bool reduced, int indent)
{
    bool any = false;
    for (uint32_t d = 0; d < k->rank; d++) {
        if (k->reduced[d] != reduced) continue;
        if (any) buffer_put(p->to, ", ");
        else buffer_put(p->to, "%*s%s ", indent, "", reduced ? "over" : "for");
        buffer_put(p->to, "i%" PRIu32 " in 0..%" PRId64, d, k->extent[d]);
        if (d == k->split && !reduced && k->tasks > 1) buffer_put(p->to, " by %" PRId64, k->chunk);
        any = true;
    }
    if (any) print_line(p->t);
    return any;
}

/* `after`: what follows is for each point of the parallel dimensions, `inside`: for each point of all. */
static void nest_put(const struct printing *p, const struct kernel *k)
{
    int indent = loop_put(p, k, false, 6) ? 8 : 6;
    int inner = loop_put(p, k, true, indent) ? indent + 2 : indent;
    bool outer = false;
    for (uint32_t i = 0; i < k->body.n; i++) {
        if (k->body.at[i].outer != outer) {
            outer = !outer;
            buffer_put(p->to, "%*s%s", indent, "", outer ? "after" : "inside");
            print_line(p->t);
        }
        insn_put(p, k, i, inner);
    }
}

static void kernel_put(const struct printing *p, const struct kernel *k, uint32_t number)
{
    buffer_put(p->to, "    kernel %" PRIu32 " ", number);
    buffer_quoted(p->to, k->name);
    buffer_put(p->to, ": %" PRIu32 " task%s", k->tasks, k->tasks == 1 ? "" : "s");
    fields_print(p->to, OF_kernel, k);
    print_place(p->t, 0, k->span);
    print_line(p->t);
    if (k->kind == KERNEL_PRODUCT) product_put(p, k);
    else nest_put(p, k);
}

const char *const storage_kinds[5] = {"tensor", "batch", "mean", "input", "scratch"};

static bool storage_unused(const struct storage *s)
{
    return s->first > s->last;
}

static void storage_line(const struct printing *p, uint32_t id)
{
    const struct storage *s = kernels_storage(p->k, p->kg, id);
    buffer_put(p->to, "    %-8s", storage_kinds[s->kind]);
    size_t from = p->to->length;
    if (p->apart[id]) storage_name(p, id);
    else buffer_quoted(p->to, s->name ? s->name : "");
    size_t width = p->to->length - from;
    buffer_put(p->to, "%*s %12" PRId64 " x %" PRIu32 " bytes", width < 32 ? (int)(32 - width) : 0, "", s->elements, s->size);
    fields_print(p->to, OF_storage, s);
    if (s->kind != STORAGE_TENSOR) {
        if (storage_unused(s)) buffer_put(p->to, "  unused");
        else buffer_put(p->to, "  kernels %" PRIu32 "..%" PRIu32, s->first, s->last);
    }
    if (s->kind == STORAGE_BATCH || s->kind == STORAGE_MEAN) {
        buffer_put(p->to, " of ");
        text_reference(p->to, p->t->names, NAME_DATA, s->index);
    }
    if (s->kind == STORAGE_BATCH) buffer_put(p->to, " draw %" PRIu32, s->draw);
    if (s->kind == STORAGE_INPUT) buffer_put(p->to, " number %" PRIu32, s->index);
    print_line(p->t);
}

/* Which storages' names stand for one storage alone, of the tensors and the graph's own. */
static bool *names_apart(struct arena *mem, const struct kernels *k, const struct kernel_graph *kg)
{
    uint32_t n = k->tensors.n + (kg ? kg->storages.n : 0);
    const char **name = NEW_ARRAY(mem, const char *, n + 1);
    for (uint32_t i = 0; i < n; i++) name[i] = kernels_storage(k, kg, i)->name;
    return text_apart(mem, name, n);
}

static void memory_put(struct printing *p, const struct ganc *g)
{
    buffer_put(p->to, "\nmemory");
    fields_print(p->to, OF_kernels, p->k);
    buffer_put(p->to, "%s", g->check_bounds ? " checked" : "");
    print_line(p->t);
    for (uint32_t i = 0; i < p->k->tensors.n; i++) storage_line(p, i);
}

static void graph_put(struct printing *p, const struct graph *graph)
{
    print_graph_head(p->t, graph);
    fields_print(p->to, OF_kernel_graph, p->kg);
    print_place(p->t, 0, graph->span);
    print_line(p->t);
    for (uint32_t i = 0; i < p->kg->storages.n; i++) storage_line(p, p->k->tensors.n + i);
    for (uint32_t i = 0; i < p->kg->scalars.n; i++) {
        buffer_put(p->to, "    scalar %" PRIu32 " = ", i);
        text_sexpr(p->to, p->t->names, p->kg->scalars.at[i]);
        print_line(p->t);
    }
    for (uint32_t i = 0; i < p->kg->kernels.n; i++) kernel_put(p, &p->kg->kernels.at[i], i);
    for (uint32_t i = 0; i < p->kg->outputs.n; i++) {
        struct buffer value = {0};
        struct printing to = *p;
        to.to = &value;
        storage_name(&to, p->kg->outputs.at[i].storage);
        print_output(p->t, p->kg->outputs.at[i].output, value.text);
        buffer_free(&value);
    }
}

static void part_put(struct printer *t, const struct graph *graph, void *self)
{
    struct arena *mem = arena_new();
    struct printing p = {.t = t, .to = t->to, .k = self};
    if (graph) p.kg = &p.k->graphs.at[graph->index];
    p.apart = names_apart(mem, p.k, p.kg);
    if (graph) graph_put(&p, graph);
    else memory_put(&p, t->g);
    arena_free(mem);
}

void kernels_print(struct buffer *to, const struct ganc *g, const struct kernels *k)
{
    program_print_as(to, g, k->program, KERNELS_STAGE, part_put, (void *)k);
}

/* ---- the plan ---- */

static void storage_put(struct buffer *to, const struct storage *s)
{
    buffer_put(to, "  %-8s %-32s %12lld x %u bytes at %12lld", storage_kinds[s->kind], s->name, (long long)s->elements, s->size, (long long)s->offset);
    if (s->kind != STORAGE_TENSOR && !storage_unused(s)) buffer_put(to, "  kernels %u..%u", s->first, s->last);
    buffer_put(to, "\n");
}

/* The most bytes that are alive at one kernel: what no plan can do without. */
static int64_t live_most(const struct kernel_graph *kg)
{
    struct arena *mem = arena_new();
    int64_t *change = NEW_ARRAY(mem, int64_t, kg->kernels.n + 2), most = 0, bytes = 0; /* by kernel */
    for (uint32_t i = 0; i < kg->storages.n; i++) {
        const struct storage *s = &kg->storages.at[i];
        if (s->first > s->last) continue;
        change[s->first] += s->elements * s->size;
        if (s->last < kg->kernels.n) change[s->last + 1] -= s->elements * s->size;
    }
    for (uint32_t kernel = 0; kernel == 0 || kernel < kg->kernels.n; kernel++) {
        bytes += change[kernel];
        if (bytes > most) most = bytes;
    }
    arena_free(mem);
    return most;
}

static void total_put(struct buffer *to, const char *what, int64_t bytes)
{
    buffer_put(to, "%-24s %14lld bytes\n", what, (long long)bytes);
}

void plan_print(struct buffer *to, const struct ganc *g, const struct kernels *k)
{
    (void)g;
    buffer_put(to, "ganc plan 1\n\ntensors\n");
    for (uint32_t i = 0; i < k->tensors.n; i++) storage_put(to, &k->tensors.at[i]);
    for (uint32_t i = 0; i < k->graphs.n; i++) {
        const struct kernel_graph *kg = &k->graphs.at[i];
        buffer_put(to, "\ngraph %u ", i);
        buffer_quoted(to, kg->graph->name);
        buffer_put(to, ": %u kernels\n", kg->kernels.n);
        for (uint32_t j = 0; j < kg->storages.n; j++) storage_put(to, &kg->storages.at[j]);
        total_put(to, "  largest live set", live_most(kg));
        total_put(to, "  scratch", kg->scratch_bytes);
    }
    buffer_put(to, "\n");
    total_put(to, "tensors", k->tensor_bytes);
    total_put(to, "arena", k->arena_bytes);
    total_put(to, "tile of each worker", k->worker_bytes);
}
