/* kernels_text.c: texts of kernels from outside. What is broken is refused, with an id and a place; whatever is accepted, of thousands of changed
 * texts, prints and reads back alike, stays inside its storages, and gives the same whatever the order of its points and tasks. */
#include "check.h"

#include "base/buffer.h"
#include "base/diag.h"
#include "schedule/interpret.h"

#include <math.h>
#include <stdlib.h>

static const char base[] =
    "ganc kernels 1\n"
    "model m f32 streams 1\n"
    "data d : [6] in [0, 1] source 0\n"
    "tensor W : [6, 5] parameter\n"
    "tensor b : [5] parameter\n"
    "tensor u : [5] parameter\n"
    "counter sgd\n"
    "result V\n"
    "memory arena 1344 tensors 256 worker 13056\n"
    "    tensor W 30 x 4 bytes at 0\n"
    "    tensor b 5 x 4 bytes at 128\n"
    "    tensor u 5 x 4 bytes at 192\n"
    "graph 0 step \"minimize V\" batch 16 scratch 1088\n"
    "    batch d.0 96 x 4 bytes at 256 kernels 0..2 of d draw 0\n"
    "    scratch h 80 x 4 bytes at 640 kernels 0..1\n"
    "    scratch k 80 x 1 bytes at 960 kernels 0..2\n"
    "    scratch y 16 x 4 bytes at 1280 kernels 1..3\n"
    "    scratch V 1 x 4 bytes at 640 kernels 3..3\n"
    "    scalar 0 = 0.75\n"
    "    kernel 0 \"layer\": 2 tasks\n"
    "      for i0 in 0..16, i1 in 0..5 by tiles of [8, 5]\n"
    "        tile = d.0 [16, 6] @ W [6, 5]\n"
    "             + d.0 + 2 [16, 3] ld 6 @ W + 15 [3, 5]\n"
    "        %0 = tile\n"
    "        %1 = b[i1]\n"
    "        %2 = add %0 %1\n"
    "        %3 = rand_bernoulli stream 0 p scalar 0 example [i0] element [i1]\n"
    "        %4 = mul %2 %3\n"
    "        h[5*i0 + i1] = %4\n"
    "        k[5*i0 + i1] = %3\n"
    "    kernel 1 \"rows\": 2 tasks\n"
    "      for i0 in 0..16 by 8\n"
    "        over i1 in 0..5\n"
    "          %0 = h[5*i0 + i1]\n"
    "          %1 = u[i1]\n"
    "          %2 = mul %0 %1\n"
    "          %3 = sum %2 over i1\n"
    "        after\n"
    "          %4 = index 3*i0 + 1\n"
    "          %5 = add %3 %4\n"
    "          y[i0] = %5\n"
    "    kernel 2 \"update\": 1 task\n"
    "      for i1 in 0..5\n"
    "        over i0 in 0..16\n"
    "          %0 = k[5*i0 + i1]\n"
    "          %1 = y[i0]\n"
    "          %2 = mul %0 %1\n"
    "          %3 = sum %2 over i0\n"
    "        after\n"
    "          %4 = u[i1]\n"
    "          %5 = sub %4 %3\n"
    "          u[i1] = %5\n"
    "    kernel 3 \"mean\": 1 task\n"
    "      over i0 in 0..16\n"
    "        %0 = y[i0]\n"
    "        %1 = sum %0 over i0\n"
    "      after\n"
    "        V[0] = %1\n"
    "    objective V = V result V\n"
    "train t batch 16 steps 2\n"
    "    run 0 advance sgd\n";

