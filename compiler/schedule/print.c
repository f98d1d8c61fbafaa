/* print.c: kernels as readable loop nests, and the memory plan as a table.
 *
 *     kernel 3 "D.dense1 matmul+add+max": 9 tasks
 *       for i0 in 0..100, i1 in 0..1200 by tiles of [100, 144]
 *         tile = digits#0 [100, 784] @ D.dense1.W [784, 1200]
 *         %0 = tile
 *         %1 = D.dense1.b[i1]
 *         %2 = add %0 %1
 *         s4:h[1200*i0 + i1] = %2 */
#include "base/buffer.h"
#include "graph/text.h"
#include "schedule/kernels.h"

#include <stdlib.h>
#include <string.h>


/* offset + 1200*i0 + i1, leaving out what is 0 */
static void affine_put(struct buffer *to, const struct kernel *k, int64_t offset, const int64_t *stride)
{
    const char *plus = "";
    for (uint32_t d = 0; d < k->rank; d++) {
        if (!stride[d]) continue;
        buffer_put(to, "%s", plus);
        if (stride[d] != 1) buffer_put(to, "%lld*", (long long)stride[d]);
        buffer_put(to, "i%u", d);
        plus = " + ";
    }
    if (offset || !*plus) buffer_put(to, "%s%lld", plus, (long long)offset);
}

struct printing {
    struct buffer *to;
    const struct kernels *k;
    const struct kernel_graph *kg;
    const struct text_names *names;
};

static void access_put(const struct printing *p, const struct kernel *k, const struct access *a)
{
    buffer_put(p->to, "%s[", kernels_storage(p->k, p->kg, a->storage)->name);
    affine_put(p->to, k, a->offset, a->stride);
    buffer_put(p->to, "]");
}

static void scalar_put(const struct printing *p, uint32_t index)
{
    buffer_put(p->to, "(");
    text_sexpr(p->to, p->names, p->kg->scalars.at[index]);
    buffer_put(p->to, ")");
}

static void random_put(const struct printing *p, const struct kernel *k, const struct insn *in)
{
    buffer_put(p->to, "%s stream=%u", op_info[in->op].name, in->index);
    enum op_attributes has = op_info[in->op].attributes;
    if (has == ATTR_STREAM_SCALAR) buffer_put(p->to, " p="), scalar_put(p, in->scalar);
    if (has == ATTR_STREAM_NUMBER) buffer_put(p->to, " n="), buffer_number(p->to, in->number);
    buffer_put(p->to, " example=[");
    affine_put(p->to, k, in->example.offset, in->example.stride);
    buffer_put(p->to, "] element=[");
    affine_put(p->to, k, in->at.offset, in->at.stride);
    buffer_put(p->to, "]");
}

static void insn_put(const struct printing *p, const struct kernel *k, uint32_t i, int indent)
{
    const struct insn *in = &k->body.at[i];
    buffer_put(p->to, "%*s", indent, "");
    if (in->kind == INSN_STORE) {
        access_put(p, k, &in->at);
        buffer_put(p->to, " = %%%u\n", in->arg[0]);
        return;
    }
    buffer_put(p->to, "%%%u = ", i);
    switch (in->kind) {
    case INSN_NUMBER: buffer_number(p->to, in->number); break;
    case INSN_SCALAR: scalar_put(p, in->index); break;
    case INSN_INDEX: affine_put(p->to, k, in->at.offset, in->at.stride); break;
    case INSN_LOAD: access_put(p, k, &in->at); break;
    case INSN_RANDOM: random_put(p, k, in); break;
    case INSN_PRODUCT: buffer_put(p->to, "tile"); break;
    default:
        buffer_put(p->to, "%s", op_info[in->op].name);
        for (uint32_t a = 0; a < in->nargs; a++) buffer_put(p->to, " %%%u", in->arg[a]);
        if (in->kind == INSN_REDUCE) {
            buffer_put(p->to, " over");
            for (uint32_t d = 0; d < k->rank; d++)
                if (k->reduced[d]) buffer_put(p->to, " i%u", d);
        }
    }
    buffer_put(p->to, "\n");
}

static void matrix_put(const struct printing *p, const struct access *a, int64_t rows, int64_t columns, int64_t ld, bool transposed)
{
    buffer_put(p->to, "%s", kernels_storage(p->k, p->kg, a->storage)->name);
    if (a->offset) buffer_put(p->to, " + %lld", (long long)a->offset);
    if (transposed) buffer_put(p->to, " [%lld, %lld]'", (long long)columns, (long long)rows);
    else buffer_put(p->to, " [%lld, %lld]", (long long)rows, (long long)columns);
    if (ld != (transposed ? rows : columns)) buffer_put(p->to, " ld %lld", (long long)ld);
}

