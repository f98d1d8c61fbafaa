/* data_format.h: between data.c and the readers of file formats: a stream of unpacked bytes in, a table of items out.
 *
 * A new format is a file data_NAME.c with a recognise and a read function, and a row of data_formats (data.c). */
#ifndef GANRT_DATA_FORMAT_H
#define GANRT_DATA_FORMAT_H

#include "error.h"

#include <stdint.h>

#define DATA_RANK 8
#define DATA_LIMIT ((int64_t)1 << 40) /* bytes; a file that claims more is taken to be damaged */
#define DATA_HEAD 16                  /* bytes by which a format is recognised */

/* --- data_stream.c: a file's bytes, unpacked where it is gzipped (by its content, whatever its name) --- */

struct data_stream;
struct data_stream *data_stream_open(const char *path, struct error *e);
size_t data_stream_peek(const struct data_stream *s, unsigned char head[DATA_HEAD]); /* first bytes; does not move; fewer at a file's end */
/* Up to `length` bytes; 0 at the end; -1: the error says why (a gzip file that is cut short or damaged, what the system says). */
int64_t data_stream_read(struct data_stream *s, void *to, int64_t length, struct error *e);
int64_t data_stream_size(const struct data_stream *s);   /* unpacked bytes where that is known before reading: of a plain file; else -1 */
int64_t data_stream_count(const struct data_stream *s);  /* bytes read so far */
uint32_t data_stream_crc32(const struct data_stream *s); /* of them */
const char *data_stream_path(const struct data_stream *s);
void data_stream_close(struct data_stream *s);

/* --- tables --- */

enum data_type { DATA_BYTE, DATA_FLOAT, DATA_DOUBLE };

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
    void *values;         /* items * elements */
    int64_t file_bytes;   /* unpacked */
    uint32_t crc32;       /* of the unpacked bytes */
};
void data_table_free(struct data_table *t);
int64_t data_table_bytes(const struct data_table *t);
void data_shape_text(char *text, size_t size, uint32_t rank, const int64_t *dims); /* "[28, 28]" */

struct data_format {
    const char *name;
    bool (*recognise)(const unsigned char *head, size_t length);
    bool (*read)(struct data_stream *s, struct data_slice slice, struct data_table *t, struct error *e);
};

bool data_idx_recognise(const unsigned char *head, size_t length);
bool data_idx_read(struct data_stream *s, struct data_slice slice, struct data_table *t, struct error *e);

/* --- data_path.c: what a path means --- */

struct data_place {
    char *images, *labels; /* files; NULL where they are not needed */
    bool sliced;           /* by the path itself */
    struct data_slice slice;
};
bool data_place_find(struct data_place *p, const char *path, bool images, bool labels, struct error *e);
void data_place_free(struct data_place *p);

#endif
