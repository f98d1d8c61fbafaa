/* diag_json.c: prints the collected diagnostics for tools: a JSON object a line (--diagnostics=json), whose keys errors.md lists. */
#include "base/buffer.h"
#include "base/diag.h"
#include "base/diag_internal.h"

#include <string.h>

enum { LONGEST_EXCERPT = 1000 }; /* bytes; a line may be a megabyte long, and have a hundred errors */

/* Quoted; what is not UTF-8 becomes U+FFFD. */
static void put_string(struct buffer *to, const char *at, const char *end)
{
    buffer_put(to, "\"");
    while (at < end) {
        uint32_t length;
        int32_t point = diag_code_point(at, end, &length);
        if (point == '"' || point == '\\')
            buffer_put(to, "\\%c", point);
        else if (point < 0)
            buffer_put(to, "\\ufffd");
        else if (point < 0x20 || point == 0x7f || point == 0x2028 || point == 0x2029) /* the last two end a line in JavaScript */
            buffer_put(to, "\\u%04x", (unsigned)point);
        else
            buffer_bytes(to, at, length);
        at += length;
    }
    buffer_put(to, "\"");
}

static void put_member(struct buffer *to, const char *key, const char *text)
{
    buffer_put(to, ",\"%s\":", key);
    put_string(to, text, text + strlen(text));
}

/* ,"file":...,"line":...,"column":...,"end_line":...,"end_column":...   or nothing, for nowhere */
static void put_place(struct buffer *to, const struct ganc *g, struct span where)
{
    if (!where.file || where.file >= g->sources.n)
        return;
    const struct source *s = g->sources.at[where.file];
    uint32_t line, column, end_line, end_column;
    source_place(s, where.at, &line, &column);
    source_place(s, where.at + where.length, &end_line, &end_column);
    put_member(to, "file", s->name);
    buffer_put(to, ",\"line\":%u,\"column\":%u,\"end_line\":%u,\"end_column\":%u", line, column, end_line, end_column);
}

/* The line that the span begins on. */
static void put_excerpt(struct buffer *to, const struct ganc *g, struct span where)
{
    if (!where.file || where.file >= g->sources.n)
        return;
    const struct source *s = g->sources.at[where.file];
    uint32_t line, column;
    source_place(s, where.at, &line, &column);
    uint32_t start = s->lines.at[line - 1], end = start;
    while (end < s->length && s->text[end] != '\n' && end - start < LONGEST_EXCERPT)
        end++;
    while (end > start && end < s->length && ((unsigned char)s->text[end] & 0xc0) == 0x80)
        end--;
    buffer_put(to, ",\"excerpt\":");
    put_string(to, s->text + start, s->text + end - (end > start && s->text[end - 1] == '\r'));
}

static void put_notes(struct buffer *to, const struct ganc *g, const struct diagnostic *d)
{
    const char *comma = "";
    buffer_put(to, ",\"notes\":[");
    for (int kind = REMARK_NOTE; kind < REMARK_HELP; kind++)
        for (uint32_t i = 0; i < d->remarks.n; i++) {
            const struct diag_remark *r = &d->remarks.at[i];
            if ((int)r->kind != kind)
                continue;
            buffer_put(to, "%s{\"message\":", comma);
            put_string(to, r->text, r->text + strlen(r->text));
            put_place(to, g, r->where);
            buffer_put(to, "}");
            comma = ",";
        }
    buffer_put(to, "]");
}

static void put_help(struct buffer *to, const struct diagnostic *d)
{
    const char *comma = "";
    buffer_put(to, ",\"help\":[");
    for (uint32_t i = 0; i < d->remarks.n; i++) {
        const struct diag_remark *r = &d->remarks.at[i];
        if (r->kind != REMARK_HELP)
            continue;
        buffer_put(to, "%s", comma);
        put_string(to, r->text, r->text + strlen(r->text));
        comma = ",";
    }
    buffer_put(to, "]");
}

static void put_object(struct buffer *to, const struct ganc *g, const struct diagnostic *one, const void *how)
{
    (void)how;
    buffer_put(to, "{\"severity\":\"%s\",\"id\":\"%s\"", one->severity == SEVERITY_ERROR ? "error" : "warning", diag_name(one->id));
    if (diag_option(one->id)[0])
        put_member(to, "name", diag_option(one->id));
    put_member(to, "message", one->text);
    put_place(to, g, one->where);
    put_excerpt(to, g, one->where);
    put_notes(to, g, one);
    put_help(to, one);
    buffer_put(to, "}\n");
}

uint32_t diag_print_json(struct ganc *g, FILE *to)
{
    return diagnostics_write(g, to, put_object, NULL);
}
