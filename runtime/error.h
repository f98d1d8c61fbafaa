/* error.h: how the runtime says that something went wrong.
 *
 * Library-like functions return false (or NULL) and leave one sentence in a struct error, without the program's name and without a
 * final newline; who called prints it once with error_line. Only main exits, with what error_line and error_usage return. */
#ifndef GANRT_ERROR_H
#define GANRT_ERROR_H

#include <stdbool.h>
#include <stddef.h>

struct error {
    char text[512];
};

/* Sets the text and returns false, so that a check reads `return error_set(e, "...")`. Of a text too long the middle becomes "...". e may be NULL. */
bool error_set(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

void text_printable(char *text); /* control characters and what is no UTF-8 become '?' */
void error_set_program(const char *argv0); /* keeps the last part of the path; the string must live on */
const char *error_program(void);
int error_line(const char *format, ...) __attribute__((format(printf, 1, 2)));    /* "NAME: message\n" to stderr; returns 1 */
int error_warning(const char *format, ...) __attribute__((format(printf, 1, 2))); /* "NAME: warning: message\n"; returns 0 */
int error_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));   /* error_line, which also says where help is; returns 2 */

/* Small memory (names, rows of text, tables): running out of it ends the process with a one-line message. What is as large
 * as the user's data is taken with malloc, and its failure is an error that says how much was wanted. */
void *memory_take(size_t count, size_t size); /* zeroed */
void *memory_grow(void *old, size_t count, size_t size);
char *memory_format(const char *format, ...) __attribute__((format(printf, 1, 2), nonnull(1)));

#endif
