/* format.h: between data sets (source.c) and the readers of file formats.
 *
 * A reader recognises a path by its content and leaves what it found: a table of numbers, or a list of images that stand as files or as parts
 * of one. A new format is a file with a recognise and a read function, and a row of data_formats (formats.c). Nothing that a header says is
 * believed before the bytes are there. */
#ifndef GANRT_DATA_FORMAT_H
#define GANRT_DATA_FORMAT_H

#include "error.h"

#include <stdint.h>
#include <sys/types.h>

#define DATA_RANK 8
#define DATA_LIMIT ((int64_t)1 << 40)     /* bytes; a file that claims more is taken to be damaged */
#define DATA_ITEM_MOST ((int64_t)1 << 28) /* bytes of one encoded image */
#define DATA_HEAD 512                     /* bytes by which a format is recognised */

/* --- stream.c: a file's bytes, unpacked where it is gzipped (by its content, whatever its name) --- */

struct data_stream;
struct data_stream *data_stream_open(const char *path, struct error *e);
/* Bytes at..at+length of an open file that stays the caller's; name: for messages. */
struct data_stream *data_stream_part(const char *name, int fd, int64_t at, int64_t length, struct error *e);
size_t data_stream_peek(const struct data_stream *s, unsigned char head[DATA_HEAD]); /* first bytes; does not move; fewer at a file's end */
/* Up to `length` bytes; 0 at the end; -1: the error says why (a gzip file that is cut short or damaged, what the system says). */
int64_t data_stream_read(struct data_stream *s, void *to, int64_t length, struct error *e);
/* Exactly `length`; at the file's end the error is: `what`, and how long the file is. */
bool data_stream_exactly(struct data_stream *s, void *to, int64_t length, const char *what, struct error *e);
bool data_stream_skip(struct data_stream *s, int64_t length, const char *what, struct error *e);
/* `length` bytes into new memory, which grows with what really comes: a header that lies takes at most twice what the file holds. NULL: error. */
void *data_stream_take(struct data_stream *s, int64_t length, const char *what, struct error *e);
int64_t data_stream_size(const struct data_stream *s);   /* unpacked bytes where that is known before reading: of a plain file; else -1 */
int64_t data_stream_count(const struct data_stream *s);  /* bytes read so far */
uint32_t data_stream_crc32(const struct data_stream *s); /* of them */
const char *data_stream_path(const struct data_stream *s);
void data_stream_close(struct data_stream *s);

/* --- tables: table.c --- */

enum data_type { DATA_BYTE, DATA_FLOAT, DATA_DOUBLE, DATA_INTEGER /* int32_t: labels */ };

/* Which items are wanted: low to high - 1; high -1: to the end. */
struct data_slice {
    int64_t low, high;
};

/* Items of one shape, row-major, in the machine's byte order. */
struct data_table {
    char *name; /* of the file, without its folder */
    enum data_type type;
    uint32_t rank; /* of an item */
    int64_t dims[DATA_RANK];
    int64_t elements;     /* of an item */
    int64_t total, items; /* in the file; kept */
    void *values;         /* items * elements; NULL where there are none */
    int64_t file_bytes;   /* unpacked */
    uint32_t crc32;       /* of the unpacked bytes */
};
void data_table_free(struct data_table *t);
int64_t data_table_bytes(const struct data_table *t);
void data_table_origin(struct data_table *t, const struct data_stream *s); /* name, file_bytes, crc32 of what was read */
bool data_table_finite(const struct data_table *t, int64_t low, const char *path, struct error *e); /* every number is finite, as a float too */
bool data_table_labels(struct data_table *t, const char *path, struct error *e); /* bytes, integers, whole floats become DATA_INTEGER */
void data_table_cut(struct data_table *t, struct data_slice slice);              /* keeps these items; the slice was checked */
bool data_table_planar(const struct data_table *t);                              /* [c, h, w] with 1 or 3 channels first, and not last */
void data_table_interleave(struct data_table *t);                                /* [c, h, w] -> [h, w, c] */
void data_shape_text(char *text, size_t size, uint32_t rank, const int64_t *dims); /* "[28, 28]" */
/* Are there such items? `high` gets the end. */
bool data_slice_check(struct data_slice slice, int64_t total, const char *path, int64_t *high, struct error *e);

/* --- items.c: images, each for itself: files of a folder, or parts of one file --- */

struct data_item {
    size_t name; /* into text */
    int64_t at, length;
    int32_t label; /* -1: none */
};

