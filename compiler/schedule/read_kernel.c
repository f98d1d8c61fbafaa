/* read_kernel.c: one kernel of a text: its loops or tiles, its products, its instructions. Values may carry any numbers; an instruction's own is its
 * position. Whether accesses stay inside, and values may be used where they are, verify_kernel.c looks at when all is read. */
#include "schedule/read.h"

#include <stdlib.h>
#include <string.h>

struct kernel_reading {
    struct parse *s;
    struct kernel k;
    bool given[KERNEL_RANK], by, outer, tiled;
    struct key_map labels; /* %n + 1: position */
    VEC(struct span) body, products;
};

/* ---- affine numbers ---- */

/* i3: its number */
static uint32_t read_dimension(struct kernel_reading *q)
{
    struct parse *s = q->s;
    const struct token *t = parse_peek(s, 0);
    if (!parse_is(s, TOKEN_WORD) || t->length != 2 || t->text[0] != 'i' || t->text[1] < '0' || t->text[1] >= '0' + KERNEL_RANK) {
        parse_failed(s, "a dimension, as i0");
        return 0;
    }
    s->at++;
    return (uint32_t)(t->text[1] - '0');
}

static void read_term(struct kernel_reading *q, struct access *a)
{
    struct parse *s = q->s;
    int64_t number = 1;
    if (!parse_is(s, TOKEN_WORD)) {
        number = parse_integer(s, "a number of elements", -MAX_ELEMENTS, MAX_ELEMENTS);
        if (!parse_accept(s, '*')) {
            if (__builtin_add_overflow(a->offset, number, &a->offset)) parse_wrong(s, parse_peek(s, 0), "a sum", "below 2^63");
            return;
        }
    }
    const struct token *t = parse_peek(s, 0);
    uint32_t d = read_dimension(q);
    if (!s->bad && !q->given[d]) parse_wrong(s, t, "a dimension", "one of this kernel's");
    else if (!s->bad && a->stride[d]) parse_wrong(s, t, "each dimension", "named once");
    else a->stride[d] = number;
}

static void read_affine(struct kernel_reading *q, struct access *a)
{
    do read_term(q, a);
    while (parse_accept(q->s, '+'));
}

static void read_bracketed(struct kernel_reading *q, struct access *a)
{
    parse_expect(q->s, '[');
    read_affine(q, a);
    parse_expect(q->s, ']');
}

/* D.dense1.b[i1] */
static struct access read_access(struct kernel_reading *q)
{
    struct access a = {.storage = read_storage(q->s)};
    read_bracketed(q, &a);
    return a;
}

/* ---- loops and products ---- */

/* for i0 in 0..100 by 7, i1 in 0..784; of a product `by tiles of [100, 144]` at the end */
static void read_loops(struct kernel_reading *q, bool reduced)
{
    struct parse *s = q->s;
    struct kernel *k = &q->k;
    do {
        const struct token *t = parse_peek(s, 0);
        uint32_t d = read_dimension(q);
        parse_expect_word(s, "in");
        parse_integer(s, "a loop's start", 0, 0);
        parse_expect(s, TOKEN_UPTO);
        int64_t extent = parse_integer(s, "an extent", 1, MAX_ELEMENTS);
        if (!s->bad && (q->given[d] || k->body.n)) parse_wrong(s, t, "each dimension", "given once, before the instructions");
        if (s->bad) return;
        q->given[d] = true;
        k->extent[d] = extent;
        k->reduced[d] = reduced;
        if (k->rank <= d) k->rank = d + 1;
        t = parse_peek(s, 0);
        if (!parse_accept_word(s, "by")) continue;
        if (parse_accept_word(s, "tiles")) {
            parse_expect_word(s, "of");
            parse_expect(s, '[');
            k->tile[0] = parse_integer(s, "a tile's rows", 1, MAX_ELEMENTS);
            parse_expect(s, ',');
            k->tile[1] = parse_integer(s, "a tile's columns", 1, MAX_ELEMENTS);
            parse_expect(s, ']');
            k->kind = KERNEL_PRODUCT;
            q->tiled = true;
            return;
        }
        if (q->by || reduced) parse_wrong(s, t, "a cut into tasks", "of one dimension, which is not summed over");
        q->by = true;
        k->split = d;
        k->chunk = parse_integer(s, "a task's part", 1, MAX_ELEMENTS);
    } while (parse_accept(s, ','));
}

