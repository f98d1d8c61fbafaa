/* place.c: see place.h. */
#include "place.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool place_find(const char *name, char path[PLACE_LENGTH])
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) return false;
    self[n] = 0;
    char *slash = strrchr(self, '/');
    if (slash) *slash = 0;
    for (int i = 0; i < 2; i++) {
        int length = snprintf(path, PLACE_LENGTH, i ? "%s/../" GANC_LIBDIR "/ganc/%s" : "%s/%s", self, name);
        if (length < PLACE_LENGTH && access(path, R_OK) == 0) return true;
    }
    return false;
}
