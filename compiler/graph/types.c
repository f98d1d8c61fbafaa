/* types.c: shapes and ranges as values: equal, counted, broadcast, printed. Counts saturate, so that a product of any
 * dimensions can be compared with MAX_ELEMENTS. */
#include "graph/graph.h"

#include "base/buffer.h"

#include <inttypes.h>
#include <string.h>

static int64_t times(int64_t a, int64_t b)
{
    int64_t product;
    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

bool type_equal(struct type a, struct type b)
{
    if (a.batched != b.batched || a.rank != b.rank)
        return false;
    for (uint32_t i = 0; i < a.rank; i++)
        if (a.dim[i] != b.dim[i])
            return false;
    return true;
}

int64_t type_elements(struct type t)
{
    int64_t n = 1;
    for (uint32_t i = 0; i < t.rank; i++)
        n = times(n, t.dim[i]);
    return n;
}

int64_t type_examples(const struct graph *graph, struct type t)
{
    return t.batched ? times(graph->batch, t.batched) : 1;
}

int64_t type_total(const struct graph *graph, struct type t)
{
    return times(type_examples(graph, t), type_elements(t));
}

struct type type_scalar(void)
{
    return (struct type){0};
}

struct type type_of(uint8_t batched, uint32_t rank, const int64_t *dims)
{
    struct type t = {.batched = batched, .rank = (uint8_t)(rank < MAX_RANK ? rank : MAX_RANK)};
    if (t.rank)
        memcpy(t.dim, dims, t.rank * sizeof *dims);
    return t;
}

bool type_broadcast(struct type a, struct type b, struct type *out)
{
    if (a.batched && b.batched && a.batched != b.batched)
        return false;
    struct type t = {.batched = a.batched ? a.batched : b.batched, .rank = a.rank > b.rank ? a.rank : b.rank};
    for (int i = 1; i <= t.rank; i++) { /* i-th from the end */
        int64_t x = i <= a.rank ? a.dim[a.rank - i] : 1;
        int64_t y = i <= b.rank ? b.dim[b.rank - i] : 1;
        if (x != y && x != 1 && y != 1)
            return false;
        t.dim[t.rank - i] = x == 1 ? y : x;
    }
    *out = t;
    return true;
}

void type_print(struct buffer *to, struct type t)
{
    buffer_bytes(to, "[", 1);
    for (uint32_t i = 0; i < t.rank; i++)
        buffer_put(to, "%s%" PRId64, i ? ", " : "", t.dim[i]);
    buffer_bytes(to, "]", 1);
}

void type_matrix(const struct graph *graph, struct type t, int64_t *rows, int64_t *columns)
{
    *columns = t.rank ? t.dim[t.rank - 1] : 1;
    *rows = type_examples(graph, t);
    for (int i = 0; i + 1 < t.rank; i++)
        *rows = times(*rows, t.dim[i]);
}

struct range range_all(void)
{
    return (struct range){-INFINITY, INFINITY, true, true};
}

bool range_known(struct range r)
{
    return r.low != -INFINITY || r.high != INFINITY;
}
