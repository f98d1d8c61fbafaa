/* What compiled code and the start of a trainer ask for beside batches: matrix products against plain loops, and the check of the processor. */
#include "check.h"
#include "run.h"

#include <dlfcn.h>
#include <stdlib.h>

static double random_value(void)
{
    static uint32_t x = 12345;
    x = x * 1664525u + 1013904223u;
    return (double)(x >> 8) * 0x1p-24 - 0.5;
}

enum { M = 5, N = 7, K = 11, PITCH = 13 };

static void check_product(bool ta, bool tb, bool again) /* C = op(A) op(B) + beta C, rows PITCH apart */
{
    float a[PITCH * PITCH], b[PITCH * PITCH], c[PITCH * PITCH];
    double a2[PITCH * PITCH], b2[PITCH * PITCH], c2[PITCH * PITCH], want[M][N], beta = again ? 1 : 0;
    for (int i = 0; i < PITCH * PITCH; i++) {
        a2[i] = a[i] = (float)random_value();
        b2[i] = b[i] = (float)random_value();
        c2[i] = c[i] = again ? (float)random_value() : NAN; /* beta 0 must not read C */
    }
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            want[i][j] = again ? c2[i * PITCH + j] : 0;
            for (int k = 0; k < K; k++)
                want[i][j] += a2[ta ? k * PITCH + i : i * PITCH + k] * b2[tb ? j * PITCH + k : k * PITCH + j];
        }
    ganrt_sgemm(ta, tb, M, N, K, a, PITCH, b, PITCH, (float)beta, c, PITCH);
    ganrt_dgemm(ta, tb, M, N, K, a2, PITCH, b2, PITCH, beta, c2, PITCH);
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            CHECK_NEAR(c[i * PITCH + j], want[i][j], 1e-5);
            CHECK_NEAR(c2[i * PITCH + j], want[i][j], 1e-13);
        }
}

static bool runs_here(const char *features, uint32_t abi, struct error *e)
{
    struct ganrt_model model = {.abi = abi, .name = "m", .cpu = "somewhere", .features = features};
    return run_check(&model, e);
}

static void check_features(void)
{
    struct error e = {""};
    CHECK(runs_here("", GANRT_ABI, &e));
    CHECK(runs_here(NULL, GANRT_ABI, &e));
    CHECK(runs_here("+something-that-llvm-has,-avx512f", GANRT_ABI, &e));
    CHECK(!runs_here("", GANRT_ABI + 1, &e) && strstr(e.text, "version 5 of the runtime"));
#if defined(__x86_64__)
    CHECK(runs_here("avx2,fma", GANRT_ABI, &e) == (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")));
    if (!__builtin_cpu_supports("avx512vpopcntdq")) { /* few have it */
        CHECK(!runs_here("sse3,+avx512vpopcntdq", GANRT_ABI, &e));
        CHECK(strstr(e.text, "has no avx512vpopcntdq;") && strstr(e.text, "--cpu") && strstr(e.text, "somewhere"));
    }
#endif
}

int main(void)
{
    check_features();
    void *blas = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    for (int i = 0; blas && i < 8; i++) check_product(i & 1, i & 2, i & 4);
    if (!blas) printf("no OpenBLAS here: products are not checked\n");
    return check_done();
}
