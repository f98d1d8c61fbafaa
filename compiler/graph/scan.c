/* scan.c: the tokens of a program's text. Lines count; spaces only separate; # begins a comment. */
#include "graph/scan.h"

#include "base/buffer.h"
#include "base/diag.h"
#include "graph/text.h"

#include <stdlib.h>
#include <string.h>

struct scanner {
    struct ganc *g;
    uint32_t file;
    const char *text;
    uint32_t at, length;
    struct tokens *into;
};

static char peek(const struct scanner *s, uint32_t ahead)
{
    return s->at + ahead < s->length ? s->text[s->at + ahead] : 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct token *push(struct scanner *s, int kind, uint32_t from)
{
    struct token t = {.kind = (uint8_t)kind, .at = from, .length = s->at - from};
    t.first = from == 0 || s->text[from - 1] == '\n';
    vec_push(s->g->mem, &s->into->list, t);
    return &s->into->list.at[s->into->list.n - 1];
}

static void bad(struct scanner *s, uint32_t from, const char *what)
{
    push(s, TOKEN_BAD, from);
    diag(s->g, E0608, span_at(s->file, from, s->at - from), what);
}

static uint32_t saturated(const char *digits)
{
    unsigned long long x = strtoull(digits, NULL, 10);
    return x < UINT32_MAX ? (uint32_t)x : UINT32_MAX;
}

static void scan_number(struct scanner *s)
{
    uint32_t from = s->at;
    while (is_digit(peek(s, 0)))
        s->at++;
    if (peek(s, 0) == '.' && is_digit(peek(s, 1))) {
        s->at++;
        while (is_digit(peek(s, 0)))
            s->at++;
    }
    uint32_t sign = peek(s, 1) == '-' || peek(s, 1) == '+';
    if ((peek(s, 0) == 'e' || peek(s, 0) == 'E') && is_digit(peek(s, 1 + sign))) {
        s->at += 1 + sign;
        while (is_digit(peek(s, 0)))
            s->at++;
    }
    struct token *t = push(s, TOKEN_NUMBER, from);
    t->text = intern_bytes(s->g, s->text + from, s->at - from);
    t->number = strtod(t->text, NULL);
}

static void scan_word(struct scanner *s)
{
    uint32_t from = s->at;
    while (s->at < s->length && text_word_goes_on((unsigned char)s->text[s->at]))
        s->at++;
    push(s, TOKEN_WORD, from)->text = intern_bytes(s->g, s->text + from, s->at - from);
}

static int hex(char c)
{
    return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One character of a string, at s->at, without its escape; 0 where it has none. */
static char scan_escape(struct scanner *s)
{
    char c = peek(s, 0), value = 0;
    s->at++;
    if (c != '\\')
        return c;
    switch (c = peek(s, 0)) {
    case '"':
    case '\\':
        value = c;
        break;
    case 'n':
        value = '\n';
        break;
    case 't':
        value = '\t';
        break;
    case 'x':
        if (hex(peek(s, 1)) >= 0 && hex(peek(s, 2)) >= 0)
            value = (char)(hex(peek(s, 1)) * 16 + hex(peek(s, 2)));
        s->at += value ? 2 : 0;
        break;
    }
    s->at += value != 0;
    return value;
}

static void scan_string(struct scanner *s)
{
    uint32_t from = s->at++;
    struct buffer text = {0};
    bool good = true;
    while (s->at < s->length && peek(s, 0) != '"' && peek(s, 0) != '\n') {
        char c = scan_escape(s);
        good = good && c;
        buffer_bytes(&text, &c, 1);
    }
    bool closed = peek(s, 0) == '"';
    s->at += closed;
    if (!closed)
        bad(s, from, "a string that does not end on its line");
    else if (!good)
        bad(s, from, "a string with an unknown escape");
    else
        push(s, TOKEN_STRING, from)->text = intern_bytes(s->g, text.text ? text.text : "", text.length);
    buffer_free(&text);
}

/* `| text`, or `\ no newline at the end`: the rest of the line belongs to it. */
static void scan_source_line(struct scanner *s)
{
    const char *end = memchr(s->text + s->at, '\n', s->length - s->at);
    uint32_t stop = end ? (uint32_t)(end - s->text) : s->length;
    bool text = peek(s, 0) == '|';
    uint32_t line = s->at, from = s->at + 1;
    if (from < stop && s->text[from] == ' ')
        from++;
    s->at = stop;
    struct token *t = push(s, text ? TOKEN_SOURCE : TOKEN_NO_NEWLINE, text ? from : line);
    t->first = true;
    s->at += end != NULL;
}

static void scan_symbol(struct scanner *s)
{
    static const struct {
        char spelling[3];
        int kind;
    } pairs[] = {{"<-", TOKEN_ARROW}, {"==", TOKEN_EQUAL}, {"!=", TOKEN_UNEQUAL}, {"<=", TOKEN_AT_MOST}, {">=", TOKEN_AT_LEAST}, {"..", TOKEN_UPTO}};
    uint32_t from = s->at;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (peek(s, 0) == pairs[i].spelling[0] && peek(s, 1) == pairs[i].spelling[1]) {
            s->at += 2;
            push(s, pairs[i].kind, from);
            return;
        }
    char c = peek(s, 0);
    int kind = c == '%' ? TOKEN_VALUE : c == '$' ? TOKEN_SLOT : c == '&' ? TOKEN_INDEX : 0;
    s->at++;
    if (kind && is_digit(peek(s, 0))) {
        while (is_digit(peek(s, 0)))
            s->at++;
        push(s, kind, from)->index = saturated(s->text + from + 1);
    } else if (c && strchr("+-*/%^<>=:,()[]{}@~'", c))
        push(s, c, from);
    else
        bad(s, from, "this character");
}

/* A line ends at its newline, unless nothing stands on it or a comma ends it. */
static void scan_line_end(struct scanner *s)
{
    uint32_t n = s->into->list.n;
    int before = n ? s->into->list.at[n - 1].kind : TOKEN_LINE;
    if (before != TOKEN_LINE && before != TOKEN_SOURCE && before != TOKEN_NO_NEWLINE && before != ',')
        push(s, TOKEN_LINE, s->at)->first = false;
}

void scan(struct ganc *g, uint32_t file, struct tokens *into)
{
    const struct source *source = g->sources.at[file];
    struct scanner s = {g, file, source->text, 0, (uint32_t)source->length, into};
    while (s.at < s.length) {
        char c = peek(&s, 0);
        bool first = s.at == 0 || s.text[s.at - 1] == '\n';
        if (c == '\n') {
            scan_line_end(&s);
            s.at++;
        } else if (c == ' ' || c == '\t' || c == '\r')
            s.at++;
        else if (c == '#')
            while (s.at < s.length && s.text[s.at] != '\n')
                s.at++;
        else if (first && (c == '|' || c == '\\'))
            scan_source_line(&s);
        else if (c == '"')
            scan_string(&s);
        else if (is_digit(c))
            scan_number(&s);
        else if (text_word_starts((unsigned char)c))
            scan_word(&s);
        else
            scan_symbol(&s);
    }
    scan_line_end(&s);
    push(&s, TOKEN_END, s.at)->first = true;
}
