/* safetensors.c: fuzz target: any bytes as a checkpoint and as a file of weights; and a text that begins with { as its header, up to the first zero byte, what
 * follows being the data: so the header is reached at all. What must hold: no crash, no leak, bounded time and memory; an error names the file; what is taken
 * can be trained on and saved. */
#define _GNU_SOURCE
#include "checkpoint.h"
#include "model.h"
#include "safetensors.h"
#include "weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_error(bool ok, const struct error *e)
{
    must(ok || e->text[0], "an error without a text");
}

/* Where training would go on from: three passes are drawn from there. */
static void go_on(struct run *run, const struct safetensors *file)
{
    struct error e = {""};
    struct training t = {.run = run, .saved = UINT64_MAX, .metrics = -1};
    bool ok = checkpoint_place(&t, file, &e);
    check_error(ok, &e);
    if (!ok) return;
    must(t.block < model.ntrains, "a block that is not there");
    run->sources[0].path = model_points();
    must(run_open_source(run, 0, &e), e.text);
    run->training = true;
    for (int i = 0; i < 3; i++) model.trains[t.block].pass(&run->frame);
    run->training = false;
}

static void as_checkpoint(const struct safetensors *file)
{
    for (int training = 0; training < 2; training++) {
        struct error e = {""};
        struct run *run = model_run();
        bool ok = checkpoint_apply(run, file, training, true, &e);
        check_error(ok, &e);
        if (ok && training) go_on(run, file);
        run_free(run);
    }
}

static void as_weights(const char *path)
{
    struct error e = {""};
    struct run *run = model_run();
    struct weights *w = weights_read(run, path, NULL, &e);
    check_error(w != NULL, &e);
    if (w) weights_apply(run, w);
    weights_free(w);
    run_free(run);
}

/* train --load NAME=FILE: of a net, and of a tensor. */
static void as_parts(const char *path)
{
    static const char *const names[] = {"G", "G.wide", "momentum.v.G.dense.W"};
    struct run *run = model_run();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct error e = {""};
        struct weights *w = NULL;
        char *text = memory_format("%s=%s", names[i], path);
        bool ok = weights_parts(run, &(struct options_rest){(const char *[]){text}, 1}, &w, &e);
        check_error(ok, &e);
        if (ok) weights_apply(run, w);
        weights_free(w);
        free(text);
    }
    run_free(run);
}

static void look(const void *bytes, size_t size)
{
    char path[32];
    struct error e = {""};
    int fd = model_bytes(path, bytes, size);
    struct safetensors *file = safetensors_read(path, &e);
    must(file || strstr(e.text, path), "an error that does not name the file");
    if (file) {
        for (uint32_t i = 0; i < file->ntensors; i++) must(safetensors_find(file, file->tensors[i].name) == &file->tensors[i], "a tensor is not found by its name");
        as_checkpoint(file);
        as_weights(path);
        as_parts(path);
    }
    safetensors_close(file);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    look(bytes, size);
    if (!size || bytes[0] != '{') return 0;
    size_t header = strnlen((const char *)bytes, size), skip = header < size;
    unsigned char *file = memory_take(8 + size, 1);
    for (int i = 0; i < 8; i++) file[i] = (unsigned char)((uint64_t)header >> 8 * i);
    memcpy(file + 8, bytes, header);
    memcpy(file + 8 + header, bytes + header + skip, size - header - skip);
    look(file, 8 + size - skip);
    free(file);
    return 0;
}
