/* cache.h: objects that were made before, in $XDG_CACHE_HOME/ganc, else ~/.cache/ganc.
 *
 * An object is known by what decides its bytes: the kernels, as text (docs/ir.md: reading it back gives the same object), the rules
 * that are off (some are code generation's), the build of ganc, LLVM's library, the processor. A cache that cannot be used is none: nothing but
 * time is lost, and --time says why. */
#ifndef GANC_CODEGEN_CACHE_H
#define GANC_CODEGEN_CACHE_H

#include "codegen/codegen.h"
#include "schedule/kernels.h"

struct cache {
    char *folder;       /* NULL: no cache */
    uint64_t most;      /* bytes of all objects together */
    uint8_t key[16];
};

/* The place of k's object. false after an error: a GANC_CACHE_SIZE that is no number (E0861). */
bool cache_open(struct ganc *g, struct cache *c, const struct kernels *k);
bool cache_find(struct ganc *g, const struct cache *c, struct object *out); /* false: it is not there */
void cache_keep(struct ganc *g, const struct cache *c, const struct object *o); /* and removes what was not used for longest, down to the bound */

#endif
