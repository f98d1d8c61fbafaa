/* Operations on images and layers of the library against PyTorch (codegen_images.py made codegen_images_values.h): value, gradients and second gradients, by
 * the reference evaluator in double to 1e-10, and by compiled code in double to 1e-10 and in single precision to 1e-5, norm-wise. */
#include "codegen/codegen.h"
#include "differentiate/differentiate.h"
#include "elaborate/elaborate.h"
#include "evaluate/made_up.h"
#include "fixture.h"
#include "run.h"
#include "schedule/kernels.h"

#include "check.h"

enum { Y, DX, DDX, DW, DXW, DWW, VALUES };
static const char *const names[VALUES] = {"y", "dx", "ddx", "dW", "dxW", "dWW"};

struct row {
    const char *before, *body, *image, *result; /* declarations; what f(x) is; shapes */
    int64_t size[VALUES];
    const double *values; /* one after the other; dW, dxW, dWW of all parameters in their order */
};
#include "codegen_images_values.h"

static const char *row_text(struct ganc *g, const struct row *r)
{
    return arena_format(g->mem,
                        "%sdata image : [%s] in any\n"
                        "layer f(x) { %s }\n"
                        "net N(x ~ image) -> [%s] { f(x) }\n"
                        "fn cube(y) = sum(y * y * y) / 3\n"
                        "fn slope(x) = grad(cube(N(x)), x)\n"
                        "fn bend(x) = { let d = slope(x); sum(d * d) / 2 }\n"
                        "state y : [2, %s] = 0\n"
                        "state dx : [2, %s] = 0\n"
                        "state ddx : [2, %s] = 0\n"
                        "optimizer keep() (w, g) { state s : shape(w) = 0; s <- g }\n"
                        "optimizer dW = keep()\n"
                        "optimizer dxW = keep()\n"
                        "optimizer dWW = keep()\n"
                        "value V = E[x ~ image] cube(N(x))\n"
                        "train (batch=2, steps=1) {\n"
                        "    y <- E[x ~ image] batch(N(x))\n"
                        "    dx <- E[x ~ image] batch(slope(x))\n"
                        "    ddx <- E[x ~ image] batch(grad(bend(x), x))\n"
                        "    minimize V over N using dW\n"
                        "    minimize E[x ~ image] bend(x) over N using dxW\n"
                        "    minimize sumsq(grad(V, N)) / 2 over N using dWW\n"
                        "}\n",
                        r->before, r->image, r->body, r->result, r->result, r->image, r->image);
}

static double parameter(uint32_t which, int64_t i)
{
    return cos(0.5 + 0.3 * (double)i + which);
}

/* ---- what came out ---- */

struct world { /* the tensors after a step, of the evaluator or of compiled code */
    const struct program *p;
    const struct evaluator *evaluator;
    const struct run *run;
};

static double element(const struct world *w, uint32_t tensor, int64_t i)
{
    if (w->evaluator) return w->evaluator->tensors[tensor][i];
    const struct ganrt_tensor *t = &w->run->model->tensors[tensor];
    const void *at = run_at(w->run, t->offset);
    i = ganrt_position(t, i);
    return t->size == 8 ? ((const double *)at)[i] : (double)((const float *)at)[i];
}

static int64_t tensor_called(const struct program *p, const char *name)
{
    for (uint32_t t = 0; t < p->tensors.n; t++)
        if (!strcmp(p->tensors.at[t].name, name)) return t;
    return -1;
}

/* Squares of the differences of a tensor from what is wanted, into *off, and of what is wanted into *all; the elements compared. A gradient that is not there
 * is zero. */
static int64_t measure(const struct world *w, const char *name, int64_t n, const double *want, double *off, double *all)
{
    int64_t t = tensor_called(w->p, name);
    if (t >= 0 && type_elements(w->p->tensors.at[t].type) != n) return 0;
    for (int64_t i = 0; i < n; i++) {
        double d = (t < 0 ? 0 : element(w, (uint32_t)t, i)) - want[i];
        *off += d * d;
        *all += want[i] * want[i];
    }
    return n;
}

