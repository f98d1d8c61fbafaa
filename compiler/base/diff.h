/* diff.h: what differs between two sequences, and between two texts as a unified diff. Shared by `ganc fmt --diff`, `ganc test` and `--emit --diff`. */
#ifndef GANC_DIFF_H
#define GANC_DIFF_H

#include "base/arena.h"
#include "base/buffer.h"

#include <stdbool.h>

#define DIFF_NONE UINT32_MAX

/* match[i] becomes the position in b of a[i], or DIFF_NONE. Positions ascend; as many elements as possible are matched, but in
 * sequences so long and so different that looking for the most would take too long. */
void diff_match(const uint32_t *a, uint32_t n, const uint32_t *b, uint32_t m, uint32_t *match);

struct diff_text {
    const char *name; /* what stands behind --- and +++ */
    const char *text;
    size_t length;
};

/* Appends the unified diff, three lines of context, or nothing where the texts are the same; returns whether they differ. */
bool diff_unified(struct buffer *to, struct diff_text old, struct diff_text new);

/* Appends the first `most` lines of a text, and how many were left out. */
void diff_cut(struct buffer *to, const char *text, size_t length, uint32_t most);

#endif
