/* checkpoint.h: checkpoints: all tensors, and in the metadata everything else that training's future depends on (nothing of the clock).
 *
 * Metadata, all texts: version, model, ganc, dtype ("f32"), seed, step (of all blocks), block and block_step, tick; and as JSON: counters [..],
 * results [.. null] (those of training), settings {name: value}, given [names], data [{name, pass, next, base}]. */
#ifndef GANRT_CHECKPOINT_H
#define GANRT_CHECKPOINT_H

#include "train.h"

#define CHECKPOINT_VERSION 2 /* raised where an older trainer would read a file wrongly; 1: checksums by CRC-32, and no number */

bool checkpoint_due(const struct training *t); /* by --checkpoint-every */
bool checkpoint_save(struct training *t, struct error *e); /* checkpoints/STEP8.safetensors; then drops all but the newest flags.keep */

char *checkpoint_path(const struct training *t); /* that of this step; the caller frees it */

/* The same file anywhere, with more in it. */
struct safetensors_tensor;
struct safetensors_pair;
struct checkpoint_more {
    const struct safetensors_tensor *tensors;
    const struct safetensors_pair *pairs;
    uint32_t ntensors, npairs;
};
bool checkpoint_write(struct training *t, const char *path, const struct checkpoint_more *more, struct error *e);

/* Paths of FOLDER/checkpoints, the newest first; the caller frees each and the array. NULL where there is none: e->text says why the folder cannot be
 * read, and is empty where it can, or is not there. */
char **checkpoint_list(const char *folder, uint32_t *count, struct error *e);

/* The newest whole checkpoint in FOLDER/checkpoints; broken ones are warned of. NULL: e->text is empty where the folder has none at all,
 * and otherwise says what is wrong. */
struct safetensors *checkpoint_newest(const char *folder, struct error *e);

/* Tensors, settings and seed of a file into the run. training: every tensor must be there and no other; counters, results, tick and data
 * streams are taken too. notes: says on stderr which settings differ. */
bool checkpoint_apply(struct run *run, const struct safetensors *file, bool training, bool notes, struct error *e);
bool checkpoint_known(const struct run *run, const struct safetensors *file, struct error *e); /* not of a newer version? */
/* checkpoint_differ.c: is it this model's, as checkpoint_apply has it? What differs is listed: a few in the error, more on stderr before it. */
bool checkpoint_fits(const struct run *run, const struct safetensors *file, bool training, struct error *e);
bool checkpoint_place(struct training *t, const struct safetensors *file, struct error *e); /* block, block_step, total */
bool checkpoint_number(const struct safetensors *file, const char *key, uint64_t *x);

#endif
