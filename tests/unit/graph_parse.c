/* graph_parse.c: expressions of the schedule mean and print what they read; each error of a text has its id and its line. */
#include "check.h"

#include "base/buffer.h"
#include "base/diag.h"
#include "graph/program.h"

#include <stdlib.h>

#define HEAD "ganc graph 1\nmodel m f32 streams 2\n"
#define DECLARED HEAD "setting k = 3\nsetting rate = 0.5\ntensor w : [2] parameter\ntensor fade : [] schedule_state f64\nresult V\ncounter adam\n"
#define GRAPH DECLARED "graph 0 step \"s\" batch 4\n"

static struct program *parse(struct ganc *g, const char *text)
{
    uint32_t file;
    source_add(g, "t.graph", text, strlen(text), &file);
    return program_parse(g, file);
}

static const double *fade(void *self, uint32_t tensor)
{
    (void)tensor;
    return self;
}

/* `text` prints as `printed` (NULL: as itself) and has this value. */
static void check_expression(const char *text, const char *printed, double value)
{
    struct ganc *g = ganc_new();
    struct program *p = parse(g, arena_format(g->mem, DECLARED "setting e = %s\n", text));
    CHECK(p);
    if (p) {
        const struct sexpr *e = p->settings.at[2].value;
        struct buffer out = {0};
        sexpr_print(&out, p, e);
        CHECK_TEXT(out.text, printed ? printed : text);
        buffer_free(&out);
        double state = 0.25;
        struct sexpr_context c = {.settings = (double[]){3, 0.5}, .results = (double[]){7}, .counters = (double[]){11}, .step = 5, .epoch = 2, .state = fade, .self = &state};
        CHECK_NEAR(sexpr_evaluate(e, &c), value, 1e-12);
        CHECK(sexpr_equal(e, e) && !sexpr_equal(e, p->settings.at[0].value));
    } else
        diag_print(g, stdout, COLOR_NEVER);
    ganc_free(g);
}

static void test_expressions(void)
{
    check_expression("2 * 4 - 3 ^ 2", "-1", -1);
    check_expression("k - 2 - step", NULL, -4);
    check_expression("k - (2 - step)", NULL, 6);
    check_expression("((k * 2)) + step / rate / 2", "k * 2 + step / rate / 2", 11);
    check_expression("k * (2 + step)", NULL, 21);
    check_expression("-k ^ 2", NULL, -9);
    check_expression("(-k) ^ 2", NULL, 9);
    check_expression("(-2) ^ k", NULL, -8);
    check_expression("2 ^ -k ^ 0.5 * 8", NULL, 8 * pow(2, -sqrt(3)));
    check_expression("(2 ^ k) ^ rate", NULL, sqrt(8));
    check_expression("2 ^ k ^ rate", NULL, pow(2, sqrt(3)));
    check_expression("step - -0.5", NULL, 5.5);
    check_expression("max(0.1 / 1.5 ^ (step - 1), 1e-6)", NULL, 0.1 / pow(1.5, 4));
    check_expression("step <= 25 or (step - 1) % 500 == 0 and not k > rate", "step <= 25 or (step - 1) % 500 == 0 and not k > rate", 1);
    check_expression("not (k == 3 and step < 4)", NULL, 1);
    check_expression("(k > 2) + (epoch != 2)", NULL, 1);
    check_expression("where(step > 9, updates(adam), state(fade)) + result(V)", NULL, 7.25);
    check_expression("pow(k, add(rate, 1))", "k ^ (rate + 1)", pow(3, 1.5));
    check_expression("\"k\" + &1", "k + rate", 3.5);
    check_expression("-inf < k", NULL, 1);
    check_expression("0 and k > 1", "0", 0);
    check_expression("1 or k > 1", "1", 1);
}

/* `text` is refused, first with `id`. */
static void check_error(const char *text, enum diag_id id)
{
    struct ganc *g = ganc_new();
    struct program *p = parse(g, text);
    struct buffer out = {0};
    size_t size;
    char *json = NULL;
    FILE *to = open_memstream(&json, &size);
    CHECK(!p && diag_errors(g) > 0);
    diag_print(g, to, COLOR_NEVER);
    fclose(to);
    CHECK(strstr(json, diag_name(id)));
    CHECK(id == E0611 || strstr(json, "t.graph:"));
    if (!strstr(json, diag_name(id)))
        printf("for\n%s\nthis was said:\n%s\n", text, json);
    free(json);
    buffer_free(&out);
    ganc_free(g);
}

