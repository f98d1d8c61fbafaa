/* The pool of threads: every task of every job runs exactly once, whatever the number of threads, jobs follow one another closely or after a sleep,
 * and a worker's number is below the count. */
#include "threads.h"
#include "check.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST = 5000 };

struct job {
    _Atomic uint32_t runs[MOST];
    _Atomic uint32_t worker_most;
    uint32_t spin;
};

static void body(void *self, uint32_t task, uint32_t worker)
{
    struct job *job = self;
    for (volatile uint32_t i = 0; i < job->spin; i++) continue;
    atomic_fetch_add(&job->runs[task], 1);
    uint32_t most = atomic_load(&job->worker_most);
    while (worker > most && !atomic_compare_exchange_weak(&job->worker_most, &most, worker)) continue;
}

/* Tasks of one job that did not run once; tasks beyond it must not have run at all. */
static uint32_t wrong(struct job *job, uint32_t tasks)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < MOST; i++) {
        count += atomic_load(&job->runs[i]) != (i < tasks);
        atomic_store(&job->runs[i], 0);
    }
    return count;
}

static void check_pool(uint32_t threads, struct job *job)
{
    static const uint32_t sizes[] = {0, 1, 2, 3, 7, 64, 1000, MOST};
    struct error e;
    struct threads *t = threads_new(threads, &e);
    CHECK(t != NULL);
    if (!t) return;
    CHECK(threads_count(t) == threads);
    atomic_store(&job->worker_most, 0);
    for (uint32_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        threads_run(t, body, job, sizes[i]);
        CHECK(wrong(job, sizes[i]) == 0);
    }
    uint32_t bad = 0;
    for (uint32_t round = 0; round < 400; round++) { /* one job right after the other: late workers meet the next one */
        job->spin = round % 7 * 20;
        threads_run(t, body, job, 1 + round % 9);
        bad += wrong(job, 1 + round % 9);
    }
    for (uint32_t round = 0; round < 10; round++) { /* all are asleep by then */
        usleep(1000);
        threads_run(t, body, job, 16);
        bad += wrong(job, 16);
    }
    CHECK(bad == 0);
    CHECK(atomic_load(&job->worker_most) < threads);
    threads_free(t);
}

int main(void)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job) return 1;
    check_pool(1, job);
    check_pool(2, job);
    check_pool(8, job);
    CHECK(threads_available() >= 1 && threads_available() <= THREADS_MOST);
    threads_free(NULL);
    free(job);
    return check_done();
}
