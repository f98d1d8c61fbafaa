/* library.h: the standard library's files, embedded in ganc (generated from stdlib/ by cmake/embed.cmake). */
#ifndef GANC_LIBRARY_H
#define GANC_LIBRARY_H

#include "base/buffer.h"
#include "base/ganc.h"

#include <stdbool.h>
#include <stddef.h>

struct library_file {
    const char *name; /* "layers.gan" */
    const char *text; /* ends in a zero byte */
    size_t length;
    bool module;      /* of stdlib/modules: seen only by what says `import NAME` */
};
extern const struct library_file library_files[];
extern const unsigned library_count;

void library_print_docs(struct ganc *g, struct buffer *to); /* its documentation, as Markdown */

#endif
