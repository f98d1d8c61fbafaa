/* safetensors_read.c: reading checkpoints. A file may come from anywhere, cut short or damaged: nothing in it is used before it is
 * checked, and each error says where the file is wrong. */
#include "safetensors.h"

#include "checksum.h"
#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* The checksums of our own files. That of the header is the first thing in it, so that it is found before anything is believed. */
struct sums {
    const char *prefix, *data; /* the header up to its checksum; the key of the tensors' */
    size_t digits;
    void (*print)(char *digits, const unsigned char *bytes, uint64_t length);
};

struct file {
    const char *path;
    unsigned char *bytes;
    uint64_t size, header; /* header: its length; the data starts at 8 + header */
    const struct sums *sums; /* NULL: it has none */
};

static bool read_whole(const char *path, struct file *f, struct error *e)
{
    struct stat s;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return error_set(e, "cannot open '%s': %s", path, strerror(errno));
    bool ok = true;
    if (fstat(fd, &s) != 0) ok = error_set(e, "cannot read '%s': %s", path, strerror(errno));
    else if (!S_ISREG(s.st_mode)) ok = error_set(e, "'%s' is not a regular file", path);
    else if (s.st_size < 8) ok = error_set(e, "'%s' is no safetensors file: it has %lld bytes", path, (long long)s.st_size);
    if (ok) {
        f->size = (uint64_t)s.st_size;
        f->bytes = malloc(f->size);
        ok = f->bytes || error_set(e, "'%s': no memory for its %llu bytes", path, (unsigned long long)f->size);
    }
    for (uint64_t at = 0; ok && at < f->size;) {
        uint64_t want = f->size - at < (1u << 30) ? f->size - at : 1u << 30;
        ssize_t n = read(fd, f->bytes + at, want);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) ok = error_set(e, "cannot read '%s': %s", path, strerror(errno));
        else if (n == 0) ok = error_set(e, "'%s' became shorter while it was read", path);
        else at += (uint64_t)n;
    }
    close(fd);
    return ok;
}

static void print_xxh3(char *digits, const unsigned char *bytes, uint64_t length)
{
    checksum_print(digits, checksum_of(bytes, length));
}

static void print_crc32(char *digits, const unsigned char *at, uint64_t length) /* zlib's lengths may be 32 bits */
{
    uLong crc = crc32(0, NULL, 0);
    while (length) {
        uInt step = length < (1u << 30) ? (uInt)length : 1u << 30;
        crc = crc32(crc, at, step);
        at += step;
        length -= step;
    }
    snprintf(digits, 9, "%08x", (unsigned)crc);
}

static const struct sums kinds[] = {
    {"{\"__metadata__\": {\"xxh3\": \"", "xxh3_data", CHECKSUM_DIGITS, print_xxh3},
    {"{\"__metadata__\": {\"crc32\": \"", "crc32_data", 8, print_crc32}, /* of checkpoints of version 1 */
};

static bool check_length(struct file *f, struct error *e)
{
    f->header = 0;
    for (int i = 7; i >= 0; i--) f->header = f->header << 8 | f->bytes[i];
    if (f->header > SAFETENSORS_HEADER)
        return error_set(e, "'%s' is no safetensors file, or damaged: its header would have %llu bytes", f->path, (unsigned long long)f->header);
    if (f->header > f->size - 8)
        return error_set(e, "'%s' is cut short or damaged: its header says %llu bytes, and %llu are there", f->path, (unsigned long long)f->header,
                         (unsigned long long)(f->size - 8));
    return true;
}

/* The header's checksum, where it has one: of the header with its digits as zeros. */
static bool check_header_sum(struct file *f, struct error *e)
{
    unsigned char *header = f->bytes + 8;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !f->sums; i++) {
        size_t prefix = strlen(kinds[i].prefix);
        if (f->header >= prefix + kinds[i].digits && !memcmp(header, kinds[i].prefix, prefix)) f->sums = &kinds[i];
    }
    if (!f->sums) return true;
    char has[CHECKSUM_DIGITS], want[CHECKSUM_DIGITS + 1];
    unsigned char *digits = header + strlen(f->sums->prefix);
    memcpy(has, digits, f->sums->digits);
    memset(digits, '0', f->sums->digits);
    f->sums->print(want, header, f->header);
    memcpy(digits, has, f->sums->digits);
    return !memcmp(want, has, f->sums->digits) || error_set(e, "'%s' is damaged: its header does not match its checksum", f->path);
}

