/* tool.h: what the tools share: finding a checkpoint, a net that can be sampled, its samples, and how they are drawn as pictures. */
#ifndef GANRT_TOOL_H
#define GANRT_TOOL_H

#include "options.h"
#include "picture.h"

/* Memory, threads, and the parameters of a checkpoint: `checkpoint` where it is not NULL (a file), else the newest of `folder`, else of
 * runs/MODEL. step: of the checkpoint. */
bool tool_load(struct run *run, const char *folder, const char *checkpoint, uint64_t *step, struct error *e);

/* The net named, or the first whose inputs all come from priors. -1: the error says why. */
int32_t tool_generator(const struct run *run, const char *name, struct error *e);

/* n samples of a net, [n, elements] of the model's element type; free() them. Sample i depends on seed and i alone, not on n. */
void *tool_samples(struct run *run, int32_t net, int64_t n, struct error *e);

/* How a net's output is drawn: as the model's picture of the same shape, else as its data of as many elements, else 0 black and 1 white. */
struct picture_tile tool_tile(const struct run *run, const struct ganrt_net *net);

/* The first data set of as many elements an example, labels apart; NULL where there is none. */
const struct ganrt_data *tool_data_like(const struct run *run, int64_t elements);

int64_t tool_parameters(const struct ganrt_model *model, const struct ganrt_net *net); /* averages among them: they stand for parameters */
void tool_shape(char *text, size_t size, uint32_t rank, const int64_t *dims); /* "[28, 28]" */
void tool_count(char *text, size_t size, int64_t n);                          /* "2,402,384" */
void tool_bytes(char *text, size_t size, int64_t bytes);                      /* "12.3 MB" */

#endif