/* D.dense1.W + 12 [784, 1200]' ld 1208: as stored */
static struct access read_matrix(struct parse *s, int64_t shape[2], bool *transposed, int64_t *ld)
{
    struct access a = {.storage = read_storage(s)};
    if (parse_accept(s, '+')) a.offset = parse_integer(s, "an operand's start", 0, MAX_ELEMENTS);
    parse_expect(s, '[');
    shape[0] = parse_integer(s, "rows", 1, MAX_ELEMENTS);
    parse_expect(s, ',');
    shape[1] = parse_integer(s, "columns", 1, MAX_ELEMENTS);
    parse_expect(s, ']');
    *transposed = parse_accept(s, '\'');
    *ld = shape[1];
    if (parse_accept_word(s, "ld")) *ld = parse_integer(s, "the elements between two rows", shape[1], MAX_ELEMENTS);
    return a;
}

/* Do the numbers of windows fit each other, and the rows and k of their product, whose left operand is a[0] by a[1]? */
static bool windows_fit(const struct product *x, int64_t rows, const int64_t *a)
{
    const struct windows *w = &x->windows;
    int64_t pairs[3], parts[2]; /* positions, taps, pixels */
    const int64_t *const of[3] = {w->grid, w->taps, w->image};
    bool fit = w->stride[0] > 0 && w->stride[1] > 0 && !x->tb && !(x->ta && w->back);
    for (int i = 0; i < 3; i++) fit = fit && of[i][0] > 0 && of[i][1] > 0 && !__builtin_mul_overflow(of[i][0], of[i][1], &pairs[i]) && pairs[i] <= MAX_ELEMENTS;
    if (!fit || rows % pairs[0] || x->k % pairs[1] || a[0] % pairs[2]) return false;
    parts[0] = rows / pairs[0], parts[1] = x->k / pairs[1];
    return a[0] / pairs[2] == parts[x->ta] && a[1] == parts[!x->ta];
}

static void read_product(struct kernel_reading *q)
{
    struct parse *s = q->s;
    const struct token *t = parse_peek(s, 0);
    struct product x = {0};
    int64_t a[2], b[2];
    if (!parse_accept(s, '+')) {
        parse_expect_word(s, "tile");
        parse_expect(s, '=');
    }
    x.a = read_matrix(s, a, &x.ta, &x.lda);
    parse_expect(s, '@');
    x.b = read_matrix(s, b, &x.tb, &x.ldb);
    fields_read(s, OF_product, &x);
    if (s->bad) return;
    x.k = x.windows.on ? b[0] : a[!x.ta];
    bool fit = x.windows.on ? q->k.products.n == 0 && windows_fit(&x, q->k.extent[0], a) : a[x.ta] == q->k.extent[0];
    if (!q->tiled || q->k.rank != 2) parse_wrong(s, t, "a kernel of products", "one of rows i0 and columns i1, by tiles");
    else if (!fit || kernel_windows(&q->k) || b[!x.tb] != q->k.extent[1] || b[x.tb] != x.k)
        parse_wrong(s, t, "a product", "of matrices whose shapes fit each other and the kernel's rows and columns");
    if (s->bad) return;
    vec_push(s->g->mem, &q->k.products, x);
    vec_push(s->g->mem, &q->products, parse_span(s, t));
}

/* ---- instructions ---- */

static uint32_t read_value(struct kernel_reading *q)
{
    struct parse *s = q->s;
    const struct token *t = parse_peek(s, 0);
    uint32_t position = 0;
    parse_expect(s, TOKEN_VALUE);
    if (!s->bad && !key_map_find(&q->labels, (uint64_t)t->index + 1, &position)) {
        diag(s->g, E0609, parse_span(s, t), parse_token_text(s, t));
        s->bad = true;
    }
    return position;
}

