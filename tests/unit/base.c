/* base.c: arenas, vectors, buffers, names, places and diagnostics. */
#include "check.h"

#include "base/buffer.h"
#include "base/diag.h"

#include <stdlib.h>

static void test_arena(void)
{
    struct arena *a = arena_new();
    char *small = arena_take(a, 3), *large = arena_take(a, 5 << 20), *again = arena_take(a, 3);
    CHECK(((uintptr_t)small | (uintptr_t)large | (uintptr_t)again) % 16 == 0);
    int nonzero = 0;
    for (int i = 0; i < 5 << 20; i++)
        nonzero += large[i] != 0;
    CHECK(nonzero == 0);
    CHECK_TEXT(arena_format(a, "%d %s", 7, "x"), "7 x");
    CHECK_TEXT(arena_string(a, "abcdef", 3), "abc");
    CHECK(arena_bytes(a) > (5u << 20));
    VEC(int) numbers = {0};
    for (int i = 0; i < 1000; i++)
        vec_push(a, &numbers, i);
    CHECK(numbers.n == 1000 && numbers.at[0] == 0 && numbers.at[999] == 999);
    arena_free(a);
    arena_free(NULL);
}

static const char *number(double x)
{
    static char text[64];
    struct buffer b = {0};
    buffer_number(&b, x);
    snprintf(text, sizeof text, "%s", b.text);
    buffer_free(&b);
    return text;
}

static void test_buffer(void)
{
    CHECK_TEXT(number(0.1), "0.1");
    CHECK_TEXT(number(2e-4), "2e-4");
    CHECK_TEXT(number(-0.05), "-0.05");
    CHECK_TEXT(number(100), "100");
    CHECK_TEXT(number(0), "0");
    CHECK_TEXT(number(-0.0), "-0");
    CHECK_TEXT(number(12.5), "12.5");
    CHECK_TEXT(number(1e300), "1e300");
    CHECK_TEXT(number(1.5e-10), "1.5e-10");
    CHECK_TEXT(number(INFINITY), "inf");
    CHECK_TEXT(number(-INFINITY), "-inf");
    CHECK_TEXT(number(NAN), "nan");
    uint64_t state = 88172645463325252u; /* xorshift64: any bits must read back */
    int wrong = 0;
    for (int i = 0; i < 20000; i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        double x;
        memcpy(&x, &state, sizeof x);
        if (isfinite(x))
            wrong += strtod(number(x), NULL) != x;
    }
    CHECK(wrong == 0);
    struct buffer b = {0};
    for (int i = 0; i < 1000; i++)
        buffer_put(&b, "%d,", i % 10);
    CHECK(b.length == 2000 && strlen(b.text) == 2000);
    b.length = 0;
    buffer_quoted(&b, "a\"b\\c\n\t\x01µ");
    CHECK_TEXT(b.text, "\"a\\\"b\\\\c\\n\\t\\x01µ\"");
    buffer_free(&b);
}

static void test_names(void)
{
    struct ganc *g = ganc_new();
    const char *first = intern(g, "noise");
    for (int i = 0; i < 5000; i++)
        intern(g, arena_format(g->mem, "name%d", i));
    CHECK(intern_bytes(g, "noises", 5) == first);
    CHECK(intern(g, "nois") != first);
    ganc_free(g);

    const char *known[] = {"relu", "sigmoid", "dense", "batchnorm", NULL};
    CHECK_TEXT(nearest_name("sigmoyd", known, 5), "sigmoid");
    CHECK_TEXT(nearest_name("desne", known, 5), "dense"); /* neighbours swapped */
    CHECK_TEXT(nearest_name("ReLU", known, 5), "relu");
    CHECK_TEXT(nearest_name("batch_norm", known, 5), "batchnorm");
    CHECK(nearest_name("wavelet", known, 5) == NULL);
    CHECK(nearest_name("", known, 5) == NULL);
}