static void compare(struct ganc *g, const struct row *r, const struct world *w, const char *how, double most)
{
    const double *want = r->values;
    for (int v = 0; v < VALUES; v++) {
        double off = 0, all = 0;
        int64_t n = 0;
        if (v < DW) n = measure(w, names[v], r->size[v], want, &off, &all);
        for (uint32_t t = 0; t < w->p->tensors.n && v >= DW; t++) {
            const struct tensor *own = &w->p->tensors.at[t];
            if (own->kind == TENSOR_PARAMETER)
                n += measure(w, arena_format(g->mem, "%s.s.%s", names[v], own->name), type_elements(own->type), want + n, &off, &all);
        }
        bool good = n == r->size[v] && all > 0 && sqrt(off) <= most * sqrt(all);
        CHECK(good);
        if (!good)
            printf("%s of [%s], %s: %s is off by %g (%lld elements of %lld)\n", r->body, r->image, how, names[v], sqrt(off / all), (long long)n,
                   (long long)r->size[v]);
        want += r->size[v];
    }
}

/* ---- the evaluator ---- */

static void fill_data(void *self, const struct graph *graph, uint64_t tick, uint32_t data, uint32_t draw, double *to)
{
    const struct program *p = self;
    const struct data *d = &p->data.at[data];
    (void)tick, (void)draw;
    made_up_examples(d, true, 1, graph->batch * type_elements(d->type), to);
}

static void evaluate_row(struct ganc *g, const struct row *r, struct program *p)
{
    struct evaluator *e = evaluator_new(p);
    e->source.self = p, e->source.data = fill_data;
    const char *wrong = evaluator_start(e);
    for (uint32_t t = 0, which = 0; t < p->tensors.n; t++)
        if (p->tensors.at[t].kind == TENSOR_PARAMETER) {
            for (int64_t i = 0; i < type_elements(p->tensors.at[t].type); i++) e->tensors[t][i] = parameter(which, i);
            which++;
        }
    evaluator_train_begin(e, 0);
    if (!wrong) wrong = evaluator_train_pass(e, 0);
    CHECK(!wrong);
    if (wrong) printf("%s: %s\n", r->body, wrong);
    compare(g, r, &(struct world){.p = p, .evaluator = e}, "evaluator", 1e-10);
    evaluator_free(e);
}

/* ---- compiled code ---- */

static void set_parameters(struct run *run)
{
    uint32_t which = 0;
    for (uint32_t t = 0; t < run->model->ntensors; t++) {
        const struct ganrt_tensor *tensor = &run->model->tensors[t];
        void *at = run_at(run, tensor->offset);
        if (tensor->kind != GANRT_PARAMETER) continue;
        for (int64_t i = 0; i < tensor->elements; i++) {
            if (tensor->size == 8) ((double *)at)[ganrt_position(tensor, i)] = parameter(which, i);
            else ((float *)at)[ganrt_position(tensor, i)] = (float)parameter(which, i);
        }
        which++;
    }
}

static void run_row(struct ganc *g, const struct row *r, const struct program *p, const struct ganrt_model *model)
{
    struct run *run = run_new(model);
    struct error error = {""};
    run->nthreads = 2;
    bool good = run_allocate(run, &error);
    CHECK(good);
    if (good) {
        run_initialise(run);
        set_parameters(run);
        run->training = true;
        model->trains[0].pass(&run->frame);
        compare(g, r, &(struct world){.p = p, .run = run}, p->f64 ? "compiled, double" : "compiled, single", p->f64 ? 1e-10 : 1e-5);
    }
    run_free(run);
}

static void compile_row(struct ganc *g, const struct row *r, struct program *p)
{
    struct object object = {0};
    void *handle = NULL;
    struct kernels *k = passes_run(g, p, NULL, NULL, 0) ? kernels_make(g, p) : NULL;
    const struct ganrt_model *model = k && !diag_errors(g) && codegen_object(g, k, &object) ? jit_load(g, &object, &handle) : NULL;
    CHECK(model != NULL);
    if (model) run_row(g, r, p, model);
    if (handle) jit_unload(handle);
    codegen_object_free(&object);
}

static void check_row(const struct row *r, bool f64)
{
    struct ganc *g = ganc_new();
    uint32_t file;
    const char *text = row_text(g, r);
    g->rules = rules_of(fixture_library());
    g->f64 = f64;
    source_add(g, "row", text, strlen(text), &file);
    struct ast *tree = ast_parse(g, file, false);
    struct program *p = tree ? elaborate(g, tree, "row") : NULL;
    bool good = p && differentiate(g, p);
    CHECK(good);
    if (good && f64) evaluate_row(g, r, p);
    if (good) compile_row(g, r, p);
    CHECK(!diag_errors(g));
    if (diag_errors(g)) printf("%s\n", text), diag_print(g, stdout, COLOR_NEVER);
    ganc_free(g);
}

int main(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int f64 = 0; f64 < 2; f64++) check_row(&rows[i], f64);
    ganc_free(fixture_library());
    return check_done();
}
