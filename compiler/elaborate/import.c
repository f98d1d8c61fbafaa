/* import.c: `import "FILE"` and `import NAME`: the files that a model consists of.
 *
 * A file's declarations take the place of its import, as if they stood there. Each file is read once, whoever imports it and by
 * whatever path; so a circle of imports is harmless. A module of the library only adds to the names that the library gives. */
#include "base/buffer.h"
#include "elaborate/internal.h"
#include "elaborate/library.h"
#include "graph/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MOST_FILES 1000 /* of one model: a chain of imports is as deep on the stack */

struct identity { /* of a file, whatever its path */
    dev_t device;
    ino_t number;
};

struct reader {
    struct ganc *g;
    struct imports *into;
    VEC(struct identity) seen;
    VEC(struct ast *) declarations;
    bool stopped; /* after too many files */
};

bool library_is_rules(const struct library_file *f)
{
    return !strcmp(f->name, "derivatives.gan") || !strcmp(f->name, "rewrites.gan");
}

/* ---- modules of the library ---- */

static const char *module_name(struct ganc *g, const struct library_file *f)
{
    return arena_string(g->mem, f->name, strlen(f->name) - strlen(".gan"));
}

static void unknown_module(struct ganc *g, const struct ast *a)
{
    const char **known = NEW_ARRAY(g->mem, const char *, library_count), *modules = "";
    uint32_t n = 0;
    for (unsigned i = 0; i < library_count; i++) {
        if (library_is_rules(&library_files[i])) continue;
        known[n++] = module_name(g, &library_files[i]);
        if (library_files[i].module) modules = arena_format(g->mem, "%s%s%s", modules, *modules ? ", " : "", known[n - 1]);
    }
    diag(g, E0306, a->name_span, a->name);
    const char *near = nearest_name(a->name, known, n);
    if (near) diag_help(g, "did you mean %s?", near);
    else diag_help(g, "its modules are %s; a file is imported by its path: import \"%s.gan\"", modules, a->name);
}

static void import_module(struct reader *r, const struct ast *a)
{
    for (unsigned i = 0; i < library_count; i++) {
        const struct library_file *f = &library_files[i];
        if (library_is_rules(f) || strcmp(module_name(r->g, f), a->name)) continue;
        bool have = !f->module; /* what every model sees */
        for (uint32_t k = 0; k < r->into->modules.n && !have; k++) have = r->into->modules.at[k] == f;
        if (!have) vec_push(r->g->mem, &r->into->modules, f);
        return;
    }
    unknown_module(r->g, a);
}

/* ---- files ---- */

/* A path as it stands in an import of the file called `from`: both go by the folder of that file. */
static const char *path_beside(struct ganc *g, const char *from, const char *path)
{
    while (!strncmp(path, "./", 2)) path += 2;
    const char *slash = strrchr(from, '/');
    return slash ? arena_format(g->mem, "%.*s%s", (int)(slash + 1 - from), from, path) : path;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What may have been meant by a path where no file is: one of nearly that name in the folder, or with the ending. */
static void suggest_file(struct ganc *g, const char *path, const char *written)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *end = strrchr(written, '/');
    int folder = end ? (int)(end + 1 - written) : 0;
    VEC(const char *) names = {0};
    DIR *d = opendir(slash ? arena_string(g->mem, path, (size_t)(slash + 1 - path)) : ".");
    for (struct dirent *entry; d && (entry = readdir(d));) {
        size_t n = strlen(entry->d_name);
        if (n > 4 && !strcmp(entry->d_name + n - 4, ".gan")) vec_push(g->mem, &names, arena_string(g->mem, entry->d_name, n));
    }
    if (d) closedir(d);
    if (names.n) qsort(names.at, names.n, sizeof *names.at, by_name); /* the folder's own order is any */
    const char *near = NULL, *ended = arena_format(g->mem, "%s.gan", base);
    for (uint32_t i = 0; i < names.n; i++)
        if (!strcmp(names.at[i], ended)) near = names.at[i];
    if (!near) near = nearest_name(base, names.at, names.n);
    if (near) diag_help(g, "did you mean \"%.*s%s\"?", folder, written, near);
    else diag_help(g, "a path goes from the folder of the file that imports");
}

static const char *quoted(struct ganc *g, const char *path)
{
    return arena_format(g->mem, "\"%s\"", path);
}

