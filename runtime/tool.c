/* tool.c: what the tools share. */
#include "tool.h"

#include "data/format.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Samples draw from ticks that training does not reach. */
#define SAMPLE_TICK ((uint64_t)1 << 40)

bool tool_load(struct run *run, const char *folder, const char *checkpoint, uint64_t *step, struct error *e)
{
    if (!run_allocate(run, e)) return false;
    char *usual = memory_format("runs/%s", run->model->name);
    if (!checkpoint && !folder && access(usual, F_OK) != 0) {
        error_set(e, "'%s': %s; train first, or name a run's folder with --run", usual, strerror(errno));
        free(usual);
        return false;
    }
    bool ok = run_load(run, checkpoint ? checkpoint : folder ? folder : usual, step, NULL, e);
    free(usual);
    return ok;
}

/* Why a net cannot be sampled, or NULL. */
static const char *not_sampled(const struct run *run, const struct ganrt_net *net)
{
    if (net->graph < 0) return "the trainer holds no forward program for it";
    for (uint32_t i = 0; i < net->ninputs; i++)
        if (net->inputs[i].prior < 0) return "its inputs do not all come from priors";
    const struct ganrt_graph *graph = &run->model->graphs[net->graph];
    for (uint32_t i = 0; i < graph->nbatches; i++)
        if (graph->batches[i].kind != GANRT_BATCH_MEAN) return "its inputs do not all come from priors";
    return NULL;
}

int32_t tool_generator(const struct run *run, const char *name, struct error *e)
{
    const struct ganrt_model *model = run->model;
    const char **names = memory_take(model->nnets, sizeof *names), *nearest;
    int32_t found = -1;
    for (uint32_t i = 0; i < model->nnets && found < 0; i++) {
        names[i] = model->nets[i].name;
        if (name ? !strcmp(name, names[i]) : model->nets[i].ninputs && !not_sampled(run, &model->nets[i])) found = (int32_t)i;
    }
    if (found >= 0) {
        const char *why = not_sampled(run, &model->nets[found]);
        if (why) {
            error_set(e, "net %s cannot be sampled: %s", name, why);
            found = -1;
        }
    } else if (!name) {
        error_set(e, "%s has no net whose inputs all come from priors", model->name);
    } else if ((nearest = options_nearest(name, names, model->nnets))) {
        error_set(e, "%s has no net '%s'; is it %s?", model->name, name, nearest);
    } else {
        error_set(e, "%s has no net '%s'", model->name, name);
    }
    free(names);
    return found;
}

/* Where the net's value stands when its program has run. */
static const struct ganrt_output *net_output(const struct ganrt_graph *graph, const struct ganrt_net *net)
{
    for (uint32_t i = 0; i < graph->noutputs; i++)
        if (graph->outputs[i].kind == 3 && graph->outputs[i].elements == graph->batch * net->elements) return &graph->outputs[i];
    return NULL;
}

void *tool_samples(struct run *run, int32_t number, int64_t n, struct error *e)
{
    const struct ganrt_net *net = &run->model->nets[number];
    const struct ganrt_graph *graph = &run->model->graphs[net->graph];
    const struct ganrt_output *output = net_output(graph, net);
    int64_t size = net->elements * (int64_t)run_element(run), bytes;
    if (!output) {
        error_set(e, "net %s: its forward program gives no value of its shape", net->name);
        return NULL;
    }
    unsigned char *samples = __builtin_mul_overflow(n, size, &bytes) ? NULL : malloc(bytes ? (size_t)bytes : 1);
    if (!samples) {
        error_set(e, "no memory for %lld samples of %lld bytes", (long long)n, (long long)size);
        return NULL;
    }
    for (int64_t at = 0; at < n; at += graph->batch) {
        int64_t count = n - at < graph->batch ? n - at : graph->batch;
        run_graph(run, (uint32_t)net->graph, SAMPLE_TICK + (uint64_t)(at / graph->batch));
        memcpy(samples + at * size, run_at(run, output->offset), (size_t)(count * size));
    }
    return samples;
}

const struct ganrt_data *tool_data_like(const struct run *run, int64_t elements)
{
    for (uint32_t i = 0; i < run->model->ndata; i++)
        if (run->model->data[i].elements == elements && !run->model->data[i].onehot) return &run->model->data[i];
    return NULL;
}

struct picture_tile tool_tile(const struct run *run, const struct ganrt_net *net)
{
    const struct ganrt_model *model = run->model;
    int64_t h, w, channels;
    for (uint32_t i = 0; i < model->npictures; i++) {
        const struct ganrt_picture *p = &model->pictures[i];
        if (p->image && p->rank == net->rank && !memcmp(p->dims, net->dims, p->rank * sizeof *p->dims))
            return (struct picture_tile){p->rank, p->dims, p->low, p->high, p->any != 0};
    }
    struct picture_tile tile = {net->rank, net->dims, 0, 1, false};
    const struct ganrt_data *d = tool_data_like(run, net->elements);
    if (!d) return tile;
    if (!picture_shape(tile.rank, tile.dims, &h, &w, &channels)) tile.rank = d->rank, tile.dims = d->dims;
    tile.low = d->low, tile.high = d->high, tile.any = d->any != 0;
    return tile;
}

void tool_shape(char *text, size_t size, uint32_t rank, const int64_t *dims)
{
    data_shape_text(text, size, rank, dims);
}

int64_t tool_parameters(const struct ganrt_model *model, const struct ganrt_net *net)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < net->ntensors; i++) {
        const struct ganrt_tensor *t = &model->tensors[net->tensors[i]];
        if (t->kind == GANRT_PARAMETER || t->kind == GANRT_AVERAGE) sum += t->elements;
    }
    return sum;
}

void tool_count(char *text, size_t size, int64_t n)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)n);
    size_t at = 0;
    for (int i = 0; i < length && at + 2 < size; i++) {
        if (i && (length - i) % 3 == 0 && digits[i - 1] != '-') text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = 0;
}

void tool_bytes(char *text, size_t size, int64_t bytes)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    double x = (double)bytes / 1000;
    int unit = 0;
    if (bytes < 1000) {
        snprintf(text, size, "%lld bytes", (long long)bytes);
        return;
    }
    for (; x >= 999.95 && unit < 5; unit++) x /= 1000;
    snprintf(text, size, "%.1f %s", x, units[unit]);
}
