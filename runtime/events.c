/* events.c: writes and reads records of TensorBoard's event files. Only the fields that are needed are known: Event {1 wall_time, 2 step,
 * 3 file_version, 5 summary}, Summary {1 value}, Value {1 tag, 2 simple_value, 4 image}, Image {1 height, 2 width, 3 colorspace, 4 bytes}. */
#define _GNU_SOURCE
#include "events.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "numbers are written as they lie in memory, in a format that is little-endian"
#endif

enum wire { WIRE_VARINT = 0, WIRE_EIGHT = 1, WIRE_BYTES = 2, WIRE_FOUR = 5 };

#define CRC32C 0x82f63b78u /* Castagnoli's polynomial, its bits reversed */
#define MASK 0xa282ead8u

uint32_t events_checksum(const void *bytes, size_t length)
{
    static uint32_t table[256];
    const unsigned char *p = bytes;
    if (!table[1])
        for (uint32_t i = 256; i-- > 0;) { /* table[1], which says that it is made, last but one */
            uint32_t x = i;
            for (int k = 0; k < 8; k++) x = x >> 1 ^ (x & 1 ? CRC32C : 0);
            table[i] = x;
        }
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < length; i++) crc = crc >> 8 ^ table[(crc ^ p[i]) & 255];
    crc = ~crc;
    return (crc >> 15 | crc << 17) + MASK;
}

static void put_varint(struct bytes *to, uint64_t x)
{
    unsigned char byte[10];
    size_t n = 0;
    do byte[n++] = (unsigned char)((x & 127) | (x > 127 ? 128 : 0));
    while (x >>= 7);
    bytes_add(to, byte, n);
}

static void put_key(struct bytes *to, uint32_t field, enum wire wire)
{
    put_varint(to, field << 3 | (uint32_t)wire);
}

static void put_bytes(struct bytes *to, uint32_t field, const void *bytes, size_t length)
{
    put_key(to, field, WIRE_BYTES);
    put_varint(to, length);
    bytes_add(to, bytes, length);
}

static void put_number(struct bytes *to, uint32_t field, int64_t x)
{
    put_key(to, field, WIRE_VARINT);
    put_varint(to, (uint64_t)x);
}

void events_scalar(struct bytes *summary, const char *tag, float x)
{
    struct bytes value = {0};
    put_bytes(&value, 1, tag, strlen(tag));
    put_key(&value, 2, WIRE_FOUR);
    bytes_add(&value, &x, sizeof x);
    put_bytes(summary, 1, value.at, value.length);
    free(value.at);
}

void events_image(struct bytes *summary, const char *tag, const struct bitmap *i, const struct bytes *png)
{
    struct bytes image = {0}, value = {0};
    put_number(&image, 1, i->height);
    put_number(&image, 2, i->width);
    put_number(&image, 3, i->channels);
    put_bytes(&image, 4, png->at, png->length);
    put_bytes(&value, 1, tag, strlen(tag));
    put_bytes(&value, 4, image.at, image.length);
    put_bytes(summary, 1, value.at, value.length);
    free(image.at);
    free(value.at);
}

void events_record(struct bytes *to, double time, int64_t step, const struct bytes *summary)
{
    static const char version[] = "brain.Event:2";
    struct bytes event = {0};
    put_key(&event, 1, WIRE_EIGHT);
    bytes_add(&event, &time, sizeof time);
    if (step) put_number(&event, 2, step);
    if (summary) put_bytes(&event, 5, summary->at, summary->length);
    else put_bytes(&event, 3, version, sizeof version - 1);
    uint64_t length = event.length;
    uint32_t check = events_checksum(&length, sizeof length);
    bytes_add(to, &length, sizeof length);
    bytes_add(to, &check, sizeof check);
    bytes_add(to, event.at, event.length);
    check = events_checksum(event.at, event.length);
    bytes_add(to, &check, sizeof check);
    free(event.at);
}

static bool get_varint(const unsigned char **at, const unsigned char *end, uint64_t *x)
{
    *x = 0;
    for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
        unsigned char byte = *(*at)++;
        *x |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) return true;
    }
    return false;
}

/* The step of an Event, whose other fields are skipped. */
static bool get_step(const struct bytes *event, int64_t *step)
{
    const unsigned char *at = event->at, *end = at + event->length;
    *step = 0;
    while (at < end) {
        uint64_t key, x = 0;
        if (!get_varint(&at, end, &key)) return false;
        enum wire wire = key & 7;
        if (wire == WIRE_VARINT || wire == WIRE_BYTES) {
            if (!get_varint(&at, end, &x)) return false;
            if (key >> 3 == 2 && wire == WIRE_VARINT) *step = (int64_t)x;
            if (wire == WIRE_VARINT) x = 0;
        } else if (wire == WIRE_EIGHT || wire == WIRE_FOUR) {
            x = wire == WIRE_EIGHT ? 8 : 4;
        } else {
            return false;
        }
        if (x > (uint64_t)(end - at)) return false;
        at += x;
    }
    return true;
}

/* Is so much left of the file? A record that claims more is broken, and no memory is taken for it. */
static bool has(FILE *file, uint64_t bytes)
{
    struct stat s;
    off_t at = ftello(file);
    return at >= 0 && fstat(fileno(file), &s) == 0 && s.st_size >= at && bytes <= (uint64_t)(s.st_size - at);
}

enum events_read events_read(FILE *file, struct bytes *room, int64_t *step)
{
    unsigned char head[12], foot[4];
    uint64_t length;
    uint32_t check;
    size_t n = fread(head, 1, sizeof head, file);
    if (n == 0) return EVENTS_END;
    memcpy(&length, head, 8);
    memcpy(&check, head + 8, 4);
    if (n < sizeof head || check != events_checksum(head, 8) || !has(file, length)) return EVENTS_BROKEN;
    if (room->capacity < length + 1) room->at = memory_grow(room->at, room->capacity = length + 1, 1);
    room->length = fread(room->at, 1, length, file);
    if (room->length < length || fread(foot, 1, sizeof foot, file) < sizeof foot) return EVENTS_BROKEN;
    memcpy(&check, foot, 4);
    return check == events_checksum(room->at, length) && get_step(room, step) ? EVENTS_RECORD : EVENTS_BROKEN;
}
