/* compare_values.c: see compare_values.h. */
#include "compare_values.h"

#include <stdio.h>

double compared_element(const void *at, uint32_t size, int64_t i)
{
    return size == 8 ? ((const double *)at)[i] : (double)((const float *)at)[i];
}

double compared_error(const void *at, uint32_t size, const struct ganrt_tensor *tensor, const double *want, int64_t n)
{
    double difference = 0, norm = 0;
    for (int64_t i = 0; i < n; i++) {
        double a = compared_element(at, size, tensor ? ganrt_position(tensor, i) : i);
        if (isfinite(a) != isfinite(want[i])) return INFINITY;
        if (!isfinite(a)) continue;
        difference += (a - want[i]) * (a - want[i]);
        norm += want[i] * want[i];
    }
    return difference == 0 ? 0 : sqrt(difference / (norm > 0 ? norm : 1e-30));
}

double compared_noise(const double *before, const double *after, int64_t n)
{
    double difference = 0, norm = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(before[i]) || !isfinite(after[i])) continue;
        difference += (after[i] - before[i]) * (after[i] - before[i]);
        norm += before[i] * before[i];
    }
    return sqrt(difference / (norm > 0 ? norm : 1e-30));
}

bool compared_close(double error, double noise, double bound)
{
    double margin = noise >= 1 ? NOISE_MARGIN * NOISE_MARGIN : NOISE_MARGIN; /* squares of what is nothing but rounding: an optimizer's */
    return error <= bound + margin * noise;
}

void compared_lost(const char *value, const char *side, double error, double noise)
{
    if (noise >= 1) printf("    %s is nothing but rounding%s: %.2g of its size, which rounding moves by %.2g\n", value, side, error, noise);
}

void compared_input(struct run *run, uint32_t graph, uint32_t input, double *to)
{
    const struct ganrt_graph *g = &run->model->graphs[graph];
    for (uint32_t i = 0; i < g->nbatches; i++)
        if (g->batches[i].kind == GANRT_BATCH_INPUT && g->batches[i].index == input)
            for (int64_t k = 0; k < g->batches[i].elements; k++) {
                double v = (double)((k * 7919 + 13) % 1009) / 1009;
                to[k] = run->model->f64 ? v : (float)v;
                if (run->model->f64) ((double *)run_at(run, g->batches[i].offset))[k] = to[k];
                else ((float *)run_at(run, g->batches[i].offset))[k] = (float)to[k];
            }
}
