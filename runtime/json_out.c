/* json_out.c: writing JSON. */
#include "json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A decimal of at most 15 digits (6 for a float) survives the way to a double and back, so where "%.15g" reads back to x it
 * is the shortest: no shorter one was lost in it, and %g drops zeros at the end. */
int json_shortest(char *text, double x)
{
    if (isnan(x)) return sprintf(text, "nan");
    if (isinf(x)) return sprintf(text, "%s", x < 0 ? "-inf" : "inf");
    int length = 0;
    for (int digits = 15; digits <= 17; digits++) {
        length = sprintf(text, "%.*g", digits, x); /* at most 24 characters */
        if (strtod(text, NULL) == x) break;
    }
    return length;
}

int json_shortest_single(char *text, float x)
{
    if (isnan(x) || isinf(x)) return json_shortest(text, (double)x);
    int length = 0;
    for (int digits = 6; digits <= 9; digits++) {
        length = sprintf(text, "%.*g", digits, (double)x);
        if (strtof(text, NULL) == x) break;
    }
    return length;
}

static void put(struct json_out *o, const char *bytes, size_t length)
{
    if (o->capacity - o->length <= length) {
        o->capacity = (o->capacity + length) * 2 + 256;
        o->text = memory_grow(o->text, o->capacity, 1);
    }
    memcpy(o->text + o->length, bytes, length);
    o->length += length;
    o->text[o->length] = 0;
}

static void put_line(struct json_out *o)
{
    if (!o->pretty) return;
    put(o, "\n", 1);
    for (uint32_t i = 0; i < o->depth; i++) put(o, "  ", 2);
}

/* What stands before a value or a key. A value after its key has neither comma nor new line. */
static void before(struct json_out *o)
{
    if (o->key) {
        o->key = false;
        o->comma = true;
        return;
    }
    if (o->comma) put(o, o->pretty ? "," : ", ", o->pretty ? 1 : 2);
    if (o->depth) put_line(o);
    o->comma = true;
}

void json_open(struct json_out *o, char bracket)
{
    before(o);
    put(o, &bracket, 1);
    if (o->depth < JSON_DEPTH) o->close[o->depth] = bracket == '{' ? '}' : ']';
    o->depth++;
    o->comma = false;
}

void json_close(struct json_out *o)
{
    if (!o->depth) return;
    bool empty = !o->comma;
    o->depth--;
    if (!empty) put_line(o);
    if (o->depth < JSON_DEPTH) put(o, &o->close[o->depth], 1);
    o->comma = true;
}

size_t json_utf8(const char *text, size_t length)
{
    const unsigned char *s = (const unsigned char *)text;
    if (!length) return 0;
    if (s[0] < 0x80) return 1;
    size_t n = s[0] >= 0xc2 && s[0] <= 0xdf ? 2 : s[0] >= 0xe0 && s[0] <= 0xef ? 3 : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : 0;
    if (n > length) return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    if (s[0] == 0xe0 && s[1] < 0xa0) return 0;
    if (s[0] == 0xed && s[1] > 0x9f) return 0;
    if (s[0] == 0xf0 && s[1] < 0x90) return 0;
    if (s[0] == 0xf4 && s[1] > 0x8f) return 0;
    return n;
}

static void put_quoted(struct json_out *o, const char *text)
{
    static const char names[] = "\"\"\\\\\nn\tt\rr\bb\ff";
    size_t length = strlen(text);
    put(o, "\"", 1);
    for (size_t i = 0, n; i < length; i += n ? n : 1) {
        unsigned char c = (unsigned char)text[i];
        n = json_utf8(text + i, length - i);
        if (c < 0x20 || c == '"' || c == '\\') {
            char escape[8];
            size_t name = 0;
            while (names[name] && (unsigned char)names[name] != c) name += 2;
            int size = names[name] ? sprintf(escape, "\\%c", names[name + 1]) : sprintf(escape, "\\u%04x", c);
            put(o, escape, (size_t)size);
        } else if (n) {
            put(o, text + i, n);
        } else {
            put(o, "\xef\xbf\xbd", 3);
        }
    }
    put(o, "\"", 1);
}

void json_key(struct json_out *o, const char *key)
{
    before(o);
    put_quoted(o, key);
    put(o, ": ", 2);
    o->key = true;
}

void json_string(struct json_out *o, const char *text)
{
    if (!text) {
        json_null(o);
        return;
    }
    before(o);
    put_quoted(o, text);
}

void json_number(struct json_out *o, double x)
{
    char text[32];
    if (isnan(x) || isinf(x)) {
        json_null(o);
        return;
    }
    before(o);
    put(o, text, (size_t)json_shortest(text, x));
}

void json_integer(struct json_out *o, int64_t x)
{
    char text[32];
    before(o);
    put(o, text, (size_t)sprintf(text, "%lld", (long long)x));
}

void json_bool(struct json_out *o, bool x)
{
    before(o);
    put(o, x ? "true" : "false", x ? 4 : 5);
}

void json_null(struct json_out *o)
{
    before(o);
    put(o, "null", 4);
}

void json_newline(struct json_out *o)
{
    put(o, "\n", 1);
    if (!o->depth) o->comma = false;
}

void json_done(struct json_out *o)
{
    free(o->text);
    *o = (struct json_out){0};
}
