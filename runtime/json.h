/* json.h: writing and reading JSON (RFC 8259).
 *
 * The writer puts commas by itself:
 *     struct json_out o = {0};
 *     json_open(&o, '{'); json_key(&o, "step"); json_integer(&o, 3); json_close(&o);
 *     use o.text (ends in a zero byte; o.length bytes before it); json_done(&o);
 * Numbers are the shortest decimals that read back to the same double; NaN and infinities become null, as JSON has none.
 *
 * The reader is strict and trusts nothing: no comments, no trailing commas, UTF-8 checked, no \u0000, no number beyond a double's range, at most
 * JSON_DEPTH levels and JSON_VALUES values. A tree belongs to who parsed it: json_free. */
#ifndef GANRT_JSON_H
#define GANRT_JSON_H

#include "error.h"

#include <stdint.h>

#define JSON_DEPTH 64
#define JSON_VALUES 4000000

struct json_out {
    char *text;
    size_t length, capacity;
    char close[JSON_DEPTH]; /* the brackets still open */
    uint32_t depth;
    bool comma;  /* a value stands before */
    bool key;    /* a key stands before */
    bool pretty; /* set it before the first value: a line for each member, two spaces a level */
};

void json_open(struct json_out *o, char bracket); /* '{' or '[' */
void json_close(struct json_out *o);
void json_key(struct json_out *o, const char *key);
void json_string(struct json_out *o, const char *text); /* bytes that are not UTF-8 become U+FFFD; NULL becomes null */
void json_number(struct json_out *o, double x);
void json_integer(struct json_out *o, int64_t x);
void json_bool(struct json_out *o, bool x);
void json_null(struct json_out *o);
void json_newline(struct json_out *o); /* between the documents of a .jsonl file */
void json_done(struct json_out *o);    /* frees the text */

/* The shortest decimal that reads back to the same double (single: to the same float): "0.1", "2e-05", "nan", "inf".
 * text has room for 32 bytes; returns the length. The process is in the C locale: nothing here sets another. */
int json_shortest(char *text, double x);
int json_shortest_single(char *text, float x);

/* The length of the UTF-8 sequence at s[0..length), or 0 where it is none (RFC 3629: no overlong forms, no surrogates). */
size_t json_utf8(const char *s, size_t length);

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_value {
    enum json_kind kind;
    bool truth;   /* BOOL */
    bool integer; /* NUMBER written without point and exponent that fits an int64_t: also in whole */
    int64_t whole;
    double number;
    char *key;                       /* of a member, else NULL */
    char *string;                    /* STRING; ends in a zero byte, holds none */
    uint32_t count;                  /* ARRAY, OBJECT */
    struct json_value *first, *next; /* first item or member; the next one of the same parent */
};

struct json_value *json_parse(const char *text, size_t length, struct error *e); /* the error names line and column */
void json_free(struct json_value *v);
const struct json_value *json_get(const struct json_value *object, const char *key); /* the first such member; NULL where none */

#endif