static void product_put(const struct printing *p, const struct kernel *k)
{
    buffer_put(p->to, "  for i0 in 0..%lld, i1 in 0..%lld by tiles of [%lld, %lld]\n", (long long)k->extent[0], (long long)k->extent[1],
               (long long)k->tile[0], (long long)k->tile[1]);
    for (uint32_t i = 0; i < k->products.n; i++) {
        const struct product *x = &k->products.at[i];
        buffer_put(p->to, "    %s ", i ? "     +" : "tile =");
        matrix_put(p, &x->a, k->extent[0], x->k, x->lda, x->ta);
        buffer_put(p->to, " @ ");
        matrix_put(p, &x->b, x->k, k->extent[1], x->ldb, x->tb);
        buffer_put(p->to, "\n");
    }
    for (uint32_t i = 0; i < k->body.n; i++) insn_put(p, k, i, 4);
}

/* One `for` line of the dimensions that are reduced, or of those that are not. */
static bool loop_put(const struct printing *p, const struct kernel *k, bool reduced, int indent)
{
    bool any = false;
    for (uint32_t d = 0; d < k->rank; d++) {
        if (k->reduced[d] != reduced) continue;
        if (any) buffer_put(p->to, ", ");
        else buffer_put(p->to, "%*sfor ", indent, "");
        buffer_put(p->to, "i%u in 0..%lld", d, (long long)k->extent[d]);
        if (d == k->split && !reduced && k->tasks > 1) buffer_put(p->to, " by %lld", (long long)k->chunk);
        any = true;
    }
    if (any) buffer_put(p->to, "\n");
    return any;
}

static void nest_put(const struct printing *p, const struct kernel *k)
{
    int indent = loop_put(p, k, false, 2) ? 4 : 2;
    int inner = loop_put(p, k, true, indent) ? indent + 2 : indent;
    for (uint32_t i = 0; i < k->body.n; i++) insn_put(p, k, i, k->body.at[i].outer ? indent : inner);
}

static void kernel_put(const struct printing *p, const struct kernel *k, uint32_t number)
{
    buffer_put(p->to, "kernel %u ", number);
    buffer_quoted(p->to, k->name);
    buffer_put(p->to, ": %u task%s\n", k->tasks, k->tasks == 1 ? "" : "s");
    if (k->kind == KERNEL_PRODUCT) product_put(p, k);
    else nest_put(p, k);
}

static const char *const storage_kind[] = {"tensor", "batch", "mean", "input", "scratch"};

static void storage_put(struct buffer *to, const struct storage *s)
{
    buffer_put(to, "  %-8s %-32s %12lld x %u bytes at %12lld", storage_kind[s->kind], s->name, (long long)s->elements, s->size, (long long)s->offset);
    if (s->kind != STORAGE_TENSOR) buffer_put(to, "  kernels %u..%u", s->first, s->last);
    buffer_put(to, "\n");
}

void kernels_print(struct buffer *to, const struct ganc *g, const struct kernels *k)
{
    (void)g;
    struct arena *mem = arena_new();
    const struct text_names *names = text_names_new(mem, k->program);
    buffer_put(to, "ganc kernels 1\n");
    if (k->tensors.n) buffer_put(to, "\ntensors\n");
    for (uint32_t i = 0; i < k->tensors.n; i++) storage_put(to, &k->tensors.at[i]);
    for (uint32_t i = 0; i < k->graphs.n; i++) {
        struct printing p = {to, k, &k->graphs.at[i], names};
        buffer_put(to, "\ngraph %u ", i);
        buffer_quoted(to, p.kg->graph->name);
        buffer_put(to, " batch %lld\n", (long long)p.kg->graph->batch);
        for (uint32_t j = 0; j < p.kg->storages.n; j++) storage_put(to, &p.kg->storages.at[j]);
        for (uint32_t j = 0; j < p.kg->kernels.n; j++) kernel_put(&p, &p.kg->kernels.at[j], j);
        for (uint32_t j = 0; j < p.kg->outputs.n; j++) {
            const struct kernel_output *o = &p.kg->outputs.at[j];
            buffer_put(to, "output ");
            buffer_quoted(to, o->output->name);
            buffer_put(to, " = %s\n", kernels_storage(k, p.kg, o->storage)->name);
        }
    }
    arena_free(mem);
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
