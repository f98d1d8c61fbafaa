/* safetensors.h: checkpoints in the safetensors format (github.com/huggingface/safetensors, "Format").
 *
 * A file is a little-endian uint64 header length, a JSON header, the tensors' bytes. What is written here besides: the header is
 * padded with spaces so that the data starts at a multiple of 64 bytes; __metadata__ begins with "xxh3", the checksum (checksum.h) of the header with
 * its sixteen digits read as zeros, and "xxh3_data", one checksum a tensor in the order of the data. They are checked
 * where a file has them, and so are "crc32" and "crc32_data", eight digits each, of version 1 of checkpoints. The same tensors and metadata give the
 * same bytes. */
#ifndef GANRT_SAFETENSORS_H
#define GANRT_SAFETENSORS_H

#include "error.h"

#include <stdint.h>

#define SAFETENSORS_RANK 8
#define SAFETENSORS_HEADER 100000000 /* bytes of the longest header, as the reference implementation has it */

enum safetensors_type { SAFETENSORS_F32, SAFETENSORS_F64, SAFETENSORS_I64, SAFETENSORS_I32, SAFETENSORS_U8, SAFETENSORS_OTHER };

struct safetensors_tensor {
    const char *name;
    enum safetensors_type type;
    uint32_t rank;
    int64_t dims[SAFETENSORS_RANK];
    const void *data; /* row-major, little-endian; of a foreign file perhaps not aligned: copy it out */
    uint64_t bytes;
};

struct safetensors_pair {
    const char *key, *value;
};

bool safetensors_write(const char *path, const struct safetensors_pair *metadata, uint32_t npairs, const struct safetensors_tensor *tensors, uint32_t ntensors,
                       struct error *e);

/* A file read and checked; everything it points to lives until safetensors_close. NULL: the error names the file and what is wrong with it. */
struct safetensors {
    const char *path;
    uint32_t ntensors, npairs;
    struct safetensors_tensor *tensors; /* in the order of their bytes */
    struct safetensors_pair *metadata;
    uint32_t *by_name; /* tensors' indices, sorted by name */
    void *memory;
    struct json_value *header;
};
struct safetensors *safetensors_read(const char *path, struct error *e);
const struct safetensors_tensor *safetensors_find(const struct safetensors *s, const char *name); /* NULL where there is none */
const char *safetensors_value(const struct safetensors *s, const char *key);                      /* of the metadata; NULL where none */
void safetensors_close(struct safetensors *s);

uint32_t safetensors_size(enum safetensors_type type); /* bytes of an element; 0 for OTHER */
const char *safetensors_type_name(enum safetensors_type type);

#endif
