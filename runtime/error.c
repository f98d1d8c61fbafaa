/* error.c: one-line messages, and small memory. */
#include "error.h"

#include "json.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *program = "trainer";

/* A message too long loses its middle, which is that of a long path: what is wrong stands at the end. */
static void fit(char *to, size_t size, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(to, size, format, args);
    char *all = length >= (int)size ? malloc((size_t)length + 1) : NULL;
    if (all) {
        vsnprintf(all, (size_t)length + 1, format, again);
        size_t end = size / 2;
        memcpy(to + size - end - 4, "...", 3);
        memcpy(to + size - end - 1, all + length - end, end + 1);
        free(all);
    }
    va_end(again);
}

void text_printable(char *text)
{
    for (size_t length = strlen(text), n; length; text += n, length -= n) {
        unsigned char c = (unsigned char)*text;
        n = json_utf8(text, length);
        bool control = c < 32 || c == 127 || (n == 2 && c == 0xc2 && (unsigned char)text[1] < 0xa0);
        if (!n) n = 1, control = true;
        if (control) memset(text, '?', n);
    }
}

bool error_set(struct error *e, const char *format, ...)
{
    if (!e) return false;
    va_list args;
    va_start(args, format);
    fit(e->text, sizeof e->text, format, args);
    va_end(args);
    return false;
}

void error_set_program(const char *argv0)
{
    if (!argv0 || !*argv0) return;
    const char *slash = strncmp(argv0, "ganc run ", 9) ? strrchr(argv0, '/') : NULL; /* that is typed whole */
    program = slash && slash[1] ? slash + 1 : argv0;
}

const char *error_program(void)
{
    return program;
}

/* One write, so that lines of several processes do not mix. A name of a file may hold anything. */
static void print_line(const char *kind, const char *format, va_list args)
{
    char line[1024];
    int n = snprintf(line, sizeof line / 4, "%s: %s", program, kind);
    if (n >= (int)sizeof line / 4) n = (int)sizeof line / 4 - 1;
    fit(line + n, sizeof line - (size_t)n - 1, format, args);
    text_printable(line);
    size_t length = strlen(line);
    line[length] = '\n';
    fflush(stdout); /* so that what was said before stands before it, where both go to one file */
    fwrite(line, 1, length + 1, stderr);
}

int error_line(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_line("", format, args);
    va_end(args);
    return 1;
}

int error_warning(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_line("warning: ", format, args);
    va_end(args);
    return 0;
}

int error_usage(const char *format, ...)
{
    char text[640];
    va_list args;
    va_start(args, format);
    fit(text, sizeof text, format, args);
    va_end(args);
    error_line("%s (see %s --help)", text, program);
    return 2;
}

static void *checked(void *memory, size_t count, size_t size)
{
    if (!memory && count && size) {
        error_line("out of memory: %zu bytes were wanted", count * size);
        exit(1);
    }
    return memory;
}

void *memory_take(size_t count, size_t size)
{
    return checked(calloc(count ? count : 1, size ? size : 1), count, size);
}

void *memory_grow(void *old, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size) return checked(NULL, count, size);
    size_t bytes = count * size;
    return checked(realloc(old, bytes > 0 ? bytes : 1), count, size);
}

char *memory_format(const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = memory_take((size_t)(length < 0 ? 0 : length) + 1, 1);
    if (length > 0) vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}
