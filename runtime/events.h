/* events.h: TensorBoard's event files: records (TFRecord) of Event messages (protocol buffers, tensorflow/core/util/event.proto).
 *
 * A summary is put together value by value in a struct bytes, and a record is made of it. What is written here is read by TensorBoard 1 and 2. */
#ifndef GANRT_EVENTS_H
#define GANRT_EVENTS_H

#include "bitmap.h"

#include <stdint.h>
#include <stdio.h>

void events_scalar(struct bytes *summary, const char *tag, float x);
void events_image(struct bytes *summary, const char *tag, const struct bitmap *i, const struct bytes *png);

/* time: seconds since 1970. The first record of a file has no summary (NULL): it says which version of Event follows. */
void events_record(struct bytes *to, double time, int64_t step, const struct bytes *summary);

uint32_t events_checksum(const void *bytes, size_t length); /* CRC-32C, masked as TFRecord wants it */

/* The next record of a file: its step, and its message in `room`. EVENTS_BROKEN: cut short, or a checksum is wrong. */
enum events_read { EVENTS_RECORD, EVENTS_END, EVENTS_BROKEN };
enum events_read events_read(FILE *file, struct bytes *room, int64_t *step);

#endif
