/* diag_print.c: prints the collected diagnostics for people (LANGUAGE section 10); diag_json.c does for tools.
 *
 *     gan_mnist.gan:25:60: error[E0203]: D takes [784], but G gives [28, 28]
 *        25 | value V = E[x ~ digits] log(D(x)) + E[z ~ noise] log(1 - D(G(z)))
 *           |                                                            ^~~~
 *     gan_mnist.gan:18:1: note: D is declared here, x having the shape of digits, [784]
 *        help: flatten it first: D(G(z) |> flatten)
 *
 * An excerpt never shows more of a line than a terminal is wide: the cost of a diagnostic does not grow with its line. */
#include "base/buffer.h"
#include "base/diag.h"
#include "base/diag_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TAB = 4, BEFORE = 110, WIDEST = 170 }; /* columns shown before the span's start, and in all */

struct style {
    const char *place, *error, *warning, *note, *help, *mark, *end;
};
static const struct style plain = {"", "", "", "", "", "", ""};
static const struct style colored = {"\033[1m", "\033[1;31m", "\033[1;35m", "\033[1;36m", "\033[1;36m", "\033[1;32m", "\033[0m"};

/* The code point at `at` (before `end`) and its length in bytes; -1 and 1 for a byte that is not UTF-8. */
int32_t diag_code_point(const char *at, const char *end, uint32_t *length)
{
    const unsigned char *c = (const unsigned char *)at;
    *length = 1;
    if (c[0] < 0x80)
        return c[0];
    uint32_t n = c[0] >= 0xf0 && c[0] < 0xf5 ? 4 : c[0] >= 0xe0 && c[0] < 0xf0 ? 3 : c[0] >= 0xc2 && c[0] < 0xe0 ? 2 : 0;
    if (!n || n > (size_t)(end - at))
        return -1;
    int32_t point = c[0] & (0xff >> (n + 1));
    for (uint32_t i = 1; i < n; i++) {
        if ((c[i] & 0xc0) != 0x80)
            return -1;
        point = point << 6 | (c[i] & 0x3f);
    }
    if ((n == 3 && point < 0x800) || (n == 4 && (point < 0x10000 || point > 0x10ffff)) || (point >= 0xd800 && point < 0xe000))
        return -1;
    *length = n;
    return point;
}

/* Columns of a terminal: 0 for marks that combine, 2 for East Asian wide letters and pictographs (Unicode's
 * EastAsianWidth, by blocks). */
