/* place.h: the files that ganc needs at hand: the runtime that trainers are linked with, and the library that holds LLVM. */
#ifndef GANC_PLACE_H
#define GANC_PLACE_H

#include <stdbool.h>

#define PLACE_LENGTH 4300

/* Beside ganc (build tree), or in ../lib/ganc (installed). */
bool place_find(const char *name, char path[PLACE_LENGTH]);

#endif
