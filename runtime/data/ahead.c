/* ahead.c: examples that do not fit into memory: decoded as the stream comes to them, by threads that run ahead of the step.
 *
 * The stream is an order of items; its places are decoded into a ring of slots, place p into slot p mod SLOTS, at most so many places ahead of
 * where the stream stands. What example stands at a place is a function of the order and of which items can be decoded, nothing else: one
 * that cannot be is replaced by that of the next place, and so on. A place that no thread has begun is decoded by who asks for it. */
#include "source.h"

#include <stdlib.h>
#include <string.h>

#define RING_BYTES ((int64_t)64 << 20)
enum { SLOTS_LEAST = 16, SLOTS_MOST = 4096, THREADS_MOST_AHEAD = 16 };

enum slot_state { SLOT_FREE, SLOT_BEGUN, SLOT_READY, SLOT_ELSEWHERE /* by who asked for it */ };

struct slot {
    enum slot_state state;
    int64_t place, item;
};

struct ahead {
    const struct pixels *pixels;
    struct bad *bad;
    int64_t count;
    pthread_mutex_t lock;
    pthread_cond_t more, done;
    struct data_order order; /* items NULL: nothing to do */
    int64_t next, stands;    /* places: the next to begin; where the stream stands */
    uint32_t busy;
    bool quit;
    int64_t nslots;
    struct slot *slots;
    unsigned char *pixels_of; /* [nslots, bytes] */
    uint32_t nthreads;
    pthread_t threads[THREADS_MOST_AHEAD];
    pthread_key_t decoders;   /* of threads that ask */
};

/* The first of the places from here on, round and round, whose item can be decoded. */
static int64_t decode(struct ahead *a, struct decoder *d, const struct data_order *o, int64_t place, int64_t item, unsigned char *to)
{
    for (int64_t k = 0; k < a->count; k++) {
        int64_t one = o->items ? o->items[(place + k) % a->count] : (item + k) % a->count;
        struct error why = {""};
        if (a->bad->is[one]) continue;
        if (pixels_decode(a->pixels, d, one, to, &why)) return one;
        bad_mark(a->bad, one, why.text);
        if (a->bad->failed) break; /* training stops after this step */
    }
    memset(to, 0, (size_t)a->pixels->bytes);
    return -1;
}

static unsigned char *slot_pixels(struct ahead *a, int64_t place)
{
    return a->pixels_of + (size_t)(place % a->nslots * a->pixels->bytes);
}

static bool has_work(const struct ahead *a)
{
    return a->order.items && a->next < a->count && a->next < a->stands + a->nslots;
}

static void *work(void *self)
{
    struct ahead *a = self;
    struct decoder d = {0};
    pthread_mutex_lock(&a->lock);
    for (;;) {
        while (!a->quit && !has_work(a)) pthread_cond_wait(&a->more, &a->lock);
        if (a->quit) break;
        int64_t place = a->next++;
        struct slot *slot = &a->slots[place % a->nslots];
        if (slot->place == place && slot->state == SLOT_ELSEWHERE) continue;
        *slot = (struct slot){SLOT_BEGUN, place, -1};
        struct data_order order = a->order;
        a->busy++;
        pthread_mutex_unlock(&a->lock);
        int64_t item = decode(a, &d, &order, place, 0, slot_pixels(a, place));
        pthread_mutex_lock(&a->lock);
        a->busy--;
        slot->item = item;
        slot->state = SLOT_READY;
        pthread_cond_broadcast(&a->done);
    }
    pthread_mutex_unlock(&a->lock);
    decoder_free(&d);
    return NULL;
}

static void free_decoder(void *self)
{
    decoder_free(self);
    free(self);
}

