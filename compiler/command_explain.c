/* command_explain.c: `ganc explain E0203`: the page of a message, from compiler/docs/errors.md, which is part of ganc; `ganc explain`: all messages. */
#include "base/buffer.h"
#include "command.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

extern const char errors_page[]; /* generated from errors.md by cmake/embed.cmake */

enum { WIDTH = 80 };

/* A message without its arguments: "... takes ..., but ... gives ...". */
static void put_message(struct buffer *to, const char *format, const char *end)
{
    for (const char *at = format; at < end && *at; at++) {
        if (*at != '%') {
            buffer_bytes(to, at, 1);
            continue;
        }
        while (at[1] && !isalpha((unsigned char)at[1])) at++;
        while (at[1] == 'l') at++;
        at++;
        buffer_put(to, "...");
    }
}

static void put_blank_line(struct buffer *to)
{
    if (to->length < 2 || memcmp(to->text + to->length - 2, "\n\n", 2)) buffer_put(to, "\n");
}

/* The end of the paragraph at `at`: before an empty line or a fence. */
static const char *paragraph_end(const char *at)
{
    const char *end = at;
    while (*end && (end[0] != '\n' || (end[1] != '\n' && end[1] != '`' && end[1]))) end++;
    return end;
}

/* A paragraph in lines of WIDTH; the marks of emphasis are left out. */
static void put_paragraph(struct buffer *to, const char *at, const char *end)
{
    size_t column = 0;
    bool code = false;
    while (at < end) {
        while (at < end && (*at == ' ' || *at == '\n')) at++;
        const char *word = at;
        size_t columns = 0;
        for (; at < end && *at != ' ' && *at != '\n'; at++) columns += ((unsigned char)*at & 0xc0) != 0x80;
        if (at == word) break;
        if (column && column + 1 + columns > WIDTH) {
            buffer_put(to, "\n");
            column = 0;
        }
        if (column) buffer_put(to, " ");
        column += columns + (column > 0);
        for (const char *c = word; c < at; c++) {
            code ^= *c == '`';
            if (code || *c != '*') buffer_bytes(to, c, 1);
        }
    }
    buffer_put(to, "\n");
}

/* One entry of the page, up to the next heading: its program, the command and what ganc says are indented. */
static void put_entry(struct buffer *to, const char *at)
{
    bool fenced = false, heading = true;
    for (const char *end; *at; at = *end ? end + 1 : end) {
        end = strchr(at, '\n');
        if (!end) end = at + strlen(at);
        if (!heading && !fenced && at[0] == '#') break;
        if (heading) {
            put_message(to, at + 4, end);
            buffer_put(to, "\n");
        } else if (!strncmp(at, "```", 3)) {
            fenced = !fenced;
            put_blank_line(to);
            if (fenced && !strncmp(at, "```text", 7)) buffer_put(to, "ganc says:\n\n");
        } else if (fenced) {
            buffer_put(to, "    ");
            buffer_bytes(to, at, (size_t)(end - at));
            buffer_put(to, "\n");
        } else if (at == end) {
            if (end[1] && end[1] != '#') put_blank_line(to);
        } else put_paragraph(to, at, end = paragraph_end(at));
        heading = false;
    }
}

static bool same_word(const char *a, const char *b)
{
    while (*a && tolower((unsigned char)*a) == tolower((unsigned char)*b)) a++, b++;
    return !*a && !*b;
}

/* By number or by a warning's name. */
static bool explain(struct buffer *to, const char *what)
{
    for (int i = 0; i < DIAG_COUNT; i++) {
        const char *id = diag_name((enum diag_id)i), *name = diag_option((enum diag_id)i);
        if (!same_word(what, id) && !(name[0] && same_word(what, name))) continue;
        for (const char *at = errors_page; (at = strstr(at, "\n### ")); at++)
            if (!strncmp(at + 5, id, strlen(id)) && at[5 + strlen(id)] == ':') {
                if (to->length) buffer_put(to, "\n");
                put_entry(to, at + 1);
                return true;
            }
    }
    return false;
}

static int unknown(struct compilation *c, const char *what)
{
    const char *known[2 * DIAG_COUNT];
    uint32_t n = 0;
    for (int i = 0; i < DIAG_COUNT; i++) {
        known[n++] = diag_name((enum diag_id)i);
        if (diag_option((enum diag_id)i)[0]) known[n++] = diag_option((enum diag_id)i);
    }
    const char *near = nearest_name(what, known, n);
    if (!near) return usage_error("there is no message %s: `ganc explain` lists all", what);
    return usage_error("there is no message %s", arena_format(c->g->mem, "%s: did you mean %s?", what, near));
}

static void list(struct buffer *to)
{
    for (int i = 0; i < DIAG_COUNT; i++) {
        const char *format = diag_format((enum diag_id)i), *name = diag_option((enum diag_id)i);
        buffer_put(to, "%s  ", diag_name((enum diag_id)i));
        put_message(to, format, format + strlen(format));
        if (name[0]) buffer_put(to, " [%s]", name);
        buffer_put(to, "\n");
    }
}

int command_explain(struct compilation *c, struct options *o)
{
    struct buffer b = {0};
    int status = 0;
    for (uint32_t i = 0; i < o->files.n && !status; i++)
        if (!explain(&b, o->files.at[i])) status = unknown(c, o->files.at[i]);
    if (!o->files.n) list(&b);
    if (!status) write_file(c->g, o->output ? o->output : "-", b.text, b.length);
    buffer_free(&b);
    return command_finish(c, o, status);
}
