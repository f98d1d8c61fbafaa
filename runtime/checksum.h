/* checksum.h: XXH3 (64 bits) of bytes, at once or as they come. It finds damage, by the disk or a copy, not forgery. */
#ifndef GANRT_CHECKSUM_H
#define GANRT_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#define CHECKSUM_DIGITS 16

uint64_t checksum_of(const void *bytes, size_t length);
void checksum_print(char text[CHECKSUM_DIGITS + 1], uint64_t sum); /* in hexadecimal digits, with leading zeros */

struct checksum; /* of bytes that come in parts */
struct checksum *checksum_begin(void);
void checksum_add(struct checksum *c, const void *bytes, size_t length);
uint64_t checksum_value(const struct checksum *c); /* of what came so far; more may follow */
void checksum_end(struct checksum *c);

#endif
