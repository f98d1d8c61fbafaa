/* machine.c: loops that do nothing but multiply and add, or read: the limits that a kernel is compared with.
 *
 * The best of several short windows counts, in each of which all threads begin together. A multiply-add has a latency of four or five cycles
 * and two units on today's cores: twelve sums that do not wait for each other fill them, and fit into the sixteen registers of AVX2. */
#define _GNU_SOURCE
#include "machine.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define WINDOWS 5
#define WINDOW_SECONDS 0.008
#define READ_UNIT 512                    /* bytes: a multiple of 8 vectors */
#define MEMORY_BYTES ((int64_t)48 << 20) /* of a thread: beyond what a core's own caches hold */

static const char *const level_names[MACHINE_LEVELS] = {"L1", "L2", "memory"};

const char *machine_level_name(enum machine_level level)
{
    return level_names[level];
}

double machine_read_seconds(const struct machine *m, double bytes, enum machine_level *level)
{
    double seconds = 0, nearer = 0;
    for (*level = MACHINE_L1;; ++*level) {
        double reach = (double)m->holds[*level] * m->threads;
        if (*level == MACHINE_MEMORY || bytes <= reach) return seconds + (bytes - nearer) / m->read[*level];
        seconds += (reach - nearer) / m->read[*level];
        nearer = reach;
    }
}

#if defined(__x86_64__)

#include <immintrin.h>

#define SUMS 12

/* `rounds` times SUMS multiply-adds of whole vectors; the sum keeps the loop alive. */
#define MULTIPLY_ADDS(NAME, TARGET, VECTOR, SET1, FMADD, STORE, ELEMENT)                                                                                       \
    __attribute__((target(TARGET), noinline)) static double NAME(int64_t rounds)                                                                               \
    {                                                                                                                                                          \
        VECTOR s[SUMS], a = SET1((ELEMENT)0.999), b = SET1((ELEMENT)0.001);                                                                                    \
        ELEMENT out[sizeof(VECTOR) / sizeof(ELEMENT)];                                                                                                         \
        for (int i = 0; i < SUMS; i++) s[i] = SET1((ELEMENT)i);                                                                                                \
        for (int64_t r = 0; r < rounds; r++) {                                                                                                                 \
            _Pragma("GCC unroll 12") for (int i = 0; i < SUMS; i++) s[i] = FMADD(s[i], a, b);                                                                  \
        }                                                                                                                                                      \
        double all = 0;                                                                                                                                        \
        for (int i = 0; i < SUMS; i++) {                                                                                                                       \
            STORE(out, s[i]);                                                                                                                                  \
            all += out[0];                                                                                                                                     \
        }                                                                                                                                                      \
        return all;                                                                                                                                            \
    }
MULTIPLY_ADDS(multiply_256_single, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_storeu_ps, float)
MULTIPLY_ADDS(multiply_256_double, "avx2,fma", __m256d, _mm256_set1_pd, _mm256_fmadd_pd, _mm256_storeu_pd, double)
MULTIPLY_ADDS(multiply_512_single, "avx512f", __m512, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_storeu_ps, float)
MULTIPLY_ADDS(multiply_512_double, "avx512f", __m512d, _mm512_set1_pd, _mm512_fmadd_pd, _mm512_storeu_pd, double)

/* Loads `bytes` (a multiple of 8 vectors), `rounds` times; what is loaded is used by nothing but a statement that says nothing. */
#define READ(NAME, TARGET, VECTOR, LOAD)                                                                                                                       \
    __attribute__((target(TARGET), noinline)) static void NAME(const char *at, int64_t bytes, int64_t rounds)                                                  \
    {                                                                                                                                                          \
        const VECTOR *first = (const VECTOR *)at, *end = first + bytes / (int64_t)sizeof(VECTOR);                                                              \
        for (int64_t r = 0; r < rounds; r++)                                                                                                                   \
            for (const VECTOR *p = first; p < end; p += 8) {                                                                                                   \
                _Pragma("GCC unroll 8") for (int i = 0; i < 8; i++) __asm__ volatile("" ::"v"(LOAD(p + i)));                                                   \
            }                                                                                                                                                  \
    }
READ(read_256, "avx2", __m256i, _mm256_load_si256)
READ(read_512, "avx512f", __m512i, _mm512_load_si512)

/* Multiplications of integers that wait for each other: three cycles each on all these processors. */
static void chain(int64_t rounds)
{
    uint64_t x = 3;
    for (int64_t r = 0; r < rounds; r++) __asm__ volatile("imul %0, %0\n\timul %0, %0\n\timul %0, %0\n\timul %0, %0" : "+r"(x));
}
#define CHAIN_CYCLES 12

uint32_t machine_bits(void)
{
    if (__builtin_cpu_supports("avx512f")) return 512;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 256 : 0;
}

enum work { WORK_MULTIPLY, WORK_CLOCK, WORK_READ };

struct job {
    const struct machine *m;
    enum work work;
    int64_t bytes, rounds;                /* rounds 0: the threads are to end */
    _Atomic uint32_t count, here, passed; /* threads; how many wait; how often all have */
};

