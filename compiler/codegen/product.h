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

/* product_float.c. stride: between the rows of that storage, 0 where there is none */
void product_float(struct nest *n, const struct product_operands *operands, int64_t stride);

/* product_tile.c */
enum { PRODUCT_ROWS = 8, PRODUCT_VECTORS = 3 }; /* of a register tile, at most */

struct product_shape { /* of this processor's register tile */
    unsigned rows, vectors;
};
struct product_shape product_shape(const struct emit *e);

void product_fetch(struct emit *e, ir from); /* into the first cache, soon to be read */

struct product_tile {
    unsigned rows, vectors;
    int64_t lda, ldc;
    bool ta;
    int64_t step;                 /* between b's rows, in elements */
    int64_t columns_b, columns_c; /* that may be read of b, written of c: up to vectors * 16 */
};

/* c (+)= a b over `depth` of k; a, b, c: their first elements; add: an i1. Makes the function where it is new. */
void product_tile_call(struct emit *e, const struct product_tile *t, ir a, ir b, ir c, ir depth, ir add);
/* The vector at `from`, of which `count` lanes are there, zeros the others. */
ir product_load(struct emit *e, ir from, int64_t count);

/* product_pack.c */
struct product_panel {
    unsigned vectors;
    int64_t ldb;
    bool tb;
    int64_t columns; /* that are there: up to vectors * 16 */
};

/* `depth` rows of k of b's columns from `from` on, packed to `to`. */
void product_pack_call(struct emit *e, const struct product_panel *p, ir to, ir from, ir depth);

#endif
