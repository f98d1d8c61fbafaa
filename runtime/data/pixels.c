/* pixels.c: examples from images: one, and all of them on several threads. */
#include "source.h"

#include "threads.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STEP 16             /* items that a thread takes at a time */
#define SAY_SECONDS 10

/* An example of bytes as they stand in a file. */
static bool raw_image(const struct pixels *p, struct decoder *d, int64_t i, struct error *e)
{
    const struct data_table *t = p->items->raw;
    const char *name = data_items_name(p->items, i);
    bool image = t->rank == 3;
    int64_t h = t->rank < 2 ? 1 : t->dims[0], w = t->rank < 2 ? t->elements : t->dims[1], channels = image ? t->dims[2] : 1;
    if ((int64_t)d->file.length != t->elements) return error_set(e, "'%s' is cut short at item %lld", name, (long long)i);
    if (!image_room(&d->image, h, w, (int)channels, name, e)) return false;
    if (!p->items->planar || !image) {
        memcpy(d->image.pixels, d->file.at, d->file.length);
        return true;
    }
    for (int64_t c = 0; c < channels; c++)
        for (int64_t k = 0; k < h * w; k++) d->image.pixels[k * channels + c] = d->file.at[c * h * w + k];
    return true;
}

bool pixels_decode(const struct pixels *p, struct decoder *d, int64_t i, unsigned char *to, struct error *e)
{
    if (p->raw) {
        const struct data_table *t = p->raw;
        struct image image = {.h = t->dims[0], .w = t->dims[1], .channels = t->rank == 3 ? (int)t->dims[2] : 1};
        image.pixels = (unsigned char *)t->values + (size_t)(i * t->elements);
        image_fit(&d->fit, &image, &p->shape, to);
        return true;
    }
    if (!data_items_read(p->items, i, &d->file, e)) return false;
    if (p->items->raw) return raw_image(p, d, i, e) && (image_fit(&d->fit, &d->image, &p->shape, to), true);
    if (!image_decode(&d->image, d->file.at, d->file.length, data_items_name(p->items, i), e)) return false;
    image_fit(&d->fit, &d->image, &p->shape, to);
    return true;
}

void decoder_free(struct decoder *d)
{
    free(d->file.at);
    image_free(&d->image);
    image_fit_free(&d->fit);
    *d = (struct decoder){0};
}

uint32_t pixels_threads(uint32_t wanted)
{
    uint32_t most = threads_available();
    return wanted && wanted < most ? wanted : most > 64 ? 64 : most;
}

struct job {
    struct each *each;
    _Atomic int64_t next;
    double began;
};

struct worker {
    struct job *job;
    uint32_t number;
    pthread_t thread;
    unsigned char *room; /* of an example, where it is not kept */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *work(void *self)
{
    struct worker *w = self;
    struct each *each = w->job->each;
    const struct pixels *p = each->pixels;
    struct decoder d = {0};
    double said = w->job->began;
    for (int64_t from; (from = atomic_fetch_add(&w->job->next, STEP)) < each->count;) {
        for (int64_t i = from; i < from + STEP && i < each->count; i++) {
            struct error why = {""};
            unsigned char *to = each->values ? each->values + (size_t)(i * p->bytes) : w->room;
            bool ok = pixels_decode(p, &d, i, to, &why);
            if (!ok) memset(to, 0, (size_t)p->bytes);
            each->body(each->self, w->number, i, &d.image, to, ok ? NULL : why.text);
        }
        if (!w->number && each->loud && now() - said > SAY_SECONDS) {
            said = now();
            fprintf(stderr, "data    %lld of %lld images decoded\n", (long long)from, (long long)each->count);
        }
    }
    decoder_free(&d);
    return NULL;
}

bool pixels_each(struct each *each, struct error *e)
{
    struct job job = {.each = each, .began = now()};
    int64_t most = (each->count + STEP - 1) / STEP;
    uint32_t n = most < each->threads ? (uint32_t)most : each->threads, started = 1;
    struct worker *workers = memory_take(n, sizeof *workers);
    for (uint32_t i = 0; i < n; i++) {
        workers[i] = (struct worker){.job = &job, .number = i};
        if (!each->values) workers[i].room = memory_take((size_t)each->pixels->bytes, 1);
    }
    bool ok = true;
    for (; ok && started < n; started++) {
        int wrong = pthread_create(&workers[started].thread, NULL, work, &workers[started]);
        if (wrong) ok = error_set(e, "cannot start a thread that decodes images: %s", strerror(wrong));
        if (wrong) break;
    }
    if (!ok) job.next = each->count;
    work(&workers[0]);
    for (uint32_t i = 1; i < started; i++) pthread_join(workers[i].thread, NULL);
    for (uint32_t i = 0; i < n; i++) free(workers[i].room);
    free(workers);
    return ok;
}
