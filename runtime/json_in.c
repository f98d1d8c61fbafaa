/* json_in.c: reading JSON, strictly: the text may come from anywhere. */
#include "json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *text, *at, *end;
    struct error *e;
    uint32_t values;
};

static bool fail(struct reader *r, const char *what)
{
    size_t line = 1, column = 1;
    for (const char *s = r->text; s < r->at; s++) {
        column++;
        if (*s == '\n') line++, column = 1;
    }
    return error_set(r->e, "line %zu, column %zu: %s", line, column, what);
}

static void skip_blanks(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')) r->at++;
}

static bool take(struct reader *r, char c)
{
    if (r->at == r->end || *r->at != c) return false;
    r->at++;
    return true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_hex4(struct reader *r, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        int digit = r->at < r->end ? hex_digit(*r->at) : -1;
        if (digit < 0) return fail(r, "\\u wants four hexadecimal digits");
        *code = *code * 16 + (uint32_t)digit;
    }
    return true;
}

/* After "\u": one code point, of two escapes where it is above U+FFFF; written as UTF-8. */
static bool read_code_point(struct reader *r, char **out)
{
    uint32_t code, low;
    if (!read_hex4(r, &code)) return false;
    if (code == 0) return fail(r, "\\u0000 is not allowed in a string here");
    if (code >= 0xdc00 && code <= 0xdfff) return fail(r, "half of a surrogate pair");
    if (code >= 0xd800 && code <= 0xdbff) {
        if (!take(r, '\\') || !take(r, 'u')) return fail(r, "half of a surrogate pair");
        if (!read_hex4(r, &low)) return false;
        if (low < 0xdc00 || low > 0xdfff) return fail(r, "half of a surrogate pair");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    char *to = *out;
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6), *to++ = (char)(0x80 | (code & 63));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12), *to++ = (char)(0x80 | (code >> 6 & 63)), *to++ = (char)(0x80 | (code & 63));
    } else {
        *to++ = (char)(0xf0 | code >> 18), *to++ = (char)(0x80 | (code >> 12 & 63));
        *to++ = (char)(0x80 | (code >> 6 & 63)), *to++ = (char)(0x80 | (code & 63));
    }
    *out = to;
    return true;
}

/* Copies one UTF-8 sequence. */
static bool read_utf8(struct reader *r, char **out)
{
    size_t n = json_utf8(r->at, (size_t)(r->end - r->at));
    if (n == 0) return fail(r, "the text is not UTF-8");
    memcpy(*out, r->at, n);
    *out += n;
    r->at += n;
    return true;
}

static char *read_string(struct reader *r)
{
    static const char escapes[] = "\"\"\\\\//n\nt\tr\rb\bf\f";
    if (!take(r, '"')) {
        fail(r, "a string is wanted here");
        return NULL;
    }
    const char *close = r->at;
    while (close < r->end && *close != '"') close += *close == '\\' && r->end - close > 1 ? 2 : 1;
    char *text = memory_take((size_t)(close - r->at) + 1, 1), *out = text; /* no escape is shorter than what it stands for */
    while (r->at < r->end && *r->at != '"') {
        bool ok = true;
        if ((unsigned char)*r->at < 0x20) {
            ok = fail(r, "a control character in a string");
        } else if (*r->at != '\\') {
            ok = read_utf8(r, &out);
        } else if (r->at++, r->at == r->end) {
            break;
        } else if (*r->at == 'u') {
            r->at++;
            ok = read_code_point(r, &out);
        } else {
            size_t i = 0;
            while (escapes[i] && escapes[i] != *r->at) i += 2;
            ok = escapes[i] || fail(r, "an unknown escape in a string");
            *out++ = escapes[i] ? escapes[i + 1] : 0;
            r->at++;
        }
        if (!ok) {
            free(text);
            return NULL;
        }
    }
    if (!take(r, '"')) {
        fail(r, "the string does not end");
        free(text);
        return NULL;
    }
    return text;
}

static bool skip_digits(struct reader *r)
{
    const char *from = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9') r->at++;
    return r->at > from || fail(r, "a digit is wanted here");
}