struct worker {
    struct job *job;
    char *buffer;
    volatile double sink;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void do_work(struct worker *w, enum work work, int64_t rounds)
{
    const struct machine *m = w->job->m;
    if (work == WORK_CLOCK) chain(rounds);
    else if (work == WORK_READ) (m->bits == 512 ? read_512 : read_256)(w->buffer, w->job->bytes, rounds);
    else if (m->bits == 512) w->sink = m->f64 ? multiply_512_double(rounds) : multiply_512_single(rounds);
    else w->sink = m->f64 ? multiply_256_double(rounds) : multiply_256_single(rounds);
}

/* All wait for all; awake, so that they begin together. */
static void meet(struct job *job)
{
    uint32_t passed = atomic_load(&job->passed);
    if (atomic_fetch_add(&job->here, 1) + 1 == atomic_load(&job->count)) {
        atomic_store(&job->here, 0);
        atomic_store(&job->passed, passed + 1);
    }
    while (atomic_load(&job->passed) == passed) sched_yield();
}

static void *worker_main(void *argument)
{
    struct worker *w = argument;
    for (;;) {
        meet(w->job);
        if (!w->job->rounds) return NULL;
        do_work(w, w->job->work, w->job->rounds);
        meet(w->job);
    }
}

/* Seconds of a window of so many rounds, on all threads. */
static double window(struct worker *own, int64_t rounds)
{
    struct job *job = own->job;
    job->rounds = rounds;
    meet(job);
    double start = now();
    do_work(own, job->work, rounds);
    meet(job);
    return now() - start;
}

/* Rounds that fill a window, by this thread's work alone: the shortest of three, so that one which was disturbed does not count. */
static int64_t rounds_of(struct worker *own, enum work work)
{
    for (int64_t rounds = 1;; rounds *= 2) {
        double shortest = INFINITY;
        for (int i = 0; i < 3; i++) {
            double start = now();
            do_work(own, work, rounds);
            if (now() - start < shortest) shortest = now() - start;
        }
        if (shortest > WINDOW_SECONDS / 8 || rounds > INT64_MAX / 4) return (int64_t)((double)rounds * WINDOW_SECONDS / shortest) + 1;
    }
}

/* Rounds a second of a thread, the best window. */
static double fastest(struct worker *own, enum work work)
{
    own->job->work = work;
    int64_t rounds = rounds_of(own, work);
    double best = 0;
    for (int i = 0; i < WINDOWS; i++) {
        double rate = (double)rounds / window(own, rounds);
        if (rate > best) best = rate;
    }
    return best;
}

static void measure(struct machine *m, struct worker *own)
{
    double lanes = m->bits / (m->f64 ? 64.0 : 32.0);
    m->flops = fastest(own, WORK_MULTIPLY) * 2 * SUMS * lanes * m->threads;
    m->clock = fastest(own, WORK_CLOCK) * CHAIN_CYCLES;
    for (int level = 0; level < MACHINE_LEVELS; level++) {
        own->job->bytes = (level == MACHINE_MEMORY ? MEMORY_BYTES : m->holds[level] / 2) / READ_UNIT * READ_UNIT;
        m->read[level] = fastest(own, WORK_READ) * (double)own->job->bytes * m->threads;
    }
}

static int64_t cache(int name, int64_t otherwise)
{
    long bytes = sysconf(name);
    return bytes > 4096 ? bytes : otherwise;
}

bool machine_measure(struct machine *m)
{
    if (m->bits > machine_bits() || (m->bits != 256 && m->bits != 512) || !m->threads) return errno = ENOSYS, false;
    m->holds[MACHINE_L1] = cache(_SC_LEVEL1_DCACHE_SIZE, 32 << 10);
    m->holds[MACHINE_L2] = cache(_SC_LEVEL2_CACHE_SIZE, 512 << 10);
    m->holds[MACHINE_MEMORY] = INT64_MAX;
    size_t room = (size_t)MEMORY_BYTES * m->threads;
    char *buffer = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (buffer == MAP_FAILED) return false;
    madvise(buffer, room, MADV_HUGEPAGE);
    for (size_t i = 0; i < room; i += 4096) buffer[i] = 1; /* pages of their own: all of them being the page of zeros, nothing would be read from memory */
    struct job job = {.m = m, .count = m->threads};
    struct worker *workers = calloc(m->threads, sizeof *workers);
    pthread_t *handles = calloc(m->threads, sizeof *handles);
    int failed = workers && handles ? 0 : ENOMEM;
    uint32_t started = 1;
    for (uint32_t i = 0; workers && i < m->threads; i++) workers[i] = (struct worker){&job, buffer + (size_t)MEMORY_BYTES * i, 0};
    while (!failed && started < m->threads)
        if (!(failed = pthread_create(&handles[started], NULL, worker_main, &workers[started]))) started++;
    if (!failed) measure(m, &workers[0]);
    job.rounds = 0;
    atomic_store(&job.count, started);
    if (started > 1) meet(&job);
    for (uint32_t i = 1; i < started; i++) pthread_join(handles[i], NULL);
    munmap(buffer, room);
    free(workers);
    free(handles);
    errno = failed;
    return !failed;
}

#else

uint32_t machine_bits(void)
{
    return 0;
}

bool machine_measure(struct machine *m)
{
    (void)m;
    errno = ENOSYS;
    return false;
}

#endif
