/* format.c: ganc fmt: the tree's text in lines, with the comments of the source.
 *
 * A declaration or statement is a unit: it begins a line. Its text is broken where the source has it broken; if a line
 * then comes out wider than FORMAT_WIDTH, more kinds of breaks are made, level after level, until all lines fit.
 * Comments stand before units, at their ends, and after the { of a block; a unit with a comment elsewhere inside is
 * left as it stands, but for its indentation. At most one blank line is kept between units. In consecutive lines,
 * names, operators and comments that the source has in one column stay in one.
 *
 * Each of these rules leaves alone what it has made itself: formatting twice changes nothing. */
#include "syntax/format.h"

#include <stdarg.h>
#include <string.h>

static uint32_t end_of(const struct ast *node)
{
    return node->span.at + node->span.length;
}

/* Columns that text takes: its code points. */
static uint32_t width_of(const char *text, size_t length)
{
    uint32_t width = 0;
    for (size_t i = 0; i < length; i++)
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

static bool has_newline(const struct format *f, uint32_t from, uint32_t to)
{
    return from < to && memchr(f->source->text + from, '\n', to - from);
}

/* ---- lines ---- */

static void cut_wide_line(struct format *f);

static void end_line(struct format *f, uint32_t next_indent)
{
    struct format_line *line = &f->current;
    cut_wide_line(f);
    f->soft = 0;
    while (f->text.length && f->text.text[f->text.length - 1] == ' ')
        f->text.length--;
    if (f->measuring) {
        uint32_t width = line->indent + width_of(f->text.text, f->text.length);
        if (width > f->widest)
            f->widest = width;
    } else {
        line->text = arena_string(f->mem, f->text.text, f->text.length);
        vec_push(f->mem, &f->lines, *line);
    }
    f->text.length = 0;
    *line = (struct format_line){.indent = next_indent};
}

/* Cuts the line at its soft break if it is too wide: a long chain of |> is filled into lines. */
static void cut_wide_line(struct format *f)
{
    if (!f->soft || f->current.indent + width_of(f->text.text, f->text.length) <= FORMAT_WIDTH)
        return;
    const char *rest = arena_string(f->mem, f->text.text + f->soft, f->text.length - f->soft);
    f->text.length = f->soft;
    f->soft = 0;
    end_line(f, f->base + FORMAT_INDENT);
    buffer_bytes(&f->text, rest, strlen(rest));
}

void format_put(struct format *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = arena_vformat(f->mem, format, args);
    va_end(args);
    buffer_bytes(&f->text, text, strlen(text));
}

void format_break_line(struct format *f)
{
    end_line(f, f->base + FORMAT_INDENT * (f->depth + 1));
}

void format_cut(struct format *f, int cut, uint32_t at)
{
    uint32_t line;
    if (f->measuring)
        return;
    f->current.cuts[cut].at = (uint32_t)f->text.length;
    source_place(f->source, at, &line, &f->current.cuts[cut].column);
}

static bool breaks_at_level(const struct format *f, enum format_break kind)
{
    if (f->level == FORMAT_LEVELS - 1)
        return true;
    switch (kind) {
    case BREAK_BLOCK: return f->level >= 1 && f->depth == 0;
    case BREAK_PIPE: return false; /* from level 2 on, format_pipe cuts where the line is full */
    case BREAK_TERM: case BREAK_CLAUSE: return f->level >= 3 && f->depth == 0;
    default: return f->level >= 4 && f->depth <= 1 && kind != BREAK_BODY;
    }
}

/* A place before |> where the line may be cut. */
void format_pipe(struct format *f)
{
    if (f->level < 2 || f->depth || f->flat)
        return;
    cut_wide_line(f);
    f->soft = f->text.length;
}

bool format_breaks(const struct format *f, enum format_break kind, const struct ast *before, const struct ast *after)
{
    if (!f->source || f->flat)
        return false;
    return has_newline(f, end_of(before), after->span.at) || breaks_at_level(f, kind);
}

/* ---- comments ---- */

/* Finds all comments of the source; strings are the only other place for a #. */
static void find_comments(struct format *f)
{
    const char *text = f->source->text;
    uint32_t length = (uint32_t)f->source->length, line = 1, line_start = 0;
    bool own_line = true;
    for (uint32_t at = 0; at < length; at++) {
        char c = text[at];
        if (c == '\n') {
            line++;
            line_start = at + 1;
            own_line = true;
        } else if (c == '"') {
            own_line = false;
            for (at++; at < length && text[at] != '"' && text[at] != '\n'; at++)
                at += text[at] == '\\';
        } else if (c == '#') {
            struct format_comment one = {.at = at, .line = line, .own_line = own_line};
            one.column = 1 + width_of(text + line_start, at - line_start);
            while (at < length && text[at] != '\n')
                at++;
            one.length = at-- - one.at;
            while (strchr(" \t\r", text[one.at + one.length - 1]))
                one.length--;
            const struct format_comment *last = f->comments.n ? &f->comments.at[f->comments.n - 1] : NULL;
            one.continues = own_line && last && (!last->own_line || last->continues) && last->line + 1 == line &&
                            last->column == one.column;
            vec_push(f->mem, &f->comments, one);
        } else if (c != ' ' && c != '\t' && c != '\r') {
            own_line = false;
        }
    }
}

static const struct format_comment *comment_before(struct format *f, uint32_t at)
{
    if (f->next_comment < f->comments.n && f->comments.at[f->next_comment].at < at)
        return &f->comments.at[f->next_comment++];
    return NULL;
}

static void set_comment(struct format *f, struct format_line *line, const struct format_comment *c)
{
    line->comment = arena_string(f->mem, f->source->text + c->at, c->length);
    line->comment_line = c->line;
    line->comment_column = c->column;
}

/* Whether a blank line stands before `at`, nothing else between. */
static bool blank_before(const struct format *f, uint32_t at)
{
    int newlines = 0;
    while (at > 0 && strchr(" \t\r\n;", f->source->text[at - 1]) && f->source->text[at - 1])
        newlines += f->source->text[--at] == '\n';
    return newlines > 1;
}

/* The comments before `at`, each in its line. `first`: nothing stands before them in the block. */
static void put_comments(struct format *f, uint32_t at, uint32_t indent, bool *first)
{
    for (const struct format_comment *c; (c = comment_before(f, at));) {
        struct format_line line = {.indent = indent, .blank_before = !*first && blank_before(f, c->at), .text = ""};
        if (c->continues)
            set_comment(f, &line, c);
        else
            line.text = arena_string(f->mem, f->source->text + c->at, c->length);
        vec_push(f->mem, &f->lines, line);
        *first = false;
    }
}

/* A comment after `at`, in the same line, goes to the end of the line that was put last. */
static void put_trailing(struct format *f, uint32_t at, struct format_line *line)
{
    if (f->next_comment >= f->comments.n)
        return;
    const struct format_comment *c = &f->comments.at[f->next_comment];
    if (c->at < at || c->own_line)
        return;
    for (uint32_t i = at; i < c->at; i++)
        if (!strchr(" \t\r;", f->source->text[i]))
            return;
    f->next_comment++;
    set_comment(f, line, c);
}

/* Whether comments [first, ...) before `end` stand inside of `node`, but in none of its blocks. */
static bool has_inner_comment(const struct format *f, const struct ast *node, uint32_t *next)
{
    if (!node || *next >= f->comments.n || f->comments.at[*next].at >= end_of(node))
        return false;
    if (node->kind == A_BLOCK) {
        if (f->comments.at[*next].at < node->span.at)
            return true;
        while (*next < f->comments.n && f->comments.at[*next].at < end_of(node))
            ++*next;
        return false;
    }
    for (uint32_t i = 0; i < node->n; i++)
        if (has_inner_comment(f, node->kids[i], next))
            return true;
    return *next < f->comments.n && f->comments.at[*next].at < end_of(node);
}

/* ---- units ---- */

/* The lines of the unit as they stand in the source, moved from its line's indentation to `indent`. */
static void put_verbatim(struct format *f, const struct ast *unit, uint32_t indent)
{
    const char *text = f->source->text;
    uint32_t at = unit->span.at, end = end_of(unit), own = 0, line_start = at;
    while (line_start > 0 && text[line_start - 1] != '\n')
        line_start--;
    while (text[line_start + own] == ' ' || text[line_start + own] == '\t')
        own++;
    for (bool first = true; at < end; first = false) {
        uint32_t stop = at, spaces = 0;
        while (stop < end && text[stop] != '\n')
            stop++;
        if (!first)
            while (at < stop && (text[at] == ' ' || text[at] == '\t'))
                at++, spaces++;
        uint32_t length = stop - at;
        while (length && strchr(" \t\r", text[at + length - 1]))
            length--;
        if (!first)
            end_line(f, length ? indent + (spaces > own ? spaces - own : 0) : 0);
        buffer_bytes(&f->text, text + at, length);
        at = stop + 1;
    }
    while (f->next_comment < f->comments.n && f->comments.at[f->next_comment].at < end)
        f->next_comment++;
}

/* The lowest level whose lines all fit. */
static int level_that_fits(struct format *f, const struct ast *unit, uint32_t indent)
{
    struct buffer outer_text = f->text;
    struct format_line outer_line = f->current;
    f->measuring = true;
    for (f->level = 0; f->level < FORMAT_LEVELS - 1; f->level++) {
        f->text = (struct buffer){0};
        f->soft = f->widest = 0;
        f->current.indent = indent;
        format_node(f, unit);
        end_line(f, 0);
        buffer_free(&f->text);
        if (f->widest <= FORMAT_WIDTH)
            break;
    }
    f->measuring = false;
    f->text = outer_text;
    f->current = outer_line;
    f->soft = 0;
    return f->level;
}

/* Puts a declaration or statement as lines of its own. `next`: the one after it in the block, or NULL. */
static void put_unit(struct format *f, const struct ast *unit, const struct ast *next, uint32_t indent, bool *first)
{
    put_comments(f, unit->span.at, indent, first);
    uint32_t column, depth = f->depth, flat = f->flat, base = f->base, comment = f->next_comment;
    int level = f->level;
    f->depth = f->flat = 0;
    f->base = indent;
    f->current = (struct format_line){.indent = indent, .blank_before = !*first && blank_before(f, unit->span.at)};
    source_place(f->source, unit->span.at, &f->current.line, &column);
    if (has_inner_comment(f, unit, &comment)) {
        put_verbatim(f, unit, indent);
    } else {
        f->level = level_that_fits(f, unit, indent);
        format_node(f, unit);
    }
    if (next && format_begins_with_minus(next)) /* or it would go on with this one */
        format_put(f, ";");
    put_trailing(f, end_of(unit), &f->current);
    end_line(f, 0);
    f->depth = depth, f->flat = flat, f->base = base, f->level = level;
    *first = false;
}

void format_block(struct format *f, const struct ast *block)
{
    bool comments = f->source && !f->flat && !f->measuring && f->next_comment < f->comments.n &&
                    f->comments.at[f->next_comment].at < end_of(block);
    bool lines = f->source && !f->flat && (block->n || comments) &&
                 (has_newline(f, block->span.at, end_of(block)) || breaks_at_level(f, BREAK_BLOCK));
    if (!lines) {
        format_put(f, block->n ? "{ " : "{");
        f->flat++;
        for (uint32_t i = 0; i < block->n; i++) {
            format_put(f, i ? "; " : "");
            format_node(f, block->kids[i]);
        }
        f->flat--;
        format_put(f, block->n ? " }" : "}");
        return;
    }
    format_put(f, "{");
    cut_wide_line(f);
    uint32_t indent = f->current.indent;
    if (f->measuring) {
        end_line(f, indent);
    } else {
        put_trailing(f, block->span.at + 1, &f->current);
        end_line(f, 0);
        bool first = true;
        for (uint32_t i = 0; i < block->n; i++)
            put_unit(f, block->kids[i], i + 1 < block->n ? block->kids[i + 1] : NULL, indent + FORMAT_INDENT, &first);
        put_comments(f, end_of(block), indent + FORMAT_INDENT, &first);
        f->current = (struct format_line){.indent = indent};
    }
    format_put(f, "}");
}

/* ---- alignment ---- */

static uint32_t padding_before(const struct format_line *line, const uint32_t *pads, int cut)
{
    uint32_t padding = 0;
    for (int i = 0; i <= cut; i++)
        padding += line->cuts[i].column ? pads[i] : 0;
    return padding;
}

/* Pads cut number `cut` of lines [from, to) to the column of the rightmost. */
static void align_run(struct format *f, uint32_t (*pads)[FORMAT_CUTS], uint32_t from, uint32_t to, int cut)
{
    uint32_t rightmost = 0;
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = from; i < to; i++) {
            const struct format_line *line = &f->lines.at[i];
            uint32_t at = width_of(line->text, line->cuts[cut].at) + padding_before(line, pads[i], cut - 1);
            if (pass == 0 && at > rightmost)
                rightmost = at;
            if (pass == 1)
                pads[i][cut] = rightmost - at;
        }
}

