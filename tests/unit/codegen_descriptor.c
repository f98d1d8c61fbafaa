/* ganrt_model as the runtime reads it: every field of every structure, through the structures of ganrt/model.h (the frame's
 * layout shows in the other tests, which compute with it); what is said where linking fails; equal kernels, equal bytes. */
#include "codegen_kit.h"

#include <dirent.h>
#include <unistd.h>

KIT_SERVICES

static struct output out = {.kind = OUTPUT_REPORT, .name = "r", .sign = 1, .result = 1};

static const struct sexpr *number(struct kit *t, double x)
{
    struct sexpr *s = NEW(t->g->mem, struct sexpr);
    *s = (struct sexpr){.kind = SEXPR_NUMBER, .number = x};
    return s;
}

static void make(struct kit *t)
{
    kit_open(t, false);
    struct program *p = &t->program;
    struct arena *mem = t->g->mem;
    p->source = "# text\n";
    vec_push(mem, &p->settings, (struct setting){.name = "k", .doc = "steps", .value = number(t, 5), .boolean = true});
    vec_push(mem, &p->settings, (struct setting){.name = "mode", .fixed = true, .text = "same"});
    vec_push(mem, &p->data, (struct data){.name = "m", .field = "image", .source = 3, .type = type_of(false, 2, (int64_t[]){28, 27}), .low = -1, .high = 2, .from = "a.gz", .sliced = true, .slice_low = 4, .slice_high = -1});
    vec_push(mem, &p->data, (struct data){.name = "m", .field = "label", .source = 3, .type = type_of(false, 1, (int64_t[]){10}), .any = true, .onehot = true});
    vec_push(mem, &p->priors, (struct prior_info){.name = "noise", .type = type_of(false, 1, (int64_t[]){7}), .text = "normal(0, 1)"});
    vec_push(mem, &p->tensors, (struct tensor){.name = "G.W", .kind = TENSOR_NET_STATE, .type = type_of(false, 2, (int64_t[]){3, 4}), .net = 0});
    vec_push(mem, &t->k.tensors, (struct storage){.kind = STORAGE_TENSOR, .name = "G.W", .elements = 12, .size = 4, .offset = 64});
    t->k.tensor_bytes = t->k.arena_bytes = 128;
    struct net_info net = {.name = "G", .output = type_of(false, 3, (int64_t[]){2, 2, 3}), .graph = -1};
    vec_push(mem, &net.inputs, (struct net_input){.name = "z", .type = type_of(false, 1, (int64_t[]){7}), .prior = 0, .data = -1});
    vec_push(mem, &net.tensors, 0);
    vec_push(mem, &p->nets, net);
    vec_push(mem, &p->counters, "adam");
    vec_push(mem, &p->results, "V");
    vec_push(mem, &p->results, "r");
    struct train train = {.name = "wgan", .batch = 64, .epochs = number(t, 3), .vars = 2, .epoch_data = 1};
    vec_push(mem, &train.counters, 0);
    vec_push(mem, &p->trains, train);
    vec_push(mem, &p->reports, (struct report){.name = "r", .graph = 0, .gather = -1, .every = number(t, 500)});
    vec_push(mem, &p->pictures, (struct picture){.name = "s", .graph = 0, .rows = 8, .columns = 9, .image = true, .any = true, .type = type_of(false, 2, (int64_t[]){2, 6}), .low = -1, .high = 1});
    uint32_t x = kit_storage(t, 6, 4), y = kit_storage(t, 6, 4);
    t->graph.batch = 2;
    kit_graph(t)->storages.at[0].kind = STORAGE_BATCH;
    kit_graph(t)->storages.at[0].index = 1;
    kit_graph(t)->storages.at[0].draw = 2;
    kit_graph(t)->storages.at[0].batched = true;
    struct kernel *k = kit_kernel(t, 1, (int64_t[]){6});
    uint32_t in = kit_insn(t, k, (struct insn){.kind = INSN_LOAD, .at = KIT_AT(x, 0, 1)});
    uint32_t square = kit_insn(t, k, (struct insn){.kind = INSN_OP, .op = OP_mul, .nargs = 2, .arg = {in, in}});
    kit_insn(t, k, (struct insn){.kind = INSN_STORE, .nargs = 1, .arg = {square}, .at = KIT_AT(y, 0, 1)});
    vec_push(mem, &kit_graph(t)->outputs, (struct kernel_output){&out, y});
    kit_graph(t)->scratch_bytes = 256;
}

