/* reports.c: the model's reports: over one minibatch, or over every example of a data set.
 *
 * A report over all of its data has two graphs. The first, run for one minibatch after another, leaves what stands under each E, an example a row;
 * the rows are summed here, in their order and in double, whatever the number of threads. The averages are the inputs of the second. The last
 * minibatch is filled up with the data's first examples, which are not counted; so is a smaller data set beside a larger one. */
#include "reports.h"

#include "data.h"

#include <stdlib.h>

static int64_t rows_of(const struct run *run, const struct ganrt_output *o)
{
    return o->data < 0 ? 0 : run->sources[run->model->data[o->data].source].count;
}

static int64_t width_of(const struct ganrt_graph *graph, const struct ganrt_output *o)
{
    return o->elements / graph->batch;
}

void reports_begin(struct reports *r, struct run *run)
{
    const struct ganrt_model *model = run->model;
    size_t most = 0;
    *r = (struct reports){.run = run};
    for (uint32_t i = 0; i < model->nreports; i++) {
        const struct ganrt_graph *graph = model->reports[i].gather < 0 ? NULL : &model->graphs[model->reports[i].gather];
        size_t sums = 0;
        for (uint32_t k = 0; graph && k < graph->noutputs; k++) sums += (size_t)width_of(graph, &graph->outputs[k]);
        if (sums > most) most = sums;
    }
    r->sums = memory_take(most, sizeof *r->sums);
}

void reports_end(struct reports *r)
{
    free(r->sums);
    r->sums = NULL;
}

static double element(const struct run *run, int64_t offset, int64_t i)
{
    return run->model->f64 ? ((const double *)run_at(run, offset))[i] : (double)((const float *)run_at(run, offset))[i];
}

/* Adds those of the minibatch's rows that count. */
static void add_rows(struct reports *r, const struct ganrt_graph *graph, int64_t round)
{
    double *sum = r->sums;
    for (uint32_t k = 0; k < graph->noutputs; k++) {
        const struct ganrt_output *o = &graph->outputs[k];
        int64_t width = width_of(graph, o), rows = graph->batch, left = rows_of(r->run, o) - round * graph->batch;
        if (o->data >= 0 && left < rows) rows = left > 0 ? left : 0;
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < width; j++) sum[j] += element(r->run, o->offset, i * width + j);
        sum += width;
    }
}

static void put_average(struct reports *r, const struct ganrt_graph *gather, int64_t rounds, const struct ganrt_batch *input)
{
    const double *sum = r->sums;
    for (uint32_t k = 0; k < input->index; k++) sum += width_of(gather, &gather->outputs[k]);
    const struct ganrt_output *o = &gather->outputs[input->index];
    double n = o->data < 0 ? (double)rounds * (double)gather->batch : (double)rows_of(r->run, o);
    for (int64_t i = 0; i < input->elements; i++) {
        if (r->run->model->f64) ((double *)run_at(r->run, input->offset))[i] = sum[i] / n;
        else ((float *)run_at(r->run, input->offset))[i] = (float)(sum[i] / n);
    }
}

static void gather(struct reports *r, const struct ganrt_report *report, uint64_t tick)
{
    struct run *run = r->run;
    const struct ganrt_graph *graph = &run->model->graphs[report->gather], *finish = &run->model->graphs[report->graph];
    int64_t rounds = 1, width = 0;
    for (uint32_t k = 0; k < graph->noutputs; k++) {
        int64_t n = (rows_of(run, &graph->outputs[k]) + graph->batch - 1) / graph->batch;
        if (n > rounds) rounds = n;
        width += width_of(graph, &graph->outputs[k]);
    }
    for (int64_t i = 0; i < width; i++) r->sums[i] = 0;
    run->sweeping = true;
    for (run->sweep = 0; run->sweep < rounds; run->sweep++) {
        run_graph(run, (uint32_t)report->gather, tick * (uint64_t)rounds + (uint64_t)run->sweep);
        add_rows(r, graph, run->sweep);
    }
    run->sweeping = false;
    for (uint32_t i = 0; i < finish->nbatches; i++)
        if (finish->batches[i].kind == GANRT_BATCH_INPUT) put_average(r, graph, rounds, &finish->batches[i]);
}

void reports_run(struct reports *r, uint32_t report, uint64_t tick)
{
    const struct ganrt_report *x = &r->run->model->reports[report];
    if (x->gather >= 0) gather(r, x, tick);
    run_graph(r->run, x->graph, tick);
}