static void align_cuts(struct format *f, uint32_t (*pads)[FORMAT_CUTS])
{
    for (int cut = 0; cut < FORMAT_CUTS; cut++)
        for (uint32_t from = 0, to; from < f->lines.n; from = to) {
            const struct format_line *line = &f->lines.at[from];
            to = from + 1;
            if (!line->line || !line->cuts[cut].column)
                continue;
            while (to < f->lines.n && f->lines.at[to].line == line->line + (to - from) && f->lines.at[to].indent == line->indent &&
                   f->lines.at[to].cuts[cut].column == line->cuts[cut].column)
                to++;
            align_run(f, pads, from, to, cut);
        }
}

/* A line's text with its padding. */
static void put_padded(struct buffer *to, const struct format_line *line, const uint32_t *pads)
{
    uint32_t done = 0;
    for (int cut = 0; cut < FORMAT_CUTS; cut++)
        if (line->cuts[cut].column) {
            buffer_bytes(to, line->text + done, line->cuts[cut].at - done);
            buffer_put(to, "%*s", (int)pads[cut], "");
            done = line->cuts[cut].at;
        }
    buffer_bytes(to, line->text + done, strlen(line->text + done));
}

/* The column of the comments at the ends of lines [from, ...) that the source has in one column; sets where they end. */
static uint32_t comment_column(const struct format *f, const uint32_t (*pads)[FORMAT_CUTS], uint32_t from, uint32_t *to)
{
    const struct format_line *first = &f->lines.at[from];
    uint32_t column = 0;
    for (*to = from; *to < f->lines.n; ++*to) {
        const struct format_line *line = &f->lines.at[*to];
        if (!line->comment || line->comment_line != first->comment_line + (*to - from) ||
            line->comment_column != first->comment_column)
            break;
        uint32_t width = line->indent + width_of(line->text, strlen(line->text)) +
                         padding_before(line, pads[*to], FORMAT_CUTS - 1);
        if (!line->text[0]) /* a comment that continues the one above */
            width = 0;
        if (width > column)
            column = width;
    }
    return column + 2;
}