/* Convolutions: of few channels, back, and turned. */
static const char windows[] =
    "ganc kernels 1\n"
    "model w f32 streams 0\n"
    "data d : [4, 4, 2] in [0, 1] source 0\n"
    "tensor K : [3, 3, 2, 3] parameter\n"
    "counter sgd\n"
    "result V\n"
    "memory arena 2752 tensors 256 worker 8192\n"
    "    tensor K 54 x 4 bytes at 0\n"
    "graph 0 step \"minimize V\" batch 8 scratch 2496\n"
    "    batch d.0 256 x 4 bytes at 256 kernels 0..0 of d draw 0\n"
    "    scratch y 96 x 4 bytes at 1280 kernels 0..3\n"
    "    scratch x 256 x 4 bytes at 1664 kernels 1..2\n"
    "    scratch V 1 x 4 bytes at 2688 kernels 3..3\n"
    "    kernel 0 \"forward\": 2 tasks\n"
    "      for i0 in 0..32, i1 in 0..3 by tiles of [16, 3]\n"
    "        tile = d.0 [128, 2] @ K [18, 3] windows grid [2, 2] taps [3, 3] image [4, 4] stride [2, 2] before [1, 1]\n"
    "        %0 = tile\n"
    "        y[3*i0 + i1] = %0\n"
    "    kernel 1 \"back\": 4 tasks\n"
    "      for i0 in 0..128, i1 in 0..2 by tiles of [32, 2]\n"
    "        tile = y [32, 3] @ K [27, 2] windows back grid [4, 4] taps [3, 3] image [2, 2] stride [2, 2] before [1, 1]\n"
    "        %0 = tile\n"
    "        x[2*i0 + i1] = %0\n"
    "    kernel 2 \"turned\": 3 tasks\n"
    "      for i0 in 0..18, i1 in 0..3 by tiles of [6, 3]\n"
    "        tile = x [128, 2]' @ y [32, 3] windows grid [3, 3] taps [2, 2] image [4, 4] stride [2, 2] before [1, 1]\n"
    "        %0 = tile\n"
    "        %1 = K[3*i0 + i1]\n"
    "        %2 = sub %1 %0\n"
    "        K[3*i0 + i1] = %2\n"
    "    kernel 3 \"mean\": 1 task\n"
    "      over i0 in 0..96\n"
    "        %0 = y[i0]\n"
    "        %1 = sum %0 over i0\n"
    "      after\n"
    "        V[0] = %1\n"
    "    objective V = V result V\n"
    "train t batch 8 steps 2\n"
    "    run 0 advance sgd\n";

/* A transpose of few channels, made slice by slice, and a gradient for the weights by patches of several positions. */
static const char few[] =
    "ganc kernels 1\n"
    "model f f32 streams 0\n"
    "data d : [2, 2, 16] in [0, 1] source 0\n"
    "tensor K : [3, 3, 16, 2] parameter\n"
    "tensor L : [3, 3, 2, 16] parameter\n"
    "counter sgd\n"
    "result V\n"
    "memory arena 14656 tensors 2304 worker 9728\n"
    "    tensor K 288 x 4 bytes at 0\n"
    "    tensor L 288 x 4 bytes at 1152\n"
    "graph 0 step \"minimize V\" batch 32 scratch 12352\n"
    "    batch d.0 2048 x 4 bytes at 2304 kernels 0..1 of d draw 0\n"
    "    scratch z 1024 x 4 bytes at 10496 kernels 0..2\n"
    "    scratch V 1 x 4 bytes at 14592 kernels 2..2\n"
    "    kernel 0 \"out\": 2 tasks\n"
    "      for i0 in 0..512, i1 in 0..2 by tiles of [256, 2]\n"
    "        tile = d.0 [128, 16] @ K [144, 2] windows back grid [4, 4] taps [3, 3] image [2, 2] stride [2, 2] before [1, 1]\n"
    "        %0 = tile\n"
    "        z[2*i0 + i1] = %0\n"
    "    kernel 1 \"patches\": 2 tasks\n"
    "      for i0 in 0..18, i1 in 0..16 by tiles of [16, 16]\n"
    "        tile = z [512, 2]' @ d.0 [128, 16] windows grid [3, 3] taps [2, 2] image [4, 4] stride [2, 2] before [1, 1]\n"
    "        %0 = tile\n"
    "        %1 = L[16*i0 + i1]\n"
    "        %2 = sub %1 %0\n"
    "        L[16*i0 + i1] = %2\n"
    "    kernel 2 \"all\": 1 task\n"
    "      over i0 in 0..1024\n"
    "        %0 = z[i0]\n"
    "        %1 = sum %0 over i0\n"
    "      after\n"
    "        V[0] = %1\n"
    "    objective V = V result V\n"
    "train t batch 32 steps 2\n"
    "    run 0 advance sgd\n";

