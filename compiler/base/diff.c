/* diff.c: shortest edit scripts (E. Myers, "An O(ND) difference algorithm and its variations", 1986: section 4b, linear space).
 *
 * Two searches, from both ends, meet in the middle of a shortest script; then each half is done the same way. Points are (x, y),
 * elements of a and b passed; diagonal d holds those with x - y = d. */
#include "base/diff.h"

#include <string.h>

enum { COST = 2000, CONTEXT = 3 }; /* COST: edits after which the furthest point so far is good enough */

struct search {
    const uint32_t *a, *b;
    uint32_t *match;
    int64_t *forward, *backward; /* by diagonal: x of the furthest point that so many edits reach */
    int64_t meet_x, meet_y;
};

struct box { /* the part of both sequences at hand */
    int64_t a, a_end, b, b_end;
};

struct band { /* diagonals that a search has reached */
    int64_t low, high;
};

/* One more edit: the band widens by a diagonal on each side, or shrinks where it left the box. */
static void widen(struct band *r, int64_t *at, int64_t least, int64_t most, int64_t unreached)
{
    if (r->low > least) at[--r->low - 1] = unreached;
    else r->low++;
    if (r->high < most) at[++r->high + 1] = unreached;
    else r->high--;
}

static bool within(struct band r, int64_t d)
{
    return r.low <= d && d <= r.high;
}

static bool step_forward(struct search *s, const struct box *box, struct band f, struct band other, bool odd)
{
    for (int64_t d = f.high; d >= f.low; d -= 2) {
        int64_t below = s->forward[d - 1], above = s->forward[d + 1], x = below < above ? above : below + 1, y = x - d;
        while (x < box->a_end && y < box->b_end && s->a[x] == s->b[y]) x++, y++;
        s->forward[d] = x;
        if (odd && within(other, d) && s->backward[d] <= x) {
            s->meet_x = x, s->meet_y = y;
            return true;
        }
    }
    return false;
}

static bool step_backward(struct search *s, const struct box *box, struct band b, struct band other, bool odd)
{
    for (int64_t d = b.high; d >= b.low; d -= 2) {
        int64_t below = s->backward[d - 1], above = s->backward[d + 1], x = below < above ? below : above - 1, y = x - d;
        while (x > box->a && y > box->b && s->a[x - 1] == s->b[y - 1]) x--, y--;
        s->backward[d] = x;
        if (!odd && within(other, d) && x <= s->forward[d]) {
            s->meet_x = x, s->meet_y = y;
            return true;
        }
    }
    return false;
}

/* The search cost too much: goes on from the point that is furthest from its end. */
static void give_up(struct search *s, const struct box *box, struct band f, struct band b)
{
    int64_t best = -1, nearest = INT64_MAX, fx = 0, bx = 0;
    for (int64_t d = f.high; d >= f.low; d -= 2) {
        int64_t x = s->forward[d] < box->a_end ? s->forward[d] : box->a_end;
        if (x - d > box->b_end) x = box->b_end + d;
        if (x + x - d > best) best = x + x - d, fx = x;
    }
    for (int64_t d = b.high; d >= b.low; d -= 2) {
        int64_t x = s->backward[d] > box->a ? s->backward[d] : box->a;
        if (x - d < box->b) x = box->b + d;
        if (x + x - d < nearest) nearest = x + x - d, bx = x;
    }
    bool forward = best - (box->a + box->b) > box->a_end + box->b_end - nearest;
    s->meet_x = forward ? fx : bx;
    s->meet_y = (forward ? best : nearest) - s->meet_x;
}

