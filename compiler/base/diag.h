/* diag.h: what the compiler says to its user.
 *
 * Diagnostics are collected while stages run, sorted by place, and printed at the end (diag_print); every message
 * stands in diag.def. A stage goes on after an error where it can, with a value that stands for "already
 * reported", so that one run shows all errors of a file and none twice.
 *
 *     diag(g, E0203, span, "D", "[784]", "[28, 28]");          E0203's format, then its arguments
 *     diag_note(g, span, "%s is declared here", "D");          belongs to the diagnostic before it
 *     diag_help(g, "flatten it first: D(%s |> flatten)", "x");
 */
#ifndef GANC_DIAG_H
#define GANC_DIAG_H

#include "base/ganc.h"

#include <stdio.h>

enum diag_id {
#define DIAG(id, severity, name, format) id,
#include "base/diag.def"
#undef DIAG
    DIAG_COUNT
};

enum diag_severity { SEVERITY_ERROR, SEVERITY_WARNING };

void diag(struct ganc *g, enum diag_id id, struct span where, ...); /* arguments as diag.def's format says */
void diag_note(struct ganc *g, struct span where, const char *format, ...) __attribute__((format(printf, 3, 4)));
void diag_help(struct ganc *g, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A stage that inlines calls guides its messages: `shown` moves a place inside the library to the user's call that led there, and `trail`
 * adds those calls by diag_trail, which are printed after the notes. NULL ends it. */
struct diag_guide {
    struct span (*shown)(void *of, struct span found);
    void (*trail)(void *of, enum diag_id id, struct span found);
    void *of;
};
void diag_guide(struct ganc *g, const struct diag_guide *guide);
void diag_trail(struct ganc *g, struct span where, const char *format, ...) __attribute__((format(printf, 3, 4)));

uint32_t diag_errors(const struct ganc *g);   /* how many errors so far */
uint32_t diag_warnings(const struct ganc *g);
const char *diag_name(enum diag_id id);       /* "E0203" */
const char *diag_option(enum diag_id id);     /* the -W name, "" for none */
const char *diag_format(enum diag_id id);     /* diag.def's text: "%s takes %s, but %s gives %s" */

/* Speculation: what is reported between the two is kept (keep = true) or forgotten. Nests. */
uint32_t diag_mark(struct ganc *g);
void diag_rewind(struct ganc *g, uint32_t mark);

/* Warnings by name: false turns one off (-Wno-NAME); NULL names all. Returns false for an unknown name. */
bool diag_enable(struct ganc *g, const char *name, bool on);
void diag_werror(struct ganc *g);

enum diag_color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
/* Sorts by file and place, prints with excerpt and span underlined (see LANGUAGE section 10), forgets. Returns errors. */
uint32_t diag_print(struct ganc *g, FILE *to, enum diag_color color);
uint32_t diag_print_json(struct ganc *g, FILE *to); /* the same for tools: a JSON object a line */

/* The name among `known` nearest to `name` (edit distance at most a third of its length, at least 1), or NULL. */
const char *nearest_name(const char *name, const char *const *known, uint32_t count);

#endif