static bool parse_type(const char *name, enum safetensors_type *type, uint64_t *size)
{
    /* The types that are known, but not used here, have a size all the same: their length is checked. */
    static const struct {
        const char *name;
        uint64_t size;
    } others[] = {{"BOOL", 1}, {"I8", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"I16", 2}, {"U16", 2}, {"F16", 2}, {"BF16", 2}, {"U32", 4}, {"U64", 8}};
    for (int i = 0; i < SAFETENSORS_OTHER; i++)
        if (!strcmp(name, safetensors_type_name((enum safetensors_type)i))) {
            *type = (enum safetensors_type)i;
            *size = safetensors_size(*type);
            return true;
        }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (!strcmp(name, others[i].name)) {
            *type = SAFETENSORS_OTHER;
            *size = others[i].size;
            return true;
        }
    return false;
}

/* v is a list of `limit` whole numbers of at least 0, or fewer; returns how many, or -1. */
static int read_wholes(const struct json_value *v, int limit, int64_t *out)
{
    int n = 0;
    if (!v || v->kind != JSON_ARRAY || v->count > (uint32_t)limit) return -1;
    for (v = v->first; v; v = v->next) {
        if (v->kind != JSON_NUMBER || !v->integer || v->whole < 0) return -1;
        out[n++] = v->whole;
    }
    return n;
}

static bool read_tensor(const struct file *f, const struct json_value *v, struct safetensors_tensor *t, struct error *e)
{
    const struct json_value *dtype = json_get(v, "dtype");
    int64_t offsets[2];
    uint64_t size = 0, bytes, data = f->size - 8 - f->header;
    t->name = v->key;
    if (!dtype || dtype->kind != JSON_STRING || v->count != 3)
        return error_set(e, "'%s' is no safetensors file, or damaged: tensor %s is not described by dtype, shape and data_offsets", f->path, v->key);
    if (!parse_type(dtype->string, &t->type, &size)) return error_set(e, "'%s': tensor %s has the unknown type %s", f->path, v->key, dtype->string);
    int rank = read_wholes(json_get(v, "shape"), SAFETENSORS_RANK, t->dims);
    if (rank < 0) return error_set(e, "'%s': the shape of tensor %s is not a list of at most %d whole numbers", f->path, v->key, SAFETENSORS_RANK);
    t->rank = (uint32_t)rank;
    if (read_wholes(json_get(v, "data_offsets"), 2, offsets) != 2 || offsets[0] > offsets[1])
        return error_set(e, "'%s': the data_offsets of tensor %s are not two whole numbers in order", f->path, v->key);
    if ((uint64_t)offsets[1] > data)
        return error_set(e, "'%s' is cut short or damaged: tensor %s ends at byte %lld of the data, and %llu are there", f->path, v->key, (long long)offsets[1],
                         (unsigned long long)data);
    bytes = size;
    bool fits = true;
    for (int i = 0; i < rank; i++)
        if (__builtin_mul_overflow(bytes, (uint64_t)t->dims[i], &bytes)) fits = false;
    for (int i = 0; i < rank; i++)
        if (t->dims[i] == 0) fits = true, bytes = 0; /* an empty tensor, however large its other sides */
    t->bytes = (uint64_t)(offsets[1] - offsets[0]);
    if (!fits || bytes != t->bytes)
        return error_set(e, "'%s': the shape of tensor %s does not fit its %llu bytes of %s", f->path, v->key, (unsigned long long)t->bytes, dtype->string);
    t->data = f->bytes + 8 + f->header + offsets[0];
    return true;
}

static int by_place(const void *a, const void *b)
{
    const struct safetensors_tensor *s = a, *t = b;
    if (s->data != t->data) return (const char *)s->data < (const char *)t->data ? -1 : 1;
    return s->bytes < t->bytes ? -1 : s->bytes > t->bytes;
}

