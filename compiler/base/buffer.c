/* buffer.c: text that grows, and how numbers and strings are written in every text that ganc prints. */
#include "base/buffer.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for `more` bytes and the final zero. */
static void buffer_reserve(struct buffer *b, size_t more)
{
    size_t need = b->length + more + 1;
    if (need <= b->capacity)
        return;
    size_t capacity = b->capacity ? b->capacity : 256;
    while (capacity < need)
        capacity *= 2;
    char *text = realloc(b->text, capacity);
    if (!text) {
        fprintf(stderr, "ganc: out of memory (%zu bytes of text)\n", capacity);
        exit(1);
    }
    b->text = text;
    b->capacity = capacity;
}

void buffer_bytes(struct buffer *b, const char *bytes, size_t length)
{
    buffer_reserve(b, length);
    if (length)
        memcpy(b->text + b->length, bytes, length);
    b->length += length;
    b->text[b->length] = 0;
}

void buffer_put(struct buffer *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    buffer_reserve(b, 80);
    size_t room = b->capacity - b->length;
    int length = vsnprintf(b->text + b->length, room, format, args);
    if (length > 0 && (size_t)length >= room) {
        buffer_reserve(b, (size_t)length);
        vsnprintf(b->text + b->length, (size_t)length + 1, format, again);
    }
    if (length > 0)
        b->length += (size_t)length;
    va_end(again);
    va_end(args);
}

/* Decimal exponents from which a number is written with one: 0.001 and 2e-4, 100000000000000 and 1e15. */
enum { SMALLEST_PLAIN = -3, LARGEST_PLAIN = 14 };

void buffer_number(struct buffer *b, double x)
{
    if (isnan(x)) {
        buffer_put(b, "nan");
        return;
    }
    if (isinf(x)) {
        buffer_put(b, x < 0 ? "-inf" : "inf");
        return;
    }
    char scientific[40]; /* [-]d[.ddd]e[+-]dd */
    for (int digits = 0; digits <= 16; digits++) {
        snprintf(scientific, sizeof scientific, "%.*e", digits, x);
        if (strtod(scientific, NULL) == x)
            break;
    }
    const char *at = scientific;
    if (*at == '-') {
        buffer_put(b, "-");
        at++;
    }
    char digits[20];
    int n = 0;
    for (; *at != 'e'; at++)
        if (*at != '.')
            digits[n++] = *at;
    digits[n] = 0;
    int exponent = atoi(at + 1);
    if (exponent < SMALLEST_PLAIN || exponent > LARGEST_PLAIN)
        buffer_put(b, "%c%s%se%d", digits[0], n > 1 ? "." : "", digits + 1, exponent);
    else if (exponent < 0)
        buffer_put(b, "0.%.*s%s", -exponent - 1, "000", digits);
    else if (exponent >= n - 1)
        buffer_put(b, "%s%.*s", digits, exponent - (n - 1), "00000000000000");
    else
        buffer_put(b, "%.*s.%s", exponent + 1, digits, digits + exponent + 1);
}

void buffer_quoted(struct buffer *b, const char *text)
{
    buffer_bytes(b, "\"", 1);
    for (const char *at = text; *at; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '"' || c == '\\')
            buffer_put(b, "\\%c", c);
        else if (c == '\n')
            buffer_bytes(b, "\\n", 2);
        else if (c == '\t')
            buffer_bytes(b, "\\t", 2);
        else if (c < 0x20 || c == 0x7f)
            buffer_put(b, "\\x%02x", c);
        else
            buffer_bytes(b, at, 1);
    }
    buffer_bytes(b, "\"", 1);
}

void buffer_free(struct buffer *b)
{
    free(b->text);
    *b = (struct buffer){0};
}
