/* stream.c: a file, or a part of one, as a stream of unpacked bytes. */
#include "format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define PACKED 65536 /* bytes of the file read at once */

struct data_stream {
    char *path;
    int fd;
    bool borrowed;         /* fd is the caller's */
    int64_t from, left;    /* where the next byte stands in fd, and how many may be read; left -1: to its end */
    bool gzip, member;     /* member: inside a gzip member */
    int64_t size, count;
    uLong crc;
    z_stream z;
    size_t head_at, head_end;
    unsigned char head[DATA_HEAD]; /* read ahead for data_stream_peek; given first */
    size_t at, end;
    unsigned char packed[PACKED];
};

/* More of the file into packed; false: error. At the end of the file nothing is added. */
static bool fill(struct data_stream *s, struct error *e)
{
    ssize_t n;
    size_t wanted = s->left >= 0 && s->left < PACKED ? (size_t)s->left : PACKED;
    do n = pread(s->fd, s->packed, wanted, (off_t)s->from);
    while (n < 0 && errno == EINTR);
    if (n < 0) return error_set(e, "cannot read '%s': %s", s->path, strerror(errno));
    s->from += n;
    if (s->left >= 0) s->left -= n;
    s->at = 0;
    s->end = (size_t)n;
    return true;
}

static int64_t read_plain(struct data_stream *s, unsigned char *to, int64_t length, struct error *e)
{
    if (s->at == s->end && !fill(s, e)) return -1;
    int64_t n = (int64_t)(s->end - s->at) < length ? (int64_t)(s->end - s->at) : length;
    memcpy(to, s->packed + s->at, (size_t)n);
    s->at += (size_t)n;
    return n;
}

/* gzip (RFC 1952): one or more members, and nothing after them. */
static int64_t read_gzip(struct data_stream *s, unsigned char *to, int64_t length, struct error *e)
{
    s->z.next_out = to;
    s->z.avail_out = length < (1 << 30) ? (uInt)length : 1u << 30;
    uInt wanted = s->z.avail_out;
    while (s->z.avail_out == wanted) {
        if (s->at == s->end && !fill(s, e)) return -1;
        if (s->at == s->end) {
            if (!s->member) return 0;
            error_set(e, "'%s' is cut short: its gzip data ends too early", s->path);
            return -1;
        }
        if (!s->member) {
            if (inflateReset(&s->z) != Z_OK) {
                error_set(e, "'%s': zlib cannot start again", s->path);
                return -1;
            }
            s->member = true;
        }
        s->z.next_in = s->packed + s->at;
        s->z.avail_in = (uInt)(s->end - s->at);
        int status = inflate(&s->z, Z_NO_FLUSH);
        s->at = s->end - s->z.avail_in;
        if (status == Z_STREAM_END) {
            s->member = false;
        } else if (status != Z_OK && status != Z_BUF_ERROR) {
            error_set(e, "'%s' is damaged: %s (zlib)", s->path, s->z.msg ? s->z.msg : zError(status));
            return -1;
        }
    }
    return (int64_t)(wanted - s->z.avail_out);
}

static int64_t read_some(struct data_stream *s, unsigned char *to, int64_t length, struct error *e)
{
    return s->gzip ? read_gzip(s, to, length, e) : read_plain(s, to, length, e);
}

static bool start(struct data_stream *s, int64_t size, struct error *e)
{
    if (!fill(s, e)) return false;
    s->gzip = !s->borrowed && s->end >= 2 && s->packed[0] == 0x1f && s->packed[1] == 0x8b;
    s->size = s->gzip ? -1 : size;
    if (s->gzip && inflateInit2(&s->z, 15 + 16) != Z_OK) return error_set(e, "'%s': zlib cannot start", s->path);
    s->member = s->gzip;
    while (s->head_end < DATA_HEAD) {
        int64_t n = read_some(s, s->head + s->head_end, (int64_t)(DATA_HEAD - s->head_end), e);
        if (n < 0) return false;
        if (n == 0) break;
        s->head_end += (size_t)n;
    }
    return true;
}

