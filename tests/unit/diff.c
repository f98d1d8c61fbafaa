/* diff.c: matches are as long as dynamic programming finds them; a unified diff applied to the old text gives the new one. */
#include "check.h"

#include "base/diff.h"

#include <stdlib.h>

static uint64_t state = 1;
static uint32_t pick(uint32_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % n;
}

enum { MOST = 60 };

static uint32_t longest(const uint32_t *a, uint32_t n, const uint32_t *b, uint32_t m)
{
    static uint32_t best[MOST + 1][MOST + 1];
    for (uint32_t i = n + 1; i-- > 0;)
        for (uint32_t j = m + 1; j-- > 0;) {
            if (i == n || j == m) best[i][j] = 0;
            else if (a[i] == b[j]) best[i][j] = best[i + 1][j + 1] + 1;
            else best[i][j] = best[i + 1][j] > best[i][j + 1] ? best[i + 1][j] : best[i][j + 1];
        }
    return best[0][0];
}

static void test_match(void)
{
    uint32_t a[MOST], b[MOST], match[MOST];
    for (int round = 0; round < 3000; round++) {
        uint32_t n = pick(MOST + 1), m = pick(MOST + 1), letters = 1 + pick(8), matched = 0, last = 0;
        for (uint32_t i = 0; i < n; i++) a[i] = pick(letters);
        for (uint32_t i = 0; i < m; i++) b[i] = pick(letters);
        diff_match(a, n, b, m, match);
        bool good = true;
        for (uint32_t i = 0; i < n; i++) {
            if (match[i] == DIFF_NONE) continue;
            good = good && match[i] < m && a[i] == b[match[i]] && (!matched || match[i] > last);
            last = match[i], matched++;
        }
        CHECK(good && matched == longest(a, n, b, m));
    }
}

/* Long and wholly different: the search gives up, but what it matches is right. */
static void test_costly(void)
{
    enum { LONG = 20000 };
    uint32_t *a = malloc(LONG * sizeof *a), *b = malloc(LONG * sizeof *b), *match = malloc(LONG * sizeof *match);
    for (uint32_t i = 0; i < LONG; i++) a[i] = pick(100), b[i] = pick(100);
    diff_match(a, LONG, b, LONG, match);
    uint32_t matched = 0, last = 0;
    bool good = true;
    for (uint32_t i = 0; i < LONG; i++)
        if (match[i] != DIFF_NONE) {
            good = good && a[i] == b[match[i]] && (!matched || match[i] > last);
            last = match[i], matched++;
        }
    CHECK(good && matched > 500);
    free(a), free(b), free(match);
}

static const char *line_end(const char *at)
{
    return strchr(at, '\n') + 1;
}

/* Old text and diff to new text; NULL where the diff does not fit. */
static char *apply(const char *old, const char *diff)
{
    static char new[20000];
    char *to = new;
    uint32_t line = 1, from, at_new;
    diff = line_end(line_end(diff));
    while (*diff) {
        uint32_t n = 1, m = 1;
        if (sscanf(diff, "@@ -%u,%u +%u,%u @@", &from, &n, &at_new, &m) != 4 && sscanf(diff, "@@ -%u +%u,%u @@", &from, &at_new, &m) != 3 &&
            (m = 1, sscanf(diff, "@@ -%u,%u +%u @@", &from, &n, &at_new) != 3) && (n = 1, sscanf(diff, "@@ -%u +%u @@", &from, &at_new) != 2))
            return NULL;
        for (from += !n; line < from; line++) {
            size_t length = (size_t)(line_end(old) - old);
            memcpy(to, old, length), to += length, old += length;
        }
        for (diff = line_end(diff); *diff && *diff != '@'; diff = line_end(diff)) {
            size_t length = (size_t)(line_end(diff) - diff) - 1;
            bool bare = diff[length + 1] == '\\';
            if (*diff == '\\') continue;
            if (*diff != '+') {
                if (strncmp(old, diff + 1, length - bare)) return NULL;
                old += length - bare, line++, n--;
            }
            if (*diff != '-') memcpy(to, diff + 1, length - bare), to += length - bare, m--;
        }
        if (n || m) return NULL;
    }
    strcpy(to, old);
    return new;
}

static void random_text(char *to, bool newline)
{
    uint32_t n = pick(40);
    *to = 0;
    for (uint32_t i = 0; i < n; i++) to += sprintf(to, "line %u\n", pick(12));
    if (n && !newline) to[-1] = 0;
}

static void test_unified(void)
{
    struct buffer b = {0};
    for (int round = 0; round < 2000; round++) {
        char old[1000], new[1000];
        random_text(old, pick(4)), random_text(new, pick(4));
        if (pick(2)) strcpy(new, old), memcpy(new, "LI", strlen(new) > 2 ? 2 : 0);
        b.length = 0;
        bool differ = diff_unified(&b, (struct diff_text){"a", old, strlen(old)}, (struct diff_text){"b", new, strlen(new)});
        CHECK(differ == (strcmp(old, new) != 0) && differ == (b.length > 0));
        if (differ) CHECK_TEXT(apply(old, b.text), new);
    }
    /* as diff -u of GNU diffutils 3.8 prints it */
    const char *old = "a\nb\nc\nd\ne\nf\ng\nh\n", *new = "a\nb\nc\nd\nX\nf\ng\nh\ni";
    b.length = 0;
    diff_unified(&b, (struct diff_text){"old", old, strlen(old)}, (struct diff_text){"new", new, strlen(new)});
    CHECK_TEXT(b.text, "--- old\n+++ new\n@@ -2,7 +2,8 @@\n b\n c\n d\n-e\n+X\n f\n g\n h\n+i\n\\ No newline at end of file\n");
    b.length = 0;
    diff_unified(&b, (struct diff_text){"old", NULL, 0}, (struct diff_text){"new", "x\n", 2});
    CHECK_TEXT(b.text, "--- old\n+++ new\n@@ -0,0 +1 @@\n+x\n");
    b.length = 0;
    diff_cut(&b, "1\n2\n3\n4", 7, 2);
    CHECK_TEXT(b.text, "1\n2\n... and 2 more lines\n");
    b.length = 0;
    diff_cut(&b, "1\n2", 3, 2);
    CHECK_TEXT(b.text, "1\n2\n");
    buffer_free(&b);
}

int main(void)
{
    test_match();
    test_costly();
    test_unified();
    return check_done();
}
