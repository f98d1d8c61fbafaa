/* looks.h: what the runtime sees of training when it looks: of each net that is trained the norm of its gradient, the angle between its update and its
 * gradient, how well it tells data from samples, how far its samples lie apart, how many of its weights stand at the clip.
 *
 * A look is one pass of a train block in which each graph runs once more beforehand, with frame->look set: it computes the same, and leaves gradients in
 * place of parameters. The training itself computes the same bits with and without it. What is seen is measures; alarms.c judges them. */
#ifndef GANRT_LOOKS_H
#define GANRT_LOOKS_H

#include "run.h"

enum measure { MEASURE_DISTANCE, MEASURE_DATA_DISTANCE, MEASURE_ACCURACY, MEASURE_GRADIENT, MEASURE_COSINE, MEASURE_CLIPPED, MEASURES };
extern const char *const measure_names[MEASURES]; /* in metrics.jsonl: "alarms.NAME.NET" */

struct looks;

struct looks *looks_new(struct run *run, struct error *e); /* NULL: the error says why */
void looks_free(struct looks *l);
int64_t looks_bytes(const struct ganrt_model *model); /* memory that a look takes, and gives back */

void looks_begin(struct looks *l);                    /* the next pass is looked at */
bool looks_end(struct looks *l, struct error *e);     /* it is done; false: the error says why a measure could not be taken */
double looks_value(const struct looks *l, uint32_t net, enum measure m); /* of the last look; NaN: there is none */

/* batch.c: the minibatch of this graph is there, and it is about to train; the one before it is done. */
void looks_graph(struct run *run, uint32_t graph);
void looks_graph_done(struct run *run);

#endif