static uint32_t width_of(int32_t point)
{
    static const struct {
        int32_t low, high;
        uint32_t width;
    } ranges[] = {
        {0x300, 0x36f, 0},      {0x200b, 0x200f, 0},    {0x20d0, 0x20ff, 0},    {0xfe00, 0xfe0f, 0},
        {0x1100, 0x115f, 2},    {0x2e80, 0xa4cf, 2},    {0xac00, 0xd7a3, 2},    {0xf900, 0xfaff, 2},
        {0xfe30, 0xfe6f, 2},    {0xff00, 0xff60, 2},    {0xffe0, 0xffe6, 2},    {0x1f300, 0x1faff, 2},
        {0x20000, 0x3fffd, 2},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (point >= ranges[i].low && point <= ranges[i].high)
            return ranges[i].width;
    return 1;
}

/* Puts the letters of [at, end) as a terminal can show them; returns the columns they take. `column`: where it starts,
 * for tabs; `room`: columns at most. */
static uint32_t put_letters(struct buffer *to, const char *at, const char *end, uint32_t column, uint32_t room)
{
    uint32_t start = column;
    while (at < end && column - start < room) {
        uint32_t length;
        int32_t point = diag_code_point(at, end, &length);
        if (point == '\t') {
            uint32_t spaces = TAB - column % TAB;
            buffer_put(to, "%*s", (int)spaces, "");
            column += spaces;
        } else if (point < 0x20 || (point >= 0x7f && point < 0xa0) || (point >= 0x202a && point <= 0x202e)) {
            buffer_put(to, "\xef\xbf\xbd"); /* the replacement character: no control may reach a terminal */
            column++;
        } else {
            buffer_bytes(to, at, length);
            column += width_of(point);
        }
        at += length;
    }
    return column - start;
}

/* Text from elsewhere (a message quotes names and paths): its controls do not reach the terminal either. */
static void put_text(struct buffer *to, const char *text)
{
    for (const char *at = text, *end; *at; at = *end ? end + 1 : end) {
        end = strchr(at, '\n');
        if (!end)
            end = at + strlen(at);
        put_letters(to, at, end, 0, UINT32_MAX);
        if (*end)
            buffer_put(to, "\n   ");
    }
}

static void put_excerpt(struct buffer *to, const struct source *s, struct span where, uint32_t line, const struct style *style)
{
    uint32_t start = s->lines.at[line - 1], at = where.at < s->length ? where.at : (uint32_t)s->length;
    if (at < start) /* in the byte order mark */
        at = start;
    uint32_t from = at - start > BEFORE ? at - BEFORE : start;
    while (from < at && from > start && ((unsigned char)s->text[from] & 0xc0) == 0x80)
        from++;
    /* the line's end, looked for no further than can be shown */
    uint32_t stop = at, last = (uint32_t)(s->length - at < 4 * WIDEST ? s->length : at + 4 * WIDEST);
    while (stop < last && s->text[stop] != '\n')
        stop++;
    bool cut = stop == last && stop < s->length;
    if (stop > at && s->text[stop - 1] == '\r')
        stop--;
    uint32_t end = where.length < stop - at ? at + where.length : stop;

    buffer_put(to, "%5u | %s", line, from > start ? "..." : "");
    uint32_t before = put_letters(to, s->text + from, s->text + at, 0, UINT32_MAX);
    uint32_t room = WIDEST > before ? WIDEST - before : 1;
    uint32_t under = put_letters(to, s->text + at, s->text + end, before, room);
    uint32_t after = under < room ? put_letters(to, s->text + end, s->text + stop, before + under, room - under) : room;
    buffer_put(to, "%s\n      | ", cut || (under + after >= room) ? "..." : "");
    buffer_put(to, "%*s%s^", (int)(before + (from > start ? 3 : 0)), "", style->mark);
    for (uint32_t i = 1; i < under; i++)
        buffer_bytes(to, "~", 1);
    buffer_put(to, "%s\n", style->end);
}

static void put_place(struct buffer *to, const struct ganc *g, struct span where, const struct style *style, uint32_t *line)
{
    if (!where.file || where.file >= g->sources.n) {
        *line = 0;
        return;
    }
    uint32_t column;
    source_place(g->sources.at[where.file], where.at, line, &column);
    buffer_put(to, "%s%s:%u:%u:%s ", style->place, g->sources.at[where.file]->name, *line, column, style->end);
}

/* A note into the library shows the line: its reader has no such file at hand. */
static void put_remark(struct buffer *to, const struct ganc *g, const struct diag_remark *r, const struct style *style)
{
    uint32_t line = 0;
    if (r->kind == REMARK_HELP) {
        buffer_put(to, "   %shelp:%s ", style->help, style->end);
    } else {
        put_place(to, g, r->where, style, &line);
        buffer_put(to, "%s%snote:%s ", line ? "" : "   ", style->note, style->end);
    }
    put_text(to, r->text);
    buffer_put(to, "\n");
    if (line && g->sources.at[r->where.file]->library)
        put_excerpt(to, g->sources.at[r->where.file], r->where, line, style);
}

static void put_diagnostic(struct buffer *to, const struct ganc *g, const struct diagnostic *d, const void *how)
{
    const struct style *style = how;
    uint32_t line;
    bool error = d->severity == SEVERITY_ERROR;
    put_place(to, g, d->where, style, &line);
    buffer_put(to, "%s%s%s[%s]:%s ", line ? "" : "ganc: ", error ? style->error : style->warning,
               error ? "error" : "warning", diag_name(d->id), style->end);
    put_text(to, d->text);
    if (diag_option(d->id)[0])
        buffer_put(to, diag_severity_of(d->id) == d->severity ? " [-W%s]" : " [-Werror=%s]", diag_option(d->id));
    buffer_put(to, "\n");
    if (line)
        put_excerpt(to, g->sources.at[d->where.file], d->where, line, style);
    for (int kind = 0; kind < REMARK_KINDS; kind++)
        for (uint32_t i = 0; i < d->remarks.n; i++)
            if ((int)d->remarks.at[i].kind == kind)
                put_remark(to, g, &d->remarks.at[i], style);
}

static bool wants_color(FILE *to, enum diag_color color)
{
    if (color != COLOR_AUTO)
        return color == COLOR_ALWAYS;
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    return !(no_color && *no_color) && term && strcmp(term, "dumb") && isatty(fileno(to));
}

uint32_t diagnostics_write(struct ganc *g, FILE *to, diagnostic_put *put, const void *how)
{
    struct diagnostics *d = g->diagnostics;
    struct buffer text = {0};
    diagnostics_sort(d);
    for (uint32_t i = 0; i < d->list.n; i++) {
        put(&text, g, &d->list.at[i], how);
        fwrite(text.text, 1, text.length, to);
        text.length = 0;
    }
    buffer_free(&text);
    uint32_t errors = d->errors;
    diagnostics_forget(d);
    return errors;
}

uint32_t diag_print(struct ganc *g, FILE *to, enum diag_color color)
{
    return diagnostics_write(g, to, put_diagnostic, wants_color(to, color) ? &colored : &plain);
}
