/* openblas.c: seconds that a product takes in the system's OpenBLAS, for tests/bench/products.
 *   cc -O2 openblas.c -lopenblas -lm -o openblas; ./openblas THREADS KIND M N K DEPTH
 *
 * KIND: n (C = A B), t (C = A B', B stored transposed), d (C = A' B, A stored transposed). DEPTH: so many products in a chain, each with
 * weights of its own, the result of one being the next one's A (where K = N); for products that are too small to be timed alone.
 * Prints the mean of half a second, after a quarter of a second. */
#define _GNU_SOURCE
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void openblas_set_num_threads(int threads);
char *openblas_get_config(void);

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* n numbers between -most and most: of weights such that a chain of products neither grows nor shrinks. */
static float *values(size_t n, double most)
{
    float *x = aligned_alloc(64, (n * sizeof *x + 63) / 64 * 64);
    unsigned random = 1;
    if (!x) exit(1);
    for (size_t i = 0; i < n; i++) {
        random = random * 1664525u + 1013904223u;
        x[i] = (float)(most * ((double)(random >> 8) * 0x1p-23 - 1));
    }
    return x;
}

int main(int argc, char **argv)
{
    if (argc != 7) return fprintf(stderr, "usage: openblas THREADS KIND M N K DEPTH\n"), 2;
    char kind = argv[2][0];
    int m = atoi(argv[3]), n = atoi(argv[4]), k = atoi(argv[5]), depth = atoi(argv[6]);
    float *a = values((size_t)m * (size_t)k, 1), *b = values((size_t)n * (size_t)k * (size_t)depth, sqrt(3.0 / k));
    float *c[2] = {values((size_t)m * (size_t)n, 1), values((size_t)m * (size_t)n, 1)};
    openblas_set_num_threads(atoi(argv[1]));
    long calls = 0;
    double begin = now(), start = 0, t;
    while ((t = now()) < begin + 0.75) {
        if (!start && t > begin + 0.25) start = t, calls = 0;
        for (int i = 0; i < depth; i++)
            cblas_sgemm(CblasRowMajor, kind == 'd' ? CblasTrans : CblasNoTrans, kind == 't' ? CblasTrans : CblasNoTrans, m, n, k, 1, i ? c[(i - 1) % 2] : a,
                        kind == 'd' ? m : k, b + (size_t)n * (size_t)k * (size_t)i, kind == 't' ? k : n, 0, c[i % 2], n);
        calls += depth;
    }
    printf("{\"seconds\": %.9g, \"config\": \"%s\"}\n", (t - start) / (double)calls, openblas_get_config());
    return 0;
}
