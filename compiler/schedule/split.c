/* split.c: tasks and tiles, by shape alone, never by the number of threads: results are the same on any number.
 *
 * Loops: the outermost parallel dimension that is long enough is cut in chunks of about TASK_WORK operations; the last one, which vectors run
 * along, in multiples of 64. Products: tiles along the longer side, so that the smaller operand is the one packed again for
 * each; with an epilogue a tile should stay in a core's L2 cache between the product and the body. */
#include "schedule/internal.h"

#define TASK_WORK ((int64_t)1 << 15)    /* operations that are worth a task */
#define TASKS_MOST 16
#define PRODUCT_SMALL ((int64_t)1 << 18) /* multiply-adds of a product that is not cut */
#define PRODUCT_TILES 8
#define ROWS_ENOUGH 512                  /* so many are cut even where there are more columns: whole rows are stored */
#define TILE_BYTES ((int64_t)512 << 10)
#define TILE_ROWS 32                     /* no thinner for the cache's sake */

static int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Operations of one point, roughly. */
static int64_t point_work(const struct kernel *k)
{
    int64_t work = 1;
    for (uint32_t i = 0; i < k->body.n; i++) {
        const struct insn *in = &k->body.at[i];
        work += in->outer ? 0 : in->kind == INSN_RANDOM ? 24 : in->kind == INSN_OP ? element_cost(in->op) : 1;
    }
    return work;
}

static void split_loop(struct kernel *k)
{
    int64_t points = 1;
    uint32_t best = 0;
    bool found = false;
    for (uint32_t d = 0; d < k->rank; d++) {
        points *= k->extent[d];
        if (k->reduced[d]) continue;
        if (!found || (k->extent[best] < TASKS_MOST && k->extent[d] > k->extent[best])) best = d;
        found = true;
    }
    if (!found) { /* a sum of everything: no dimension to cut */
        k->split = 0, k->chunk = k->extent[0], k->tasks = 1;
        return;
    }
    int64_t work = points > INT64_MAX / 64 ? INT64_MAX : points * least(point_work(k), 64);
    int64_t tasks = least(work / TASK_WORK, TASKS_MOST);
    if (tasks < 1) tasks = 1;
    int64_t extent = k->extent[best], unit = best + 1 == k->rank ? 64 : 1;
    k->split = best;
    k->chunk = least(extent, divide_up(divide_up(extent, tasks), unit) * unit);
    k->tasks = (uint32_t)divide_up(extent, k->chunk);
}

/* Does the kernel do nothing with the product but store it as it is? */
static bool product_plain(const struct kernel *k)
{
    if (k->body.n != 2 || k->body.at[0].kind != INSN_PRODUCT || k->body.at[1].kind != INSN_STORE) return false;
    const struct access *a = &k->body.at[1].at;
    return k->extent[1] == 1 || a->stride[1] == 1;
}

int64_t split_tile_bytes(const struct kernel *k, uint32_t size)
{
    return k->kind != KERNEL_PRODUCT || product_plain(k) ? 0 : k->tile[0] * k->tile[1] * size;
}

static void split_product(struct kernel *k, uint32_t size)
{
    int64_t rows = k->extent[0], columns = k->extent[1], depth = 0;
    for (uint32_t i = 0; i < k->products.n; i++) depth += k->products.at[i].k;
    k->tile[0] = rows, k->tile[1] = columns;
    double work = (double)rows * (double)columns * (double)depth;
    int64_t tiles = work < (double)PRODUCT_SMALL ? 1 : least((int64_t)(work / (double)PRODUCT_SMALL) + 1, PRODUCT_TILES);
    bool plain = product_plain(k);
    if (tiles > 1 && columns > rows && rows < ROWS_ENOUGH) {
        int64_t unit = columns / tiles >= 48 ? 48 : 16;
        k->tile[1] = least(columns, divide_up(divide_up(columns, tiles), unit) * unit);
    } else if (tiles > 1) {
        int64_t unit = rows / tiles >= 8 ? 4 : 1;
        k->tile[0] = least(rows, divide_up(divide_up(rows, tiles), unit) * unit);
    }
    if (!plain && k->tile[0] * k->tile[1] * size > TILE_BYTES) { /* thinner, for the cache: columns in halves, then rows */
        int64_t fit = TILE_BYTES / size / k->tile[1] / 4 * 4;
        if (fit >= TILE_ROWS) {
            k->tile[0] = fit;
        } else {
            k->tile[0] = least(k->tile[0], rows > 256 ? 128 : 256);
            int64_t wide = TILE_BYTES / size / k->tile[0] / 48 * 48;
            if (wide >= 48 && wide < k->tile[1]) k->tile[1] = wide;
        }
        if (k->tile[0] < rows) k->tile[0] = divide_up(divide_up(rows, divide_up(rows, k->tile[0])), 4) * 4; /* even shares */
        k->tile[0] = least(k->tile[0], rows);
    }
    k->split = 0, k->chunk = rows;
    k->tasks = (uint32_t)(divide_up(rows, k->tile[0]) * divide_up(columns, k->tile[1]));
}

void split_kernel(struct kernel *k, uint32_t size)
{
    if (k->kind == KERNEL_PRODUCT) split_product(k, size);
    else split_loop(k);
}