struct data_items {
    char *root;           /* the folder that the names are in; NULL: the items are parts of fd */
    int fd;               /* -1: none; owned */
    struct data_item *at;
    int64_t count, capacity;
    char *text;           /* the names, one after another */
    size_t used, room;
    char **classes;       /* owned */
    uint32_t nclasses;
    int64_t ignored;      /* files that are no images */
    bool part_taken;      /* of folders train and test: the first */
    int64_t bytes;        /* of all files */
    uint32_t crc32;       /* of all names and lengths, in order */
    int64_t total;        /* before a slice was taken */
    struct data_table *raw; /* not NULL: the items are no files but bytes of this shape, [h, w, c] or any; its values are NULL; owned */
    bool planar;          /* they stand as [c, h, w] */
};
struct data_buffer {
    unsigned char *at;
    size_t length, capacity;
};
struct data_items *data_items_new(void);
void data_items_add(struct data_items *s, const char *name, int64_t at, int64_t length);
void data_items_sort(struct data_items *s); /* by name */
/* Sorts, of two with one name keeps the last, takes the training part, makes classes of folders. inner: only names below it. */
bool data_items_finish(struct data_items *s, const char *path, const char *inner, struct error *e);
const char *data_items_name(const struct data_items *s, int64_t i);
bool data_items_read(const struct data_items *s, int64_t i, struct data_buffer *to, struct error *e); /* from any thread */
bool data_items_cut(struct data_items *s, struct data_slice slice, const char *path, struct error *e);
void data_items_free(struct data_items *s);
/* An unpacked part of the archive `path` as a stream. */
struct data_stream *data_items_stream(const struct data_items *s, const char *path, int64_t i, struct error *e);
/* A table of bytes that is larger than memory, as items that are read as they are needed: they stand one after another in the file, from `at` on. */
struct data_items *data_items_raw(const char *path, int64_t at, const struct data_table *t, struct error *e);

/* --- spill.c: bytes that come one after another and are read in any order later: in memory, or, where they are too many, in a file without a
 * name in $TMPDIR (/var/tmp), which is gone with the process --- */

struct data_spill {
    int fd; /* -1: none yet */
    int64_t used, memory;
    bool on_disk;
};
struct data_spill data_spill_new(int64_t memory); /* memory: bytes up to which it stays there */
bool data_spill_add(struct data_spill *s, const void *bytes, size_t length, struct error *e);

/* --- formats.c: which reader reads what --- */

struct data_request {
    const char *path, *inner; /* inner: of an archive or folder only what stands below this name; NULL: all */
    bool folder, images, labels;
    int64_t classes;          /* of the labels wanted, where labels are; else 0 */
    struct data_slice slice;
    int64_t memory;           /* bytes that may be held */
};

struct data_found {
    const char *format;       /* for people: "IDX" */
    struct data_table images, labels;
    struct data_items *items; /* instead of both tables */
    char note[160];           /* what else people should know; "" */
};

struct data_probe {
    const char *path;
    const unsigned char *head; /* unpacked */
    size_t length;
    int64_t size;              /* of the file; -1 where it is gzipped */
};

struct data_format {
    const char *name;
    bool (*recognise)(const struct data_probe *p);
    bool (*read)(const struct data_request *q, struct data_found *f, struct error *e);
};
extern const struct data_format data_formats[];
extern const uint32_t data_formats_count;
const struct data_format *data_format_of(const char *path, struct error *e); /* of a file */
bool data_found_read(const struct data_request *q, struct data_found *f, struct error *e);
void data_found_free(struct data_found *f);

bool data_idx_recognise(const struct data_probe *p);
bool data_idx_read(const struct data_request *q, struct data_found *f, struct error *e);
bool data_cifar_recognise(const struct data_probe *p);
bool data_cifar_read(const struct data_request *q, struct data_found *f, struct error *e);
bool data_cifar_folder(const char *folder);
bool data_cifar_file_named(const char *name); /* data_batch_1.bin, train.bin */
bool data_npy_recognise(const struct data_probe *p);
bool data_npy_read(const struct data_request *q, struct data_found *f, struct error *e);
bool data_mat_recognise(const struct data_probe *p);
bool data_mat_read(const struct data_request *q, struct data_found *f, struct error *e);
void data_mat_digits(struct data_found *f); /* SVHN's labels: classes 1 to 10, of which 10 is the digit 0 */
bool data_hdf5_recognise(const struct data_probe *p);
bool data_hdf5_read(const struct data_request *q, struct data_found *f, struct error *e);
bool data_lmdb_recognise(const struct data_probe *p);
bool data_lmdb_read(const struct data_request *q, struct data_found *f, struct error *e);
bool data_archive_recognise(const struct data_probe *p);
bool data_archive_read(const struct data_request *q, struct data_found *f, struct error *e);
bool data_folder_read(const struct data_request *q, struct data_found *f, struct error *e);

/* Files of an archive as tables: npz, and CIFAR's binary files. parts: unpacked, in fd, the archive's names. */
struct data_items;
bool data_npz_read(const struct data_request *q, const struct data_items *parts, struct data_found *f, struct error *e);
bool data_cifar_parts(const struct data_request *q, const struct data_items *parts, struct data_found *f, struct error *e);

/* Is the table of bytes, or are `bytes` bytes, more than may be held? For the latter that is an error. */
bool data_is_large(const struct data_request *q, int64_t bytes);
bool data_memory_check(const struct data_request *q, int64_t bytes, struct error *e);

/* Arrays known by name: 2 the examples, 1 the labels, 0 neither (table.c). */
int data_array_role(const char *name);

/* --- place.c: what a path means --- */

struct data_place {
    char *path, *inner; /* inner NULL: the whole */
    bool folder, sliced; /* sliced: by the path itself */
    struct data_slice slice;
};
bool data_place_find(struct data_place *p, const char *path, struct error *e);
void data_place_free(struct data_place *p);
bool data_mnist_folder(const char *folder);
/* The two files of an IDX set: of a folder MNIST's training part, of a file the labels beside it. NULL where not wanted. */
bool data_idx_files(const struct data_request *q, char **images, char **labels, struct error *e);

#endif
