/* fits.h: does training fit into memory? What it will take at most, said before the first step, and what is there. */
#ifndef GANRT_FITS_H
#define GANRT_FITS_H

#include "run.h"

/* room.c: bytes that this process may still take, and what says so ("of the machine's memory"). */
struct room {
    double bytes;  /* resident: the machine's memory, control groups */
    double mapped; /* of the address space: ulimit -v, ulimit -d; INFINITY where there is no limit */
    const char *limit, *map_limit;
};
struct room room_left(void);
/* The same, of system files below this folder, for tests; "": the system's own. */
struct room room_left_below(const char *root);

/* fits.c. Before memory is taken; room: bytes that are left. False: it cannot fit; the sentence names the largest minibatch that does. */
bool fits_check(const struct run *run, double *room, struct error *e);
/* What the process will take at most, on stderr. loaded: what it took when its data was there, of which `room` was left then. */
void fits_header(const struct run *run, double loaded, double room);
/* The largest minibatch whose arena has at most so many bytes; 0: none, -1: the model does not know. */
int64_t fits_batch(const struct ganrt_model *model, double arena_bytes);

#endif
