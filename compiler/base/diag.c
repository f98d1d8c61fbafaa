/* diag.c: collects what the compiler has to say (see diag.h). The messages are diag.def's, the printing diag_print.c's. */
#include "base/diag.h"

#include "base/diag_internal.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_IMPORTS_SHOWN = 6 };

static const struct {
    const char *id;
    enum diag_severity severity;
    const char *name, *format;
} table[] = {
#define DIAG(id, severity, name, format) {#id, SEVERITY_##severity, name, format},
#include "base/diag.def"
#undef DIAG
};

struct diagnostics *diagnostics_new(struct arena *mem)
{
    struct diagnostics *d = NEW(mem, struct diagnostics);
    d->mem = mem;
    return d;
}

enum diag_severity diag_severity_of(enum diag_id id)
{
    return table[id].severity;
}

const char *diag_name(enum diag_id id)
{
    return table[id].id;
}

const char *diag_option(enum diag_id id)
{
    return table[id].name;
}

const char *diag_format(enum diag_id id)
{
    return table[id].format;
}

uint32_t diag_errors(const struct ganc *g)
{
    return g->diagnostics->errors;
}

uint32_t diag_warnings(const struct ganc *g)
{
    return g->diagnostics->warnings;
}

static uint32_t hash_place(enum diag_id id, struct span where)
{
    uint64_t h = (uint64_t)id * 0x9e3779b97f4a7c15u;
    h = (h ^ where.file) * 0x9e3779b97f4a7c15u;
    h = (h ^ where.at) * 0x9e3779b97f4a7c15u;
    h = (h ^ where.length) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(h >> 32);
}

static bool same_place(const struct diagnostic *d, enum diag_id id, struct span where)
{
    return d->id == id && d->where.file == where.file && d->where.at == where.at && d->where.length == where.length;
}

/* Whether this was reported already; if not, it takes position list.n in the index. */
static bool index_seen(struct diagnostics *d, enum diag_id id, struct span where)
{
    if (d->index_used * 2 >= d->index_size) {
        d->index_size = d->index_size ? d->index_size * 2 : 64;
        d->index = NEW_ARRAY(d->mem, uint32_t, d->index_size);
        d->index_used = d->list.n;
        for (uint32_t i = 0; i < d->list.n; i++) {
            uint32_t at = hash_place(d->list.at[i].id, d->list.at[i].where) & (d->index_size - 1);
            while (d->index[at])
                at = (at + 1) & (d->index_size - 1);
            d->index[at] = i + 1;
        }
    }
    uint32_t at = hash_place(id, where) & (d->index_size - 1);
    for (; d->index[at]; at = (at + 1) & (d->index_size - 1))
        if (d->index[at] <= d->list.n && same_place(&d->list.at[d->index[at] - 1], id, where))
            return true;
    d->index[at] = d->list.n + 1;
    d->index_used++;
    return false;
}

/* What stands in an imported file: by which imports it came into the model, the innermost first. */
static void note_imports(struct ganc *g, struct span where)
{
    for (int level = 0; level < MOST_IMPORTS_SHOWN && where.file && where.file < g->sources.n; level++) {
        const struct source *s = g->sources.at[where.file];
        where = s->imported;
        if (where.file)
            diag_note(g, where, "%s is imported here", s->name);
    }
}

enum { LONGEST_TEXT = 600, FIRST = 400, LAST = 150 }; /* bytes of a message: a name may be a megabyte long */

/* A message's text; of a very long one the middle is left out, at whole letters. */
static const char *shortened(struct diagnostics *d, const char *text)
{
    size_t n = strlen(text), first = FIRST, last = n - LAST;
    if (n <= LONGEST_TEXT)
        return text;
    while (first && ((unsigned char)text[first] & 0xc0) == 0x80)
        first--;
    while (last < n && ((unsigned char)text[last] & 0xc0) == 0x80)
        last++;
    return arena_format(d->mem, "%.*s ... %s", (int)first, text, text + last);
}

void diag(struct ganc *g, enum diag_id id, struct span where, ...)
{
    struct diagnostics *d = g->diagnostics;
    struct span found = where;
    if (d->guide)
        where = d->guide->shown(d->guide->of, found);
    d->dropped = d->off[id] || index_seen(d, id, where);
    if (d->dropped)
        return;
    va_list args;
    va_start(args, where);
    struct diagnostic one = {.id = id, .severity = table[id].severity, .where = where, .order = d->list.n};
    one.text = shortened(d, arena_vformat(d->mem, table[id].format, args));
    va_end(args);
    if (d->werror)
        one.severity = SEVERITY_ERROR;
    *(one.severity == SEVERITY_ERROR ? &d->errors : &d->warnings) += 1;
    vec_push(d->mem, &d->list, one);
    note_imports(g, where);
    if (d->guide)
        d->guide->trail(d->guide->of, id, found);
}

void diag_guide(struct ganc *g, const struct diag_guide *guide)
{
    g->diagnostics->guide = guide;
}

static void remark(struct diagnostics *d, struct span where, enum diag_remark_kind kind, const char *format, va_list args)
{
    if (d->dropped || !d->list.n)
        return;
    struct diag_remark r = {where, shortened(d, arena_vformat(d->mem, format, args)), kind};
    struct diagnostic *last = &d->list.at[d->list.n - 1];
    vec_push(d->mem, &last->remarks, r);
}

void diag_note(struct ganc *g, struct span where, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    remark(g->diagnostics, where, REMARK_NOTE, format, args);
    va_end(args);
}

void diag_trail(struct ganc *g, struct span where, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    remark(g->diagnostics, where, REMARK_TRAIL, format, args);
    va_end(args);
}

void diag_help(struct ganc *g, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    remark(g->diagnostics, (struct span){0}, REMARK_HELP, format, args);
    va_end(args);
}

uint32_t diag_mark(struct ganc *g)
{
    return g->diagnostics->list.n;
}

void diag_rewind(struct ganc *g, uint32_t mark)
{
    struct diagnostics *d = g->diagnostics;
    while (d->list.n > mark)
        *(d->list.at[--d->list.n].severity == SEVERITY_ERROR ? &d->errors : &d->warnings) -= 1;
    d->dropped = true;
}

bool diag_enable(struct ganc *g, const char *name, bool on)
{
    bool known = !name;
    for (int i = 0; i < DIAG_COUNT; i++) {
        if (!table[i].name[0] || (name && strcmp(name, table[i].name)))
            continue;
        known = true;
        if (table[i].severity == SEVERITY_WARNING) /* an error that has a name cannot be switched off */
            g->diagnostics->off[i] = !on;
    }
    return known;
}

void diag_werror(struct ganc *g)
{
    g->diagnostics->werror = true;
}

static int by_place(const void *left, const void *right)
{
    const struct diagnostic *a = left, *b = right;
    if (a->where.file != b->where.file)
        return a->where.file < b->where.file ? -1 : 1;
    if (a->where.at != b->where.at)
        return a->where.at < b->where.at ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

void diagnostics_sort(struct diagnostics *d)
{
    if (d->list.n)
        qsort(d->list.at, d->list.n, sizeof *d->list.at, by_place);
}

void diagnostics_forget(struct diagnostics *d)
{
    d->list.n = d->errors = d->warnings = 0;
    d->dropped = true;
    d->index_used = 0;
    if (d->index_size)
        memset(d->index, 0, d->index_size * sizeof *d->index);
}
