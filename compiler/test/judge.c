/* judge.c: what a test's command printed, against what its comments and its .expect say. */
#define _GNU_SOURCE /* memmem */
#include "base/diag.h"
#include "base/diff.h"
#include "test/test.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SHOWN_LINES = 15 }; /* of stderr, where that explains a failure */

void test_fail(struct test *t, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    char *text = malloc((size_t)n + 1);
    if (!text) fprintf(stderr, "ganc: out of memory\n"), exit(1);
    vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    buffer_put(&t->report, "FAIL %s: %s\n", t->path, text);
    free(text);
}

static void show(struct test *t, const struct buffer *b)
{
    if (b->length) diff_cut(&t->report, b->text, b->length, SHOWN_LINES);
}

struct line {
    const char *at;
    size_t length;
};

/* The next line of [*at, end), without its newline. */
static bool next_line(const char **at, const char *end, struct line *l)
{
    if (*at >= end) return false;
    const char *newline = memchr(*at, '\n', (size_t)(end - *at));
    *l = (struct line){*at, (size_t)((newline ? newline : end) - *at)};
    *at = newline ? newline + 1 : end;
    return true;
}

static const char *find(struct line l, const char *text)
{
    return memmem(l.at, l.length, text, strlen(text));
}

/* ---- diagnostics ---- */

/* A line `...error[E0302]...` or `...warning[W0702]...` of stderr. */
static bool is_diagnostic(struct line l)
{
    static const char *const words[] = {"error[", "warning["};
    for (int i = 0; i < 2; i++)
        for (const char *at = l.at; (at = memmem(at, l.length - (size_t)(at - l.at), words[i], strlen(words[i]))); at++) {
            const char *id = at + strlen(words[i]);
            if (l.at + l.length - id >= 2 && (*id == 'E' || *id == 'W') && id[1] >= '0' && id[1] <= '9') return true;
        }
    return false;
}

static bool mark_fits(const struct test *t, const struct test_mark *m, struct line l)
{
    struct buffer place = {0}, id = {0};
    buffer_put(&place, "%s:%u:", t->base, m->line);
    buffer_put(&id, "[%s]", m->id);
    bool fits = find(l, place.text) && find(l, id.text) && find(l, m->text);
    buffer_free(&place);
    buffer_free(&id);
    return fits;
}

/* Each mark takes one diagnostic; none may be left over. Without marks, an exit status that is wanted to be other than 0 says that there are some. */
static void judge_marks(struct test *t, const struct buffer *err)
{
    if (!t->marks.n && t->status != 0) return;
    struct arena *mem = arena_new();
    VEC(struct line) seen = {0};
    const char *at = err->text;
    for (struct line l; next_line(&at, err->text + err->length, &l);)
        if (is_diagnostic(l)) vec_push(mem, &seen, l);
    bool *taken = NEW_ARRAY(mem, bool, seen.n + 1);
    for (uint32_t i = 0; i < t->marks.n; i++) {
        const struct test_mark *m = &t->marks.at[i];
        uint32_t k = 0;
        while (k < seen.n && (taken[k] || !mark_fits(t, m, seen.at[k]))) k++;
        if (k < seen.n) taken[k] = true;
        else test_fail(t, "line %u: expected [%s]: %s", m->line, m->id, m->text);
    }
    for (uint32_t k = 0; k < seen.n; k++)
        if (!taken[k]) test_fail(t, "unexpected: %.*s", (int)(seen.at[k].length < 400 ? seen.at[k].length : 400), seen.at[k].at);
    arena_free(mem);
}

static void judge_says(struct test *t, const struct buffer *err)
{
    for (uint32_t i = 0; i < t->says.n; i++)
        if (!find((struct line){err->text, err->length}, t->says.at[i])) {
            test_fail(t, "it does not say: %s", t->says.at[i]);
            show(t, err);
        }
}

/* ---- HAS and NOT ---- */

/* Does the line make, or begin with, this operation: `%3 = matmul ...`, `    matmul ...`? */
static bool has_operation(struct line l, const char *op)
{
    size_t n = strlen(op);
    for (size_t i = 0; i + n <= l.length; i++) {
        if (memcmp(l.at + i, op, n) || (i + n < l.length && l.at[i + n] != ' ')) continue;
        bool first = true;
        for (size_t k = 0; k < i && first; k++) first = l.at[k] == ' ';
        if (first || (i >= 2 && l.at[i - 1] == ' ' && l.at[i - 2] == '=')) return true;
    }
    return false;
}

static void judge_counts(struct test *t, const struct buffer *out)
{
    for (uint32_t i = 0; i < t->counts.n; i++) {
        const struct test_count *c = &t->counts.at[i];
        const char *at = out->text;
        int64_t seen = 0;
        bool on = !t->in;
        for (struct line l; next_line(&at, out->text + out->length, &l);) {
            if (t->in && l.length && *l.at != ' ') on = l.length > 6 && !memcmp(l.at, "graph ", 6) && find(l, t->in);
            seen += on && has_operation(l, c->op);
        }
        if (c->count == 0 && seen) test_fail(t, "NOT %s: it is there (%lld)", c->op, (long long)seen);
        else if (c->count < 0 && !seen) test_fail(t, "HAS %s: it is not there", c->op);
        else if (c->count > 0 && seen != c->count) test_fail(t, "HAS %s %lld: there are %lld", c->op, (long long)c->count, (long long)seen);
    }
}

