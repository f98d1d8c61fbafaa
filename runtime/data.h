/* data.h: data sets: what the trainer's --data names.
 *
 * A path is a file, a folder or an archive; what kind, its content says (data/formats.c). "[a:b]", "[a:]" or "[:b]" after it takes a range of
 * the items, instead of the model's own. Arrays are checked when they are opened: shapes, lengths, labels, finite numbers. Images
 * that are not of the declared shape are cropped, resized and converted. Those that fit into memory are decoded when the set is opened,
 * others as they are needed, ahead of the step; the same items either way. One that cannot be decoded is replaced: in a stream by what follows in
 * its permutation, elsewhere by the next of the list. A source owns its memory until data_close; fetching may be done from any thread. */
#ifndef GANRT_DATA_H
#define GANRT_DATA_H

#include "error.h"

#include <ganrt/model.h>

struct data_source;
struct json_out;

struct data_options {
    int64_t memory;   /* bytes that decoded examples may take; 0: half of what is free */
    double bad_share; /* of the items that may be impossible to decode: more is an error */
    uint32_t threads; /* that decode; 0: the processors */
    bool sizes;       /* keep what data_sizes gives; decode all once, whether they fit or not */
};
#define DATA_BAD_SHARE 0.01
static const struct data_options data_defaults = {.bad_share = DATA_BAD_SHARE};

/* fields[0..count): the rows of model->data with one source number (one row, or the fields of a record). Copied, but for their strings and dims. */
struct data_source *data_open(const struct ganrt_data *fields, uint32_t count, const char *path, const struct data_options *options, struct error *e);
int64_t data_count(const struct data_source *s); /* items; at least 1 */

/* One item's field, elements floats or doubles: bytes mapped linearly from 0..255 onto [low, high] (`in any`: as they
 * are, 0 to 255), labels as a one-hot vector, other numbers as they are. item is in 0..data_count. */
void data_fetch(struct data_source *s, uint32_t field, int64_t item, bool f64, void *out);
void data_mean(struct data_source *s, uint32_t field, double *out); /* over all items that can be decoded */

/* Minibatches: first each example is staged, then its fields are fetched. Nothing is allocated after data_stage_room. */
struct data_order {
    const uint32_t *items; /* a permutation of all; NULL: the list itself */
    int64_t from;          /* the place of a minibatch's first example in it */
};
void data_stage_room(struct data_source *s, int64_t examples);  /* the largest minibatch */
bool data_staged_freely(const struct data_source *s);           /* staging changes nothing: all is in memory, and whole */
void data_stage(struct data_source *s, const struct data_order *o, int64_t i, int64_t *item); /* example i; any thread. item: what it really is */
void data_fetch_staged(struct data_source *s, uint32_t field, int64_t i, int64_t item, bool f64, void *out);
void data_ahead_begin(struct data_source *s, const struct data_order *o); /* examples of this order come, from o->from on: they are decoded ahead */
void data_ahead_stop(struct data_source *s);                              /* before the order changes */
void data_ahead_done(struct data_source *s, int64_t place);               /* the stream stands there now */

/* What went wrong since it was opened. Warns of items that could not be decoded, the first few by name; false: more than options.bad_share. */
bool data_complain(struct data_source *s, struct error *e);
bool data_has_news(struct data_source *s); /* will it print, or fail? */

/* Writes [{"file", "bytes", "crc32", "items"}, ...]: bytes and checksum of the content, unpacked; file without its folder. Of images that stand each
 * for itself: of their names and lengths. */
void data_fingerprint(const struct data_source *s, struct json_out *to);
int64_t data_bytes(const struct data_source *s);    /* memory held */
const char *data_path(const struct data_source *s); /* as it was given */
void data_close(struct data_source *s);             /* NULL is fine */

/* For people. */
struct data_size {
    int32_t h, w; /* 0: could not be decoded */
    unsigned char kind, channels, alpha;
};
struct data_about {
    const char *format, *note;
    const char *changes;            /* what is done to the images: "cropped in the middle, resized to 64 x 64"; "" */
    int64_t total, ignored, bad;    /* before a slice; files that are no images */
    bool part_taken, streamed, images;
    uint32_t nclasses;
    char *const *classes;           /* names, or NULL */
    const struct data_size *sizes;  /* of each item; NULL: arrays, or not wanted */
    uint32_t rank;                  /* of an item of an array */
    const int64_t *dims;
};
void data_about(const struct data_source *s, struct data_about *a);
int32_t data_label(const struct data_source *s, int64_t item); /* -1: none */

/* The images of MNIST's part ("train", "t10k") in a folder, plain or gzipped, into path; false: there are none. */
bool data_mnist_images(const char *folder, const char *part, char *path, size_t size);

#endif
