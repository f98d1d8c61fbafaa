/* buffer.h: text that grows, for printing the stages. Memory is malloc'ed; buffer_free gives it back. */
#ifndef GANC_BUFFER_H
#define GANC_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
    char *text; /* always ends in a zero byte once something was put */
    size_t length, capacity;
};

void buffer_put(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_bytes(struct buffer *b, const char *bytes, size_t length);
void buffer_number(struct buffer *b, double x);          /* shortest decimal that reads back to the same double: 0.1, 2e-4, inf, nan */
void buffer_quoted(struct buffer *b, const char *text);  /* "..." with \" \\ \n \t \xHH */
void buffer_free(struct buffer *b);

#endif
