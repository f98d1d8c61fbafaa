/* weights_part.c: `train --load G=FILE`: a part of the model begins with what stands under the same names in a checkpoint, another safetensors file, or a run's
 * folder: a net, a layer or a tensor. What else the file has is left there, and what else the model has keeps its first values. */
#include "listing.h"
#include "weights.h"

#include <stdio.h>
#include <stdlib.h>

static bool is_state(const struct ganrt_tensor *t)
{
    return t->kind == GANRT_OPTIMIZER_STATE || t->kind == GANRT_SCHEDULE_STATE;
}

/* Does the tensor belong to the part of this name? States of an optimizer do only where they are named themselves. */
static bool belongs(const struct ganrt_tensor *t, const char *part)
{
    size_t length = strlen(part);
    if (!strcmp(t->name, part)) return true;
    return !is_state(t) && !strncmp(t->name, part, length) && t->name[length] == '.';
}

static bool unknown(const struct ganrt_model *model, const char *part, struct error *e)
{
    uint32_t count = 0;
    const char **names = memory_take(model->nnets + model->ntensors, sizeof *names);
    for (uint32_t i = 0; i < model->nnets; i++) names[count++] = model->nets[i].name;
    for (uint32_t i = 0; i < model->ntensors; i++) names[count++] = model->tensors[i].name;
    const char *nearest = options_nearest(part, names, count);
    error_set(e, "--load: %s has no net, layer or tensor '%s'%s%s%s", model->name, part, nearest ? "; is it " : "", nearest ? nearest : "", nearest ? "?" : "");
    free(names);
    return false;
}

static bool read_part(const struct run *run, struct weights *w, const char *part, struct error *e)
{
    const struct ganrt_model *model = run->model;
    struct listing wrong = {.count = 0};
    uint32_t found = 0;
    for (uint32_t i = 0; i < model->ntensors; i++) {
        const struct ganrt_tensor *t = &model->tensors[i];
        struct error why;
        if (!belongs(t, part)) continue;
        const struct safetensors_tensor *from = safetensors_find(w->file, t->name);
        found++;
        if (!from) listing_add(&wrong, "%s is not there", t->name);
        else if (!weights_add(w, t, from, "", &why)) listing_add(&wrong, "%s", why.text);
    }
    if (!found) return unknown(model, part, e);
    char *head = memory_format("--load: '%s' does not fit %s", w->file->path, part);
    bool ok = listing_end(&wrong, head, "tensors", e);
    free(head);
    return ok;
}

bool weights_parts(const struct run *run, const struct options_rest *texts, struct weights **list, struct error *e)
{
    while (*list) list = &(*list)->next;
    for (uint32_t i = 0; i < texts->count; i++, list = &(*list)->next) {
        const char *equals = strchr(texts->at[i], '=');
        char *part = memory_format("%.*s", (int)(equals - texts->at[i]), texts->at[i]);
        *list = weights_open(run, equals + 1, e);
        bool ok = *list && read_part(run, *list, part, e);
        free(part);
        if (!ok) return false;
    }
    return true;
}