static void put_lines(struct buffer *to, struct format *f)
{
    uint32_t(*pads)[FORMAT_CUTS] = arena_take(f->mem, sizeof *pads * f->lines.n);
    align_cuts(f, pads);
    uint32_t run_end = 0, column = 0;
    for (uint32_t i = 0; i < f->lines.n; i++) {
        const struct format_line *line = &f->lines.at[i];
        if (line->blank_before)
            buffer_put(to, "\n");
        size_t start = to->length;
        if (line->text[0]) {
            buffer_put(to, "%*s", (int)line->indent, "");
            put_padded(to, line, pads[i]);
        }
        if (line->comment) {
            if (i >= run_end)
                column = comment_column(f, (const uint32_t(*)[FORMAT_CUTS])pads, i, &run_end);
            uint32_t width = width_of(to->text + start, to->length - start);
            buffer_put(to, "%*s%s", column > width ? (int)(column - width) : 2, "", line->comment);
        }
        buffer_put(to, "\n");
    }
}

void ast_format(struct buffer *to, const struct ganc *g, const struct ast *file)
{
    struct format f = {.g = g, .source = g->sources.at[file->span.file], .mem = arena_new()};
    bool first = true;
    find_comments(&f);
    for (uint32_t i = 0; i < file->n; i++)
        put_unit(&f, file->kids[i], NULL, 0, &first);
    put_comments(&f, UINT32_MAX, 0, &first);
    buffer_bytes(to, "", 0);
    put_lines(to, &f);
    buffer_free(&f.text);
    arena_free(f.mem);
}

void ast_expression(struct buffer *to, const struct ast *expression)
{
    struct format f = {.mem = arena_new()};
    format_node(&f, expression);
    buffer_bytes(to, f.text.text, f.text.length);
    buffer_free(&f.text);
    arena_free(f.mem);
}
