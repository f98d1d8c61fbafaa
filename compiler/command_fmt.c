/* command_fmt.c: `ganc fmt`: a model in canonical layout: printed, put in its place, or only compared (--check names the files that differ, --diff shows
 * how; status 1 where any does). */
#include "base/buffer.h"
#include "base/diff.h"
#include "command.h"

#include <stdio.h>
#include <string.h>

static void print_diff(const char *path, const struct source *s, const struct buffer *b)
{
    struct buffer text = {0}, name = {0};
    buffer_put(&name, "%s, formatted", path);
    diff_unified(&text, (struct diff_text){path, s->text, s->length}, (struct diff_text){name.text, b->text, b->length});
    fwrite(text.text, 1, text.length, stdout);
    buffer_free(&text);
    buffer_free(&name);
}

int command_fmt(struct compilation *c, struct options *o)
{
    bool check = option_given(o, "--check"), diff = option_given(o, "--diff"), in_place = option_given(o, "-i");
    int status = 0;
    if (in_place && (check || diff)) return usage_error("%s", "-i writes the files: it does not go with --check or --diff");
    for (uint32_t i = 0; i < o->files.n; i++) {
        uint32_t file, errors = diag_errors(c->g);
        struct source *s = source_read(c->g, o->files.at[i], &file);
        struct ast *tree = s ? ast_parse(c->g, file, false) : NULL;
        if (!tree || diag_errors(c->g) > errors) continue; /* a file with errors stays as it is */
        struct buffer b = {0};
        ast_format(&b, c->g, tree);
        bool same = b.length == s->length && !memcmp(b.text, s->text, b.length);
        if (check || diff) {
            if (!same) status = 1;
            if (!same && check) printf("%s\n", o->files.at[i]);
            if (!same && diff) print_diff(o->files.at[i], s, &b);
        } else if (in_place) {
            if (!same) write_file(c->g, o->files.at[i], b.text, b.length);
        } else fwrite(b.text ? b.text : "", 1, b.length, stdout);
        buffer_free(&b);
    }
    return command_finish(c, o, status);
}