struct ahead *ahead_new(const struct pixels *p, struct bad *bad, int64_t count, uint32_t threads)
{
    struct ahead *a = memory_take(1, sizeof *a);
    a->pixels = p, a->bad = bad, a->count = count;
    a->nslots = RING_BYTES / p->bytes;
    if (a->nslots < SLOTS_LEAST) a->nslots = SLOTS_LEAST;
    if (a->nslots > SLOTS_MOST) a->nslots = SLOTS_MOST;
    a->slots = memory_take((size_t)a->nslots, sizeof *a->slots);
    a->pixels_of = memory_take((size_t)a->nslots, (size_t)p->bytes);
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->more, NULL);
    pthread_cond_init(&a->done, NULL);
    pthread_key_create(&a->decoders, free_decoder);
    uint32_t wanted = threads < THREADS_MOST_AHEAD ? threads : THREADS_MOST_AHEAD;
    while (a->nthreads < wanted && pthread_create(&a->threads[a->nthreads], NULL, work, a) == 0) a->nthreads++; /* without one: who asks decodes */
    return a;
}

int64_t ahead_bytes(const struct ahead *a)
{
    return a->nslots * a->pixels->bytes;
}

static struct decoder *own_decoder(struct ahead *a)
{
    struct decoder *d = pthread_getspecific(a->decoders);
    if (d) return d;
    d = memory_take(1, sizeof *d);
    pthread_setspecific(a->decoders, d);
    return d;
}

/* Does a slot have this place, or will it? Otherwise it is marked as decoded elsewhere. */
static bool wait_for(struct ahead *a, int64_t place, int64_t *item)
{
    bool mine = false;
    struct slot *slot = &a->slots[place % a->nslots];
    pthread_mutex_lock(&a->lock);
    if (a->order.items && place < a->next && slot->place == place && (slot->state == SLOT_BEGUN || slot->state == SLOT_READY)) {
        while (slot->state != SLOT_READY) pthread_cond_wait(&a->done, &a->lock);
        *item = slot->item;
        mine = true;
    } else if (a->order.items && place >= a->next && place < a->stands + a->nslots) {
        *slot = (struct slot){SLOT_ELSEWHERE, place, -1};
    }
    pthread_mutex_unlock(&a->lock);
    return mine;
}

int64_t ahead_take(struct ahead *a, const struct data_order *o, int64_t place, int64_t item, unsigned char *to)
{
    int64_t taken;
    if (o->items && wait_for(a, place, &taken)) {
        memcpy(to, slot_pixels(a, place), (size_t)a->pixels->bytes);
        return taken;
    }
    return decode(a, own_decoder(a), o, place, item, to);
}

void ahead_stop(struct ahead *a)
{
    pthread_mutex_lock(&a->lock);
    a->order.items = NULL;
    while (a->busy) pthread_cond_wait(&a->done, &a->lock);
    pthread_mutex_unlock(&a->lock);
}

void ahead_begin(struct ahead *a, const struct data_order *o)
{
    ahead_stop(a);
    pthread_mutex_lock(&a->lock);
    for (int64_t i = 0; i < a->nslots; i++) a->slots[i] = (struct slot){SLOT_FREE, -1, -1};
    a->order = *o;
    a->next = a->stands = o->from;
    pthread_cond_broadcast(&a->more);
    pthread_mutex_unlock(&a->lock);
}

void ahead_done(struct ahead *a, int64_t place)
{
    pthread_mutex_lock(&a->lock);
    a->stands = place;
    if (a->next < place) a->next = place;
    pthread_cond_broadcast(&a->more);
    pthread_mutex_unlock(&a->lock);
}

void ahead_free(struct ahead *a)
{
    if (!a) return;
    pthread_mutex_lock(&a->lock);
    a->quit = true;
    a->order.items = NULL;
    pthread_cond_broadcast(&a->more);
    pthread_mutex_unlock(&a->lock);
    for (uint32_t i = 0; i < a->nthreads; i++) pthread_join(a->threads[i], NULL);
    struct decoder *own = pthread_getspecific(a->decoders);
    if (own) free_decoder(own);
    pthread_key_delete(a->decoders);
    pthread_cond_destroy(&a->more);
    pthread_cond_destroy(&a->done);
    pthread_mutex_destroy(&a->lock);
    free(a->slots);
    free(a->pixels_of);
    free(a);
}
