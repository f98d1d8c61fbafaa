/* schedule_random.c: kernels of machine-made graphs (fuzz/graphs_make.c), before any pass, interpreted, against the reference evaluator.
 *
 *     schedule_random [GRAPHS [SEED]] */
#include "fuzz/graphs.h"
#include "schedule_model.h"

static bool random_graph(uint64_t seed) /* false: rounding decided it */
{
    struct ganc *g = ganc_new();
    struct program *p = graph_made(g, &(struct recipe){.seed = seed, .nodes = 25});
    struct model m = {.g = g, .p = *p, .graph = p->graphs.at[1], .bounded = true};
    uint32_t before = (uint32_t)check_failures;
    model_check(&m, UINT32_MAX);
    if (diag_errors(g)) diag_print(g, stdout, COLOR_NEVER);
    CHECK(!diag_errors(g));
    if ((uint32_t)check_failures != before) printf("seed %llu\n", (unsigned long long)seed);
    ganc_free(g);
    return !m.undecided;
}

int main(int argc, char **argv)
{
    int graphs = argc > 1 ? atoi(argv[1]) : 500, decided = 0;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 88172645463325252u;
    for (int i = 0; i < graphs && check_failures < 3; i++) decided += random_graph(seed + (uint64_t)i * 0x9E3779B97F4A7C15u);
    CHECK(check_failures || decided >= graphs - graphs / 20);
    return check_done();
}
