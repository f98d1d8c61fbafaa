/* trace_scan.c: are the tensors finite? A pass over their bytes by all threads; sixteen at a time, by the exponent alone. */
#include "threads.h"
#include "trace.h"

#include <stdlib.h>

enum { PIECE = 1 << 18 }; /* elements of a task */

bool trace_finite(const void *at, int64_t elements, uint32_t size, bool infinite)
{
    uint32_t bad = 0; /* summed up, not stopped at: the loop becomes vectors */
    const uint32_t edge = infinite ? 0x7f800001u : 0x7f800000u;
    const uint64_t wide = infinite ? UINT64_C(0x7ff0000000000001) : UINT64_C(0x7ff0000000000000);
    if (size == 4)
        for (int64_t i = 0; i < elements; i++) bad |= (((const uint32_t *)at)[i] & 0x7fffffffu) >= edge;
    else
        for (int64_t i = 0; i < elements; i++) bad |= (((const uint64_t *)at)[i] & INT64_MAX) >= wide;
    return !bad;
}

struct scan {
    const struct run *run;
    const uint8_t *may;
    uint32_t *first; /* of each tensor: its first task; one more at the end */
    uint8_t *bad;    /* of each tensor */
};

static void scan_piece(void *self, uint32_t task, uint32_t worker)
{
    struct scan *s = self;
    uint32_t low = 0, high = s->run->model->ntensors; /* the tensor is in [low, high) */
    (void)worker;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (s->first[middle] <= task) low = middle;
        else high = middle;
    }
    const struct ganrt_tensor *t = &s->run->model->tensors[low];
    int64_t from = (int64_t)(task - s->first[low]) * PIECE, n = t->elements - from < PIECE ? t->elements - from : PIECE;
    const unsigned char *at = run_at(s->run, t->offset + from * t->size);
    if (!trace_finite(at, n, t->size, s->may && s->may[low])) __atomic_store_n(&s->bad[low], 1, __ATOMIC_RELAXED);
}

int32_t trace_scan(struct run *run, const uint8_t *may)
{
    uint32_t n = run->model->ntensors;
    struct scan s = {run, may, memory_take((size_t)n + 1, sizeof *s.first), memory_take(n, 1)};
    for (uint32_t i = 0; i < n; i++) s.first[i + 1] = s.first[i] + (uint32_t)((run->model->tensors[i].elements + PIECE - 1) / PIECE);
    if (n) threads_run(run->threads, scan_piece, &s, s.first[n]);
    int32_t found = -1;
    for (uint32_t i = n; i-- > 0;)
        if (s.bad[i]) found = (int32_t)i;
    free(s.first);
    free(s.bad);
    return found;
}
