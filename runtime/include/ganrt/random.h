/* random.h: which random numbers a model draws. Compiled code (codegen/rng.c), the runtime and the reference evaluator agree on this page.
 *
 * Philox4x32-10 (Salmon et al. 2011): key = (seed[0], seed[1]); counter = (block, example, tick & 0xffffffff,
 * stream << 16 | (tick >> 32 & 0xffff)). It gives four words w[0..3]. An element e of an example (row-major, in the shape of one example;
 * example 0 and e over the whole shape where a value is not batched) takes
 *     block = e / 64 * 16 + e % 16,  word = w[e / 16 % 4]                      for uniform, bernoulli, index
 *     block = e / 32 * 16 + e % 16,  u1 = w[2 * (e / 16 % 2)], u2 = the next   for normal
 * so that sixteen neighbours come from sixteen blocks, one vector register.
 *     uniform   (w >> 8) * 2^-24
 *     bernoulli w < floor(p * 2^32) (all true where p >= 1)
 *     index     (w * n) >> 32
 *     normal    sqrt(-2 log(((u1 >> 8) + 1) * 2^-24)) * cos(2 pi (u2 >> 8) * 2^-24)
 * Streams 0..65535; those from GANRT_STREAM_RUNTIME upwards are the runtime's own (shuffling, choice of examples for pictures). Each place of a model that
 * draws has a stream of its own, each run of a graph in training its own tick. No two numbers share a word as long as blocks, examples and streams
 * fit their bits, for which ganc looks (E0813 to E0815). */
#ifndef GANRT_RANDOM_H
#define GANRT_RANDOM_H

#include <stdint.h>

#define GANRT_STREAM_RUNTIME 0xff00u
#define GANRT_STREAM_SHUFFLE 0xff00u /* + data source, below GANRT_SOURCES */
#define GANRT_STREAM_PICK 0xff80u    /* + data source: examples that pictures and reports draw */

static inline void ganrt_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4])
{
    uint32_t k0 = key[0], k1 = key[1], c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

#define GANRT_SOURCES 128u                     /* data sets: streams of their own */
#define GANRT_DRAW_ELEMENTS ((int64_t)1 << 33) /* of an example: 2^32 blocks, two normal numbers each */
#define GANRT_DRAW_EXAMPLES ((int64_t)1 << 32)

/* The word(s) of element e: see above. */
static inline uint32_t ganrt_random_word(const uint32_t seed[2], uint64_t tick, uint32_t stream, uint32_t example, uint64_t e)
{
    uint32_t counter[4] = {(uint32_t)(e / 64 * 16 + e % 16), example, (uint32_t)tick, stream << 16 | (uint32_t)(tick >> 32 & 0xffff)}, w[4];
    ganrt_philox(seed, counter, w);
    return w[e / 16 % 4];
}

static inline void ganrt_random_pair(const uint32_t seed[2], uint64_t tick, uint32_t stream, uint32_t example, uint64_t e, uint32_t pair[2])
{
    uint32_t counter[4] = {(uint32_t)(e / 32 * 16 + e % 16), example, (uint32_t)tick, stream << 16 | (uint32_t)(tick >> 32 & 0xffff)}, w[4];
    ganrt_philox(seed, counter, w);
    pair[0] = w[2 * (e / 16 % 2)];
    pair[1] = w[2 * (e / 16 % 2) + 1];
}

#endif
