/* directives.c: what a test's comments ask for.
 *
 *     # RUN: ganc %s --emit=opt      the command; once
 *     # EXIT: 2                      its exit status; else 0, or 1 where an error is marked
 *     # TIME: 300                    seconds that it may take
 *     # HAS: matmul 3                so many lines of the output have that operation; without a number, at least one
 *     # NOT: transpose               none has it
 *     # IN: step                     HAS and NOT count in the graphs whose first line has this text
 *     # SAYS: did you mean           stderr has this text
 *     ... #! E0302: nothing called   a diagnostic with this id and text stands on this line
 *
 * A line `# WORD:` in capitals that is none of these is a mistake of the test. A script has only TIME. */
#define _GNU_SOURCE /* memmem */
#include "test/test.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct ganc *g;
    struct test *t;
    const char *at, *end; /* the line at hand */
    uint32_t line;
    bool any, seen_run, seen_exit, seen_time, errors;
    struct buffer wrong;  /* lines for the report, should it be a test */
};

static void wrong(struct reader *r, const char *what)
{
    buffer_put(&r->wrong, "line %u: %s: %.*s\n", r->line, what, (int)(r->end - r->at < 200 ? r->end - r->at : 200), r->at);
}

/* A whole number in [least, most], and nothing behind it. */
static bool number(const char *text, long least, long most, int *to)
{
    char *end;
    long x = strtol(text, &end, 10);
    if (end == text || *end || x < least || x > most) return false;
    *to = (int)x;
    return true;
}

static void read_count(struct reader *r, char *text, bool has)
{
    char *words[3], *rest = text;
    int n = 0, count = has ? -1 : 0;
    for (char *word; n < 3 && (word = strtok_r(n ? NULL : text, " \t", &rest));) words[n++] = word;
    bool good = n == 1 || (n == 2 && has && number(words[1], 1, 1000000, &count));
    if (!good) wrong(r, has ? "write # HAS: OPERATION, or # HAS: OPERATION COUNT" : "write # NOT: OPERATION");
    else vec_push(r->g->mem, &r->t->counts, (struct test_count){words[0], count});
}

static void once(struct reader *r, bool *seen)
{
    if (*seen) wrong(r, "this stands here twice");
    *seen = true;
}

/* # WORD: text. Returns false where it is no directive that a test has. */
static bool read_directive(struct reader *r, const char *word, char *text)
{
    struct test *t = r->t;
    bool seen_in = t->in != NULL;
    if (!strcmp(word, "TIME")) {
        once(r, &r->seen_time);
        if (!number(text, 1, 86400, &t->seconds)) wrong(r, "the seconds are a number from 1 to 86400");
    } else if (t->script) return false;
    else if (!strcmp(word, "RUN")) once(r, &r->seen_run), t->command = text;
    else if (!strcmp(word, "EXIT")) {
        once(r, &r->seen_exit);
        if (!number(text, 0, 255, &t->status)) wrong(r, "an exit status is a number from 0 to 255");
    } else if (!strcmp(word, "HAS") || !strcmp(word, "NOT")) read_count(r, text, *word == 'H');
    else if (!strcmp(word, "IN")) once(r, &seen_in), t->in = text;
    else if (!strcmp(word, "SAYS")) vec_push(r->g->mem, &t->says, text);
    else return false;
    if (!*text) wrong(r, "nothing stands behind this");
    return true;
}

/* Marks of the line: `#! E0302: text`, or `#! E0302`, up to the next one. */
static void read_marks(struct reader *r)
{
    const char *at = r->at;
    while ((at = memmem(at, (size_t)(r->end - at), "#! ", 3))) {
        at += 3;
        const char *next = memmem(at, (size_t)(r->end - at), " #! ", 4), *end = next ? next : r->end;
        while (end > at && strchr(" \t\r", end[-1])) end--;
        bool id = end - at >= 5 && (*at == 'E' || *at == 'W');
        for (int i = 1; id && i < 5; i++) id = isdigit((unsigned char)at[i]);
        bool bare = end - at == 5, text = end - at > 7 && at[5] == ':' && at[6] == ' ';
        if (!id || (!bare && !text)) wrong(r, "write #! E0302: a part of the message");
        else {
            const char *part = bare ? "" : arena_string(r->g->mem, at + 7, (size_t)(end - at - 7));
            vec_push(r->g->mem, &r->t->marks, (struct test_mark){r->line, arena_string(r->g->mem, at, 5), part});
            r->errors |= *at == 'E';
            r->any = true;
        }
        at = end;
    }
}

static void read_line(struct reader *r)
{
    size_t length = (size_t)(r->end - r->at), n = 2;
    if (!r->t->script) read_marks(r);
    if (length < 4 || memcmp(r->at, "# ", 2)) return;
    while (n < length && r->at[n] >= 'A' && r->at[n] <= 'Z') n++;
    if (n == 2 || n == length || r->at[n] != ':') return;
    const char *word = arena_string(r->g->mem, r->at + 2, n - 2), *text = r->at + n + 1, *end = r->end;
    while (text < end && *text == ' ') text++;
    while (end > text && strchr(" \t\r", end[-1])) end--;
    bool known = read_directive(r, word, arena_string(r->g->mem, text, (size_t)(end - text)));
    if (!known && !r->t->script) wrong(r, "there is no such directive");
    r->any |= known;
}

bool test_read(struct ganc *g, struct test *t, const char *text, size_t length)
{
    struct reader r = {.g = g, .t = t, .at = text, .line = 1};
    t->status = -1;
    for (const char *end = text + length; r.at < end; r.at = r.end + 1, r.line++) {
        r.end = memchr(r.at, '\n', (size_t)(end - r.at));
        if (!r.end) r.end = end;
        read_line(&r);
    }
    bool is = r.any || t->script;
    if (is && !t->script && !r.seen_run) buffer_put(&r.wrong, "it has no line # RUN: ganc %%s ...\n");
    t->compares = !t->script && !t->counts.n && !t->says.n && !t->marks.n;
    if (t->status < 0) t->status = r.errors;
    if (is && r.wrong.length) test_fail(t, "%.*s", (int)r.wrong.length - 1, r.wrong.text), t->broken = true;
    buffer_free(&r.wrong);
    return is;
}
