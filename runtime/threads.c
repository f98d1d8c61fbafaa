/* threads.c: the pool.
 *
 * Each worker has a share of a job's tasks of its own, neighbours, the first one's first: what one kernel writes, the next finds in the cache of
 * the same core. Who is through with its share helps the others, so that a core which is busy elsewhere delays nobody; the caller waits only for
 * tasks that somebody has begun, never for a worker that the system has not woken.
 *
 * A job is written once, in one line, and read once. A worker takes a task by compare-and-swap on its share's line, which holds the job's number and how
 * many of the share are taken; the first to take one sets the number. A worker that wakes up late finds a newer number there, or all of
 * its old job's tasks taken, and takes nothing. Of finished tasks each worker counts its own, in a line that only it writes. */
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
#include <time.h>
#include <unistd.h>

/* Nanoseconds of spinning before sleep: more than lies between two kernels, less than a futex costs twice. */
#define SPIN_NANOSECONDS 100000
#define SPIN_ROUNDS 64 /* between two looks at the clock */

#define FORGET (1u << 30) /* job numbers, see forget() */

#define LINE 64 /* bytes; what several cores write stands on lines of its own */

struct share { /* of one worker */
    _Alignas(LINE) _Atomic uint64_t taken; /* job << 32 | tasks of the share that were taken */
    _Alignas(LINE) _Atomic uint64_t done;  /* job << 32 | tasks that this worker has finished, of whichever share */
};

struct threads {
    _Alignas(LINE) _Atomic uint32_t job; /* its number, even; odd while the next is written. Workers sleep on it */
    _Atomic uint32_t tasks;              /* atomic, because a late worker may read while the next job is written: then the number has changed */
    _Atomic(threads_body *) body;
    _Atomic(void *) self;
    _Alignas(LINE) _Atomic uint32_t sleepers;
    _Atomic uint32_t caller_sleeps;
    _Atomic bool closing;
    _Alignas(LINE) uint32_t count;       /* from here on nothing changes */
    uint32_t started;
    bool spins;
    struct share *shares;
    pthread_t *handles;
};

struct job {
    uint32_t number, tasks;
    threads_body *body;
    void *self;
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

struct spell { /* of spinning */
    uint32_t rounds;
    struct timespec start;
};

/* One round more? Not after SPIN_NANOSECONDS. */
static bool spin(const struct threads *t, struct spell *s)
{
    struct timespec now;
    if (!t->spins) return false;
    relax();
    if (s->rounds++ % SPIN_ROUNDS) return true;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (s->rounds == 1) s->start = now;
    return (now.tv_sec - s->start.tv_sec) * 1000000000 + now.tv_nsec - s->start.tv_nsec < SPIN_NANOSECONDS;
}

static uint32_t share_start(const struct threads *t, uint32_t tasks, uint32_t worker)
{
    uint32_t each = tasks / t->count, more = tasks % t->count;
    return worker * each + (worker < more ? worker : more);
}

/* Takes and runs tasks of `from`'s share until none is left; returns how many. */
static uint32_t work_share(struct threads *t, const struct job *job, uint32_t from, uint32_t worker, uint32_t done)
{
    struct share *s = &t->shares[from];
    uint32_t first = share_start(t, job->tasks, from), size = share_start(t, job->tasks, from + 1) - first, ran = 0;
    if (!size) return 0;
    uint64_t seen = atomic_load(&s->taken), base = (uint64_t)job->number << 32;
    for (;;) {
        int32_t age = (int32_t)(job->number - (uint32_t)(seen >> 32)); /* below 0: the job is over, and its successor has begun */
        uint32_t next = age > 0 ? 0 : (uint32_t)seen;
        if (age < 0 || next >= size) return ran;
        if (!atomic_compare_exchange_weak(&s->taken, &seen, base | (next + 1))) continue;
        job->body(job->self, first + next, worker);
        ran++;
        atomic_store(&t->shares[worker].done, base | (done + ran));
        if (atomic_load(&t->caller_sleeps) && atomic_exchange(&t->caller_sleeps, 0)) futex_wake(&t->caller_sleeps, 1);
        seen = base | (next + 1);
    }
}

/* The worker's own share, then what the others have left. */
static void work(struct threads *t, const struct job *job, uint32_t worker)
{
    uint32_t done = 0;
    for (uint32_t i = 0; i < t->count; i++) done += work_share(t, job, (worker + i) % t->count, worker, done);
}

/* The job as it is now; false while it is being written. */
static bool job_read(struct threads *t, struct job *job)
{
    job->number = atomic_load(&t->job);
    job->tasks = atomic_load_explicit(&t->tasks, memory_order_acquire);
    job->body = atomic_load_explicit(&t->body, memory_order_acquire);
    job->self = atomic_load_explicit(&t->self, memory_order_acquire);
    return !(job->number & 1) && atomic_load(&t->job) == job->number;
}

/* Numbers too small to be normal count as 0, in operands and results: processors take a hundred cycles for one of them, and Adam's moments come to
 * stand there. On x86 bits 15 (results) and 6 (operands) of MXCSR, on AArch64 bit 24 of FPCR; a new thread starts without. */
static void flush_denormals(void)
{
#if defined(__x86_64__)
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040);
#elif defined(__aarch64__)
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    __asm__ volatile("msr fpcr, %0" : : "r"(control | (uint64_t)1 << 24));
#endif
}

