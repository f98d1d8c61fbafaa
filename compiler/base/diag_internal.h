/* diag_internal.h: the collected diagnostics, for diag.c (collects), diag_print.c and diag_json.c (print). */
#ifndef GANC_DIAG_INTERNAL_H
#define GANC_DIAG_INTERNAL_H

#include "base/diag.h"

enum diag_remark_kind { REMARK_NOTE, REMARK_TRAIL, REMARK_HELP, REMARK_KINDS }; /* printed in this order */

struct diag_remark {
    struct span where; /* a help has none */
    const char *text;
    enum diag_remark_kind kind;
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
    const struct diag_guide *guide; /* or NULL */
    bool off[DIAG_COUNT];
};

struct diagnostics *diagnostics_new(struct arena *mem);
enum diag_severity diag_severity_of(enum diag_id id);
int32_t diag_code_point(const char *at, const char *end, uint32_t *length); /* diag_print.c */
void diagnostics_sort(struct diagnostics *d);
void diagnostics_forget(struct diagnostics *d);

struct buffer;
typedef void diagnostic_put(struct buffer *to, const struct ganc *g, const struct diagnostic *d, const void *how);
/* Writes all, in the order of their places, each by `put`, and forgets them; how many were errors. diag_print.c */
uint32_t diagnostics_write(struct ganc *g, FILE *to, diagnostic_put *put, const void *how);

#endif
