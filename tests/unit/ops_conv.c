/* Functions of images in the language, their gradients and second gradients, against PyTorch (ops_conv.py made ops_conv_values.h): as
 * differentiated, and after the passes. And for random windows of any lie the three sides of a convolution give one form, and windows and
 * windows_sum are transposes; each linear in each operand, by its tangents. */
#include "differentiate/differentiate.h"
#include "elaborate/elaborate.h"
#include "fixture.h"

#include "check.h"

struct row {
    const char *text, *image, *weights, *result; /* shapes */
    double v;
    const double *w; /* W - dV/dW */
};
#include "ops_conv_values.h"

/* ---- against PyTorch ---- */

static void fill_data(void *self, const struct graph *graph, uint64_t tick, uint32_t data, uint32_t draw, double *to)
{
    const struct program *p = self;
    (void)tick, (void)draw;
    for (int64_t i = 0; i < graph->batch * type_elements(p->data.at[data].type); i++) to[i] = sin(1 + 0.7 * (double)i);
}

static struct program *program_of(struct ganc *g, const struct row *r)
{
    uint32_t file;
    const char *text = arena_format(g->mem,
        "data image : [%s] in any\n"
        "layer f(x) { param W : [%s] = 0; %s }\n"
        "net N(x ~ image) -> [%s] { f(x) }\n"
        "value V = E[x ~ image] { let y = N(x); let q = sum(y * y * y) / 3; let d = grad(q, x); q + sum(d * d) / 2 }\n"
        "train (batch=2, steps=1) { minimize V over N using sgd(1) }\n", r->image, r->weights, r->text, r->result);
    source_add(g, "row", text, strlen(text), &file);
    struct ast *tree = ast_parse(g, file, false);
    return tree ? elaborate(g, tree, "row") : NULL;
}

static void check_row(const struct row *r, bool passes)
{
    struct ganc *g = ganc_new();
    g->rules = rules_of(fixture_library());
    g->f64 = true;
    struct program *p = program_of(g, r);
    CHECK(p != NULL);
    if (p && differentiate(g, p) && (!passes || passes_run(g, p, NULL, NULL, 0))) {
        struct evaluator *e = evaluator_new(p);
        e->source.self = p, e->source.data = fill_data;
        const char *wrong = evaluator_start(e);
        int64_t n = type_elements(p->tensors.at[0].type);
        for (int64_t i = 0; i < n; i++) e->tensors[0][i] = cos(0.5 + 0.3 * (double)i);
        evaluator_train_begin(e, 0);
        if (!wrong) wrong = evaluator_train_pass(e, 0);
        double off = 0, all = 0;
        for (int64_t i = 0; i < n; i++) off += pow(e->tensors[0][i] - r->w[i], 2), all += pow(r->w[i], 2);
        bool good = !wrong && sqrt(off) <= 1e-10 * sqrt(all) && fabs(e->results[0] - r->v) <= 1e-10 * fabs(r->v);
        CHECK(good);
        if (!good) printf("%s of [%s]: %s; V is %.17g, not %.17g; W is off by %g\n", r->text, r->image, wrong ? wrong : "runs", e->results[0], r->v, sqrt(off / all));
        evaluator_free(e);
    }
    CHECK(!diag_errors(g));
    if (diag_errors(g)) diag_print(g, stdout, COLOR_NEVER);
    ganc_free(g);
}

/* ---- transposes ---- */

static int64_t below(int64_t n) { return (int64_t)fixture_random(0, (double)n); }

/* Stride, padding and size of windows that fill an image [h, w, .]; counts of them. */
static struct node lie(const int64_t *image, int64_t *size, int64_t *count)
{
    struct node like = {.axis_count = 8};
    for (int i = 0; i < 2; i++) {
        size[i] = 1 + below(4), count[i] = 1 + below(4);
        like.axes[i] = 1 + below(4), like.axes[2 + i] = below(5), like.axes[6 + i] = size[i];
        like.axes[4 + i] = (count[i] - 1) * like.axes[i] + size[i] - like.axes[2 + i] - image[i];
    }
    return like;
}

static struct node *inner_product(struct fixture *f, struct node *a, struct node *b)
{
    return fixture_total(f, fixture_binary(f, OP_mul, a, b));
}

static void check_transposes(void)
{
    struct fixture *f = fixture_new(2);
    bool batched = below(2);
    int64_t image[2] = {1 + below(6), 1 + below(6)}, size[2], count[2], in = 1 + below(3), out = 1 + below(3);
    struct node like = lie(image, size, count);
    struct node *x = fixture_input(f, type_of(batched, 3, (int64_t[]){image[0], image[1], in}));
    struct node *k = fixture_input(f, type_of(false, 4, (int64_t[]){size[0], size[1], in, out}));
    struct node *y = fixture_input(f, type_of(batched, 3, (int64_t[]){count[0], count[1], out}));
    struct node *l = fixture_input(f, type_of(batched, 5, (int64_t[]){count[0], count[1], size[0], size[1], in}));
    fixture_result(f, inner_product(f, fixture_node(f, OP_conv2d, 2, (struct node *[]){x, k}, like), y));
    fixture_result(f, inner_product(f, fixture_node(f, OP_conv2d_transpose, 2, (struct node *[]){y, k}, like), x));
    fixture_result(f, inner_product(f, fixture_node(f, OP_conv2d_kernel, 2, (struct node *[]){x, y}, like), k));
    fixture_result(f, inner_product(f, fixture_node(f, OP_windows, 1, &x, like), l));
    fixture_result(f, inner_product(f, fixture_node(f, OP_windows_sum, 1, &l, like), x));
    int64_t n;
    for (uint32_t i = 0; i < f->inputs; i++) f->tangent[i] = f->value[i];
    const double *t, *v = fixture_run(f, &n, &t);
    CHECK(n == 5);
    for (int i = 0; i < 5; i++) CHECK_NEAR(t[i], (i < 3 ? 3 : 2) * v[i], 1e-10); /* so many factors, each disturbed by itself */
    CHECK_NEAR(v[1], v[0], 1e-11);
    CHECK_NEAR(v[2], v[0], 1e-11);
    CHECK_NEAR(v[4], v[3], 1e-11);
    fixture_free(f);
}

int main(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int passes = 0; passes < 2; passes++) check_row(&rows[i], passes);
    for (int i = 0; i < 300; i++) check_transposes();
    ganc_free(fixture_library());
    return check_done();
}
