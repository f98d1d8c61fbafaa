/* map.c: fuzz target: any text as a map of weights (train --weights FILE --map FILE), over a file of several shapes and types. What must hold: no crash, no
 * leak, bounded time and memory; an error says the map's line, or that something is missing; what is taken is copied within its bounds. */
#define _GNU_SOURCE
#include "model.h"
#include "weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static char *file; /* the weights */

static void make_file(void)
{
    static const float f32[200];
    static const double f64[48];
    static const int64_t batches;
    static const struct safetensors_tensor tensors[] = {
        {"fc.weight", SAFETENSORS_F32, 2, {2, 3}, f32, 24},        {"conv.weight", SAFETENSORS_F64, 4, {4, 3, 2, 2}, f64, 384},
        {"out.weight", SAFETENSORS_F32, 2, {100, 2}, f32, 800},    {"out.flat", SAFETENSORS_F32, 2, {1, 24}, f32, 96},
        {"bn.num_batches", SAFETENSORS_I64, 0, {0}, &batches, 8},  {"one", SAFETENSORS_F32, 0, {0}, f32, 4},
        {"none", SAFETENSORS_F32, 2, {0, 99}, f32, 0},             {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", SAFETENSORS_F32, 1, {1}, f32, 4},
    };
    struct error e = {""};
    file = memory_format("%s/weights.safetensors", model_folder());
    must(safetensors_write(file, NULL, 0, tensors, sizeof tensors / sizeof *tensors, &e), e.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (!file) make_file();
    char path[32];
    struct error e = {""};
    int fd = model_bytes(path, bytes, size);
    struct run *run = model_run();
    struct weights *w = weights_read(run, file, path, &e);
    must(w || strstr(e.text, path), "an error that does not name the map");
    if (w) weights_apply(run, w);
    weights_free(w);
    run_free(run);
    close(fd);
    return 0;
}
