/* listing.h: what is wrong where many things may be: a few become one sentence, of more each has a line on stderr before it. */
#ifndef GANRT_LISTING_H
#define GANRT_LISTING_H

#include "error.h"

#include <stdint.h>

#define LISTING_MOST 40 /* in words; the others are counted */

struct listing { /* zeroed at first; freed by listing_end */
    char *lines[LISTING_MOST];
    uint32_t count;
};

void listing_add(struct listing *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Nothing listed: true. Otherwise the error is "HEAD: THIS; THAT", or "HEAD: these 12 things" after a line for each, and false. */
bool listing_end(struct listing *l, const char *head, const char *things, struct error *e);

#endif
