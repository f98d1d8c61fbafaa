/* safetensors_write.c: writing checkpoints. The layout stands in safetensors.h. */
#include "safetensors.h"

#include "checksum.h"
#include "durable.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "tensors are written as they lie in memory: the format is little-endian"
#endif

static const struct {
    const char *name;
    uint32_t size;
} types[] = {[SAFETENSORS_F32] = {"F32", 4}, [SAFETENSORS_F64] = {"F64", 8}, [SAFETENSORS_I64] = {"I64", 8},
             [SAFETENSORS_I32] = {"I32", 4}, [SAFETENSORS_U8] = {"U8", 1},   [SAFETENSORS_OTHER] = {"other", 0}};

uint32_t safetensors_size(enum safetensors_type type)
{
    return types[type].size;
}

const char *safetensors_type_name(enum safetensors_type type)
{
    return types[type].name;
}

static bool check_tensor(const char *path, const struct safetensors_tensor *t, struct error *e)
{
    uint64_t elements = 1, size = safetensors_size(t->type);
    bool ok = t->rank <= SAFETENSORS_RANK && size;
    for (uint32_t i = 0; i < t->rank && ok; i++) ok = t->dims[i] >= 0 && !__builtin_mul_overflow(elements, (uint64_t)t->dims[i], &elements);
    ok = ok && !__builtin_mul_overflow(elements, size, &elements) && elements == t->bytes;
    return ok || error_set(e, "cannot write '%s': tensor %s has %llu bytes, not what its shape says", path, t->name, (unsigned long long)t->bytes);
}

static const char zeros[] = "0000000000000000"; /* in place of the header's checksum, while it is computed */

static void write_metadata(struct json_out *o, const struct safetensors_pair *metadata, uint32_t npairs, const struct safetensors_tensor *tensors,
                           uint32_t ntensors)
{
    char *sums = memory_take((size_t)ntensors * (CHECKSUM_DIGITS + 1) + 1, 1), *at = sums;
    for (uint32_t i = 0; i < ntensors; i++) {
        if (i) *at++ = ' ';
        checksum_print(at, checksum_of(tensors[i].data, tensors[i].bytes));
        at += CHECKSUM_DIGITS;
    }
    json_key(o, "__metadata__");
    json_open(o, '{');
    json_key(o, "xxh3");
    json_string(o, zeros);
    json_key(o, "xxh3_data");
    json_string(o, sums);
    for (uint32_t i = 0; i < npairs; i++) {
        json_key(o, metadata[i].key);
        json_string(o, metadata[i].value);
    }
    json_close(o);
    free(sums);
}

static void write_header(struct json_out *o, const struct safetensors_pair *metadata, uint32_t npairs, const struct safetensors_tensor *tensors,
                         uint32_t ntensors)
{
    uint64_t at = 0;
    json_open(o, '{');
    write_metadata(o, metadata, npairs, tensors, ntensors);
    for (uint32_t i = 0; i < ntensors; i++) {
        const struct safetensors_tensor *t = &tensors[i];
        json_key(o, t->name);
        json_open(o, '{');
        json_key(o, "dtype");
        json_string(o, safetensors_type_name(t->type));
        json_key(o, "shape");
        json_open(o, '[');
        for (uint32_t d = 0; d < t->rank; d++) json_integer(o, t->dims[d]);
        json_close(o);
        json_key(o, "data_offsets");
        json_open(o, '[');
        json_integer(o, (int64_t)at);
        json_integer(o, (int64_t)(at += t->bytes));
        json_close(o);
        json_close(o);
    }
    json_close(o);
}

bool safetensors_write(const char *path, const struct safetensors_pair *metadata, uint32_t npairs, const struct safetensors_tensor *tensors, uint32_t ntensors,
                       struct error *e)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < ntensors; i++) {
        if (!check_tensor(path, &tensors[i], e)) return false;
        if (__builtin_add_overflow(total, tensors[i].bytes, &total) || total > INT64_MAX)
            return error_set(e, "cannot write '%s': the tensors are too large", path);
    }
    struct json_out o = {0};
    write_header(&o, metadata, npairs, tensors, ntensors);
    size_t padded = (o.length + 8 + 63) / 64 * 64 - 8;
    if (padded > SAFETENSORS_HEADER) {
        json_done(&o);
        return error_set(e, "cannot write '%s': its header would be longer than %d bytes", path, SAFETENSORS_HEADER);
    }
    char *header = memory_take(padded + 1, 1);
    memset(header, ' ', padded);
    memcpy(header, o.text, o.length);
    json_done(&o);
    char digits[CHECKSUM_DIGITS + 1];
    checksum_print(digits, checksum_of(header, padded));
    memcpy(strstr(header, zeros), digits, CHECKSUM_DIGITS); /* the first of them: xxh3 is the first key */

    unsigned char length[8];
    for (int i = 0; i < 8; i++) length[i] = (unsigned char)((uint64_t)padded >> 8 * i);
    struct durable_part *parts = memory_take((size_t)ntensors + 2, sizeof *parts);
    parts[0] = (struct durable_part){length, 8};
    parts[1] = (struct durable_part){header, padded};
    for (uint32_t i = 0; i < ntensors; i++) parts[i + 2] = (struct durable_part){tensors[i].data, tensors[i].bytes};
    bool ok = durable_write(path, parts, ntensors + 2, e);
    free(parts);
    free(header);
    return ok;
}
