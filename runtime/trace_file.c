/* trace_file.c: a step that made a value that is not finite, as a file: a checkpoint of the state before it, and the minibatches that its graphs drew, so
 * that it can be run again without the data set. Tensors minibatch.RUN.GRAPH.NUMBER are bytes as they stand in the arena. */
#include "checkpoint.h"
#include "safetensors.h"
#include "trace_run.h"

#include <stdio.h>
#include <stdlib.h>

#define VERSION "1"

bool trace_file_is(const struct safetensors *file)
{
    const char *version = safetensors_value(file, "replay");
    return version && !strcmp(version, VERSION);
}

bool trace_file_write(struct training *t, const char *path, const struct follow *f, double epoch, struct error *e)
{
    struct safetensors_tensor *tensors = memory_take(f->nminibatches, sizeof *tensors);
    char text[64];
    snprintf(text, sizeof text, "%.17g", epoch);
    for (uint32_t i = 0; i < f->nminibatches; i++) {
        const struct trace_minibatch *m = &f->minibatches[i];
        tensors[i] = (struct safetensors_tensor){.name = memory_format(TRACE_MINIBATCH "%u.%u.%u", m->run, m->graph, m->batch),
                                                 .type = t->run->model->f64 ? SAFETENSORS_F64 : SAFETENSORS_F32,
                                                 .rank = 1,
                                                 .dims = {(int64_t)(m->size / run_element(t->run))},
                                                 .data = m->bytes,
                                                 .bytes = m->size};
    }
    const struct safetensors_pair pairs[] = {{"replay", VERSION}, {"epoch", text}};
    const struct checkpoint_more more = {tensors, pairs, f->nminibatches, 2};
    bool ok = checkpoint_write(t, path, &more, e);
    for (uint32_t i = 0; i < f->nminibatches; i++) free((char *)tensors[i].name);
    free(tensors);
    return ok;
}

bool trace_file_minibatches(const struct safetensors *file, struct follow *f, struct error *e)
{
    for (uint32_t i = 0; i < file->ntensors; i++) {
        const struct safetensors_tensor *x = &file->tensors[i];
        struct trace_minibatch m = {.size = (size_t)x->bytes};
        int end = 0;
        if (strncmp(x->name, TRACE_MINIBATCH, strlen(TRACE_MINIBATCH))) continue;
        if (sscanf(x->name + strlen(TRACE_MINIBATCH), "%u.%u.%u%n", &m.run, &m.graph, &m.batch, &end) != 3 || x->name[strlen(TRACE_MINIBATCH) + (size_t)end])
            return error_set(e, "'%s': %s is not the name of a minibatch", file->path, x->name);
        m.bytes = memory_take(m.size + 1, 1);
        memcpy(m.bytes, x->data, m.size);
        f->minibatches = memory_grow(f->minibatches, f->nminibatches + 1, sizeof *f->minibatches);
        f->minibatches[f->nminibatches++] = m;
    }
    return true;
}
