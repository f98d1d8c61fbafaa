/* library.c: loads a library when it is first needed. */
#include "library.h"

#include <dlfcn.h>

static void load(struct library *l)
{
    void *handle = NULL;
    l->tried = true;
    for (unsigned i = 0; i < 3 && l->names[i] && !handle; i++) handle = dlopen(l->names[i], RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        l->missing = memory_format("%s cannot be loaded, and %s need it; on Debian and Ubuntu it is in the package %s", l->names[0], l->what, l->package);
        return;
    }
    for (unsigned i = 0; i < l->nsymbols && !l->missing; i++) {
        *l->symbols[i].to = dlsym(handle, l->symbols[i].name);
        if (!*l->symbols[i].to) l->missing = memory_format("%s has no %s; install Debian's package %s", l->names[0], l->symbols[i].name, l->package);
    }
}

bool library_load(struct library *l, const char *path, struct error *e)
{
    pthread_mutex_lock(&l->lock);
    if (!l->tried) load(l);
    pthread_mutex_unlock(&l->lock);
    return !l->missing || error_set(e, "'%s': %s", path, l->missing);
}