/* The source of an import; NULL where it was read before, or after reporting. */
static struct source *open_file(struct reader *r, const struct ast *a, uint32_t *file)
{
    struct ganc *g = r->g;
    if (!*a->text || a->text[0] == '/') {
        diag(g, E0307, a->span, quoted(g, a->text));
        return NULL;
    }
    const char *path = path_beside(g, g->sources.at[a->span.file]->name, a->text);
    struct stat s;
    if (stat(path, &s) != 0) {
        bool missing = errno == ENOENT;
        diag(g, E0305, a->span, quoted(g, a->text), strerror(errno));
        if (missing) suggest_file(g, path, a->text);
        return NULL;
    }
    if (!S_ISREG(s.st_mode)) { /* a pipe would hang, a device may never end */
        diag(g, E0305, a->span, quoted(g, a->text), S_ISDIR(s.st_mode) ? "it is a folder" : "it is no file");
        return NULL;
    }
    for (uint32_t i = 0; i < r->seen.n; i++)
        if (r->seen.at[i].device == s.st_dev && r->seen.at[i].number == s.st_ino) return NULL;
    if (r->seen.n >= MOST_FILES) {
        diag(g, E0308, a->span, MOST_FILES);
        r->stopped = true;
        return NULL;
    }
    vec_push(g->mem, &r->seen, (struct identity){s.st_dev, s.st_ino});
    struct source *source = source_load(g, path, file);
    if (!source) diag(g, E0305, a->span, quoted(g, a->text), strerror(errno));
    return source;
}

static void read_declarations(struct reader *r, const struct ast *file);

static void import_file(struct reader *r, const struct ast *a)
{
    uint32_t file;
    struct source *s = open_file(r, a, &file);
    if (!s) return;
    s->imported = a->span;
    if (program_is_text(s->text, s->length) || text_is_stage(s->text, s->length, "kernels")) {
        diag(r->g, E0309, a->span, quoted(r->g, a->text));
        return;
    }
    vec_push(r->g->mem, &r->into->files, file);
    struct ast *tree = ast_parse(r->g, file, false);
    if (tree) read_declarations(r, tree);
}

static void read_declarations(struct reader *r, const struct ast *file)
{
    for (uint32_t i = 0; i < file->n && !r->stopped; i++) {
        struct ast *a = file->kids[i];
        if (a->kind != A_IMPORT) vec_push(r->g->mem, &r->declarations, a);
        else if (a->name) import_module(r, a);
        else import_file(r, a);
    }
}

struct ast *imports_read(struct ganc *g, const struct ast *file, struct imports *into)
{
    struct reader r = {.g = g, .into = into};
    struct stat s;
    if (stat(g->sources.at[file->span.file]->name, &s) == 0) vec_push(g->mem, &r.seen, (struct identity){s.st_dev, s.st_ino});
    read_declarations(&r, file);
    struct ast *whole = NEW(g->mem, struct ast);
    *whole = *file;
    whole->kids = r.declarations.at;
    whole->n = r.declarations.n;
    return whole;
}

/* ---- the model as one text ---- */

struct joiner {
    struct ganc *g;
    const struct program *p;
    struct buffer *to;
    bool *done; /* by file */
};

/* The file that an import brought in first, or 0: it was in by then. Files carry the paths of the imports that first met them. */
static uint32_t import_of(struct joiner *j, const struct ast *a)
{
    const char *path = path_beside(j->g, j->g->sources.at[a->span.file]->name, a->text);
    for (uint32_t i = 0; i < j->p->imports.n; i++) {
        uint32_t file = j->p->imports.at[i];
        if (!j->done[file] && !strcmp(j->g->sources.at[file]->name, path)) return file;
    }
    return 0;
}

/* A file's text with that of the files it imports in place of the imports, which stay as comments. */
static void join_text(struct joiner *j, uint32_t file)
{
    const struct source *s = j->g->sources.at[file];
    uint32_t mark = diag_mark(j->g), at = 0;
    struct ast *tree = ast_parse(j->g, file, false);
    diag_rewind(j->g, mark); /* a text that was read back may hold anything */
    j->done[file] = true;
    for (uint32_t i = 0; tree && i < tree->n; i++) {
        const struct ast *a = tree->kids[i];
        if (a->kind != A_IMPORT || a->name) continue;
        uint32_t imported = import_of(j, a);
        buffer_bytes(j->to, s->text + at, a->span.at - at);
        at = a->span.at + a->span.length;
        buffer_put(j->to, "# import ");
        buffer_quoted(j->to, a->text);
        buffer_put(j->to, imported ? ": what follows\n" : ", which stands above\n");
        if (!imported) continue;
        join_text(j, imported);
        buffer_put(j->to, "\n# end of ");
        buffer_quoted(j->to, a->text);
        buffer_put(j->to, "\n");
    }
    buffer_bytes(j->to, s->text + at, s->length - at);
}

const char *model_text(struct ganc *g, const struct program *p)
{
    uint32_t model = 0;
    for (uint32_t i = 1; i < g->sources.n; i++)
        if (g->sources.at[i]->text == p->source) model = i;
    if (!p->imports.n || !model) return p->source;
    struct buffer b = {0};
    struct joiner j = {g, p, &b, NEW_ARRAY(g->mem, bool, g->sources.n)};
    join_text(&j, model);
    const char *text = arena_string(g->mem, b.text ? b.text : "", b.length);
    buffer_free(&b);
    return text;
}
