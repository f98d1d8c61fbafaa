/* product.h: the parts that a matrix product of floats is made of; product.c puts them together. */
#ifndef GANC_CODEGEN_PRODUCT_H
#define GANC_CODEGEN_PRODUCT_H

#include "codegen/nest.h"

#include <string.h>

/* product.c */
struct product_operands { /* of one product: a and b where this task's tile begins */
    ir a, b;
};
ir product_window(struct nest *n, int64_t stride); /* of the storage that takes the product as it is */
ir product_memory(struct nest *n);                 /* the worker's own */

enum { PRODUCT_STREAMS = 5 }; /* fetched ahead by a register tile, at most */

struct product_shape { /* of this processor's register tile */
    unsigned rows, vectors;
};

struct product_work { /* a task's tile under way */
    struct nest *n;
    struct product_shape shape;
    const struct product_operands *operands;
    ir rows;                /* of this task's tile */
    ir origin, column;      /* its first row and column */
    ir to;                  /* the first element of the tile or, of a tile that is made a block of rows at a time, of the block */
    int64_t stride;         /* between its rows */
    bool direct;            /* it is the storage */
    bool whole;             /* all of k is summed at once */
    bool turned;            /* left operands that are stored turned are packed, a chunk of rows at a time */
    bool copied;            /* the piece at work of the left operand is copied, PRODUCT_DEPTH elements a row */
    bool ahead;             /* all right operands are packed before the first of several chunks */
    ir *packed, *left;      /* by product: its panels in the worker's memory; its chunk */
    ir chunk, chunk_end;    /* rows of the tile */
    int64_t group;          /* columns that go through the body together */
    int64_t widths[3];      /* that a group may have */
    unsigned nwidths;
    /* the product at work, its piece of k, its group of columns, its block of rows */
    uint32_t product;
    ir first, depth;
    ir at, columns;         /* the group's first column, from the tile's start; how many: `width` of the case at work */
    int64_t width;
    ir row;                 /* the block's first, from the tile's start */
    unsigned block;         /* its rows */
    int64_t left_wide;      /* columns of the panel that holds them of a left operand that is stored turned, in panels */
    ir add;                 /* i1: to what stands there */
    /* over windows */
    ir unit;                /* the first of the rows that stand together, from the tile's start */
    ir run;                 /* a run of positions: the left operand's first element, or NULL; its rows, and the tile's, stand so many elements apart */
    int64_t run_left, run_to;
    unsigned run_lines;     /* so many rows of the grid, the block's rows are theirs in equal parts; the parts stand so many elements apart */
    int64_t run_left_apart, run_to_apart;
    ir run_number;          /* of the block, of run_blocks at this tap, about */
    int64_t run_blocks;
    ir pixel, place;        /* the left operand's first row of the pixel they meet; the first of them in their position */
};

static inline const struct product *product_at(const struct product_work *w) { return &w->n->k.products.at[w->product]; }

/* product_float.c. stride: between the rows of that storage, 0 where there is none */
void product_float(struct nest *n, const struct product_operands *operands, int64_t stride);

typedef void product_case(struct product_work *w, int64_t size);
void product_cases(struct product_work *w, ir value, const int64_t *sizes, unsigned count, product_case *body); /* body(size) of the one that it is */
void product_group(struct product_work *w, ir at, ir columns); /* the group of columns at `at` is at work */
void product_pack(struct product_work *w);                     /* what of the right operand of the product at work is to be packed, in this group */
void product_blocks(struct product_work *w);                   /* all rows of the tile, of the product at work, in this group */
void product_make(struct product_work *w);                     /* this block's rows, of the product at work, in this group */
ir product_left_element(struct product_work *w, ir row, ir column, ir start, int64_t wide); /* of a left operand in panels */

/* product_windows.c */
void product_runs(struct product_work *w, const ir tap[2]); /* product_runs.c: all positions of the tile at this tap */
ir product_windows_enter(struct product_work *w, ir position, ir tap); /* sets the pixel that a position meets at a tap; returns whether there is one */
ir product_windows_pixel(struct product_work *w, int i, ir position, ir tap, ir *inside); /* along axis i: the one met; *inside: whether there is one */
void product_windows(struct product_work *w); /* the whole tile, and its body */
ir product_windows_row(struct product_work *w);  /* of the left operand, as stored, where this block begins; turned: the column */
int64_t product_windows_next(const struct product_work *w); /* of struct product_tile */
ir product_windows_left(struct product_work *w); /* that element, not in panels */

