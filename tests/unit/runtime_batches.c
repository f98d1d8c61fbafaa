/* Minibatches: a pass is a permutation without its last partial batch, the same for the same seed; draws that are equal share examples, others go on
 * in the stream; pictures and reports leave the stream where it is. */
#include "check.h"
#include "runtime_model.h"

#include "data.h"
#include "run.h"

static struct run *run_start(uint64_t seed)
{
    static char path[128];
    struct error e = {""};
    struct run *run = run_new(&model);
    snprintf(path, sizeof path, "%s/points", folder);
    run->sources[0].path = path;
    run->seed = seed;
    run->nthreads = 2;
    bool ok = run_allocate(run, &e) && run_open_source(run, 0, &e);
    if (!ok) printf("%s\n", e.text);
    CHECK(ok && run->sources[0].count == ITEMS);
    run->training = true;
    return run;
}

/* Item numbers of the next `n` minibatches of graph STEP (two draws each). */
static void next_items(struct run *run, int n, int *items)
{
    for (int k = 0; k < n; k++) {
        ganrt_begin(&run->frame, GRAPH_STEP);
        for (int i = 0; i < BATCH; i++) *items++ = (int)at(&run->frame, AT_X)[4 * i + 3];
        for (int i = 0; i < BATCH; i++) *items++ = (int)at(&run->frame, AT_Y)[4 * i + 1];
    }
}

static bool distinct(const int *items, int n)
{
    bool seen[ITEMS] = {false};
    for (int i = 0; i < n; i++) {
        if (items[i] < 0 || items[i] >= ITEMS || seen[items[i]]) return false;
        seen[items[i]] = true;
    }
    return true;
}

static void check_passes(void)
{
    int a[40], b[40], c[40];
    struct run *run = run_start(1);
    next_items(run, 4, a); /* 8 minibatches of 5: two passes of 4 over 23 items */
    CHECK(distinct(a, 20) && distinct(a + 20, 20));
    CHECK(memcmp(a, a + 20, sizeof a / 2) != 0);
    CHECK(run->frame.tick == 4 && run->frame.graph == GRAPH_STEP);
    CHECK(run->sources[0].pass == 1 && run->sources[0].next == 20);
    int sorted = 0;
    for (int i = 1; i < 20; i++) sorted += a[i] > a[i - 1];
    CHECK(sorted < 19);
    run_free(run);
    run = run_start(1);
    next_items(run, 4, b);
    CHECK(memcmp(a, b, sizeof a) == 0);
    run_free(run);
    run = run_start(2);
    next_items(run, 4, c);
    CHECK(memcmp(a, c, sizeof a) != 0);
    run_free(run);
    run = run_start(UINT64_C(1) | UINT64_C(7) << 32); /* the seed's upper half counts */
    next_items(run, 4, c);
    CHECK(memcmp(a, c, sizeof a) != 0);
    run_free(run);
}

static void check_place(void) /* (pass, next) is all there is to a stream */
{
    int a[40], b[20];
    struct run *run = run_start(5);
    next_items(run, 4, a);
    run_free(run);
    run = run_start(5);
    run->sources[0].pass = 1;
    next_items(run, 2, b);
    CHECK(memcmp(a + 20, b, sizeof b) == 0);
    run_free(run);
}

static void check_sharing(void)
{
    struct run *run = run_start(1);
    ganrt_begin(&run->frame, 4);
    CHECK(memcmp(at(&run->frame, AT_X), at(&run->frame, AT_TILES), 4 * BATCH * sizeof(float)) == 0);
    CHECK(memcmp(at(&run->frame, AT_X), at(&run->frame, AT_Y), 4 * BATCH * sizeof(float)) != 0);
    CHECK(run->sources[0].next == 2 * BATCH);
    run_free(run);
}

static void check_outside(void) /* of training */
{
    float first[4 * BATCH], mean;
    struct run *run = run_start(1);
    int a[20];
    next_items(run, 1, a);
    run_graph(run, GRAPH_REPORT, 100);
    memcpy(first, at(&run->frame, AT_X), sizeof first);
    run_graph(run, GRAPH_REPORT, 200);
    CHECK(memcmp(first, at(&run->frame, AT_X), sizeof first) != 0);
    run_graph(run, GRAPH_REPORT, 100);
    CHECK(memcmp(first, at(&run->frame, AT_X), sizeof first) == 0);
    CHECK(run->frame.tick == 1 && run->sources[0].next == 2 * BATCH && run->training);
    run_graph(run, GRAPH_INIT, 0);
    mean = at(&run->frame, AT_X)[2];
    CHECK_NEAR(mean, 11, 1e-6);
    data_close(run->sources[0].data);
    run->sources[0].data = NULL; /* bench: values are made up, in the declared range */
    run_graph(run, GRAPH_REPORT, 0);
    CHECK(at(&run->frame, AT_X)[7] >= 0 && at(&run->frame, AT_X)[7] < 255);
    run_free(run);
}

int main(void)
{
    if (!folder_make()) return 1;
    check_passes();
    check_place();
    check_sharing();
    check_outside();
    folder_remove();
    (void)trainer;
    return check_done();
}
