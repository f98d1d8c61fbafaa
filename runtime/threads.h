/* threads.h: a pool of threads that run numbered tasks.
 *
 * The caller of threads_run is worker 0 and works too. Between jobs, workers spin for some microseconds and then sleep, so that another process
 * on the machine costs its share and no more. Which worker runs a task is left open: compiled code makes the same bits whoever does.
 * One thread at a time may call threads_run. The pool owns its threads until threads_free. */
#ifndef GANRT_THREADS_H
#define GANRT_THREADS_H

#include "error.h"

#include <stdint.h>

#define THREADS_MOST 256

struct threads;
typedef void threads_body(void *self, uint32_t task, uint32_t worker);

uint32_t threads_available(void); /* processors that this process may use, 1 to THREADS_MOST */
struct threads *threads_new(uint32_t count, struct error *e);
void threads_run(struct threads *t, threads_body *body, void *self, uint32_t tasks); /* tasks 0..tasks-1; returns when all are done */
uint32_t threads_count(const struct threads *t);
void threads_free(struct threads *t); /* NULL is fine */

#endif