/* product_gather.c: to w->left[0], of conv2d: at position `other`, taps [first, last); of its gradient for the weights: of positions [first, last), tap `other` */
void product_gather(struct product_work *w, ir first, ir last, ir other);

/* product_spread.c */
void product_spread(struct product_work *w, ir memory); /* the whole tile of one of few channels out */

/* product_tile.c */
enum { PRODUCT_ROWS = 8, PRODUCT_VECTORS = 3 }; /* of a register tile, at most */

struct product_shape product_shape(const struct emit *e);

void product_fetch(struct emit *e, ir from, bool near); /* a line that is soon to be read; near: into the first cache */

struct product_tile {
    unsigned rows, vectors;
    int64_t lda, ldc;
    bool ta;
    int64_t half_a, half_c;       /* elements from the first half of the rows to the second, of a and of c; 0: they are as far apart as the others */
    int64_t apart, rest;          /* a stands in panels so many elements apart, the last, if narrower, of `rest` columns; apart 0: row by row */
    int64_t next;                 /* elements from a to what is fetched of it meanwhile, for the next block or panel; 0: nothing */
    int64_t step;                 /* between b's rows, in elements */
    int64_t columns_b, columns_c; /* that may be read of b, written of c: up to vectors * 16 */
    unsigned streams;             /* of lines that are fetched meanwhile */
    struct product_stream {
        unsigned every;           /* a line in so many of k: 1, 2, 4 or 8 */
        int64_t ahead;            /* bytes from one line to the next */
        bool near;                /* into the first cache, else into the second */
    } stream[PRODUCT_STREAMS];
};

/* c (+)= a b over `depth` of k; a, b, c: their first elements; last: a's in its narrower last panel; add: an i1; fetch: where each stream begins. Makes the
 * function where it is new. */
void product_tile_call(struct emit *e, const struct product_tile *t, ir a, ir last, ir b, ir c, ir depth, ir add, const ir *fetch);
/* The vector at `from`, of which `count` lanes are there, zeros the others. */
ir product_load(struct emit *e, ir from, int64_t count);

/* product_right.c: the right operand of the product at work, in a strip of the group: `columns` from `column` on */
struct product_right {
    ir at;           /* its first element, at the start of this piece of k */
    int64_t step;    /* between rows of k */
    int64_t columns; /* that may be read */
};
bool product_right_packs(const struct product_work *w);
void product_right_pack(struct product_work *w, int64_t column, int64_t columns);
struct product_right product_right(struct product_work *w, int64_t column, int64_t columns);
void product_fetch_streams(struct product_work *w, int64_t column, int64_t columns, struct product_tile *t, ir *fetch);

/* product_pack.c */
struct product_panel {
    unsigned vectors;
    int64_t ldb;
    bool tb;
    int64_t columns; /* that are there: up to vectors * 16 */
    int64_t rows;    /* product_turn_call: of the matrix in panels */
};

/* Packs columns `column` and on of the transpose of a matrix in panels of ldb columns: rows [first, first + depth) of k. */
void product_turn_call(struct emit *e, const struct product_panel *p, ir to, ir base, ir column, ir first, ir depth);

/* Rows of a, stored turned (lda elements between rows of k): `block` of them after the other, each [depth, block]. */
void product_left_call(struct emit *e, unsigned block, int64_t lda, ir to, ir from, ir depth, ir rows);

/* Rows of a (lda elements apart), the next `depth` elements of each, to rows PRODUCT_DEPTH apart. */
void product_copy_call(struct emit *e, int64_t lda, ir to, ir from, ir depth, ir rows);

void product_turn(struct emit *e, ir *x); /* 16 vectors of 16 floats, transposed */

/* `depth` rows of k of b's columns from `from` on, packed to `to`. */
void product_pack_call(struct emit *e, const struct product_panel *p, ir to, ir from, ir depth);

#endif
