/* made_up.c: see made_up.h. */
#include "evaluate/made_up.h"

void made_up_examples(const struct data *d, bool f64, uint32_t word, int64_t n, double *to)
{
    int64_t each = type_elements(d->type);
    double low = d->any ? -1 : d->low, high = d->any ? 1 : d->high;
    for (int64_t i = 0; i < n; i++) {
        word = word * 1664525u + 1013904223u;
        double v = d->onehot ? i / each % each == i % each : low + (high - low) * (double)(word >> 8) * 0x1p-24;
        to[i] = f64 ? v : (float)v;
    }
}