static bool read_number(struct reader *r, struct json_value *v)
{
    const char *from = r->at;
    take(r, '-');
    if (r->end - r->at > 1 && *r->at == '0' && r->at[1] >= '0' && r->at[1] <= '9') return fail(r, "a number starts with 0");
    if (!skip_digits(r)) return false;
    v->integer = true;
    if (take(r, '.')) {
        v->integer = false;
        if (!skip_digits(r)) return false;
    }
    if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
        v->integer = false;
        r->at++;
        if (!take(r, '-')) take(r, '+');
        if (!skip_digits(r)) return false;
    }
    char text[512];
    size_t length = (size_t)(r->at - from);
    if (length >= sizeof text) return fail(r, "a number of more than 511 characters");
    memcpy(text, from, length);
    text[length] = 0;
    v->kind = JSON_NUMBER;
    v->number = strtod(text, NULL);
    if (isinf(v->number)) return fail(r, "a number too large for a double");
    if (v->integer) {
        errno = 0;
        v->whole = strtoll(text, NULL, 10);
        if (errno) v->integer = false, v->whole = 0;
    }
    return true;
}

static bool read_word(struct reader *r, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length)) return fail(r, "a value is wanted here");
    r->at += length;
    return true;
}

static bool read_value(struct reader *r, struct json_value *v, uint32_t depth);

/* After the opening bracket: items, or members where `object`. */
static bool read_items(struct reader *r, struct json_value *v, bool object, uint32_t depth)
{
    char close = object ? '}' : ']';
    struct json_value **last = &v->first;
    if (depth == JSON_DEPTH) return fail(r, "too many levels");
    v->kind = object ? JSON_OBJECT : JSON_ARRAY;
    skip_blanks(r);
    if (take(r, close)) return true;
    do {
        if (++r->values > JSON_VALUES) return fail(r, "too many values");
        struct json_value *item = memory_take(1, sizeof *item);
        *last = item;
        last = &item->next;
        v->count++;
        skip_blanks(r);
        if (object) {
            item->key = read_string(r);
            if (!item->key) return false;
            skip_blanks(r);
            if (!take(r, ':')) return fail(r, "':' is wanted here");
        }
        if (!read_value(r, item, depth + 1)) return false;
        skip_blanks(r);
    } while (take(r, ','));
    return take(r, close) || fail(r, object ? "',' or '}' is wanted here" : "',' or ']' is wanted here");
}

static bool read_value(struct reader *r, struct json_value *v, uint32_t depth)
{
    skip_blanks(r);
    if (r->at == r->end) return fail(r, "the text ends too early");
    switch (*r->at) {
    case '{':
    case '[': {
        bool object = *r->at++ == '{';
        return read_items(r, v, object, depth);
    }
    case '"':
        v->kind = JSON_STRING;
        v->string = read_string(r);
        return v->string != NULL;
    case 't':
        v->kind = JSON_BOOL;
        v->truth = true;
        return read_word(r, "true");
    case 'f': v->kind = JSON_BOOL; return read_word(r, "false");
    case 'n': v->kind = JSON_NULL; return read_word(r, "null");
    default:
        if (*r->at == '-' || (*r->at >= '0' && *r->at <= '9')) return read_number(r, v);
        return fail(r, "a value is wanted here");
    }
}

struct json_value *json_parse(const char *text, size_t length, struct error *e)
{
    struct reader r = {.text = text, .at = text, .end = text + length, .e = e};
    struct json_value *v = memory_take(1, sizeof *v);
    bool ok = read_value(&r, v, 0);
    if (ok) {
        skip_blanks(&r);
        ok = r.at == r.end || fail(&r, "something follows the value");
    }
    if (ok) return v;
    json_free(v);
    return NULL;
}

void json_free(struct json_value *v)
{
    while (v) { /* depth is at most JSON_DEPTH: only the way down recurs */
        struct json_value *next = v->next;
        json_free(v->first);
        free(v->key);
        free(v->string);
        free(v);
        v = next;
    }
}

const struct json_value *json_get(const struct json_value *object, const char *key)
{
    if (!object || object->kind != JSON_OBJECT) return NULL;
    for (const struct json_value *v = object->first; v; v = v->next)
        if (!strcmp(v->key, key)) return v;
    return NULL;
}
