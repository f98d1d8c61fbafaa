/* weights.h: first values from a safetensors file of another program: `train --weights FILE --map FILE`; and of a part of the model, `train --load G=FILE`.
 *
 * A map has a line for each tensor; `#` begins a comment:
 *
 *     G.dense1.W = fc.weight transpose                 a name of the model, a name of the file, a layout (as it is, without one)
 *     D.conv1.W  = conv1.weight OIHW
 *     D.dense1.W = out.weight o (c h w) -> (h w c) o c=64 h=4
 *     D.conv1.b  = -                                   keeps its own first value
 *     -          = *.num_batches_tracked               of the file: left out
 *
 * A layout names the axes of the file's tensor, then those of the model's; ( ) joins neighbours into one axis, first outermost; of such an axis all
 * sizes but one are given. After `-` or before it a name may have stars, each for any text. Every tensor of a net must have a line, and every tensor of the
 * file. Without a map names and shapes are the same; a checkpoint of a trainer may then have more. */
#ifndef GANRT_WEIGHTS_H
#define GANRT_WEIGHTS_H

#include "options.h"
#include "run.h"
#include "safetensors.h"

/* How the model's tensor is read out of the file's: axes, groups taken apart, in the model's order; strides in elements of the file. */
struct weights_order {
    uint32_t rank;
    int64_t dim[SAFETENSORS_RANK], stride[SAFETENSORS_RANK];
};

struct weights_pair {
    const struct ganrt_tensor *to;
    const struct safetensors_tensor *from;
    struct weights_order order;
};

struct weights {
    struct safetensors *file;
    struct weights_pair *pairs; /* room for all of the model's tensors */
    uint32_t npairs;
    struct weights *next; /* of another file; applied after this one */
};

/* Reads and checks all of it; needs the model alone. file: a .safetensors file, or a run's folder (its newest checkpoint); map: may be NULL. */
struct weights *weights_read(const struct run *run, const char *file, const char *map, struct error *e);
/* weights_part.c: those of each `NAME=FILE`, behind what is in the list already. */
bool weights_parts(const struct run *run, const struct options_rest *texts, struct weights **list, struct error *e);
void weights_apply(struct run *run, const struct weights *w); /* between graphs, when run_initialise is done; all of the list */
void weights_free(struct weights *w);

struct weights *weights_open(const struct run *run, const char *path, struct error *e); /* the file alone */
bool weights_add(struct weights *w, const struct ganrt_tensor *to, const struct safetensors_tensor *from, const char *layout, struct error *e);

/* weights_layout.c: the layout `text` ("" as it is) of `from`, which must give the shape of `to`. */
bool weights_layout(const char *text, const struct safetensors_tensor *from, const struct ganrt_tensor *to, struct weights_order *order, struct error *e);
void weights_shape(char *text, size_t room, uint32_t rank, const int64_t *dims); /* "[3, 4]" */

#endif