static struct kernels *parse(struct ganc *g, const char *text, struct program **p)
{
    uint32_t file;
    source_add(g, "t.kernels", text, strlen(text), &file);
    return kernels_parse(g, file, p);
}

/* base, windows or few, with its first `from` replaced; the caller frees it. */
static char *changed(const char *from, const char *to)
{
    const char *text = strstr(base, from) ? base : strstr(windows, from) ? windows : few, *at = strstr(text, from);
    CHECK(at);
    if (!at) printf("the text has no %s\n", from);
    struct buffer b = {0};
    size_t before = at ? (size_t)(at - text) : 0, skip = at ? strlen(from) : 0;
    buffer_bytes(&b, text, before);
    buffer_put(&b, "%s%s", to, text + before + skip);
    return b.text;
}

/* With `from` replaced by `to` it is refused, first with `id`, and with a place. */
static void refused(const char *from, const char *to, enum diag_id id)
{
    struct ganc *g = ganc_new();
    struct program *p;
    char *text = changed(from, to), *said = NULL;
    size_t size;
    FILE *out = open_memstream(&said, &size);
    CHECK(!parse(g, text, &p) && diag_errors(g) > 0);
    diag_print(g, out, COLOR_NEVER);
    fclose(out);
    bool named = strstr(said, diag_name(id)) && strstr(said, "t.kernels:");
    CHECK(named);
    if (!named) printf("%s for %s: not %s, but\n%s\n", to, from, diag_name(id), said);
    free(text);
    free(said);
    ganc_free(g);
}

static void test_storages(void)
{
    refused("memory arena 1344 tensors 256 worker 13056\n", "memory arena 1344 tensors 256\n", E0601);
    refused("    tensor u 5 x 4 bytes at 192\n", "", E0871);
    refused("tensor u 5 x 4 bytes at 192", "tensor u 6 x 4 bytes at 192", E0871);
    refused("tensor u 5 x 4 bytes at 192", "tensor u 5 x 8 bytes at 192", E0871);
    refused("tensor u 5 x 4 bytes at 192", "tensor b 5 x 4 bytes at 192", E0606);
    refused("bytes at 192", "bytes at 196", E0871);
    refused("W 30 x 4 bytes at 0", "W 30 x 4 bytes at 0 panels 5", E0871);
    refused("d.0 96 x 4 bytes at 256", "d.0 96 x 4 bytes at 256 panels 48", E0871);
    refused("bytes at 192", "bytes at 128", E0873);
    refused("bytes at 192", "bytes at 256", E0872);
    refused("arena 1344", "arena 1280", E0872);
    refused("arena 1344 tensors 256", "arena 128 tensors 256", E0872);
    refused("scratch 1088\n", "scratch 960\n", E0872);
    refused("d.0 96 x", "d.0 97 x", E0871);
    refused("d.0 96 x 4 bytes at 256 kernels 0..2", "d.0 96 x 4 bytes at 256 kernels 1..2", E0871);
    refused("d.0 96 x 4 bytes at 256 kernels 0..2", "d.0 96 x 4 bytes at 192 kernels 0..2", E0872);
    refused("of d draw 0", "of e draw 0", E0603);
    refused("    scratch h 80", "    batch again 96 x 4 bytes at 320 unused of d draw 0\n    scratch h 80", E0871);
    refused("scratch h 80 x 4 bytes at 640", "scratch h 80 x 4 bytes at 576", E0873);
    refused("scratch h 80 x 4 bytes at 640 kernels 0..1", "scratch h 80 x 4 bytes at 640 kernels 0..3", E0873);
    refused("scratch h 80 x 4 bytes at 640 kernels 0..1", "scratch h 80 x 4 bytes at 640 kernels 0..0", E0874);
    refused("scratch h 80 x 4 bytes at 640 kernels 0..1", "scratch h 80 x 4 bytes at 640 unused", E0874);
    refused("scratch h 80 x 4 bytes at 640 kernels 0..1", "scratch h 80 x 4 bytes at 640 kernels 1..0", E0606);
    refused("scratch y 16 x 4", "scratch h 16 x 4", E0870);
    refused("scratch y 16 x 4", "scratch y 9223372036854775807 x 4", E0606);
    refused("scratch y 16 x 4 bytes at 1280", "scratch y 1099511627776 x 4 bytes at 1280", E0872);
    refused("scratch y 16 x 4 bytes at 1280", "scratch y 16 x 4 bytes at 140737488355328", E0872);
    refused("scratch V 1 x 4", "scratch V 2 x 4", E0871);
    refused("= V result V", "= Z result V", E0603);
    refused("= V result V", "= y result V", E0871);
    refused("= V result V", "= W result V", E0871);
}

