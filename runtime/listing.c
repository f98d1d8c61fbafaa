/* listing.c: lists of what is wrong, whole up to a bound. */
#include "listing.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IN_SENTENCE 3 /* so many go into the error itself */

void listing_add(struct listing *l, const char *format, ...)
{
    char text[256];
    va_list args;
    if (l->count++ >= LISTING_MOST) return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    l->lines[l->count - 1] = memory_format("%s", text);
}

bool listing_end(struct listing *l, const char *head, const char *things, struct error *e)
{
    char text[800] = "";
    if (l->count <= IN_SENTENCE) {
        for (uint32_t i = 0; i < l->count; i++) snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? "; " : "", l->lines[i]);
    } else {
        for (uint32_t i = 0; i < l->count && i < LISTING_MOST; i++) error_line("  %s", l->lines[i]);
        if (l->count > LISTING_MOST) error_line("  and %u more", l->count - LISTING_MOST);
        snprintf(text, sizeof text, "these %u %s", l->count, things);
    }
    for (uint32_t i = 0; i < l->count && i < LISTING_MOST; i++) free(l->lines[i]);
    return !l->count || error_set(e, "%s: %s", head, text);
}
