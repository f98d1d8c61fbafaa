/* library.h: libraries that few data sets need: loaded when the first file asks for one, so that a trainer starts without them and runs where
 * they are not installed. */
#ifndef GANRT_DATA_LIBRARY_H
#define GANRT_DATA_LIBRARY_H

#include "error.h"

#include <pthread.h>

struct library_symbol {
    const char *name;
    void **to;
};

struct library {
    const char *names[3];  /* tried in turn, up to NULL */
    const char *what;      /* "JPEG images" */
    const char *package;   /* Debian's */
    const struct library_symbol *symbols;
    unsigned nsymbols;
    pthread_mutex_t lock;
    bool tried;
    char *missing;         /* why it cannot be used, or NULL */
};

/* From any thread; loads once, and stays loaded. false: the error names the library and its package. path: the file that needs it. */
bool library_load(struct library *l, const char *path, struct error *e);

#endif