/* A point of a shortest script, other than both corners of the box, into meet_x, meet_y. */
static void find_middle(struct search *s, const struct box *box)
{
    int64_t least = box->a - box->b_end, most = box->a_end - box->b;
    int64_t start = box->a - box->b, end = box->a_end - box->b_end;
    struct band f = {start, start}, b = {end, end};
    bool odd = (start - end) & 1;
    s->forward[start] = box->a;
    s->backward[end] = box->a_end;
    for (int64_t edits = 1;; edits++) {
        widen(&f, s->forward, least, most, -1);
        if (step_forward(s, box, f, b, odd)) return;
        widen(&b, s->backward, least, most, INT64_MAX);
        if (step_backward(s, box, b, f, odd)) return;
        if (edits == COST) {
            give_up(s, box, f, b);
            return;
        }
    }
}

static void match_box(struct search *s, struct box box)
{
    for (;;) {
        for (; box.a < box.a_end && box.b < box.b_end && s->a[box.a] == s->b[box.b]; box.a++, box.b++) s->match[box.a] = (uint32_t)box.b;
        for (; box.a < box.a_end && box.b < box.b_end && s->a[box.a_end - 1] == s->b[box.b_end - 1]; box.a_end--, box.b_end--)
            s->match[box.a_end - 1] = (uint32_t)box.b_end - 1;
        if (box.a == box.a_end || box.b == box.b_end) return;
        find_middle(s, &box);
        struct box first = {box.a, s->meet_x, box.b, s->meet_y};
        box.a = s->meet_x, box.b = s->meet_y;
        match_box(s, first);
    }
}

void diff_match(const uint32_t *a, uint32_t n, const uint32_t *b, uint32_t m, uint32_t *match)
{
    struct arena *mem = arena_new();
    int64_t diagonals = (int64_t)n + m + 3;
    struct search s = {.a = a, .b = b, .match = match};
    s.forward = NEW_ARRAY(mem, int64_t, diagonals) + m + 1;
    s.backward = NEW_ARRAY(mem, int64_t, diagonals) + m + 1;
    for (uint32_t i = 0; i < n; i++) match[i] = DIFF_NONE;
    match_box(&s, (struct box){0, n, 0, m});
    arena_free(mem);
}

/* ---- texts ---- */

struct line {
    const char *at;
    size_t length; /* with its newline, which the last one may lack */
};

struct lines {
    struct line *at;
    uint32_t n, *id; /* equal lines have equal ids */
};

static uint32_t count_lines(const char *text, size_t length)
{
    uint32_t n = length && text[length - 1] != '\n';
    for (size_t i = 0; i < length; i++) n += text[i] == '\n';
    return n;
}

struct table {
    struct line *line;
    uint32_t *id, size, used;
};

static uint32_t line_id(struct table *t, struct line l)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < l.length; i++) hash = (hash ^ (unsigned char)l.at[i]) * 16777619u;
    uint32_t at = hash & (t->size - 1);
    while (t->id[at] && (t->line[at].length != l.length || memcmp(t->line[at].at, l.at, l.length))) at = (at + 1) & (t->size - 1);
    if (!t->id[at]) t->line[at] = l, t->id[at] = ++t->used;
    return t->id[at];
}

static struct lines lines_of(struct arena *mem, struct table *table, struct diff_text text)
{
    struct lines l = {.n = count_lines(text.text, text.length)};
    l.at = NEW_ARRAY(mem, struct line, l.n + 1);
    l.id = NEW_ARRAY(mem, uint32_t, l.n + 1);
    const char *at = text.text, *end = text.text + text.length;
    for (uint32_t i = 0; i < l.n; i++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        l.at[i] = (struct line){at, (size_t)((newline ? newline + 1 : end) - at)};
        l.id[i] = line_id(table, l.at[i]);
        at += l.at[i].length;
    }
    return l;
}

static void put_line(struct buffer *to, char sign, struct line l)
{
    buffer_bytes(to, &sign, 1);
    buffer_bytes(to, l.at, l.length);
    if (!l.length || l.at[l.length - 1] != '\n') buffer_put(to, "\n\\ No newline at end of file\n");
}

