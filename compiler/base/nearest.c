/* nearest.c: the name that a misspelt one was meant to be. */
#include "base/diag.h"

#include <ctype.h>
#include <string.h>

enum { LONGEST = 64 };

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Edits (insert, delete, change, swap two neighbours) from a to b; letters that differ in case only are one edit
 * together, so that ReLU finds relu. Stops at `limit` + 1. */
static uint32_t distance(const char *a, const char *b, uint32_t limit)
{
    uint32_t n = (uint32_t)strlen(a), m = (uint32_t)strlen(b);
    if (n > LONGEST || m > LONGEST || (n > m ? n - m : m - n) > limit)
        return limit + 1;
    uint32_t rows[3][LONGEST + 1]; /* rows i-2, i-1, i of the table, in turn */
    bool exact = n == m && !memcmp(a, b, n);
    for (uint32_t j = 0; j <= m; j++)
        rows[0][j] = j;
    for (uint32_t i = 1; i <= n; i++) {
        uint32_t *row = rows[i % 3], *above = rows[(i - 1) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (uint32_t j = 1; j <= m; j++) {
            uint32_t best = above[j - 1] + !same_letter(a[i - 1], b[j - 1]);
            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1]) &&
                two_above[j - 2] + 1 < best)
                best = two_above[j - 2] + 1;
            row[j] = best;
        }
    }
    uint32_t edits = rows[n % 3][m];
    return edits || exact ? edits : 1;
}

/* Of names of one or two letters almost all are one edit apart: only the other case, a swap, or a letter more or less behind will do. */
static bool plausible(const char *name, const char *known)
{
    size_t n = strlen(name), m = strlen(known);
    if (n > 2)
        return true;
    if (n == 2 && m == 2 && same_letter(name[0], known[1]) && same_letter(name[1], known[0]))
        return true;
    if ((n == 2 && m != n && m < 4) || n == m)
        return same_letter(name[0], known[0]) && (n == 1 || m == 1 || same_letter(name[1], known[1]));
    return false;
}

const char *nearest_name(const char *name, const char *const *known, uint32_t count)
{
    uint32_t limit = (uint32_t)strlen(name) / 3;
    if (!limit)
        limit = 1;
    const char *nearest = NULL;
    uint32_t best = limit + 1;
    for (uint32_t i = 0; i < count; i++) {
        if (!known[i])
            continue;
        uint32_t edits = distance(name, known[i], limit);
        if (edits < best && plausible(name, known[i])) {
            best = edits;
            nearest = known[i];
        }
    }
    return nearest;
}