#define LAYER(tasks, tile) "\"layer\": " tasks "\n      for i0 in 0..16, i1 in 0..5 by tiles of " tile

static void test_kernels(void)
{
    refused("kernel 1 \"rows\"", "kernel 2 \"rows\"", E0606);
    refused("\"rows\": 2 tasks", "\"rows\": 1 task", E0877);
    refused("\"rows\": 2 tasks", "\"rows\": 0 tasks", E0606);
    refused("0..16 by 8", "0..16 by 2", E0877);
    refused("0..16 by 8", "0..16 by 17", E0877);
    refused("\"layer\": 2 tasks", "\"layer\": 1 task", E0877);
    refused("tiles of [8, 5]", "tiles of [17, 5]", E0879);
    refused("tiles of [8, 5]", "tiles of [0, 5]", E0606);
    refused(LAYER("2 tasks", "[8, 5]"), LAYER("4 tasks", "[4, 5]"), E0879);
    refused(LAYER("2 tasks", "[8, 5]"), LAYER("4 tasks", "[8, 3]"), E0879);
    refused("worker 13056", "worker 13052", E0879);
    refused("for i0 in 0..16, i1 in 0..5 by", "for i0 in 0..16, i2 in 0..5 by", E0606);
    refused("for i1 in 0..5\n", "for i2 in 0..5\n", E0606);
    refused("for i0 in 0..16 by 8", "for i0 in 0..0 by 2", E0606);
    refused("for i0 in 0..16 by 8", "for i0 in 0..1099511627776, i2 in 0..1099511627776 by 2", E0879);
    refused("over i1 in 0..5\n", "for i1 in 0..5\n", E0606);
    refused("%3 = sum %2 over i1", "%3 = exp %2", E0879);
    refused("%3 = sum %2 over i1", "%3 = sum %2 over i0", E0606);
    refused("%3 = sum %2 over i1", "%3 = sum %2", E0601);
    refused("[16, 6] @ W [6, 5]", "[16, 6] @ W [5, 6]", E0606);
    refused("[16, 6] @ W [6, 5]", "[16, 6] @ W [6, 5] ld 4", E0606);
    refused("[16, 6] @ W [6, 5]", "[16, 6] @ W [6, 5] ld 7", E0876);
    refused("[16, 6] @ W [6, 5]", "[16, 6] @ W + 1 [6, 5]", E0876);
    refused("d.0 + 2 [16, 3]", "d.0 + 4 [16, 3]", E0876);
    refused("h[5*i0 + i1] = %4", "W[5*i0 + i1] = %4", E0857);
    refused("    kernel 3", "    kernel 3 \"none\": 1 task\n      for i0 in 0..1\n        %0 = 1\n    kernel 4", E0879);
    refused("      for i0 in 0..16 by 8\n        over", "      over", E0606);
}