static bool open_file(struct data_stream *s, int64_t *size, struct error *e)
{
    struct stat st;
    s->fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not make us wait: it is refused below */
    if (s->fd < 0 && errno == ENXIO) return error_set(e, "'%s' is not a regular file", s->path); /* a socket */
    if (s->fd < 0) return error_set(e, "cannot open '%s': %s", s->path, strerror(errno));
    if (fstat(s->fd, &st) != 0) return error_set(e, "cannot read '%s': %s", s->path, strerror(errno));
    if (!S_ISREG(st.st_mode)) return error_set(e, "'%s' is not a regular file", s->path);
    *size = (int64_t)st.st_size;
    return true;
}

static struct data_stream *stream_new(const char *path)
{
    struct data_stream *s = memory_take(1, sizeof *s);
    s->path = memory_format("%s", path);
    s->fd = -1;
    s->left = -1;
    s->crc = crc32(0, NULL, 0);
    return s;
}

struct data_stream *data_stream_open(const char *path, struct error *e)
{
    struct data_stream *s = stream_new(path);
    int64_t size = 0;
    if (open_file(s, &size, e) && start(s, size, e)) return s;
    data_stream_close(s);
    return NULL;
}

struct data_stream *data_stream_part(const char *name, int fd, int64_t at, int64_t length, struct error *e)
{
    struct data_stream *s = stream_new(name);
    s->fd = fd;
    s->borrowed = true;
    s->from = at;
    s->left = length;
    if (start(s, length, e)) return s;
    data_stream_close(s);
    return NULL;
}

size_t data_stream_peek(const struct data_stream *s, unsigned char head[DATA_HEAD])
{
    memcpy(head, s->head, s->head_end);
    return s->head_end;
}

int64_t data_stream_read(struct data_stream *s, void *to, int64_t length, struct error *e)
{
    int64_t n = (int64_t)(s->head_end - s->head_at);
    if (length <= 0) return 0;
    if (n > 0) {
        n = n < length ? n : length;
        memcpy(to, s->head + s->head_at, (size_t)n);
        s->head_at += (size_t)n;
    } else {
        n = read_some(s, to, length, e);
    }
    if (n <= 0) return n;
    const unsigned char *at = to;
    for (int64_t left = n; left > 0;) { /* zlib's lengths may be 32 bits */
        uInt step = left < (1 << 30) ? (uInt)left : 1u << 30;
        s->crc = crc32(s->crc, at, step);
        at += step;
        left -= step;
    }
    s->count += n;
    return n;
}

bool data_stream_exactly(struct data_stream *s, void *to, int64_t length, const char *what, struct error *e)
{
    for (int64_t at = 0; at < length;) {
        int64_t n = data_stream_read(s, (char *)to + at, length - at, e);
        if (n < 0) return false;
        if (n == 0) return error_set(e, "'%s' is cut short: %s, and the file has %lld bytes", s->path, what, (long long)s->count);
        at += n;
    }
    return true;
}

bool data_stream_skip(struct data_stream *s, int64_t length, const char *what, struct error *e)
{
    char bytes[16384];
    while (length) {
        int64_t step = length < (int64_t)sizeof bytes ? length : (int64_t)sizeof bytes;
        if (!data_stream_exactly(s, bytes, step, what, e)) return false;
        length -= step;
    }
    return true;
}

void *data_stream_take(struct data_stream *s, int64_t length, const char *what, struct error *e)
{
    unsigned char *values = NULL;
    int64_t capacity = 0;
    do {
        int64_t at = capacity, step = at > 1 << 20 ? at : 1 << 20;
        capacity = length - at < step ? length : at + step;
        unsigned char *grown = realloc(values, capacity > 0 ? (size_t)capacity : 1);
        if (!grown) error_set(e, "'%s': no memory for its %lld bytes", s->path, (long long)length);
        if (grown) values = grown;
        if (!grown || !data_stream_exactly(s, values + at, capacity - at, what, e)) {
            free(values);
            return NULL;
        }
    } while (capacity < length);
    return values;
}

int64_t data_stream_size(const struct data_stream *s)
{
    return s->size;
}

int64_t data_stream_count(const struct data_stream *s)
{
    return s->count;
}

uint32_t data_stream_crc32(const struct data_stream *s)
{
    return (uint32_t)s->crc;
}

const char *data_stream_path(const struct data_stream *s)
{
    return s->path;
}

void data_stream_close(struct data_stream *s)
{
    if (!s) return;
    if (s->gzip) inflateEnd(&s->z);
    if (s->fd >= 0 && !s->borrowed) close(s->fd);
    free(s->path);
    free(s);
}