static uint32_t read_scalar_reference(struct parse *s)
{
    const struct token *t = parse_peek(s, 0);
    uint32_t n = reading_of(s)->kg->scalars.n, index = (uint32_t)parse_integer(s, "a scalar's number", 0, UINT32_MAX);
    if (!s->bad && index >= n) {
        diag(s->g, E0603, parse_span(s, t), "scalar", parse_token_text(s, t));
        s->bad = true;
    }
    return index;
}

/* stream 3 p scalar 1 example [i0] element [i1]; of stacked minibatches stream 3 apart 4 minibatch 100 */
static void read_random(struct kernel_reading *q, struct insn *in)
{
    struct parse *s = q->s;
    in->kind = INSN_RANDOM;
    parse_expect_word(s, "stream");
    in->index = (uint32_t)parse_integer(s, "a stream", 0, UINT32_MAX);
    if (parse_accept_word(s, "apart")) {
        in->apart = (uint32_t)parse_integer(s, "how far streams are apart", 1, UINT32_MAX);
        parse_expect_word(s, "minibatch");
        in->minibatch = parse_integer(s, "the examples of a minibatch", 1, UINT32_MAX);
    }
    if (op_info[in->op].attributes == ATTR_STREAM_SCALAR) {
        parse_expect_word(s, "p");
        parse_expect_word(s, "scalar");
        in->scalar = read_scalar_reference(s);
    } else if (op_info[in->op].attributes == ATTR_STREAM_NUMBER) {
        parse_expect_word(s, "n");
        in->number = (double)parse_integer(s, "n", 1, UINT32_MAX);
    }
    parse_expect_word(s, "example");
    read_bracketed(q, &in->example);
    parse_expect_word(s, "element");
    read_bracketed(q, &in->at);
}

/* sum %4 over i1, i2: all that the kernel reduces */
static void read_over(struct kernel_reading *q)
{
    struct parse *s = q->s;
    const struct token *t = parse_peek(s, 0);
    bool over[KERNEL_RANK] = {false};
    parse_expect_word(s, "over");
    do over[read_dimension(q)] = true;
    while (parse_accept(s, ','));
    if (!s->bad && memcmp(over, q->k.reduced, sizeof over)) parse_wrong(s, t, "a reduction", "over all dimensions of the kernel's `over`, and no others");
}

static void read_operation(struct kernel_reading *q, struct insn *in)
{
    struct parse *s = q->s;
    const struct token *t = parse_peek(s, 0);
    in->op = op_find(parse_name(s, "an operation"));
    if (s->bad) return;
    enum op_attributes has = in->op == OP_COUNT ? ATTR_NONE : op_info[in->op].attributes;
    if (has == ATTR_STREAM || has == ATTR_STREAM_SCALAR || has == ATTR_STREAM_NUMBER) {
        read_random(q, in);
        return;
    }
    bool reduces = in->op == OP_sum || in->op == OP_max_over || in->op == OP_argmax;
    if (in->op == OP_COUNT || (!reduces && op_info[in->op].class != CLASS_MAP)) {
        diag(s->g, E0607, parse_span(s, t), t->text);
        s->bad = true;
        return;
    }
    in->kind = reduces ? INSN_REDUCE : INSN_OP;
    in->nargs = reduces ? 1 : (uint32_t)op_info[in->op].operands;
    for (uint32_t i = 0; i < in->nargs; i++) in->arg[i] = read_value(q);
    if (reduces) read_over(q);
}

static bool is_access(const struct parse *s)
{
    return (parse_is(s, TOKEN_WORD) || parse_is(s, TOKEN_STRING) || parse_is(s, TOKEN_INDEX)) && parse_peek(s, 1)->kind == '[';
}

