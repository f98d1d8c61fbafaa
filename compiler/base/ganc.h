/* ganc.h: one compilation: its memory, names, source texts and diagnostics. Every stage is handed one. */
#ifndef GANC_GANC_H
#define GANC_GANC_H

#include "base/arena.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

/* What a value that was made from a place is there for. */
enum role {
    ROLE_FORWARD,
    ROLE_BACK,   /* a part of the gradient of what stands there */
    ROLE_TWICE,  /* a part of a gradient's gradient */
    ROLE_UPDATE, /* made of gradients, by an optimizer */
};

/* A place in a source text: `length` bytes from byte `at` of ganc->sources.at[file]. file 0 means nowhere. What passes make of a value keeps all of its
 * place. */
struct span {
    uint32_t file, at, length;
    uint32_t role : 2;  /* enum role */
    uint32_t call : 30; /* in the standard library: the call in the user's text that came there, of ganc->calls; 0: none */
};

static inline struct span span_at(uint32_t file, uint32_t at, uint32_t length)
{
    return (struct span){.file = file, .at = at, .length = length};
}

struct source {
    const char *name; /* as the user gave it, or <stdlib/layers.gan> for the embedded library */
    const char *text; /* ends in a zero byte; may hold others */
    size_t length;
    bool library;     /* part of the standard library */
    struct span imported; /* the import that first named it; file 0: none did */
    VEC(uint32_t) lines; /* offset of each line's first byte */
};

struct definition { /* -D name=value */
    const char *name, *value;
    bool used;
};

struct diagnostics; /* base/diag.h */
struct interner;
struct rules;       /* differentiate/rule.h */
struct times;       /* base/times.h */

struct ganc {
    struct arena *mem; /* the compilation's lifetime */
    struct interner *names;
    VEC(struct source *) sources; /* [0] is NULL */
    VEC(struct span) calls;       /* what struct span's `call` numbers; [0] is nowhere */
    struct diagnostics *diagnostics;
    const struct rules *rules;    /* of the library's derivatives and rewrites; read at first use */
    VEC(struct definition) definitions; /* -D */
    bool f64;                     /* --dtype f64 */
    int64_t most_batch;           /* `ganc gradcheck`: minibatches are cut down to so many examples; 0: as written */
    const char *rules_file;       /* `ganc gradcheck --rules`: derivatives that replace the library's, and further rewrites; or NULL */
    bool check_bounds;            /* --check=bounds */
    bool blas;                    /* --blas */
    const char *cpu;              /* --cpu=NAME, NULL for the host's */
    uint64_t rules_off;           /* --no-pass=NAME: a set of schedule/rules.h's */
    struct times *times;          /* --time, or NULL */
};

struct ganc *ganc_new(void);
void ganc_free(struct ganc *g);

/* Names: equal texts give the same pointer, so names are compared by ==. */
const char *intern(struct ganc *g, const char *text);
const char *intern_bytes(struct ganc *g, const char *text, size_t length);

/* Source texts. Where a file cannot be read, source_read reports E0001 and returns NULL, source_load leaves the reason in errno. */
struct source *source_read(struct ganc *g, const char *path, uint32_t *file);
struct source *source_load(struct ganc *g, const char *path, uint32_t *file);
struct source *source_add(struct ganc *g, const char *name, const char *text, size_t length, uint32_t *file);
uint32_t utf8_check(const char *text, uint32_t length); /* byte of the first invalid UTF-8 sequence (Unicode 15, table 3-7), or `length` */
void source_place(const struct source *s, uint32_t at, uint32_t *line, uint32_t *column); /* both from 1; columns count code points */
uint32_t span_call(struct ganc *g, struct span call); /* its number among ganc->calls */
struct span span_join(struct span a, struct span b); /* from the start of a to the end of b; same file */

#endif