static void test_tables(const struct kit *t)
{
    const struct ganrt_model *m = t->model;
    CHECK(m->abi == GANRT_ABI && m->f64 == 0 && m->check_bounds == 0 && m->red_zone == 0);
    CHECK_TEXT(m->name, "kit");
    CHECK_TEXT(m->source, "# text\n");
    CHECK_TEXT(m->cpu, codegen_host_cpu());
    CHECK(m->features && m->compiler && m->defaults);
    CHECK(m->tensor_bytes == 128 && m->arena_bytes == t->k.arena_bytes && m->worker_bytes == 65536);
    CHECK(m->nsizes == 6 && m->sizes[0].batch == 32 && m->sizes[5].batch == 1 && m->sizes[0].arena_bytes <= m->arena_bytes && m->sizes[5].arena_bytes > 128);
    CHECK(m->nsettings == 2 && m->ndata == 2 && m->npriors == 1 && m->ntensors == 1 && m->nnets == 1 && m->ncounters == 1);
    CHECK(m->ngraphs == 1 && m->nresults == 2 && m->ntrains == 1 && m->nreports == 1 && m->npictures == 1 && m->scalars == 0 && m->vars == 2);
    CHECK_TEXT(m->settings[0].doc, "steps");
    CHECK(m->settings[0].boolean && !m->settings[0].fixed && !m->settings[0].text && !m->settings[1].doc && m->settings[1].fixed);
    CHECK_TEXT(m->settings[1].name, "mode");
    CHECK_TEXT(m->settings[1].text, "same");
    const struct ganrt_data *d = m->data;
    CHECK_TEXT(d[0].field, "image");
    CHECK(d[0].source == 3 && d[0].rank == 2 && d[0].dims[1] == 27 && d[0].elements == 756 && !d[0].any && !d[0].onehot && d[0].low == -1 && d[0].high == 2);
    CHECK_TEXT(d[0].from, "a.gz");
    CHECK(d[0].sliced && d[0].slice_low == 4 && d[0].slice_high == -1 && d[1].any && d[1].onehot && !d[1].from && d[1].elements == 10);
    CHECK_TEXT(m->priors[0].name, "noise");
    CHECK_TEXT(m->priors[0].text, "normal(0, 1)");
    CHECK(m->priors[0].rank == 1 && m->priors[0].dims[0] == 7);
    const struct ganrt_tensor *w = m->tensors;
    CHECK_TEXT(w->name, "G.W");
    CHECK(w->kind == GANRT_NET_STATE && w->rank == 2 && w->dims[0] == 3 && w->elements == 12 && w->size == 4 && w->net == 0 && w->offset == 64);
    const struct ganrt_net *n = m->nets;
    CHECK(n->ninputs == 1 && n->rank == 3 && n->dims[2] == 3 && n->elements == 12 && n->ntensors == 1 && n->tensors[0] == 0 && n->graph == -1);
    CHECK_TEXT(n->inputs[0].name, "z");
    CHECK(n->inputs[0].rank == 1 && n->inputs[0].dims[0] == 7 && n->inputs[0].elements == 7 && n->inputs[0].prior == 0 && n->inputs[0].data == -1);
    CHECK_TEXT(m->counters[0], "adam");
    CHECK_TEXT(m->results[1], "r");
}

static void test_programs(const struct kit *t)
{
    const struct ganrt_graph *g = t->model->graphs;
    CHECK_TEXT(g->name, "by hand");
    CHECK(g->kind == GANRT_STEP && g->batch == 2 && g->run && g->nbatches == 1 && g->noutputs == 1 && g->nkernels == 1 && g->scratch_bytes == 256);
    CHECK(g->batches[0].kind == GANRT_BATCH_DATA && g->batches[0].index == 1 && g->batches[0].draw == 2 && g->batches[0].offset == 128 && g->batches[0].elements == 6);
    CHECK_TEXT(g->outputs[0].name, "r");
    CHECK(g->outputs[0].kind == 1 && g->outputs[0].result == 1 && g->outputs[0].elements == 6 && g->outputs[0].offset == t->k.graphs.at[0].storages.at[1].offset);
    CHECK_TEXT(g->kernels[0].name, "kernel");
    CHECK(g->kernels[0].flop == 6 && g->kernels[0].bytes == 48 && g->kernels[0].tasks == 1 && g->kernels[0].line == 0 && g->kernels[0].run);
    const struct ganrt_train *r = t->model->trains;
    CHECK_TEXT(r->name, "wgan");
    CHECK(r->batch == 64 && !r->steps && r->epochs && r->pass && r->vars == 2 && r->epoch_data == 1 && r->ncounters == 1 && r->counters[0] == 0);
    const struct ganrt_picture *p = t->model->pictures;
    CHECK_TEXT(p->name, "s");
    CHECK(p->graph == 0 && !p->every && p->rows == 8 && p->columns == 9 && p->image && p->any && p->rank == 2 && p->dims[1] == 6 && p->low == -1 && p->high == 1);
    struct ganrt_frame f = t->frame;
    CHECK(t->model->reports[0].graph == 0 && t->model->reports[0].every(&f) == 500);
}

static unsigned files_in(const char *folder)
{
    unsigned n = 0;
    DIR *d = opendir(folder);
    for (struct dirent *f; d && (f = readdir(d));) n += f->d_name[0] != '.';
    if (d) closedir(d);
    return n;
}

static void test_link(struct kit *t)
{
    char folder[] = "/tmp/codegen-XXXXXX", *output;
    CHECK(mkdtemp(folder) != NULL);
    output = arena_format(t->g->mem, "%s/trainer", folder);
    setenv("CC", "/no/such/compiler -x", 1);
    CHECK(!object_link(t->g, &t->object, output, "libganrt.a") && diag_errors(t->g) == 1);
    setenv("CC", "false", 1);
    CHECK(!object_link(t->g, &t->object, output, "libganrt.a") && diag_errors(t->g) == 2);
    CHECK(!object_link(t->g, &t->object, "/no/such/folder/trainer", "libganrt.a") && diag_errors(t->g) == 3);
    CHECK(files_in(folder) == 0);
    diag_rewind(t->g, 0);
    CHECK(rmdir(folder) == 0);
}

int main(void)
{
    struct kit t, again;
    make(&t);
    make(&again);
    CHECK(kit_load(&t));
    CHECK(kit_load(&again));
    if (t.model && again.model) {
        test_tables(&t);
        test_programs(&t);
        CHECK(t.object.length == again.object.length && !memcmp(t.object.bytes, again.object.bytes, t.object.length));
        test_link(&t);
    }
    kit_close(&t);
    kit_close(&again);
    return check_done();
}
