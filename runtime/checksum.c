/* checksum.c: xxHash's XXH3, compiled in from its header: 64 bits, some ten times as fast as zlib's CRC-32, so that a checkpoint costs what the disk
 * does. A change goes unseen once in 2^64. */
#define XXH_INLINE_ALL
#include "checksum.h"

#include "error.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

struct checksum {
    XXH3_state_t *state; /* aligned as it wants to be */
};

uint64_t checksum_of(const void *bytes, size_t length)
{
    return XXH3_64bits(bytes, length);
}

void checksum_print(char text[CHECKSUM_DIGITS + 1], uint64_t sum)
{
    snprintf(text, CHECKSUM_DIGITS + 1, "%016" PRIx64, sum);
}

struct checksum *checksum_begin(void)
{
    struct checksum *c = memory_take(1, sizeof *c);
    c->state = XXH3_createState();
    if (!c->state) exit(error_line("out of memory: %zu bytes were wanted", sizeof *c->state));
    XXH3_64bits_reset(c->state);
    return c;
}

void checksum_add(struct checksum *c, const void *bytes, size_t length)
{
    XXH3_64bits_update(c->state, bytes, length);
}

uint64_t checksum_value(const struct checksum *c)
{
    return XXH3_64bits_digest(c->state);
}

void checksum_end(struct checksum *c)
{
    if (!c) return;
    XXH3_freeState(c->state);
    free(c);
}