struct named {
    const char *name;
    uint32_t index;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

/* Tensors must cover the data, each byte once. */
static bool check_cover(const struct file *f, struct safetensors *s, struct error *e)
{
    const unsigned char *at = f->bytes + 8 + f->header, *end = f->bytes + f->size;
    qsort(s->tensors, s->ntensors, sizeof *s->tensors, by_place);
    for (uint32_t i = 0; i < s->ntensors; i++) {
        const struct safetensors_tensor *t = &s->tensors[i];
        if (t->data != at) return error_set(e, "'%s': tensor %s does not start where the one before it ends", f->path, t->name);
        at += t->bytes;
    }
    return at == end || error_set(e, "'%s' is damaged: %lld bytes after its last tensor", f->path, (long long)(end - at));
}

static bool sort_names(const struct file *f, struct safetensors *s, struct error *e)
{
    bool ok = true;
    struct named *names = memory_take(s->ntensors, sizeof *names);
    for (uint32_t i = 0; i < s->ntensors; i++) names[i] = (struct named){s->tensors[i].name, i};
    qsort(names, s->ntensors, sizeof *names, by_name);
    s->by_name = memory_take(s->ntensors, sizeof *s->by_name);
    for (uint32_t i = 0; i < s->ntensors && ok; i++) {
        s->by_name[i] = names[i].index;
        if (i && !strcmp(names[i].name, names[i - 1].name)) ok = error_set(e, "'%s' has two tensors named %s", f->path, names[i].name);
    }
    free(names);
    return ok;
}

static bool check_tensor_sums(const struct file *f, struct safetensors *s, struct error *e)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (f->sums != &kinds[i] && safetensors_value(s, kinds[i].data))
            return error_set(e, "'%s' is damaged: its header has no checksum", f->path);
    if (!f->sums) return true;
    const char *sums = safetensors_value(s, f->sums->data);
    size_t digits = f->sums->digits;
    if (!sums || strlen(sums) + (s->ntensors > 0) != (size_t)s->ntensors * (digits + 1))
        return error_set(e, "'%s' is damaged: a checksum is missing", f->path);
    for (uint32_t i = 0; i < s->ntensors; i++) {
        const struct safetensors_tensor *t = &s->tensors[i];
        char want[CHECKSUM_DIGITS + 1];
        f->sums->print(want, t->data, t->bytes);
        if (memcmp(want, sums + (size_t)i * (digits + 1), digits))
            return error_set(e, "'%s' is damaged: tensor %s (bytes %llu to %llu of the file) does not match its checksum", f->path, t->name,
                             (unsigned long long)((const unsigned char *)t->data - f->bytes),
                             (unsigned long long)((const unsigned char *)t->data - f->bytes) + t->bytes);
    }
    return true;
}

static bool read_metadata(const struct file *f, const struct json_value *v, struct safetensors *s, struct error *e)
{
    if (v->kind != JSON_OBJECT || s->metadata) return error_set(e, "'%s': __metadata__ is not one object of strings", f->path);
    s->metadata = memory_take(v->count, sizeof *s->metadata);
    for (v = v->first; v; v = v->next) {
        if (v->kind != JSON_STRING) return error_set(e, "'%s': %s in __metadata__ is not a string", f->path, v->key);
        s->metadata[s->npairs++] = (struct safetensors_pair){v->key, v->string};
    }
    return true;
}

static bool read_entries(const struct file *f, struct safetensors *s, struct error *e)
{
    struct error why;
    s->header = json_parse((const char *)f->bytes + 8, f->header, &why);
    if (!s->header) return error_set(e, "'%s' is no safetensors file, or damaged: its header, %s", f->path, why.text);
    if (s->header->kind != JSON_OBJECT) return error_set(e, "'%s' is no safetensors file: its header is not an object", f->path);
    s->tensors = memory_take(s->header->count, sizeof *s->tensors);
    for (const struct json_value *v = s->header->first; v; v = v->next) {
        bool ok = !strcmp(v->key, "__metadata__") ? read_metadata(f, v, s, e) : read_tensor(f, v, &s->tensors[s->ntensors++], e);
        if (!ok) return false;
    }
    return true;
}

struct safetensors *safetensors_read(const char *path, struct error *e)
{
    struct file f = {.path = path};
    struct safetensors *s = memory_take(1, sizeof *s);
    bool ok = read_whole(path, &f, e);
    s->memory = f.bytes;
    s->path = memory_format("%s", path);
    ok = ok && check_length(&f, e) && check_header_sum(&f, e) && read_entries(&f, s, e) && check_cover(&f, s, e) && sort_names(&f, s, e) &&
         check_tensor_sums(&f, s, e);
    if (ok) return s;
    safetensors_close(s);
    return NULL;
}

const struct safetensors_tensor *safetensors_find(const struct safetensors *s, const char *name)
{
    uint32_t low = 0, high = s->ntensors;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct safetensors_tensor *t = &s->tensors[s->by_name[middle]];
        int order = strcmp(name, t->name);
        if (order == 0) return t;
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    return NULL;
}

const char *safetensors_value(const struct safetensors *s, const char *key)
{
    for (uint32_t i = 0; i < s->npairs; i++)
        if (!strcmp(s->metadata[i].key, key)) return s->metadata[i].value;
    return NULL;
}

void safetensors_close(struct safetensors *s)
{
    if (!s) return;
    json_free(s->header);
    free(s->tensors);
    free(s->metadata);
    free(s->by_name);
    free((char *)s->path);
    free(s->memory);
    free(s);
}
