/* threads.c: the pool. A job is published under a ticket (generation << 32 | next task) that workers advance by compare-and-swap, so
 * that a worker which wakes up late cannot take a task of a job it has not seen: its ticket is stale and the swap fails. The caller waits
 * only for tasks that somebody has begun, never for a worker that the system has not woken. */
#define _GNU_SOURCE
#include "threads.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Rounds of spinning before sleep: 20 to 60 microseconds, more than lies between two kernels, less than a futex costs twice. */
#define SPIN_ROUNDS 1000

#define LINE 64 /* bytes; what several cores write stands on lines of its own */

struct threads {
    _Alignas(LINE) _Atomic uint64_t ticket; /* generation << 32 | next task */
    _Alignas(LINE) _Atomic uint32_t done;   /* tasks finished */
    _Atomic uint32_t caller_sleeps;
    _Alignas(LINE) _Atomic uint32_t generation; /* workers sleep on it */
    _Atomic uint32_t sleepers;
    _Atomic bool closing;
    /* The job. Atomic, because a late worker may read it while the next one is written; its ticket then fails. */
    _Atomic(threads_body *) body;
    _Atomic(void *) self;
    _Atomic uint32_t tasks;
    uint32_t count, started, spin;
    pthread_t *handles;
};

struct worker {
    struct threads *pool;
    uint32_t index;
};

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void futex_wait(_Atomic uint32_t *word, uint32_t seen)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word, int count)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

uint32_t threads_available(void)
{
    /* A set larger than cpu_set_t is needed only beyond 1024 processors; there the count online serves. */
    cpu_set_t set;
    long n = sched_getaffinity(0, sizeof set, &set) ? sysconf(_SC_NPROCESSORS_ONLN) : CPU_COUNT(&set);
    return n < 1 ? 1 : n > THREADS_MOST ? THREADS_MOST : (uint32_t)n;
}

/* Takes and runs tasks of the current job, until there are none. */
static void work(struct threads *t, uint32_t worker)
{
    uint64_t ticket = atomic_load(&t->ticket);
    for (;;) {
        threads_body *body = atomic_load_explicit(&t->body, memory_order_relaxed);
        void *self = atomic_load_explicit(&t->self, memory_order_relaxed);
        uint32_t tasks = atomic_load_explicit(&t->tasks, memory_order_relaxed), task = (uint32_t)ticket;
        if (task >= tasks) return;
        if (!atomic_compare_exchange_weak(&t->ticket, &ticket, ticket + 1)) continue;
        body(self, task, worker);
        if (atomic_fetch_add(&t->done, 1) + 1 == tasks && atomic_load(&t->caller_sleeps)) futex_wake(&t->done, 1);
        ticket = atomic_load(&t->ticket);
    }
}

static void *worker_main(void *argument)
{
    struct worker *own = argument;
    struct threads *t = own->pool;
    uint32_t index = own->index, seen = 0;
    free(own);
    for (;;) {
        uint32_t rounds = 0;
        while (atomic_load_explicit(&t->generation, memory_order_acquire) == seen && rounds++ < t->spin) relax();
        while (atomic_load(&t->generation) == seen) {
            atomic_fetch_add(&t->sleepers, 1);
            futex_wait(&t->generation, seen); /* returns at once where it has moved */
            atomic_fetch_sub(&t->sleepers, 1);
        }
        seen = atomic_load(&t->generation);
        if (atomic_load(&t->closing)) return NULL;
        work(t, index);
    }
}

void threads_run(struct threads *t, threads_body *body, void *self, uint32_t tasks)
{
    if (t->started == 0 || tasks <= 1) {
        for (uint32_t task = 0; task < tasks; task++) body(self, task, 0);
        return;
    }
    /* First close the old job's ticket (no task is below 0 tasks), then write the new job, then open its ticket. */
    uint32_t generation = atomic_load_explicit(&t->generation, memory_order_relaxed) + 1;
    atomic_store(&t->ticket, (uint64_t)generation << 32 | UINT32_MAX);
    atomic_store_explicit(&t->body, body, memory_order_relaxed);
    atomic_store_explicit(&t->self, self, memory_order_relaxed);
    atomic_store_explicit(&t->tasks, tasks, memory_order_relaxed);
    atomic_store_explicit(&t->done, 0, memory_order_relaxed);
    atomic_store(&t->ticket, (uint64_t)generation << 32);
    atomic_store(&t->generation, generation);
    if (atomic_load(&t->sleepers)) futex_wake(&t->generation, tasks - 1 < INT_MAX ? (int)(tasks - 1) : INT_MAX);
    work(t, 0);
    for (uint32_t rounds = 0; atomic_load(&t->done) != tasks && rounds < t->spin; rounds++) relax();
    if (atomic_load(&t->done) == tasks) return;
    atomic_store(&t->caller_sleeps, 1);
    for (uint32_t done; (done = atomic_load(&t->done)) != tasks;) futex_wait(&t->done, done);
    atomic_store(&t->caller_sleeps, 0);
}

struct threads *threads_new(uint32_t count, struct error *e)
{
    if (count < 1) count = 1;
    if (count > THREADS_MOST) count = THREADS_MOST;
    struct threads *t = aligned_alloc(LINE, sizeof *t);
    if (!t) return error_set(e, "out of memory: %zu bytes were wanted for threads", sizeof *t), NULL;
    memset(t, 0, sizeof *t);
    t->count = count;
    t->spin = count <= threads_available() ? SPIN_ROUNDS : 0; /* with more threads than processors, spinning keeps the others from working */
    t->handles = memory_take(count, sizeof *t->handles);
    /* Signals go to the caller's thread, which knows what to do between two steps. */
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    int failed = 0;
    for (uint32_t i = 1; i < count && !failed; i++) {
        struct worker *own = memory_take(1, sizeof *own);
        *own = (struct worker){t, i};
        failed = pthread_create(&t->handles[i], NULL, worker_main, own);
        if (failed) free(own);
        else t->started++;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (!failed) return t;
    error_set(e, "cannot start %u threads: %s; give fewer with --threads", count, strerror(failed));
    threads_free(t);
    return NULL;
}

uint32_t threads_count(const struct threads *t)
{
    return t->count;
}

void threads_free(struct threads *t)
{
    if (!t) return;
    atomic_store(&t->closing, true);
    atomic_fetch_add(&t->generation, 1);
    futex_wake(&t->generation, INT_MAX);
    for (uint32_t i = 1; i <= t->started; i++) pthread_join(t->handles[i], NULL);
    free(t->handles);
    free(t);
}
