/* tools_json.c: JSON written and read back; texts that must be refused; shortest numbers. */
#include "check.h"

#include "../../runtime/json.h"

#include <stdlib.h>

static bool accepts(const char *text)
{
    struct error e;
    struct json_value *v = json_parse(text, strlen(text), &e);
    json_free(v);
    return v != NULL;
}

static void numbers(void)
{
    static const struct {
        double x;
        const char *text;
    } cases[] = {
        {0.1, "0.1"}, {1, "1"}, {2e-4, "0.0002"}, {1e300, "1e+300"}, {-0.5, "-0.5"}, {5e-324, "4.94065645841247e-324"}, {1.0 / 3, "0.3333333333333333"}};
    char text[32];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_shortest(text, cases[i].x);
        CHECK_TEXT(text, cases[i].text);
        CHECK(strtod(text, NULL) == cases[i].x);
    }
    json_shortest_single(text, 0.1f);
    CHECK_TEXT(text, "0.1");
    json_shortest_single(text, 16777216.0f);
    CHECK(strtof(text, NULL) == 16777216.0f);
    unsigned state = 1;
    for (int i = 0; i < 2000; i++) { /* random bits survive */
        union {
            uint64_t bits;
            double x;
        } u;
        u.bits = 0;
        for (int k = 0; k < 4; k++) state = state * 1664525u + 1013904223u, u.bits = u.bits << 16 | state >> 16;
        if (!isfinite(u.x)) continue;
        CHECK(json_shortest(text, u.x) < 32 && strtod(text, NULL) == u.x);
        float f = (float)u.x;
        json_shortest_single(text, f);
        CHECK(!isfinite(f) || strtof(text, NULL) == f);
    }
}

static void writing(void)
{
    struct json_out o = {0};
    json_open(&o, '{');
    json_key(&o, "a"), json_integer(&o, -3);
    json_key(&o, "b\n\"\\\x01"), json_string(&o, "σ \xff: ");
    json_key(&o, "c"), json_open(&o, '['), json_number(&o, NAN), json_bool(&o, true), json_null(&o), json_open(&o, '{'), json_close(&o), json_close(&o);
    json_close(&o);
    json_newline(&o);
    json_open(&o, '['), json_close(&o);
    CHECK_TEXT(o.text, "{\"a\": -3, \"b\\n\\\"\\\\\\u0001\": \"σ \xef\xbf\xbd: \", \"c\": [null, true, null, {}]}\n[]");
    json_done(&o);
    o.pretty = true;
    json_open(&o, '{');
    json_key(&o, "a"), json_open(&o, '['), json_integer(&o, 1), json_integer(&o, 2), json_close(&o);
    json_key(&o, "b"), json_open(&o, '{'), json_close(&o);
    json_close(&o);
    CHECK_TEXT(o.text, "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}");
    json_done(&o);
}

static void reading(void)
{
    static const char text[] = " {\"a\": [1, -2.5e3, true, null, \"x\\u00e9\\ud83d\\ude00\\n\"], \"b\": {\"c\": 9223372036854775807}} ";
    struct error e;
    struct json_value *v = json_parse(text, sizeof text - 1, &e);
    const struct json_value *a = json_get(v, "a"), *c = json_get(json_get(v, "b"), "c");
    CHECK(v && a && a->count == 5 && a->first->integer && a->first->whole == 1);
    CHECK_NEAR(a->first->next->number, -2500, 0);
    CHECK(!a->first->next->integer);
    CHECK_TEXT(a->first->next->next->next->next->string, "xé😀\n");
    CHECK(c && c->integer && c->whole == INT64_MAX);
    CHECK(!json_get(v, "z") && !json_get(a, "a") && !json_get(NULL, "a"));
    json_free(v);
    static const char *const good[] = {"0", "-0.0", "[]", "{}", "\"\"", "[[[]]]", "1e5", "\t\r\n 1 ", "\"\\/\\b\\f\\r\\t\""};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) CHECK(accepts(good[i]));
    static const char *const bad[] = {"",
                                      " ",
                                      "01",
                                      "-",
                                      "1.",
                                      ".5",
                                      "1e",
                                      "1e309",
                                      "+1",
                                      "[1,]",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "[1 2]",
                                      "\"",
                                      "\"\\",
                                      "\"\\u12",
                                      "\"\\u0000\"",
                                      "\"\\ud800\"",
                                      "\"\\ud800\\u0041\"",
                                      "\"\\udc00\"",
                                      "\"\\x\"",
                                      "\"\x01\"",
                                      "\"\xc0\x80\"",
                                      "\"\xed\xa0\x80\"",
                                      "\"\xf5\x80\x80\x80\"",
                                      "\"\xe2\x82\"",
                                      "nul",
                                      "truex",
                                      "1 2",
                                      "{\"a\" 1}",
                                      "{\"a\":}",
                                      "[",
                                      "{",
                                      "[1",
                                      "nan",
                                      "// x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(!accepts(bad[i]));
        if (accepts(bad[i])) printf("accepted: %s\n", bad[i]);
    }
    CHECK(!json_parse("{\n  \"a\": ?}", 10, &e));
    CHECK_TEXT(e.text, "line 2, column 8: a value is wanted here");
}

/* Depth is bounded; every prefix and every changed byte of a text is either read or refused, with nothing lost (sanitizers). */
static void hostile(void)
{
    char deep[400];
    for (int depth = 1; depth < 200; depth++) {
        memset(deep, '[', (size_t)depth);
        memset(deep + depth, ']', (size_t)depth);
        deep[2 * depth] = 0;
        CHECK(accepts(deep) == (depth <= JSON_DEPTH));
    }
    static const char text[] = "{\"a\": [1, -2.5e3, true, \"x\\u00e9\\ud83d\\ude00\\n\"], \"b\": {\"c\": 7}}";
    size_t length = sizeof text - 1;
    char *copy = malloc(length);
    for (size_t i = 0; i < length; i++) {
        char *cut = malloc(i ? i : 1); /* its own block: a read past the end is seen */
        memcpy(cut, text, i);
        struct json_value *v = json_parse(cut, i, NULL);
        CHECK(!v);
        json_free(v);
        free(cut);
        for (int byte = 0; byte < 256; byte++) {
            memcpy(copy, text, length);
            copy[i] = (char)byte;
            json_free(json_parse(copy, length, NULL));
        }
    }
    free(copy);
}

int main(void)
{
    numbers();
    writing();
    reading();
    hostile();
    return check_done();
}