static void test_values(void)
{
    refused("%2 = add %0 %1", "%2 = add %0 %3", E0609);
    refused("%2 = add %0 %1", "%2 = add %0", E0601);
    refused("%2 = add %0 %1", "%1 = add %0 %1", E0604);
    refused("%2 = add %0 %1", "%2 = frob %0 %1", E0607);
    refused("%2 = add %0 %1", "%2 = matmul %0 %1", E0607);
    refused("%1 = b[i1]", "%1 = b[i1 + 1]", E0876);
    refused("%1 = b[i1]", "%1 = b[-1*i1]", E0876);
    refused("%1 = b[i1]", "%1 = b[1099511627776*i1]", E0876);
    refused("%1 = b[i1]", "%1 = b[9223372036854775807*i1]", E0606);
    refused("%1 = b[i1]", "%1 = b[i1 + i1]", E0606);
    refused("%1 = b[i1]", "%1 = b[i2]", E0606);
    refused("%1 = b[i1]", "%1 = b[i9]", E0601);
    refused("%1 = b[i1]", "%1 = c[i1]", E0603);
    refused("%1 = b[i1]", "%1 = &99[i1]", E0603);
    refused("%1 = b[i1]", "%1 = y[i0]", E0874);
    refused("%0 = h[5*i0 + i1]", "%0 = y[i0]", E0875);
    refused("%0 = h[5*i0 + i1]", "%0 = tile", E0878);
    refused("stream 0", "stream 1", E0878);
    refused("element [i1]", "element [i1 + -1]", E0878);
    refused("p scalar 0", "p scalar 1", E0603);
    refused("%5 = add %3 %4", "%5 = add %2 %4", E0878);
    refused("%4 = index 3*i0 + 1", "%4 = index i1", E0878);
    refused("        after\n          %4 = index", "          %4 = index", E0878);
    refused("        after\n          %4 = u", "          %4 = u", E0878);
    refused("        %0 = tile\n", "        after\n        %0 = tile\n", E0878);
    refused("k[5*i0 + i1] = %3", "k[5*i0 + i1] = %2", E0878); /* of bytes */
    refused("k[5*i0 + i1] = %3", "%5 = 255.5\n        k[5*i0 + i1] = %5", E0878);
    refused("h 80 x 4 bytes", "h 80 x 1 bytes", E0878);
    refused("d.0 96 x 4 bytes", "d.0 96 x 1 bytes", E0871);
    refused("b 5 x 4 bytes", "b 5 x 1 bytes", E0871);
    refused("V 1 x 4 bytes", "V 1 x 1 bytes", E0871);
    refused("d.0 + 2 [16, 3] ld 6", "k [16, 3] ld 5", E0879);
    refused("k[5*i0 + i1] = %3", "d.0[5*i0 + i1] = %3", E0878);
}

static void test_order(void)
{
    refused("h[5*i0 + i1] = %4", "h[4*i0 + i1] = %4", E0880);
    refused("h[5*i0 + i1] = %4", "h[5*i0] = %4", E0880);
    refused("k[5*i0 + i1] = %3", "h[5*i0 + i1] = %3", E0880);
    refused("k[5*i0 + i1] = %3", "h[79 + -5*i0 + -1*i1] = %3", E0880);
    refused("%4 = u[i1]", "%4 = u[4 + -1*i1]", E0880);
    refused("%4 = u[i1]", "%4 = u[0]", E0880);
    refused("          u[i1] = %5\n", "          u[i1] = %5\n          %6 = u[i1]\n          y[0] = %6\n", E0880);
}

/* ---- what is accepted ---- */

static double scalar(void *self, const struct sexpr *e)
{
    struct sexpr_context c = {.step = 1, .epoch = 1};
    (void)self;
    return sexpr_evaluate(e, &c);
}

static double *run(struct arena *mem, const struct kernels *k, bool backwards)
{
    struct interpretation in = {.k = k, .scalar = scalar, .backwards = backwards};
    in.cells = NEW_ARRAY(mem, double, interpret_cells(k) + 1);
    for (int64_t i = 0; i < interpret_cells(k); i++) in.cells[i] = sin(1.0 + 0.7 * (double)i);
    for (uint32_t i = 0; i < k->graphs.n; i++) {
        const char *wrong = kernels_interpret(mem, &in, i);
        CHECK(!wrong);
        if (wrong) printf("%s\n", wrong);
    }
    return in.cells;
}

static bool same_bits(const double *a, const double *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(a[i] - b[i]) <= 1e-9 * (1 + fabs(a[i]))) && !(isnan(a[i]) && isnan(b[i])) && a[i] != b[i]) return false;
    return true;
}

