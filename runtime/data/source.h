/* source.h: a data set from within: shared by source.c (opening, fetching), pixels.c (decoding), ahead.c (decoding ahead of the step) and
 * bad.c (items that cannot be decoded). */
#ifndef GANRT_DATA_SOURCE_H
#define GANRT_DATA_SOURCE_H

#include "data.h"
#include "format.h"
#include "image.h"

#include <pthread.h>

struct field {
    struct ganrt_data data;
    const struct data_table *table;
    float *single; /* what each of the 256 bytes becomes; NULL where the table holds no bytes, or labels */
    double *whole;
};

/* --- bad.c --- */

enum { BAD_NAMED = 5 };
struct bad {
    pthread_mutex_t lock;
    _Atomic unsigned char *is; /* for each item; NULL: none can be bad */
    _Atomic int64_t count;
    int64_t items;
    double share;
    char *named[BAD_NAMED];    /* why, of the first few: of the list, until some were told */
    int64_t which[BAD_NAMED];
    uint32_t nnamed, told;
    bool counted;              /* that there are more was said */
    char *_Atomic failed;      /* not NULL: too many */
};
void bad_begin(struct bad *b, int64_t items, double share);
void bad_mark(struct bad *b, int64_t item, const char *why); /* from any thread; again is fine */
bool bad_failed(struct bad *b, const char *path, struct error *e);
void bad_end(struct bad *b);

/* --- pixels.c --- */

struct pixels { /* where pixels come from, and their shape */
    const struct data_items *items; /* or: */
    const struct data_table *raw;   /* bytes [h, w] or [h, w, c] */
    struct image_shape shape;
    int64_t bytes; /* of an example */
};
struct decoder { /* one thread's */
    struct data_buffer file;
    struct image image;
    struct image_fit fit;
};
bool pixels_decode(const struct pixels *p, struct decoder *d, int64_t i, unsigned char *to, struct error *e);
void decoder_free(struct decoder *d);
/* All items, each once, on several threads. to: for this worker alone. why: NULL, or why it cannot be decoded. */
typedef void pixels_body(void *self, uint32_t worker, int64_t item, const struct image *image, const unsigned char *to, const char *why);
struct each {
    const struct pixels *pixels;
    int64_t count;
    uint32_t threads;
    unsigned char *values; /* where examples go, one after another; NULL: each to room of its worker */
    pixels_body *body;
    void *self;
    bool loud;             /* says how far it is where that takes long */
};
bool pixels_each(struct each *each, struct error *e);
uint32_t pixels_threads(uint32_t wanted);

/* --- ahead.c --- */

struct ahead;
struct ahead *ahead_new(const struct pixels *p, struct bad *bad, int64_t count, uint32_t threads);
int64_t ahead_bytes(const struct ahead *a);
void ahead_free(struct ahead *a);
/* The example at this place of the order, or at `item` of the list; returns which item it is, -1: none could be decoded. */
int64_t ahead_take(struct ahead *a, const struct data_order *o, int64_t place, int64_t item, unsigned char *to);
void ahead_begin(struct ahead *a, const struct data_order *o);
void ahead_stop(struct ahead *a);
void ahead_done(struct ahead *a, int64_t place);

struct data_source {
    char *path;
    uint32_t nfields;
    struct field *fields;
    int64_t items;
    struct data_found found;
    struct data_table pixels_table; /* decoded or converted examples; values NULL where streamed, or as found */
    struct pixels pixels;           /* shape.h 0: examples are as they were found */
    struct bad bad;
    struct ahead *ahead;            /* NULL: all is in memory */
    unsigned char *staged;          /* examples of a minibatch, where streamed */
    struct data_size *sizes;
    bool part_taken;
    int64_t total;
    char changes[160];
};

#endif