static void test_errors(void)
{
    check_error("", E0601);
    check_error("ganc", E0601);
    check_error("ganc graph 2\n", E0602);
    check_error(HEAD "nonsense\n", E0601);
    check_error(HEAD "setting k = 1 2\n", E0601);
    check_error(HEAD "setting k = j\n", E0603);
    check_error(HEAD "setting k = &1\n", E0603);
    check_error(HEAD "setting k = frob(1)\n", E0607);
    check_error(HEAD "setting k = 1\nsetting k = 2\n", E0604);
    check_error(HEAD "setting k = 1 ?\n", E0608);
    check_error(HEAD "setting k = 1 doc \"open\n", E0608);
    check_error(HEAD "setting k = 1 @3:1+1\n", E0610);
    check_error(HEAD "setting k = 1 @nowhere.gan:3:1+1\n", E0603);
    check_error(HEAD "source \"m.gan\"\n| x\nsetting k = 1 @1:1+99\n", E0610);
    check_error(HEAD "tensor w : [0] parameter\n", E0606);
    check_error(HEAD "tensor w : [1, 1, 1, 1, 1, 1, 1, 1, 1] parameter\n", E0606);
    check_error(HEAD "tensor w : [99999999999999999999] parameter\n", E0606);
    check_error(HEAD "tensor w : [1099511627776, 1099511627776] parameter\n", E0611);
    check_error(HEAD "graph 1 step s batch 1\n", E0606);
    check_error(GRAPH "    %0 = tensor w : [3]\n", E0611);
    check_error(GRAPH "    %0 = tensor w : [2]\n    %1 = exp %0 : [3]\n", E0605);
    check_error(GRAPH "    %0 = exp %0 : [3]\n", E0609);
    check_error(GRAPH "    %0 = frob : []\n", E0607);
    check_error(GRAPH "    %0 = constant 1 : []\n    %0 = constant 2 : []\n", E0604);
    check_error(GRAPH "    %0 = tensor w : [2]\n    %1 = add %0 : [2]\n", E0606);
    check_error(GRAPH "    %0 = tensor w : [2]\n    %1 = sum %0 axes [1] : []\n", E0606);
    check_error(GRAPH "    %0 = tensor w : [2]\n    %1 = sum %0 axes [0, 0] : []\n", E0606);
    check_error(GRAPH "    %0 = tensor w : [2]\n    %1 = slice %0 offsets [1] : [2]\n", E0606);
    check_error(GRAPH "    %0 = tensor w : [2]\n    %1 = transpose %0 permutation [1] : [2]\n", E0606);
    check_error(GRAPH "    %0 = rand_normal stream 0 : [B, 1099511627776]\n", E0621);
    check_error(GRAPH "    %0 = rand_normal stream 2 : [B]\n", E0611);
    check_error(GRAPH "    %0 = tensor w : [2]\n    w <- %0\n    w <- %0\n", E0611);
    check_error(DECLARED "train t batch 1 steps 2\n    run 0\n", E0606);
    check_error(DECLARED "train t batch 1 steps 2\n    repeat k {\n", E0601);
    check_error(DECLARED "train t batch 1 steps 2\n    let $0 = k\n", E0611);
}

/* Deep and long texts: refused, not overflowed. */
static void test_bounds(void)
{
    static char text[200000];
    size_t n = (size_t)sprintf(text, HEAD "setting k = ");
    memset(text + n, '(', 100000);
    check_error(text, E0612);
    for (size_t i = 0; i < 100000; i += 2)
        memcpy(text + n + i, "1+", 2);
    check_error(text, E0612);
    n = (size_t)sprintf(text, DECLARED "train t batch 1 steps 2\n");
    for (int i = 0; i < 5000; i++)
        n += (size_t)sprintf(text + n, "  repeat k {\n");
    check_error(text, E0612);
}

int main(void)
{
    test_expressions();
    test_errors();
    test_bounds();
    return check_done();
}