/* ---- the .expect ---- */

static uint32_t count_lines(const char *text, size_t length)
{
    uint32_t n = 0;
    for (size_t i = 0; i < length; i++) n += text[i] == '\n';
    return n + (length && text[length - 1] != '\n');
}

/* Under another name first, so that an interruption leaves the old one. */
static void write_expect(struct test *t, const struct buffer *out)
{
    struct buffer name = {0};
    buffer_put(&name, "%s.tmp%ld", t->expect, (long)getpid());
    FILE *f = fopen(name.text, "wb");
    bool good = f && fwrite(out->text ? out->text : "", 1, out->length, f) == out->length;
    int error = errno;
    if (f && fclose(f) && good) good = false, error = errno;
    if (good && rename(name.text, t->expect)) good = false, error = errno;
    if (!good) {
        test_fail(t, "cannot write %s: %s", t->expect, strerror(error));
        if (f) unlink(name.text);
    }
    buffer_free(&name);
}

/* The whole of a file; false where it is not there. Other faults are failures of the test. */
static bool read_expect(struct test *t, struct buffer *to)
{
    FILE *f = fopen(t->expect, "rb");
    if (!f && errno == ENOENT) return false;
    char piece[4096];
    size_t n = 0;
    while (f && (n = fread(piece, 1, sizeof piece, f)) > 0 && to->length < TEST_OUTPUT) buffer_bytes(to, piece, n);
    if (!f || ferror(f)) test_fail(t, "cannot read %s: %s", t->expect, strerror(errno));
    if (f) fclose(f);
    return true;
}

static size_t span_of(struct line l, size_t from, const char *set)
{
    size_t n = 0;
    while (from + n < l.length && strchr(set, l.at[from + n])) n++;
    return n;
}

/* Where in the library a note points moves with every change of the library: `<stdlib/layers.gan>:5:19: note` becomes `<stdlib/layers.gan>: note`,
 * and the number before the excerpt in the next line goes. */
static void without_library_places(const struct buffer *out, struct buffer *to)
{
    static const char digits[] = "0123456789";
    const char *at = out->text, *end = out->text + out->length;
    bool excerpt = false;
    for (struct line l; at && next_line(&at, end, &l);) {
        bool library = l.length > 7 && !memcmp(l.at, "<stdlib", 7);
        const char *close = library ? memmem(l.at, l.length, ">:", 2) : NULL;
        size_t spaces = span_of(l, 0, " "), number = excerpt ? span_of(l, spaces, digits) : 0, from = 0;
        if (close) {
            size_t first = (size_t)(close - l.at) + 2, n = span_of(l, first, "0123456789:");
            buffer_bytes(to, l.at, first);
            from = first + n;
        } else if (number && spaces + number + 1 < l.length && !memcmp(l.at + spaces + number, " |", 2)) {
            buffer_bytes(to, "      ", 6);
            from = spaces + number + 1;
        }
        buffer_bytes(to, l.at + from, l.length - from);
        if (at != end || end[-1] == '\n') buffer_bytes(to, "\n", 1);
        excerpt = library;
    }
}

static void judge_output(struct test *t, const struct buffer *whole, bool update)
{
    struct buffer stable = {0}, *out = &stable;
    without_library_places(whole, out);
    struct buffer want = {0}, text = {0};
    bool there = read_expect(t, &want);
    const char *base = strrchr(t->expect, '/') ? strrchr(t->expect, '/') + 1 : t->expect;
    if (!there && !t->compares) {
        buffer_free(&stable);
        return;
    }
    bool same = there && want.length == out->length && (!want.length || !memcmp(want.text, out->text, want.length));
    uint32_t lines = update ? count_lines(out->text, out->length) : count_lines(want.text, want.length);
    if (lines > TEST_LINES) test_fail(t, "%s has %u lines; the most is %d", base, lines, TEST_LINES);
    else if (update) {
        if (!same && !t->report.length) write_expect(t, out);
    } else if (!there) test_fail(t, "%s is not there (ganc test -u writes it)", base);
    else if (!same) {
        test_fail(t, "the output differs");
        diff_unified(&text, (struct diff_text){base, want.text, want.length}, (struct diff_text){"output", out->text, out->length});
        diff_cut(&t->report, text.text, text.length, TEST_DIFF_LINES);
    }
    buffer_free(&text);
    buffer_free(&want);
    buffer_free(&stable);
}

void test_judge(struct test *t, const struct outcome *o, bool update)
{
    bool ended = !o->late && !o->signal && o->out.length < TEST_OUTPUT && o->err.length < TEST_OUTPUT;
    if (o->late) test_fail(t, "it took more than %d seconds (# TIME: says how long it may take)", t->seconds);
    else if (o->signal) test_fail(t, "it was ended by signal %d (%s)", o->signal, strsignal(o->signal));
    else if (!ended) test_fail(t, "it prints more than %zu MB", TEST_OUTPUT >> 20);
    else if (o->status != t->status) test_fail(t, "exit status %d, not %d", o->status, t->status);
    if (t->report.length) {
        if (t->script) show(t, &o->out);
        show(t, &o->err);
    }
    if (t->script || !ended) return;
    judge_marks(t, &o->err);
    if (o->status != t->status) return; /* the rest follows from that */
    judge_says(t, &o->err);
    judge_counts(t, &o->out);
    judge_output(t, &o->out, update);
}
