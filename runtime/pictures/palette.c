/* palette.c: 256 colours for an image (P. Heckbert: Color image quantization for frame buffer display, SIGGRAPH 1982).
 *
 * Colours are counted with 6 bits a channel. Median cut: the box of the most variance is cut at the median of its widest channel, until there are
 * 256; a box's colour is the mean of its pixels. */
#include "bitmap.h"

#include <stdlib.h>
#include <string.h>

enum { BITS = 6, LEVELS = 1 << BITS, CELLS = 1 << 3 * BITS };

struct cell { /* pixels alike in their upper bits */
    uint32_t key, count;
    uint64_t sum[3];
};

struct box { /* cells first..end - 1 */
    uint32_t first, end;
    int channel;     /* the widest one */
    double variance; /* in that channel, times its pixels */
};

static uint32_t key_of(const unsigned char *p)
{
    return (uint32_t)(p[0] >> (8 - BITS)) << 2 * BITS | (uint32_t)(p[1] >> (8 - BITS)) << BITS | (uint32_t)(p[2] >> (8 - BITS));
}

static uint32_t level(const struct cell *c, int channel)
{
    return c->key >> (2 - channel) * BITS & (LEVELS - 1);
}

/* The colours themselves, where they are 256 at most. Returns 0 where they are more. */
static uint32_t exact(const struct bitmap *i, unsigned char colours[256][3], unsigned char *indices)
{
    enum { SLOTS = 1024 };
    uint32_t slots[SLOTS] = {0}, count = 0; /* colour + 1 by open addressing */
    for (int64_t k = 0; k < i->width * i->height; k++) {
        const unsigned char *p = i->pixels + 3 * k;
        uint32_t at = (p[0] * 7919u + p[1] * 104729u + p[2] * 1299709u) % SLOTS;
        while (slots[at] && memcmp(colours[slots[at] - 1], p, 3)) at = (at + 1) % SLOTS;
        if (!slots[at]) {
            if (count == 256) return 0;
            memcpy(colours[count++], p, 3);
            slots[at] = count;
        }
        indices[k] = (unsigned char)(slots[at] - 1);
    }
    return count;
}

static void measure(const struct cell *cells, struct box *b)
{
    b->variance = -1;
    for (int c = 0; c < 3; c++) {
        double n = 0, sum = 0, squares = 0;
        for (uint32_t k = b->first; k < b->end; k++) {
            double x = level(&cells[k], c), w = cells[k].count;
            n += w, sum += w * x, squares += w * x * x;
        }
        double variance = squares - sum * sum / n;
        if (variance > b->variance) b->variance = variance, b->channel = c;
    }
}

/* Sorts the box's cells by its widest channel, by counting; cells of one level keep their order. */
static void sort(struct cell *cells, struct cell *room, const struct box *b)
{
    uint32_t at[LEVELS + 1] = {0};
    for (uint32_t k = b->first; k < b->end; k++) at[level(&cells[k], b->channel) + 1]++;
    for (int l = 0; l < LEVELS; l++) at[l + 1] += at[l];
    for (uint32_t k = b->first; k < b->end; k++) room[at[level(&cells[k], b->channel)]++] = cells[k];
    memcpy(cells + b->first, room, (b->end - b->first) * sizeof *cells);
}

/* Where to cut: the first cell of the upper half, at a change of level. */
static uint32_t median(const struct cell *cells, const struct box *b)
{
    uint64_t all = 0, below = 0;
    for (uint32_t k = b->first; k < b->end; k++) all += cells[k].count;
    uint32_t cut = b->first;
    for (uint32_t k = b->first; k + 1 < b->end; k++) {
        below += cells[k].count;
        if (level(&cells[k], b->channel) == level(&cells[k + 1], b->channel)) continue;
        cut = k + 1;
        if (2 * below >= all) break;
    }
    return cut;
}

static uint32_t count_cells(const struct bitmap *i, uint32_t *index, struct cell **cells)
{
    uint32_t count = 0, room = 0;
    for (int64_t k = 0; k < i->width * i->height; k++) {
        const unsigned char *p = i->pixels + 3 * k;
        uint32_t key = key_of(p);
        if (!index[key]) {
            if (count == room) *cells = memory_grow(*cells, room = room * 2 + 1024, sizeof **cells);
            (*cells)[count++] = (struct cell){.key = key};
            index[key] = count;
        }
        struct cell *c = &(*cells)[index[key] - 1];
        c->count++;
        for (int j = 0; j < 3; j++) c->sum[j] += p[j];
    }
    return count;
}

uint32_t palette_choose(const struct bitmap *i, unsigned char colours[256][3], unsigned char *indices)
{
    uint32_t boxes = exact(i, colours, indices);
    if (boxes) return boxes;
    uint32_t *index = memory_take(CELLS, sizeof *index); /* of a cell + 1; then of its colour */
    struct cell *cells = NULL;
    uint32_t count = count_cells(i, index, &cells);
    struct cell *room = memory_take(count, sizeof *room);
    struct box box[256] = {{.first = 0, .end = count}};
    measure(cells, &box[0]);
    for (boxes = 1; boxes < 256; boxes++) {
        uint32_t worst = 0;
        for (uint32_t k = 1; k < boxes; k++)
            if (box[k].variance > box[worst].variance) worst = k;
        if (!(box[worst].variance > 0)) break;
        sort(cells, room, &box[worst]);
        uint32_t cut = median(cells, &box[worst]);
        box[boxes] = (struct box){.first = cut, .end = box[worst].end};
        box[worst].end = cut;
        measure(cells, &box[worst]);
        measure(cells, &box[boxes]);
    }
    for (uint32_t b = 0; b < boxes; b++) {
        uint64_t n = 0, sum[3] = {0};
        for (uint32_t k = box[b].first; k < box[b].end; k++) {
            index[cells[k].key] = b;
            n += cells[k].count;
            for (int c = 0; c < 3; c++) sum[c] += cells[k].sum[c];
        }
        for (int c = 0; c < 3; c++) colours[b][c] = (unsigned char)((sum[c] + n / 2) / n);
    }
    for (int64_t k = 0; k < i->width * i->height; k++) indices[k] = (unsigned char)index[key_of(i->pixels + 3 * k)];
    free(index);
    free(cells);
    free(room);
    return boxes;
}
