/* Random numbers: Philox's known answers in ganrt/random.h, and the evaluator's words; and that no two numbers of a model share a word.
 *
 * For every example, after all passes: the streams of all draws, those of stacked minibatches included, are different, and none is the runtime's; elements
 * and examples fit the counter. Then the counters of a sample of what training, reports, shuffling and picks draw are written out,
 * and neither they nor the blocks that Philox makes of them repeat. */
#include "check.h"
#include "philox_vectors.h"

#include "base/diag.h"
#include "differentiate/differentiate.h"
#include "elaborate/elaborate.h"
#include "evaluate/evaluate.h"
#include "passes/passes.h"
#include "syntax/ast.h"

#include <ganrt/random.h>
#include <glob.h>
#include <stdlib.h>

static void check_vectors(void)
{
    for (size_t i = 0; i < PHILOX_VECTORS; i++) {
        const struct philox_vector *v = &philox_vectors[i];
        uint32_t words[4], pair[2];
        ganrt_philox(v->key, v->counter, words);
        CHECK(!memcmp(words, v->words, sizeof words));
        uint64_t tick = v->counter[2] | (uint64_t)(v->counter[3] & 0xffff) << 32, block = v->counter[0];
        for (uint32_t w = 0; w < 4; w++)
            CHECK(ganrt_random_word(v->key, tick, v->counter[3] >> 16, v->counter[1], block / 16 * 64 + w * 16 + block % 16) == v->words[w]);
        for (uint32_t p = 0; p < 2; p++) {
            ganrt_random_pair(v->key, tick, v->counter[3] >> 16, v->counter[1], block / 16 * 32 + p * 16 + block % 16, pair);
            CHECK(pair[0] == v->words[2 * p] && pair[1] == v->words[2 * p + 1]);
        }
    }
}

/* ---- the evaluator ---- */

/* The word of an element, by the words of random.h's first page. */
static uint32_t word_of(const uint32_t seed[2], uint64_t tick, uint32_t stream, uint32_t example, uint32_t element)
{
    uint32_t counter[4] = {element / 64 * 16 + element % 16, example, (uint32_t)tick, stream << 16 | (uint32_t)(tick >> 32)}, words[4];
    ganrt_philox(seed, counter, words);
    return words[element / 16 % 4];
}

/* index of 2^32 is the word itself: one minibatch of 3 examples, and two that are stacked, 5 streams apart. */
static void check_evaluator(void)
{
    struct ganc *g = ganc_new();
    struct program p = {.name = "test", .f64 = true, .streams = 20};
    struct graph graph = {.kind = GRAPH_STEP, .name = "draws", .batch = 3};
    struct type t = type_of(true, 2, (int64_t[]){10, 13});
    struct node *one = graph_node(g, &graph, OP_rand_index, 0, NULL, &(struct node){.index = 7, .number = 0x1p32, .type = t}, (struct span){0});
    t.batched = 2;
    struct node *two = graph_node(g, &graph, OP_rand_index, 0, NULL, &(struct node){.index = 9, .draw = 5, .number = 0x1p32, .type = t}, (struct span){0});
    vec_push(g->mem, &graph.keep, one);
    vec_push(g->mem, &graph.keep, two);
    vec_push(g->mem, &p.graphs, &graph);
    struct evaluator *e = evaluator_new(&p);
    e->seed[0] = 0xa4093822, e->seed[1] = 0x299f31d0;
    e->tick = 0x123456789abc - 1;
    const char *error = evaluator_graph(e, &graph);
    CHECK(!error);
    if (error) printf("%s\n", error);
    for (uint32_t example = 0; example < 6 && !error; example++)
        for (uint32_t i = 0; i < 130; i++) {
            if (example < 3) CHECK(evaluator_node(e, one)[example * 130 + i] == word_of(e->seed, 0x123456789abc, 7, example, i));
            CHECK(evaluator_node(e, two)[example * 130 + i] == word_of(e->seed, 0x123456789abc, example < 3 ? 9 : 14, example % 3, i));
        }
    evaluator_free(e);
    ganc_free(g);
}

/* ---- every example ---- */

enum { SAMPLE = 1 << 20 }; /* counters of one model */
struct block {
    uint32_t words[4];
};
static struct block counters[SAMPLE], blocks[SAMPLE];
static uint32_t sampled;

static int in_order(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct block));
}

static uint32_t repeats(struct block *b)
{
    uint32_t n = 0;
    qsort(b, sampled, sizeof *b, in_order);
    for (uint32_t i = 1; i < sampled; i++) n += !in_order(&b[i - 1], &b[i]);
    return n;
}

static void sample(uint32_t block, uint32_t example, uint64_t tick, uint32_t stream)
{
    static const uint32_t seed[2] = {1, 0};
    if (sampled == SAMPLE) return;
    counters[sampled] = (struct block){{block, example, (uint32_t)tick, stream << 16 | (uint32_t)(tick >> 32 & 0xffff)}};
    ganrt_philox(seed, counters[sampled].words, blocks[sampled].words);
    sampled++;
}

