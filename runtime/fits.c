/* fits.c: what training takes at most, which is known before the first step: the arena and the threads' tiles, beside the program and its data.
 *
 * A minibatch that cannot fit is refused, and one that does is named. The object knows about how large the arena would be with its minibatch halved,
 * and halved again (plan_smaller of the compiler: rather too large than too small); between two of these it is taken to grow in a straight line. */
#include "fits.h"

#include "looks.h"
#include "tool.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#define RUNTIME_BYTES 4e6 /* checkpoints, pictures and lines while they are written, threads' stacks as far as they are used */
#define HUGE_PAGES 4e6    /* of the address space: maps begin at a huge page */

static double stacks(const struct run *run)
{
    struct rlimit limit;
    double each = getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY ? (double)limit.rlim_cur : 8e6;
    return each * (double)(run->nthreads - 1);
}

static int64_t whole_batch(const struct ganrt_model *model)
{
    int64_t most = 0;
    for (uint32_t i = 0; i < model->ntrains; i++)
        if (model->trains[i].batch > most) most = model->trains[i].batch;
    return most;
}

int64_t fits_batch(const struct ganrt_model *model, double arena_bytes)
{
    struct ganrt_size above = {whole_batch(model), model->arena_bytes};
    if (!model->nsizes) return -1;
    for (uint32_t i = 0; i < model->nsizes; i++) {
        const struct ganrt_size *s = &model->sizes[i];
        if ((double)s->arena_bytes <= arena_bytes) {
            double each = (double)(above.arena_bytes - s->arena_bytes) / (double)(above.batch - s->batch);
            double more = each > 0 ? floor((arena_bytes - (double)s->arena_bytes) / each) : 0;
            return s->batch + (more < (double)(above.batch - s->batch) ? (int64_t)more : above.batch - s->batch);
        }
        above = *s;
    }
    return 0;
}

/* One of the two limits: `needed` bytes, of which the arena is one part, against what is left. */
static bool check(const struct run *run, double needed, double left, const char *limit, struct error *e)
{
    const struct ganrt_model *model = run->model;
    char wanted[40], room[40];
    if (needed <= left) return true;
    int64_t fits = fits_batch(model, left - (needed - (double)model->arena_bytes));
    tool_bytes(wanted, sizeof wanted, (int64_t)needed);
    tool_bytes(room, sizeof room, (int64_t)left);
    if (fits < 0)
        return error_set(e, "training needs %s of memory besides its data, and %s are left %s", wanted, room, limit);
    if (!fits)
        return error_set(e, "training needs %s of memory besides its data, and %s are left %s: not even a minibatch of one example fits", wanted, room,
                         limit);
    return error_set(e, "training needs %s of memory besides its data, and %s are left %s: a minibatch of %" PRId64 " examples does not fit, one of "
                     "%" PRId64 " does: compile the model with train (batch=%" PRId64 ")", wanted, room, limit, whole_batch(model), fits, fits);
}

bool fits_check(const struct run *run, double *room, struct error *e)
{
    struct room r = room_left();
    double needed = run_planned(run) + (double)looks_bytes(run->model) + RUNTIME_BYTES;
    *room = fmin(r.bytes, r.mapped);
    return check(run, needed, r.bytes, r.limit, e) && check(run, needed + HUGE_PAGES + stacks(run), r.mapped, r.map_limit, e);
}

void fits_header(const struct run *run, double loaded, double room)
{
    const struct ganrt_model *model = run->model;
    char all[40], before[40], tensors[40], values[40], looks[40], left[40];
    tool_bytes(all, sizeof all, (int64_t)(loaded + run_planned(run)) + (run->looks ? looks_bytes(model) : 0));
    tool_bytes(before, sizeof before, (int64_t)loaded);
    tool_bytes(tensors, sizeof tensors, model->tensor_bytes);
    tool_bytes(values, sizeof values, (int64_t)run_planned(run) - model->tensor_bytes);
    tool_bytes(left, sizeof left, (int64_t)room);
    tool_bytes(looks, sizeof looks, looks_bytes(model));
    fprintf(stderr, "memory  at most %s: program and data %s, parameters and states %s, values of a step %s%s%s; %s were free\n", all, before, tensors, values,
            run->looks ? ", looks " : "", run->looks ? looks : "", left);
    fprintf(stderr, "        %u thread%s, seed %" PRIu64 "\n", run->nthreads, run->nthreads == 1 ? "" : "s", run->seed);
}