/* What stands behind %3 = */
static void read_right(struct kernel_reading *q, struct insn *in)
{
    struct parse *s = q->s;
    if (is_access(s)) {
        in->kind = INSN_LOAD;
        in->at = read_access(q);
    } else if (parse_is(s, TOKEN_NUMBER) || parse_is(s, '-') || parse_is_word(s, "inf") || parse_is_word(s, "nan")) {
        in->kind = INSN_NUMBER;
        in->number = parse_number(s);
    } else if (parse_accept_word(s, "scalar")) {
        in->kind = INSN_SCALAR;
        in->index = read_scalar_reference(s);
    } else if (parse_accept_word(s, "index")) {
        in->kind = INSN_INDEX;
        read_affine(q, &in->at);
    } else if (parse_accept_word(s, "tile")) in->kind = INSN_PRODUCT;
    else read_operation(q, in);
}

static void read_insn(struct kernel_reading *q)
{
    struct parse *s = q->s;
    const struct token *t = parse_peek(s, 0);
    struct insn in = {.outer = q->outer};
    if (parse_accept(s, TOKEN_VALUE)) {
        parse_expect(s, '=');
        read_right(q, &in);
    } else {
        in.kind = INSN_STORE;
        in.at = read_access(q);
        parse_expect(s, '=');
        in.nargs = 1;
        in.arg[0] = read_value(q);
    }
    if (in.kind == INSN_REDUCE && in.outer) parse_wrong(s, t, "a reduction", "inside, where the values are that it reduces");
    fields_read(s, OF_insn, &in);
    bool computes = in.kind == INSN_OP || in.kind == INSN_PRODUCT || in.kind == INSN_REDUCE || in.kind == INSN_SCALAR;
    bool elsewhere = computes && parse_is(s, '@'); /* than its kernel */
    if (computes) in.span = elsewhere ? parse_place(s) : q->k.span;
    if (t->kind == TOKEN_VALUE && !key_map_add(s->g->mem, &q->labels, (uint64_t)t->index + 1, q->k.body.n))
        diag(s->g, E0604, parse_span(s, t), "the value", parse_token_text(s, t));
    vec_push(s->g->mem, &q->k.body, in);
    vec_push(s->g->mem, &q->body, parse_span(s, t));
}

/* ---- the kernel ---- */

static bool read_kernel_line(struct kernel_reading *q)
{
    struct parse *s = q->s;
    if (parse_is(s, TOKEN_VALUE) || is_access(s)) read_insn(q);
    else if (parse_accept_word(s, "for")) read_loops(q, false);
    else if (parse_accept_word(s, "over")) read_loops(q, true);
    else if (parse_is_word(s, "tile") || parse_is(s, '+')) read_product(q);
    else if (parse_accept_word(s, "after")) q->outer = true;
    else if (parse_accept_word(s, "inside")) q->outer = false;
    else return false;
    parse_line(s);
    return true;
}

/* 3 "D.dense1 matmul+add": 9 tasks @26:3+24, then its lines */
void read_kernel(struct parse *s)
{
    struct reading *r = reading_of(s);
    struct kernel_reading q = {.s = s};
    struct kernel_places at = {.head = parse_span(s, parse_peek(s, 0))};
    parse_integer(s, "a kernel's number, which counts from 0,", r->kg->kernels.n, r->kg->kernels.n);
    q.k.name = parse_name(s, "a name");
    parse_expect(s, ':');
    q.k.tasks = (uint32_t)parse_integer(s, "a number of tasks", 1, INT32_MAX);
    if (!parse_accept_word(s, "tasks")) parse_expect_word(s, "task");
    fields_read(s, OF_kernel, &q.k);
    q.k.span = parse_place(s);
    parse_line(s);
    while (!parse_peek(s, 0)->first && read_kernel_line(&q)) {}
    for (uint32_t d = 0; d < q.k.rank; d++)
        if (!q.given[d]) diag(s->g, E0879, at.head, q.k.name, "its dimensions are i0, i1, ... without a gap");
    if (!q.by) q.k.chunk = q.k.extent[0];
    at.body = q.body.at, at.products = q.products.at;
    vec_push(s->g->mem, &r->kg->kernels, q.k);
    vec_push(s->g->mem, &r->kernels, at);
}