/* What diag_print prints, or diag_print_json. */
static char *printed(struct ganc *g, bool json, enum diag_color color)
{
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    if (json)
        diag_print_json(g, to);
    else
        diag_print(g, to, color);
    fclose(to);
    return text;
}

static void check_printed(struct ganc *g, bool json, const char *want)
{
    char *text = printed(g, json, COLOR_AUTO);
    CHECK_TEXT(text, want);
    free(text);
}

static void test_places(void)
{
    struct ganc *g = ganc_new();
    uint32_t file, line, column;
    struct source *s = source_add(g, "m.gan", "a\nσx = 1\n\nlast", 15, &file);
    CHECK(file == 1 && g->sources.at[1] == s && !g->sources.at[0]);
    source_place(s, 0, &line, &column);
    CHECK(line == 1 && column == 1);
    source_place(s, 4, &line, &column); /* the x after a letter of two bytes */
    CHECK(line == 2 && column == 2);
    source_place(s, 15, &line, &column);
    CHECK(line == 4);
    source_place(s, 1000, &line, &column);
    CHECK(line == 4);
    struct span whole = span_join(span_at(1, 2, 1), span_at(1, 6, 3));
    CHECK(whole.at == 2 && whole.length == 7);
    CHECK(!source_read(g, "/nonexistent/model.gan", &file) && diag_errors(g) == 1);
    check_printed(g, false, "ganc: error[E0001]: cannot read /nonexistent/model.gan: No such file or directory\n");
    ganc_free(g);
}

static void test_diagnostics(void)
{
    struct ganc *g = ganc_new();
    uint32_t file;
    source_add(g, "m.gan", "one\n\tσσ two\n", 13, &file);
    struct span two = span_at(file, 10, 3), one = span_at(file, 0, 3);
    diag(g, E0110, two, "x", "y");
    diag_note(g, one, "see %s", "here");
    diag_help(g, "try %d", 3);
    diag(g, E0110, one, "p", "q");
    diag(g, E0110, two, "x", "y"); /* reported already */
    diag_note(g, one, "dropped with it");
    CHECK(diag_errors(g) == 2);
    check_printed(g, false,
                  "m.gan:1:1: error[E0110]: expected p, found q\n"
                  "    1 | one\n"
                  "      | ^~~\n"
                  "m.gan:2:5: error[E0110]: expected x, found y\n"
                  "    2 |     σσ two\n"
                  "      |        ^~~\n"
                  "m.gan:1:1: note: see here\n"
                  "   help: try 3\n");
    CHECK(diag_errors(g) == 0);

    uint32_t mark = diag_mark(g);
    diag(g, E0110, two, "x", "y");
    diag_rewind(g, mark);
    CHECK(diag_errors(g) == 0);
    diag(g, E0110, two, "a \"b\"", "y"); /* what was forgotten may be said again */
    CHECK(diag_errors(g) == 1);
    check_printed(g, true,
                  "{\"severity\":\"error\",\"id\":\"E0110\",\"message\":\"expected a \\\"b\\\", found y\",\"file\":\"m.gan\",\"line\":2,\"column\":5,"
                  "\"end_line\":2,\"end_column\":8,\"excerpt\":\"\\u0009σσ two\",\"notes\":[],\"help\":[]}\n");
    CHECK(!diag_enable(g, "no-such-warning", false));
    CHECK_TEXT(diag_name(E0110), "E0110");

    diag(g, E0110, one, "\033[2J", "y"); /* no control character reaches the terminal, unless colour is asked for */
    char *text = printed(g, false, COLOR_NEVER);
    CHECK(!strchr(text, '\033'));
    free(text);
    diag(g, E0110, one, "x", "y");
    text = printed(g, false, COLOR_ALWAYS);
    CHECK(strstr(text, "\033[1;31merror[E0110]:\033[0m") != NULL);
    free(text);
    ganc_free(g);
}

int main(void)
{
    test_arena();
    test_buffer();
    test_names();
    test_places();
    test_diagnostics();
    return check_done();
}