/* The first blocks and the last of the first examples and the last, in the ticks that a graph of this kind sees. */
static void sample_draw(const struct graph *graph, const struct node *n, uint32_t stream)
{
    static const uint64_t training[] = {1, 2, 3, 1000, 0xffffffff, 0x100000001}, sampling[] = {0, 1, (uint64_t)1 << 40, ((uint64_t)1 << 40) + 1};
    bool step = graph->kind == GRAPH_STEP;
    int64_t each = n->op == OP_rand_normal ? 32 : 64, rows = (type_elements(n->type) + each - 1) / each, last = n->type.batched ? graph->batch - 1 : 0;
    for (unsigned t = 0; t < (step ? 6u : 4u); t++)
        for (int64_t example = 0; example <= last; example = example == 1 && last > 2 ? last - 1 : example + 1)
            for (int64_t row = 0; row < rows; row = row == 3 && rows > 5 ? rows - 1 : row + 1)
                for (uint32_t lane = 0; lane < 16; lane += 5) sample((uint32_t)(row * 16) + lane, (uint32_t)example, step ? training[t] : sampling[t], stream);
}

static bool is_draw(const struct node *n)
{
    return n->op == OP_rand_uniform || n->op == OP_rand_normal || n->op == OP_rand_bernoulli || n->op == OP_rand_index;
}

static void check_streams(const struct program *p, const char *path)
{
    static const char *owner[GANRT_STREAM_RUNTIME];
    uint32_t draws = 0, shared = 0, sources = 0;
    memset(owner, 0, sizeof owner);
    sampled = 0;
    for (uint32_t i = 0; i < p->graphs.n; i++)
        for (uint32_t k = 0; k < p->graphs.at[i]->nodes.n; k++) {
            const struct graph *graph = p->graphs.at[i];
            const struct node *n = graph->nodes.at[k];
            if (!is_draw(n)) continue;
            CHECK(type_elements(n->type) <= GANRT_DRAW_ELEMENTS && graph->batch <= GANRT_DRAW_EXAMPLES);
            for (uint32_t m = 0; m < (n->type.batched > 1 ? n->type.batched : 1u); m++, draws++) {
                uint64_t stream = n->index + (uint64_t)m * n->draw;
                CHECK(stream < p->streams && stream < GANRT_STREAM_RUNTIME);
                if (stream >= GANRT_STREAM_RUNTIME) continue;
                if (owner[stream]) shared++, printf("%s: stream %u is drawn from in %s and in %s\n", path, (unsigned)stream, owner[stream], graph->name);
                owner[stream] = graph->name;
                sample_draw(graph, n, (uint32_t)stream);
            }
        }
    for (uint32_t i = 0; i < p->data.n; i++)
        if (p->data.at[i].source + 1 > sources) sources = p->data.at[i].source + 1;
    CHECK(sources <= GANRT_SOURCES);
    for (uint32_t s = 0; s < sources; s++) /* passes, picks, keys of permutations: runtime/batch.c */
        for (uint32_t pass = 0; pass < 4; pass++)
            for (uint32_t i = 0; i < 64; i++) {
                sample(i, 0, pass, GANRT_STREAM_SHUFFLE + s);
                if (i < 16) sample(0, i, pass, GANRT_STREAM_PICK + s);
                if (i < 16 && pass == 0) sample((1u << 30) + (i & 3), i / 4, 0, GANRT_STREAM_PICK + s);
            }
    CHECK(!shared);
    CHECK(draws > 0);
    CHECK(sampled > 100 && sampled < SAMPLE);
    uint32_t twice = repeats(counters), alike = repeats(blocks);
    if (twice || alike) printf("%s: %u counters twice, %u blocks\n", path, twice, alike);
    CHECK(!twice && !alike);
}

static void check_model(const char *path)
{
    struct ganc *g = ganc_new();
    uint32_t file;
    struct source *s = source_read(g, path, &file);
    struct ast *tree = s ? ast_parse(g, file, false) : NULL;
    struct program *p = tree ? elaborate(g, tree, "model") : NULL;
    bool good = p && !diag_errors(g) && differentiate(g, p) && passes_run(g, p, NULL, NULL, 0);
    CHECK(good);
    if (good) check_streams(p, path);
    else diag_print(g, stdout, COLOR_NEVER);
    ganc_free(g);
}

int main(void)
{
    check_vectors();
    check_evaluator();
    glob_t found;
    int status = glob(EXAMPLES "/*/*.gan", 0, NULL, &found);
    CHECK(status == 0 && found.gl_pathc >= 20);
    for (size_t i = 0; status == 0 && i < found.gl_pathc; i++) check_model(found.gl_pathv[i]);
    if (status == 0) globfree(&found);
    return check_done();
}
