/* diag_internal.h: the collected diagnostics, for diag.c (collects) and diag_print.c (prints). */
#ifndef GANC_DIAG_INTERNAL_H
#define GANC_DIAG_INTERNAL_H

#include "base/diag.h"

struct diag_remark { /* a note, or a help (no place) */
    struct span where;
    const char *text;
    bool help;
};

struct diagnostic {
    enum diag_id id;
    enum diag_severity severity; /* after -Werror */
    struct span where;
    uint32_t order; /* of being reported */
    const char *text;
    VEC(struct diag_remark) remarks;
};

struct diagnostics {
    struct arena *mem;
    VEC(struct diagnostic) list;
    uint32_t *index;        /* hash table of list positions + 1, by id and span; stale after a rewind, so checked */
    uint32_t index_size;    /* a power of two, or 0 */
    uint32_t index_used;
    uint32_t errors, warnings;
    bool dropped;           /* the last one was a duplicate or is switched off: so are its remarks */
    bool werror;
    bool off[DIAG_COUNT];
};

struct diagnostics *diagnostics_new(struct arena *mem);
enum diag_severity diag_severity_of(enum diag_id id);
const char *diag_option(enum diag_id id); /* the -W name, "" for none */
void diagnostics_sort(struct diagnostics *d);
void diagnostics_forget(struct diagnostics *d);

#endif
