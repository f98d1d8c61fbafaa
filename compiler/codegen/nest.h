/* nest.h: one kernel being written: a loop nest, and the point of it where the body stands.
 *
 * Vectors run along the last dimension (`lane`). The body is written for a point: index[] of each dimension, in `lanes` neighbours along the lane
 * (1: a single point), of which `mask` says those that count. Loops change the point and call the functions of body.c. */
#ifndef GANC_CODEGEN_NEST_H
#define GANC_CODEGEN_NEST_H

#include "codegen/emit.h"

#define PIECES_MOST 7 /* of a short dimension inside the lane, see pieces.c */
#define ACCUMULATORS 8 /* of an instruction: at least UNROLL, and PIECES_MOST */
#define UNROLL 4 /* vectors in a strip: sums in flight, and what one Philox block of 4 words serves */

struct scope { /* of a storage that the kernel touches: bytes [low, high) of the arena */
    uint32_t storage;
    int64_t low, high;
    LLVMMetadataRef own, others; /* !alias.scope, !noalias */
};
#define STORAGE_TILE UINT32_MAX

struct accumulator {
    ir value, where; /* on the stack; where: argmax only */
    ir kept[2];      /* a vector for each row, see reduce_keep */
};

struct nest {
    struct emit *e;
    const struct kernel_graph *kg;
    struct kernel k;     /* rank at least 1 */
    uint32_t graph, number;
    uint32_t lane;
    int64_t unit;        /* a task covers `unit` of the lane, or what is left of it; low[lane] is a multiple of it */
    int64_t lengths[3];  /* or, where there are any, one of these */
    unsigned nlengths;
    bool reduces;        /* has reductions */
    VEC(struct scope) scopes;

    /* made at the start of the function */
    ir frame, arena, task, worker;
    ir low[KERNEL_RANK], high[KERNEL_RANK];
    ir *hoisted, *always; /* by instruction: the scalar; bernoulli's threshold, and whether it is 1 */
    ir key[2], tick, stream_tick;

    /* the point */
    ir index[KERNEL_RANK];
    unsigned lanes;
    ir mask, count;       /* NULL and lanes where all count; else an i64 */
    unsigned sub, strip;  /* vector `sub` of a strip of `strip` */
    ir at;                /* where along the lane the strip begins */
    ir *inner, *outer;    /* by instruction: its value here, or NULL */
    ir (*words)[4];       /* by instruction: Philox words that this strip's vectors share */
    bool *shares;
    ir (*ahead)[ACCUMULATORS]; /* by instruction: its value for each sum of the strip, which no row changes, or NULL */
    unsigned sum;              /* of the strip's: the point's */

    uint32_t pack;        /* pieces > 0: the dimension of that extent whose points are written one after the other, see pieces.c */
    unsigned pieces, piece;
    ir (*packed)[2][PIECES_MOST]; /* by instruction, inner or outer: of each piece */

    struct accumulator *accumulators; /* [instruction][bank][vector of the strip, or piece] */
    unsigned bank;

    /* PRODUCT: the finished tile's first element stands for the point (row, column) */
    ir tile, row, column;
    int64_t columns;      /* between the tile's rows */
};

/* access.c */
void access_begin(struct nest *n);   /* alias scopes of all the body touches */
const struct storage *access_storage(const struct nest *n, uint32_t id);
ir access_index(struct nest *n, const struct access *a); /* of the point's first lane, in elements */
bool access_range(const struct nest *n, const struct access *a, int64_t *low, int64_t *high); /* of the index over the whole nest; false: too large */
ir access_base(struct nest *n, uint32_t storage);
ir access_load(struct nest *n, const struct access *a);
void access_store(struct nest *n, const struct access *a, ir value);
ir access_tile(struct nest *n);
void access_check(struct nest *n, uint32_t storage, ir first, ir last); /* --check=bounds: elements */

/* body.c */
void body_begin(struct nest *n);     /* what is the same at all points */
void body_inner(struct nest *n);     /* all of it but outer instructions and reductions */
void body_outer(struct nest *n);
ir body_value(struct nest *n, uint32_t insn, bool outer);
ir body_lane_numbers(struct nest *n, ir first, int64_t stride); /* first + stride * lane, i64 */

/* pieces.c */
void pieces_begin(struct nest *n);
bool pieces_has(const struct nest *n, const struct insn *in); /* a load or store */
ir pieces_load(struct nest *n, uint32_t insn, bool outer);
void pieces_store(struct nest *n, uint32_t insn, bool outer, ir value);

/* rng.c */
void random_begin(struct nest *n);
ir random_value(struct nest *n, uint32_t insn);

/* reduce.c */
void reduce_begin(struct nest *n, unsigned bank, unsigned vectors);
void reduce_add(struct nest *n, unsigned bank, unsigned vector);
void reduce_merge(struct nest *n, unsigned from, unsigned to, unsigned vectors); /* banks */
void reduce_column(struct nest *n, unsigned bank, unsigned vector); /* the sums of the point's lanes, each its own */
void reduce_row(struct nest *n, unsigned first, unsigned vectors); /* one sum of all lanes of all vectors from the first on; the point becomes single */
void reduce_keep(struct nest *n, unsigned first, unsigned vectors, ir row); /* for reduce_rows: row `row` of as many as a vector has lanes */
void reduce_keep_none(struct nest *n, unsigned first, ir row);
void reduce_rows(struct nest *n, unsigned first);         /* the sums of all rows kept, one in each lane */

/* loops.c */
void nest_begin(struct nest *n, struct emit *e, uint32_t graph, uint32_t number); /* begins the function */
void nest_loops(struct nest *n);     /* the body over low[] to high[] */

/* product.c */
void product_emit(struct nest *n);

#endif
