/* layout.c: weights stand in panels while training runs (ganrt_tensor.columns); what leaves the process, or comes in, has its rows in order. */
#include "run.h"

#include <stdlib.h>

/* Room for the largest tensor in panels: the scratch region, which holds nothing between two graphs, or memory of its own. */
static unsigned char *room_take(const struct run *run, size_t bytes, void **owned)
{
    const struct ganrt_model *model = run->model;
    *owned = NULL;
    if (bytes <= (size_t)(model->arena_bytes - model->tensor_bytes) && !model->check_bounds) return run->frame.arena + model->tensor_bytes;
    return *owned = memory_take(bytes, 1);
}

static void turn(unsigned char *at, unsigned char *room, const struct ganrt_tensor *t, bool to_rows)
{
    size_t bytes = (size_t)t->elements * t->size;
    memcpy(room, at, bytes);
    for (int64_t i = 0; i < t->elements;) { /* neighbours in a row are neighbours in a panel */
        int64_t left = t->columns - i % t->columns, panel = GANRT_PANEL - i % t->columns % GANRT_PANEL, run = left < panel ? left : panel;
        int64_t there = ganrt_position(t, i);
        size_t rows = (size_t)i * t->size, panels = (size_t)there * t->size;
        memcpy(at + (to_rows ? rows : panels), room + (to_rows ? panels : rows), (size_t)run * t->size);
        i += run;
    }
}

void run_layout(struct run *run, bool rows)
{
    const struct ganrt_model *model = run->model;
    size_t most = 0;
    for (uint32_t i = 0; i < model->ntensors; i++) {
        size_t bytes = (size_t)model->tensors[i].elements * model->tensors[i].size;
        if (model->tensors[i].columns && bytes > most) most = bytes;
    }
    if (!most) return;
    void *owned;
    unsigned char *room = room_take(run, most, &owned);
    for (uint32_t i = 0; i < model->ntensors; i++)
        if (model->tensors[i].columns) turn(run_at(run, model->tensors[i].offset), room, &model->tensors[i], rows);
    free(owned);
}