static void *worker_main(void *argument)
{
    flush_denormals();
    struct worker *own = argument;
    struct threads *t = own->pool;
    uint32_t index = own->index;
    struct job job = {0};
    free(own);
    for (;;) {
        uint32_t seen = job.number;
        struct spell spell = {0};
        while (atomic_load_explicit(&t->job, memory_order_acquire) == seen && spin(t, &spell)) continue;
        while (atomic_load(&t->job) == seen) {
            atomic_fetch_add(&t->sleepers, 1);
            futex_wait(&t->job, seen); /* returns at once where it has moved */
            atomic_fetch_sub(&t->sleepers, 1);
        }
        while (!job_read(t, &job)) relax();
        if (atomic_load_explicit(&t->closing, memory_order_relaxed)) return NULL;
        work(t, &job, index);
    }
}

static bool all_done(const struct threads *t, const struct job *job)
{
    uint32_t done = 0;
    for (uint32_t i = 0; i < t->count; i++) {
        uint64_t own = atomic_load(&t->shares[i].done);
        if (own >> 32 == job->number) done += (uint32_t)own;
    }
    return done == job->tasks;
}

/* For tasks that others have begun. */
static void wait_done(struct threads *t, const struct job *job)
{
    struct spell spell = {0};
    while (spin(t, &spell))
        if (all_done(t, job)) return;
    for (;;) {
        atomic_store(&t->caller_sleeps, 1);
        if (all_done(t, job)) break;
        futex_wait(&t->caller_sleeps, 1);
    }
    atomic_store(&t->caller_sleeps, 0);
}

/* Before numbers come again, which takes hours: no word may hold one. */
static void forget(struct threads *t, uint32_t number)
{
    for (uint32_t i = 0; i < t->count; i++) {
        atomic_store(&t->shares[i].taken, (uint64_t)(number - 2) << 32 | UINT32_MAX);
        atomic_store(&t->shares[i].done, (uint64_t)(number - 2) << 32);
    }
}

void threads_run(struct threads *t, threads_body *body, void *self, uint32_t tasks)
{
    if (t->started == 0 || tasks <= 1) {
        for (uint32_t task = 0; task < tasks; task++) body(self, task, 0);
        return;
    }
    struct job job = {atomic_load_explicit(&t->job, memory_order_relaxed) + 2, tasks, body, self};
    if (job.number % FORGET == 0) forget(t, job.number);
    atomic_store_explicit(&t->job, job.number - 1, memory_order_relaxed);
    atomic_store_explicit(&t->tasks, tasks, memory_order_release);
    atomic_store_explicit(&t->body, body, memory_order_release);
    atomic_store_explicit(&t->self, self, memory_order_release);
    atomic_store(&t->job, job.number);
    if (atomic_load(&t->sleepers)) futex_wake(&t->job, tasks - 1 < INT_MAX ? (int)(tasks - 1) : INT_MAX);
    work(t, &job, 0);
    if (!all_done(t, &job)) wait_done(t, &job);
}

struct threads *threads_new(uint32_t count, struct error *e)
{
    flush_denormals();
    if (count < 1) count = 1;
    if (count > THREADS_MOST) count = THREADS_MOST;
    struct threads *t = aligned_alloc(LINE, sizeof *t);
    if (!t) return error_set(e, "out of memory: %zu bytes were wanted for threads", sizeof *t), NULL;
    memset(t, 0, sizeof *t);
    t->count = count;
    t->shares = aligned_alloc(LINE, count * sizeof *t->shares);
    if (!t->shares) {
        free(t);
        return error_set(e, "out of memory: %zu bytes were wanted for threads", count * sizeof *t->shares), NULL;
    }
    memset(t->shares, 0, count * sizeof *t->shares);
    t->spins = count <= threads_available(); /* with more threads than processors, spinning keeps the others from working */
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
    atomic_fetch_add(&t->job, 2);
    futex_wake(&t->job, INT_MAX);
    for (uint32_t i = 1; i <= t->started; i++) pthread_join(t->handles[i], NULL);
    free(t->handles);
    free(t->shares);
    free(t);
}
