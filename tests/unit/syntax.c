/* syntax.c: the scanner, the ends of statements, the tree, syntax errors and the formatter. */
#include "check.h"

#include "base/buffer.h"
#include "base/diag.h"
#include "syntax/ast.h"

#include <stdlib.h>

enum want { TREE, FORMATTED, ERRORS };

/* What a text gives: its tree without places, its layout, or its errors as lines "line:column id message". */
static char *result(const char *text, enum want want, bool rules)
{
    struct ganc *g = ganc_new();
    uint32_t file;
    source_add(g, "t", text, strlen(text), &file);
    struct ast *tree = ast_parse(g, file, rules);
    struct buffer b = {0};
    buffer_put(&b, "%s", "");
    if (want != ERRORS && (!tree || diag_errors(g))) {
        diag_print(g, stdout, COLOR_NEVER);
        buffer_put(&b, "errors");
    } else if (want == TREE) {
        ast_print(&b, NULL, tree);
    } else if (want == FORMATTED) {
        ast_format(&b, g, tree);
    } else {
        char *printed = NULL, *line, *rest;
        size_t length;
        FILE *to = open_memstream(&printed, &length);
        diag_print(g, to, COLOR_NEVER);
        fclose(to);
        for (line = strtok_r(printed, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
            if (!strncmp(line, "t:", 2) && !strstr(line, ": note:"))
                buffer_put(&b, "%s\n", line + 2);
        free(printed);
    }
    ganc_free(g);
    char *copy = strdup(b.text);
    buffer_free(&b);
    return copy;
}

#define CHECK_RESULT(text, want, expected)                                                                             \
    do {                                                                                                               \
        char *r_ = result((text), (want), false);                                                                      \
        CHECK_TEXT(r_, (expected));                                                                                    \
        free(r_);                                                                                                      \
    } while (0)

/* Two texts that mean the same. */
static void check_same(const char *a, const char *b)
{
    char *first = result(a, TREE, false), *second = result(b, TREE, false);
    CHECK_TEXT(first, second);
    CHECK(strcmp(first, "errors") != 0);
    free(first);
    free(second);
}

static void test_precedence(void)
{
    static const char *const same[][2] = {
        {"a - b - c * d @ e ^ f ^ g", "BINARY - BINARY - NAME a NAME b BINARY * NAME c BINARY @ NAME d BINARY ^ NAME e BINARY ^ NAME f NAME g"},
        {"-a ^ -b", "NEGATE BINARY ^ NAME a NEGATE NAME b"},
        {"-a @ b", "BINARY @ NEGATE NAME a NAME b"},
        {"a + b |> f |> g(1) == c", "BINARY == PIPE PIPE BINARY + NAME a NAME b NAME f CALL NAME g ARGUMENTS ARGUMENT NUMBER 1 NAME c"},
        {"2 * E[x ~ p] a * b + c", "BINARY + BINARY * NUMBER 2 EXPECTATION DRAWS DRAW x - NAME p BINARY * NAME a NAME b NAME c"},
        {"sample[x ~ p] a or b", "SAMPLE DRAWS DRAW x - NAME p BINARY or NAME a NAME b"},
        {"E(x) + sample", "BINARY + CALL NAME E ARGUMENTS ARGUMENT NAME x NAME sample"},
        {"not a and b", "BINARY and NOT NAME a NAME b"},
        {"x[1:, :2, ...].data", "FIELD data INDEX NAME x SLICE NUMBER 1 - SLICE - NUMBER 2 ELLIPSIS"},
        {"f(every=1, D.a except D.b)", "CALL NAME f ARGUMENTS ARGUMENT every NUMBER 1 ARGUMENT EXCEPT FIELD a NAME D FIELD b NAME D"},
        {"µ + h''", "BINARY + NAME μ NAME h''"},
        {"2e-4 * 1.5", "BINARY * NUMBER 2e-4 NUMBER 1.5"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        char text[200], *tree;
        snprintf(text, sizeof text, "value V = %s", same[i][0]);
        tree = result(text, TREE, false);
        struct buffer flat = {0}; /* the tree in one line, without its first two */
        for (char *line, *rest = strstr(tree, "    "); rest && (line = strtok_r(rest, "\n", &rest));)
            buffer_put(&flat, "%s%s", flat.length ? " " : "", line + strspn(line, " "));
        CHECK_TEXT(flat.text, same[i][1]);
        buffer_free(&flat);
        free(tree);
    }
}

static void test_newlines(void)
{
    check_same("fn f(x) = {\n\n let y = f(a,\n b)\n y\n |> g\n}\n", "fn f(x) = { let y = f(a, b); y |> g }");
    check_same("value V = E[x ~ p]\n a\n - b", "value V = E[x ~ p] a - b");
    check_same("train (a=1) {\nminimize V\nover D\nusing f }", "train (a=1) { minimize V over D using f }");
    check_same("value V = x[0]\nvalue W = y;;;value X = z;", "value V = x[0]; value W = y; value X = z");
    check_same("fn f(x) = if a { 1 } # c\n else { 2 }", "fn f(x) = if a { 1 } else { 2 }");
    check_same("fn f(x) = { for i in 1..4 { h = h }; h }", "fn f(x) = {\nfor i in 1 .. 4 {\nh = h\n}\nh }");
    CHECK_RESULT("fn f(x) = { a; -b }", TREE,
                 "FILE\n  FN f\n    PARAMETERS\n      PARAMETER x\n        -\n        -\n    BLOCK\n      NAME a\n      NEGATE\n        NAME b\n");
}

static void test_documentation(void)
{
    CHECK_RESULT("## one\n## two\nsetting k = 1 ## three\n              ## four\n# no\nsetting l = 2\n", TREE,
                 "FILE\n  SETTING k \"one two three four\"\n    NUMBER 1\n  SETTING l\n    NUMBER 2\n");
    char *rules = result("derivative mul(a, b) = dy * b, dy\nrewrite f(x) = x", TREE, true);
    CHECK(strstr(rules, "DERIVATIVE\n") && strstr(rules, "REWRITE\n"));
    free(rules);
}

static void test_errors(void)
{
    CHECK_RESULT("value V = f(a }\nsetting k == 1\nprior data : [1] = 2", ERRORS,
                 "1:15: error[E0110]: expected `)` or `,`, found `}`\n"
                 "2:11: error[E0110]: expected `=`, found `==`\n"
                 "3:7: error[E0111]: `data` is a keyword: it cannot be a name here\n");
    CHECK_RESULT("value V = a ** b && !c\nvalue W = a < b < c\nvalue X = x |> f + y\nvalue Y = if a { b }\n", ERRORS,
                 "1:13: error[E0106]: `**` is written `^`\n"
                 "1:18: error[E0106]: `&&` is written `and`\n"
                 "1:21: error[E0106]: `!` is written `not`\n"
                 "2:17: error[E0114]: comparisons do not chain\n"
                 "3:16: error[E0115]: the right side of |> must be a name, a field or a call\n"
                 "4:11: error[E0113]: this if has no else, but its value is used\n");
    CHECK_RESULT("train (a=1)\n{\n project D with\n}\n", ERRORS,
                 "1:12: error[E0110]: expected `{`, found the end of the line\n"
                 "4:1: error[E0110]: expected an expression, found `}`\n");
    /* a brace that is not closed, one error; what follows is read; blocks after an error too */
    CHECK_RESULT("train (a=1) {\n    repeat 2 {\n        project D with f\n}\nvalue V = )\n", ERRORS,
                 "5:1: error[E0112]: `{` is not closed before `value`\n"
                 "5:11: error[E0110]: expected an expression, found `)`\n");
    CHECK_RESULT("net G(z noise) -> [1] {\n let = 1\n let y = f(a,\n let z = 2\n}\nfn f(x) = (x", ERRORS,
                 "1:9: error[E0110]: expected `)`, `,`, `=` or `~`, found `noise`\n"
                 "2:6: error[E0110]: expected a name, found `=`\n"
                 "4:2: error[E0112]: `(` is not closed before `let`\n"
                 "6:11: error[E0112]: `(` is not closed before the end of the file\n");
    CHECK_RESULT("value V = \"abc\nvalue W = 1. + .5 + 2x\nvalue X = a ? b : c\nvalue Y = \"\\n\" + \xff", ERRORS,
                 "1:11: error[E0103]: a string must end on the line it begins on\n"
                 "2:11: error[E0105]: `1.` is not a number\n"
                 "2:16: error[E0105]: `.5` is not a number\n"
                 "2:21: error[E0105]: `2x` is not a number\n"
                 "3:13: error[E0102]: the character `?` cannot stand here\n"
                 "4:12: error[E0104]: unknown escape `\\n` in a string\n"
                 "4:18: error[E0101]: the byte 0xff is not UTF-8\n");
}

static void test_depth(void)
{
    static const char *const repeated[] = {"(", "-", "f(", "{ ", "not ", "E[x ~ p] ", "if a { b } else ", "x ^ ", "x + ", "f |> "};
    for (size_t i = 0; i < sizeof repeated / sizeof *repeated; i++) {
        struct buffer b = {0};
        buffer_put(&b, "value V = ");
        for (int n = 0; n < 30000; n++)
            buffer_put(&b, "%s", repeated[i]);
        char *errors = result(b.text, ERRORS, false);
        CHECK(strstr(errors, "error[E0117]") != NULL);
        free(errors);
        buffer_free(&b);
    }
}

/* Formats `text` and checks the layout, that it means the same, and that formatting again changes nothing. */
static void check_format(const char *text, const char *want)
{
    char *once = result(text, FORMATTED, false), *twice = result(once, FORMATTED, false);
    CHECK_TEXT(once, want);
    CHECK_TEXT(twice, once);
    check_same(once, text);
    free(once);
    free(twice);
}

static void test_format(void)
{
    check_format("setting  k=1 ## steps\n\n\n\nsetting rate =0.1", "setting k = 1  ## steps\n\nsetting rate = 0.1\n");
    check_format("data  a: [ 784 ] in [0,1]\nprior  zz: [ 1 ]~f", "data a : [784] in [0, 1]\nprior zz : [1] ~ f\n");
    check_format("data  a  : [784]    # x\nprior zz : [1] ~ f  # y\n", "data  a  : [784]    # x\nprior zz : [1] ~ f  # y\n");
    check_format("net G(z~p)->[1]{ # head\n# own\nlet y=z # end\n\n  y|>f(a , b=2)\n      |>g # last\n# foot\n}",
                 "net G(z ~ p) -> [1] {  # head\n    # own\n    let y = z  # end\n\n    y |> f(a, b=2)\n        |> g  # last\n    # foot\n}\n");
    check_format("fn f(x) = { a; -b }\nfn g(x) = {\na\n; -b\n}", "fn f(x) = { a; -b }\nfn g(x) = {\n    a;\n    -b\n}\n");
    check_format("value V = f(a, # why\n      b)\n", "value V = f(a, # why\n      b)\n");
    check_format("fn f(x) = -x^2*(a+b) @ c[1:,...]", "fn f(x) = -x^2 * (a + b) @ c[1:, ...]\n");
    check_format("train(n=1){repeat k{maximize V over D,E except F.a using adam(1e-4)}}",
                 "train (n=1) { repeat k { maximize V over D, E except F.a using adam(1e-4) } }\n");
    struct ganc *g = ganc_new();
    uint32_t file;
    source_add(g, "t", "value V = E[z~noise]  log( D(G(z)) )\n", 37, &file);
    struct ast *tree = ast_parse(g, file, false);
    struct buffer b = {0};
    ast_expression(&b, tree->kids[0]->kids[0]);
    CHECK_TEXT(b.text, "E[z ~ noise] log(D(G(z)))");
    buffer_free(&b);
    ganc_free(g);
}

static void test_long_lines(void)
{
    check_format("net Q(x ~ digits) -> [20] { x |> dense(500, init=glorot) |> relu |> dense(500, init=glorot) |> relu |> dense(784, init=glorot) |> sigmoid }",
                 "net Q(x ~ digits) -> [20] {\n"
                 "    x |> dense(500, init=glorot) |> relu |> dense(500, init=glorot) |> relu\n"
                 "        |> dense(784, init=glorot) |> sigmoid\n"
                 "}\n");
    check_format("value V = E[x ~ digits] log(discriminator(x)) + E[z ~ noise] log(1 - discriminator(generator(z))) + penalty(discriminator)",
                 "value V = E[x ~ digits] log(discriminator(x))\n"
                 "    + E[z ~ noise] log(1 - discriminator(generator(z)))\n"
                 "    + penalty(discriminator)\n");
}

int main(void)
{
    test_precedence();
    test_newlines();
    test_documentation();
    test_errors();
    test_depth();
    test_format();
    test_long_lines();
    return check_done();
}