/* False where it is refused. */
static bool holds(const char *text)
{
    struct ganc *g = ganc_new();
    struct program *p;
    struct kernels *k = parse(g, text, &p);
    if (k && k->arena_bytes < 1 << 20) {
        struct buffer once = {0}, twice = {0};
        struct program *q;
        kernels_print(&once, g, k);
        struct kernels *again = parse(g, once.text, &q);
        CHECK(again);
        if (again) kernels_print(&twice, g, again);
        CHECK(again && !strcmp(once.text, twice.text));
        bool ordered = same_bits(run(g->mem, k, false), run(g->mem, k, true), interpret_cells(k));
        CHECK(ordered);
        if (!ordered || !again) printf("this was accepted:\n%s\n", once.text);
        buffer_free(&once);
        buffer_free(&twice);
    }
    ganc_free(g);
    return k != NULL;
}

static uint32_t word = 1;

static uint32_t any(uint32_t n)
{
    word = word * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)n * word >> 32);
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* One number becomes another, or a line is left out, doubled or moved down. */
static void change(struct buffer *b, const char *text)
{
    size_t length = strlen(text), from = any((uint32_t)length), to;
    if (any(4)) {
        while (from < length && !is_digit(text[from])) from++;
        for (to = from; to < length && is_digit(text[to]); to++) {}
        buffer_bytes(b, text, from);
        if (to > from) buffer_put(b, "%d", (int)any(any(3) ? 7 : 700));
        buffer_put(b, "%s", text + to);
        return;
    }
    while (from > 0 && text[from - 1] != '\n') from--;
    const char *end = strchr(text + from, '\n'), *next = end ? strchr(end + 1, '\n') : NULL;
    to = end ? (size_t)(end - text) + 1 : length;
    size_t after = next ? (size_t)(next - text) + 1 : to;
    buffer_bytes(b, text, from);
    uint32_t how = any(3);
    if (how == 1) buffer_bytes(b, text + from, to - from), after = from;
    else if (how == 2) buffer_bytes(b, text + to, after - to), buffer_bytes(b, text + from, to - from);
    else after = to;
    buffer_put(b, "%s", text + after);
}

static void test_windows(void)
{
    refused("tiles of [16, 3]", "tiles of [8, 3]", E0877);
    refused("2 tasks\n      for i0 in 0..32, i1 in 0..3 by tiles of [16, 3]", "3 tasks\n      for i0 in 0..32, i1 in 0..3 by tiles of [12, 3]", E0879);
    refused("tiles of [6, 3]", "tiles of [5, 3]", E0879);
    refused("image [4, 4] stride", "image [4, 3] stride", E0606);
    refused("grid [2, 2] ", "", E0606);
    refused("stride [2, 2]", "stride [0, 2]", E0606);
    refused("x [128, 2]' @ y [32, 3] windows", "x [128, 2]' @ y [32, 3] windows back", E0606);
    refused("[27, 2]", "[2, 27]'", E0606);
    refused("y [32, 3] @ K", "y + 3 [32, 3] @ K", E0876);
    refused("tiles of [256, 2]", "tiles of [264, 2]", E0879);
    refused("tiles of [16, 16]", "tiles of [17, 16]", E0879);
    refused("scratch z 1024 x 4 bytes at 10496", "scratch z 1024 x 4 bytes at 10496 panels 64", E0879);
    refused("worker 9728\n    tensor K 288", "worker 9664\n    tensor K 288", E0879);
    refused("before [1, 1]", "before [1, 1]\n             + d.0 [32, 2] @ K [2, 3]", E0606);
}

static void test_changes(const char *base)
{
    int accepted = 0;
    CHECK(holds(base));
    for (int i = 0; i < 6000; i++) {
        struct buffer one = {0}, two = {0};
        change(&one, base);
        bool more = any(3) == 0;
        if (more) change(&two, one.text);
        accepted += holds(more ? two.text : one.text);
        buffer_free(&one);
        buffer_free(&two);
    }
    CHECK(accepted > 300);
}

int main(void)
{
    test_storages();
    test_kernels();
    test_values();
    test_order();
    test_windows();
    test_changes(base);
    test_changes(windows);
    test_changes(few);
    return check_done();
}