static void put_count(struct buffer *to, char sign, uint32_t from, uint32_t n)
{
    buffer_put(to, " %c%u", sign, n ? from + 1 : from);
    if (n != 1) buffer_put(to, ",%u", n);
}

/* Steps of a script: old[i] and new[j] are next. Equal where they match; else old lines go before new ones. */
static bool both_next(const uint32_t *match, const struct lines *old, uint32_t i, uint32_t j)
{
    return i < old->n && match[i] == j;
}

/* Where the changes that begin at (i, j) end, those with at most 2 CONTEXT equal lines between them taken together. */
static void hunk_end(const uint32_t *match, const struct lines *old, const struct lines *new, uint32_t *i, uint32_t *j)
{
    uint32_t end_i = *i, end_j = *j, equal = 0;
    while ((*i < old->n || *j < new->n) && equal <= 2 * CONTEXT) {
        if (both_next(match, old, *i, *j)) ++*i, ++*j, equal++;
        else {
            if (*i < old->n && match[*i] == DIFF_NONE) ++*i;
            else ++*j;
            equal = 0, end_i = *i, end_j = *j;
        }
    }
    *i = end_i, *j = end_j;
}

static void put_hunk(struct buffer *to, const uint32_t *match, const struct lines *old, const struct lines *new, uint32_t i, uint32_t j, uint32_t end_i,
                     uint32_t end_j)
{
    buffer_put(to, "@@");
    put_count(to, '-', i, end_i - i);
    put_count(to, '+', j, end_j - j);
    buffer_put(to, " @@\n");
    while (i < end_i || j < end_j) {
        if (i < end_i && j < end_j && both_next(match, old, i, j)) put_line(to, ' ', old->at[i++]), j++;
        else if (i < end_i && match[i] == DIFF_NONE) put_line(to, '-', old->at[i++]);
        else put_line(to, '+', new->at[j++]);
    }
}

bool diff_unified(struct buffer *to, struct diff_text old, struct diff_text new)
{
    if (old.length == new.length && (!old.length || !memcmp(old.text, new.text, old.length))) return false;
    struct arena *mem = arena_new();
    struct table table = {.size = 16};
    while (table.size < 2 * (count_lines(old.text, old.length) + count_lines(new.text, new.length))) table.size *= 2;
    table.line = NEW_ARRAY(mem, struct line, table.size);
    table.id = NEW_ARRAY(mem, uint32_t, table.size);
    struct lines a = lines_of(mem, &table, old), b = lines_of(mem, &table, new);
    uint32_t *match = NEW_ARRAY(mem, uint32_t, a.n + 1);
    diff_match(a.id, a.n, b.id, b.n, match);
    buffer_put(to, "--- %s\n+++ %s\n", old.name, new.name);
    for (uint32_t i = 0, j = 0; i < a.n || j < b.n;) {
        if (both_next(match, &a, i, j)) {
            i++, j++;
            continue;
        }
        uint32_t before = i < j ? i : j, end_i = i, end_j = j;
        if (before > CONTEXT) before = CONTEXT;
        hunk_end(match, &a, &b, &end_i, &end_j);
        uint32_t after = a.n - end_i < b.n - end_j ? a.n - end_i : b.n - end_j;
        if (after > CONTEXT) after = CONTEXT;
        put_hunk(to, match, &a, &b, i - before, j - before, end_i + after, end_j + after);
        i = end_i + after, j = end_j + after;
    }
    arena_free(mem);
    return true;
}

void diff_cut(struct buffer *to, const char *text, size_t length, uint32_t most)
{
    uint32_t n = count_lines(text, length), shown = 0;
    size_t at = 0;
    while (at < length && shown < most) shown += text[at++] == '\n';
    buffer_bytes(to, text, at);
    if (at && text[at - 1] != '\n') buffer_put(to, "\n");
    if (n > most) buffer_put(to, "... and %u more lines\n", n - most);
}
