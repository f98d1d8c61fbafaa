/* arena.h: memory with two lifetimes.
 *
 * The compiler asks for memory in two places only: the arena of the compilation (`ganc->mem`), freed when
 * ganc ends, and an arena that a pass makes for itself and frees when it returns. Nothing is freed singly.
 * Memory comes zeroed and aligned to 16 bytes; running out of it ends the process with a one-line message. */
#ifndef GANC_ARENA_H
#define GANC_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a); /* frees everything taken from it; NULL is fine */
void *arena_take(struct arena *a, size_t bytes);
void *arena_copy(struct arena *a, const void *from, size_t bytes);
char *arena_string(struct arena *a, const char *text, size_t length); /* copies, adds the final zero */
char *arena_format(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vformat(struct arena *a, const char *format, va_list args);
size_t arena_bytes(const struct arena *a); /* taken so far */

#define NEW(arena, type) ((type *)arena_take((arena), sizeof(type)))
#define NEW_ARRAY(arena, type, count) ((type *)arena_take((arena), sizeof(type) * (size_t)(count)))

#endif
