/* library.c: `ganc library`: what the standard library defines, as Markdown, from its files' own words: a table for each file, with its first comment,
 * and of each declaration that has a ## comment its head as written and that comment. */
#include "elaborate/library.h"
#include "base/diag.h"
#include "syntax/ast.h"

#include <string.h>

/* The first comment of a file, "# layers.gan: ...", without its name: up to the first line that is empty or no comment. */
static void put_introduction(struct buffer *to, const char *text)
{
    const char *from = strchr(text, ':');
    bool begun = false;
    for (from = from ? from + 1 : text; *from && (*from != '\n' || (from[1] == '#' && from[2] == ' ')); from++) {
        if (*from == '\n') from++; /* the next line's # */
        else if (*from != ' ' || begun) buffer_put(to, "%c", *from), begun = true;
    }
}

/* A declaration's head as written: from its name to the end of its parameters, and the shape of a layer's result. */
static void put_head(struct buffer *to, const struct source *s, const struct ast *d)
{
    uint32_t at = d->name_span.at, depth = 0, end;
    while (at < s->length && s->text[at] != '(') at++;
    for (end = at; end < s->length; end++) {
        depth += s->text[end] == '(';
        depth -= s->text[end] == ')';
        if (!depth) break;
    }
    end++;
    if (d->kind == A_LAYER && d->kids[1]) end = d->kids[1]->span.at + d->kids[1]->span.length;
    buffer_put(to, "%.*s", (int)(end - d->name_span.at), s->text + d->name_span.at);
}

static void put_cell(struct buffer *to, const char *text)
{
    for (; *text; text++) buffer_put(to, *text == '|' ? "\\|" : "%c", *text);
}

void library_print_docs(struct ganc *g, struct buffer *to)
{
    buffer_put(to, "# The standard library\n\n"
                   "Generated from the files of stdlib/ (`ganc library`). A shape is that of one example: `[..., c]` has any axes before\n"
                   "the channels.\n");
    for (unsigned i = 0; i < library_count; i++) {
        uint32_t file;
        const struct source *s = source_add(g, library_files[i].name, library_files[i].text, library_files[i].length, &file);
        const struct ast *tree = ast_parse(g, file, true);
        bool begun = false;
        for (uint32_t k = 0; tree && k < tree->n; k++) {
            const struct ast *d = tree->kids[k];
            if (!d->text || !d->name) continue;
            if (!begun) {
                buffer_put(to, "\n## %s\n\n", s->name);
                put_introduction(to, s->text);
                buffer_put(to, "\n\n| name | what it is |\n| --- | --- |\n");
            }
            begun = true;
            buffer_put(to, "| `");
            put_head(to, s, d);
            buffer_put(to, "` | ");
            put_cell(to, d->text);
            buffer_put(to, " |\n");
        }
    }
}
