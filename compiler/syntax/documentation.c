/* documentation.c: gives each declaration the ## comments that speak of it.
 *
 *     setting k = 1      ## after code: that line's declaration
 *                        ## and so does what continues it, in the same column
 *     ## on a line of its own: the next declaration
 *     setting rate = 0.1
 *
 * Consecutive lines join with a space. Inside a declaration, what stands outside of its block, or right after the
 * block's {, documents it: nothing there depends on where lines are broken, which the formatter may change. */
#include "syntax/parse.h"

#include <string.h>

/* The letters of a ## comment without the spaces around them. */
static struct span letters_of(const struct parse *p, struct span comment)
{
    const char *text = p->source->text;
    uint32_t at = comment.at + 2, end = comment.at + comment.length;
    while (at < end && (text[at] == ' ' || text[at] == '\t'))
        at++;
    while (end > at && (text[end - 1] == ' ' || text[end - 1] == '\t' || text[end - 1] == '\r'))
        end--;
    return span_at(comment.file, at, end - at);
}

static uint32_t line_of(const struct parse *p, uint32_t at)
{
    uint32_t low = 0, high = p->source->lines.n;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (p->source->lines.at[middle] <= at)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static uint32_t column_of(const struct parse *p, uint32_t at)
{
    return at - p->source->lines.at[line_of(p, at)];
}

/* Puts comments [from, to) together as the text of `declaration`, after what it has. */
static void document(struct parse *p, struct ast *declaration, uint32_t from, uint32_t to)
{
    size_t length = declaration->text ? strlen(declaration->text) + 1 : 0;
    for (uint32_t i = from; i < to; i++)
        length += letters_of(p, p->documentation.at[i].span).length + 1;
    char *text = arena_take(p->g->mem, length + 1), *end = text;
    if (declaration->text)
        end = stpcpy(end, declaration->text);
    for (uint32_t i = from; i < to; i++) {
        struct span letters = letters_of(p, p->documentation.at[i].span);
        if (end != text && letters.length)
            *end++ = ' ';
        memcpy(end, p->source->text + letters.at, letters.length);
        end += letters.length;
    }
    declaration->text = text;
}

/* Whether comment i goes on with what comment i - 1 says. */
static bool continues(const struct parse *p, uint32_t i)
{
    const struct comment *before = &p->documentation.at[i - 1], *c = &p->documentation.at[i];
    if (!c->own_line || line_of(p, c->span.at) != line_of(p, before->span.at) + 1)
        return false;
    return before->own_line || column_of(p, c->span.at) == column_of(p, before->span.at);
}

/* Goes on from *at to `end`, counting open braces; returns the last letter that is no space. */
static char count_braces(const struct parse *p, uint32_t *at, uint32_t end, int *depth)
{
    const char *text = p->source->text;
    char last = 0;
    for (; *at < end; ++*at) {
        char c = text[*at];
        if (c == '#') {
            while (*at < end && text[*at] != '\n')
                ++*at;
        } else if (c == '"') {
            for (++*at; *at < end && text[*at] != '"' && text[*at] != '\n'; ++*at)
                *at += text[*at] == '\\';
        }
        *depth += (c == '{') - (c == '}');
        if (c != '#' && c != ' ' && c != '\t')
            last = c;
    }
    return last;
}

void ast_document(struct parse *p, struct ast *file)
{
    uint32_t next = 0;    /* the first declaration that begins after the comment */
    uint32_t counted = 0; /* up to here, the braces of the declaration before are counted */
    int depth = 0;
    for (uint32_t from = 0, to; from < p->documentation.n; from = to) {
        for (to = from + 1; to < p->documentation.n && continues(p, to); to++)
            ;
        const struct comment *c = &p->documentation.at[from];
        while (next < file->n && file->kids[next]->span.at < c->span.at) {
            counted = file->kids[next++]->span.at;
            depth = 0;
        }
        struct ast *before = next ? file->kids[next - 1] : NULL;
        uint32_t end = before ? before->span.at + before->span.length : 0;
        struct ast *documented = NULL;
        if (c->own_line) {
            documented = c->span.at >= end && next < file->n ? file->kids[next] : NULL;
        } else if (before && c->span.at < end) {
            char last = count_braces(p, &counted, c->span.at, &depth);
            documented = depth == 0 || (depth == 1 && last == '{') ? before : NULL;
        } else if (before && line_of(p, c->span.at) == line_of(p, end - 1)) {
            documented = before;
        }
        if (documented && documented->kind != A_IMPORT)
            document(p, documented, from, to);
    }
}
