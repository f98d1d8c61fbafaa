/* find.c: the files that are tests: models and texts of programs whose comments say how they run, and scripts NAME.test.sh. */
#include "base/diag.h"
#include "test/test.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH = 60 }; /* of folders in folders */

static const char *const endings[] = {".gan", ".ir", ".graph", ".grad", ".opt", ".kernels"};

static bool ends_in(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);
    return n > m && !strcmp(name + n - m, ending);
}

static bool is_model(const char *name)
{
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_in(name, endings[i])) return true;
    return false;
}

static bool fails(struct ganc *g, const char *path, int error)
{
    diag(g, E0001, (struct span){0}, path, strerror(error));
    return false;
}

/* named: the path was given, so it must be a test. */
static bool find_file(struct ganc *g, struct tests *tests, const char *path, bool named)
{
    struct test *t = NEW(g->mem, struct test);
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    t->path = arena_string(g->mem, path, strlen(path));
    t->folder = slash ? arena_string(g->mem, path, slash == path ? 1 : (size_t)(slash - path)) : ".";
    t->base = slash ? t->path + (slash + 1 - path) : t->path;
    t->script = ends_in(path, ".test.sh");
    t->seconds = t->script ? TEST_SCRIPT_SECONDS : TEST_SECONDS;
    size_t stem = dot && dot > (slash ? slash + 1 : path) ? (size_t)(dot - path) : strlen(path);
    t->expect = arena_format(g->mem, "%.*s.expect", (int)stem, path);
    struct source *s = source_read(g, path, NULL);
    if (!s) return false;
    bool is = test_read(g, t, s->text, s->length);
    if (!is && named) test_fail(t, "it has no line # RUN: ganc %%s ..."), t->broken = true;
    if (is || named) vec_push(g->mem, &tests->list, t);
    return true;
}

static bool find_folder(struct ganc *g, struct tests *tests, const char *path, int depth);

static int is_shown(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Folders behind symbolic links are left alone: they may lead round in a circle. */
static bool find_entry(struct ganc *g, struct tests *tests, const char *path, int depth)
{
    struct stat st;
    if (lstat(path, &st)) return fails(g, path, errno);
    if (S_ISDIR(st.st_mode)) return find_folder(g, tests, path, depth + 1);
    if (ends_in(path, ".expect")) vec_push(g->mem, &tests->stray, arena_string(g->mem, path, strlen(path)));
    bool wanted = is_model(path) || ends_in(path, ".test.sh");
    if (S_ISLNK(st.st_mode) && wanted && stat(path, &st)) return fails(g, path, errno);
    return wanted && S_ISREG(st.st_mode) ? find_file(g, tests, path, false) : true;
}

static bool find_folder(struct ganc *g, struct tests *tests, const char *path, int depth)
{
    if (depth > DEPTH) return fails(g, path, ELOOP);
    struct dirent **entries;
    int n = scandir(path, &entries, is_shown, by_name);
    if (n < 0) return fails(g, path, errno);
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') length--;
    bool good = true;
    for (int i = 0; i < n; i++) {
        const char *slash = path[length - 1] == '/' ? "" : "/";
        good = find_entry(g, tests, arena_format(g->mem, "%.*s%s%s", (int)length, path, slash, entries[i]->d_name), depth) && good;
        free(entries[i]);
    }
    free(entries);
    return good;
}

bool tests_find(struct ganc *g, struct tests *tests, const char *path)
{
    struct stat st;
    if (stat(path, &st)) return fails(g, path, errno);
    return S_ISDIR(st.st_mode) ? find_folder(g, tests, path, 0) : find_file(g, tests, path, true);
}

static int by_path(const void *a, const void *b)
{
    return strcmp((*(struct test *const *)a)->path, (*(struct test *const *)b)->path);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Is there a test with this .expect? Its list is sorted by path, but not by that. */
static bool has_test(const struct tests *tests, const char *expect)
{
    for (uint32_t i = 0; i < tests->list.n; i++)
        if (!tests->list.at[i]->script && !strcmp(tests->list.at[i]->expect, expect)) return true;
    return false;
}

void tests_sort(struct tests *tests)
{
    uint32_t kept = 0;
    if (tests->list.n) qsort(tests->list.at, tests->list.n, sizeof *tests->list.at, by_path);
    for (uint32_t i = 0; i < tests->list.n; i++)
        if (!kept || strcmp(tests->list.at[kept - 1]->path, tests->list.at[i]->path)) tests->list.at[kept++] = tests->list.at[i];
    tests->list.n = kept;
    for (uint32_t i = 0; i < kept; i++)
        for (uint32_t k = i + 1; k < kept && !strcmp(tests->list.at[k]->folder, tests->list.at[i]->folder); k++)
            if (!tests->list.at[i]->script && !tests->list.at[k]->script && !strcmp(tests->list.at[k]->expect, tests->list.at[i]->expect))
                test_fail(tests->list.at[k], "%s would have the same .expect", tests->list.at[i]->base), tests->list.at[k]->broken = true;
    kept = 0;
    if (tests->stray.n) qsort(tests->stray.at, tests->stray.n, sizeof *tests->stray.at, by_text);
    for (uint32_t i = 0; i < tests->stray.n; i++)
        if (!has_test(tests, tests->stray.at[i]) && (!kept || strcmp(tests->stray.at[kept - 1], tests->stray.at[i])))
            tests->stray.at[kept++] = tests->stray.at[i];
    tests->stray.n = kept;
}
