/* blas.c: matrix products by OpenBLAS, loaded when the first kernel asks for one: a model without big products needs no library.
 *
 * It is kept to one thread: kernels cut their products into tiles of fixed shape and run those on our own threads, so that the bits do
 * not depend on the number of threads (OpenBLAS's own do). */
#include "error.h"

#include <dlfcn.h>
#include <ganrt/model.h>
#include <pthread.h>
#include <stdlib.h>

/* cblas.h of OpenBLAS with 32-bit integers, Debian's default. */
enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112 };
typedef void sgemm_function(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
                            float beta, float *c, int ldc);
typedef void dgemm_function(int order, int ta, int tb, int m, int n, int k, double alpha, const double *a, int lda, const double *b, int ldb,
                            double beta, double *c, int ldc);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static sgemm_function *sgemm;
static dgemm_function *dgemm;

static void blas_load(void)
{
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!library) library = dlopen("libopenblas.so", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        error_line("libopenblas.so.0: cannot be loaded, and this model's matrix products need it; on Debian and Ubuntu it is in the "
                   "package libopenblas0");
        exit(1);
    }
    *(void **)&sgemm = dlsym(library, "cblas_sgemm");
    *(void **)&dgemm = dlsym(library, "cblas_dgemm");
    void (*set_threads)(int);
    *(void **)&set_threads = dlsym(library, "openblas_set_num_threads");
    if (set_threads) set_threads(1); /* where a program that holds us had loaded it already */
    if (!sgemm || !dgemm) {
        error_line("libopenblas.so.0: has no cblas_sgemm or no cblas_dgemm; install Debian's package libopenblas0");
        exit(1);
    }
}

static int narrow(int64_t x) /* a dimension of a product; larger ones never pass the compiler's tiling */
{
    if (x >= 0 && x <= INT32_MAX) return (int)x;
    error_line("a matrix product has a dimension of %lld, which OpenBLAS cannot take", (long long)x);
    exit(1);
}

void ganrt_sgemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float beta,
                 float *c, int64_t ldc)
{
    pthread_once(&once, blas_load);
    sgemm(ROW_MAJOR, ta ? TRANS : NO_TRANS, tb ? TRANS : NO_TRANS, narrow(m), narrow(n), narrow(k), 1, a, narrow(lda), b, narrow(ldb), beta,
          c, narrow(ldc));
}

void ganrt_dgemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const double *a, int64_t lda, const double *b, int64_t ldb, double beta,
                 double *c, int64_t ldc)
{
    pthread_once(&once, blas_load);
    dgemm(ROW_MAJOR, ta ? TRANS : NO_TRANS, tb ? TRANS : NO_TRANS, narrow(m), narrow(n), narrow(k), 1, a, narrow(lda), b, narrow(ldb), beta,
          c, narrow(ldc));
}
