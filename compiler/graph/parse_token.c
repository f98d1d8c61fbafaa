/* parse_token.c: what the lines of a program's text are made of: names, numbers, types, references, places. */
#include "graph/parse.h"

#include "base/buffer.h"
#include "elaborate/library.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- maps: open addressing, at most half full ---- */

static uint32_t key_slot(const struct key_map *m, uint64_t key)
{
    uint32_t at = (uint32_t)((key * 0x9e3779b97f4a7c15u) >> 32) & (m->capacity - 1);
    while (m->keys[at] && m->keys[at] != key)
        at = (at + 1) & (m->capacity - 1);
    return at;
}

bool key_map_find(const struct key_map *m, uint64_t key, uint32_t *value)
{
    if (!m->capacity)
        return false;
    uint32_t at = key_slot(m, key);
    if (!m->keys[at])
        return false;
    *value = m->values[at];
    return true;
}

bool key_map_add(struct arena *mem, struct key_map *m, uint64_t key, uint32_t value)
{
    if (m->n * 2 >= m->capacity) {
        struct key_map old = *m;
        m->capacity = old.capacity ? old.capacity * 2 : 64;
        m->keys = NEW_ARRAY(mem, uint64_t, m->capacity);
        m->values = NEW_ARRAY(mem, uint32_t, m->capacity);
        for (uint32_t i = 0; i < old.capacity; i++) {
            if (!old.keys[i])
                continue;
            uint32_t at = key_slot(m, old.keys[i]);
            m->keys[at] = old.keys[i];
            m->values[at] = old.values[i];
        }
    }
    uint32_t at = key_slot(m, key);
    if (m->keys[at])
        return false;
    m->keys[at] = key;
    m->values[at] = value;
    m->n++;
    return true;
}

/* ---- tokens ---- */

const struct token *parse_peek(const struct parse *s, uint32_t ahead)
{
    uint32_t last = s->tokens.list.n - 1;
    return &s->tokens.list.at[s->at + ahead < last ? s->at + ahead : last];
}

const struct token *parse_next(struct parse *s)
{
    const struct token *t = parse_peek(s, 0);
    if (t->kind != TOKEN_END)
        s->at++;
    return t;
}

struct span parse_span(const struct parse *s, const struct token *t)
{
    return span_at(s->file, t->at, t->length);
}

bool parse_is(const struct parse *s, int kind)
{
    return !s->bad && parse_peek(s, 0)->kind == kind;
}

bool parse_is_word(const struct parse *s, const char *word)
{
    return parse_is(s, TOKEN_WORD) && !strcmp(parse_peek(s, 0)->text, word);
}

bool parse_accept(struct parse *s, int kind)
{
    bool is = parse_is(s, kind);
    s->at += is;
    return is;
}

bool parse_accept_word(struct parse *s, const char *word)
{
    bool is = parse_is_word(s, word);
    s->at += is;
    return is;
}

const char *parse_token_text(struct parse *s, const struct token *t)
{
    if (t->kind == TOKEN_END)
        return "the end of the text";
    if (t->kind == TOKEN_LINE)
        return "the end of the line";
    uint32_t length = t->length < 60 ? t->length : 60;
    return arena_string(s->g->mem, s->g->sources.at[s->file]->text + t->at, length);
}

void parse_failed(struct parse *s, const char *expected)
{
    if (s->bad)
        return;
    s->bad = true;
    const struct token *t = parse_peek(s, 0);
    if (t->kind != TOKEN_BAD) /* which the scanner reported */
        diag(s->g, E0601, parse_span(s, t), expected, parse_token_text(s, t));
}

void parse_wrong(struct parse *s, const struct token *t, const char *what, const char *wanted)
{
    if (!s->bad)
        diag(s->g, E0606, parse_span(s, t), what, wanted);
    s->bad = true;
}

void parse_expect(struct parse *s, int kind)
{
    if (parse_accept(s, kind))
        return;
    char text[2] = {(char)kind, 0};
    parse_failed(s, kind < 128 ? text : kind == TOKEN_VALUE ? "a value, as %0" : kind == TOKEN_SLOT ? "a slot, as $0" : kind == TOKEN_UPTO ? ".." : "<-");
}

void parse_expect_word(struct parse *s, const char *word)
{
    if (!parse_accept_word(s, word))
        parse_failed(s, word);
}

bool parse_line(struct parse *s)
{
    if (!parse_accept(s, TOKEN_LINE))
        parse_failed(s, "the end of the line");
    bool good = !s->bad;
    while (s->bad && parse_peek(s, 0)->kind != TOKEN_END && parse_next(s)->kind != TOKEN_LINE)
        ;
    s->bad = false;
    return good;
}

/* ---- names, numbers ---- */

const char *parse_name(struct parse *s, const char *what)
{
    if (parse_is(s, TOKEN_WORD) || parse_is(s, TOKEN_STRING))
        return parse_next(s)->text;
    parse_failed(s, what);
    return "";
}

const char *parse_string(struct parse *s)
{
    if (parse_is(s, TOKEN_STRING))
        return parse_next(s)->text;
    parse_failed(s, "a string");
    return "";
}

double parse_number(struct parse *s)
{
    bool negative = parse_accept(s, '-');
    double x = 0;
    if (parse_is(s, TOKEN_NUMBER))
        x = parse_next(s)->number;
    else if (parse_accept_word(s, "inf"))
        x = INFINITY;
    else if (parse_accept_word(s, "nan"))
        x = NAN;
    else
        parse_failed(s, "a number");
    return negative ? -x : x;
}

int64_t parse_integer(struct parse *s, const char *what, int64_t least, int64_t most)
{
    bool negative = parse_accept(s, '-');
    const struct token *t = parse_peek(s, 0);
    if (!parse_is(s, TOKEN_NUMBER)) {
        parse_failed(s, what);
        return least;
    }
    errno = 0;
    long long x = strtoll(t->text, NULL, 10);
    x = negative ? -x : x;
    if (errno || strspn(t->text, "0123456789") != t->length || x < least || x > most) {
        const char *wanted = arena_format(s->g->mem, most < INT64_MAX ? "a whole number from %lld to %lld" : "a whole number from %lld on",
                                          (long long)least, (long long)most);
        parse_wrong(s, t, what, wanted);
        return least;
    }
    s->at++;
    return x;
}

uint32_t parse_choice(struct parse *s, const char *const *words, uint32_t n, const char *what)
{
    for (uint32_t i = 0; i < n; i++)
        if (parse_accept_word(s, words[i]))
            return i;
    parse_failed(s, what);
    return 0;
}

uint32_t parse_reference(struct parse *s, enum name_space space)
{
    const struct token *t = parse_peek(s, 0);
    uint32_t index = UINT32_MAX;
    if (!parse_is(s, TOKEN_WORD) && !parse_is(s, TOKEN_STRING) && !parse_is(s, TOKEN_INDEX)) {
        parse_failed(s, arena_format(s->g->mem, "the name of a %s", text_spaces[space]));
        return UINT32_MAX;
    }
    bool found = t->kind == TOKEN_INDEX ? (index = t->index) < s->counts[space]
                                        : key_map_find(&s->names[space], (uintptr_t)t->text, &index);
    if (!found) {
        diag(s->g, E0603, parse_span(s, t), text_spaces[space], parse_token_text(s, t));
        s->bad = true;
        return UINT32_MAX;
    }
    s->at++;
    return index;
}

/* ---- types and ranges ---- */

struct type parse_type(struct parse *s, bool may_batch)
{
    struct type t = {0};
    parse_expect(s, '[');
    bool stacked = may_batch && parse_peek(s, 0)->kind == TOKEN_NUMBER && parse_peek(s, 1)->kind == TOKEN_WORD;
    int64_t minibatches = stacked ? parse_integer(s, "a number of minibatches", 2, MOST_MINIBATCHES) : 1;
    if (stacked || (may_batch && parse_is_word(s, "B"))) {
        parse_expect_word(s, "B");
        t.batched = (uint8_t)minibatches;
        if (parse_accept(s, ']'))
            return t;
        parse_expect(s, ',');
    } else if (parse_accept(s, ']'))
        return t;
    do {
        const struct token *at = parse_peek(s, 0);
        int64_t dim = parse_integer(s, "a dimension", 1, MAX_ELEMENTS);
        if (t.rank == MAX_RANK)
            parse_wrong(s, at, "a tensor's rank", "at most 8");
        else
            t.dim[t.rank++] = dim;
    } while (parse_accept(s, ','));
    parse_expect(s, ']');
    return t;
}

struct range parse_range(struct parse *s)
{
    struct range r = {0};
    r.low_open = parse_accept(s, '(');
    if (!r.low_open)
        parse_expect(s, '[');
    r.low = parse_number(s);
    parse_expect(s, ',');
    r.high = parse_number(s);
    r.high_open = parse_accept(s, ')');
    if (!r.high_open)
        parse_expect(s, ']');
    return r;
}

/* ---- places ---- */

/* The file of the standard library that prints as `name`; 0 where there is none. */
static uint32_t library_file(struct ganc *g, const char *name)
{
    const char *full = arena_format(g->mem, "<stdlib/%s>", name);
    for (uint32_t i = 1; i < g->sources.n; i++)
        if (g->sources.at[i]->library && (!strcmp(g->sources.at[i]->name, full) || !strcmp(g->sources.at[i]->name, name)))
            return i;
    for (unsigned i = 0; i < library_count; i++) {
        if (strcmp(library_files[i].name, name))
            continue;
        uint32_t file;
        source_add(g, full, library_files[i].text, library_files[i].length, &file)->library = true;
        return file;
    }
    return 0;
}

static uint32_t place_file(struct parse *s)
{
    if (parse_is(s, TOKEN_NUMBER))
        return s->model;
    const struct token *t = parse_peek(s, 0);
    const char *name = parse_name(s, "a place, as @12:5+3");
    uint32_t file = 0;
    for (uint32_t i = 0; i < s->p->imports.n && t->kind == TOKEN_STRING; i++)
        if (!strcmp(s->g->sources.at[s->p->imports.at[i]]->name, name))
            file = s->p->imports.at[i];
    if (!file && t->kind == TOKEN_WORD)
        file = library_file(s->g, name);
    if (!file && !s->bad) {
        diag(s->g, E0603, parse_span(s, t), "source", name);
        s->bad = true;
    }
    parse_expect(s, ':');
    return file;
}

/* The byte at a line and column (code points, from 1); false where the file has none. */
static bool place_find(const struct source *f, uint32_t line, uint32_t column, uint32_t length, uint32_t *at)
{
    if (line > f->lines.n)
        return false;
    uint32_t i = f->lines.at[line - 1];
    for (uint32_t c = 1; c < column; c++) {
        if (i >= f->length || f->text[i] == '\n')
            return false;
        do
            i++;
        while (i < f->length && ((unsigned char)f->text[i] & 0xc0) == 0x80);
    }
    *at = i;
    return length <= f->length - i;
}

/* layers.gan:8:9+31; an error stands at the token t before it. */
static struct span parse_spot(struct parse *s, const struct token *t)
{
    struct span none = {0};
    uint32_t file = place_file(s), at = 0;
    uint32_t line = (uint32_t)parse_integer(s, "a line", 1, UINT32_MAX);
    parse_expect(s, ':');
    uint32_t column = (uint32_t)parse_integer(s, "a column", 1, UINT32_MAX);
    parse_expect(s, '+');
    uint32_t length = (uint32_t)parse_integer(s, "a length in bytes", 0, UINT32_MAX);
    if (s->bad)
        return none;
    if (!file || !place_find(s->g->sources.at[file], line, column, length, &at)) {
        diag(s->g, E0610, parse_span(s, t), line, column, file ? s->g->sources.at[file]->name : "a text without a source");
        s->bad = true;
        return none;
    }
    return span_at(file, at, length);
}

struct span parse_place(struct parse *s)
{
    const struct token *t = parse_peek(s, 0);
    if (!parse_accept(s, '@'))
        return (struct span){0};
    struct span place = parse_spot(s, t);
    t = parse_peek(s, 0);
    if (parse_accept_word(s, "from")) {
        struct span call = parse_spot(s, t);
        if (!s->bad)
            place.call = span_call(s->g, call);
    }
    for (uint32_t role = ROLE_BACK; role <= ROLE_UPDATE; role++)
        if (parse_accept_word(s, text_roles[role])) {
            place.role = role;
            break;
        }
    return place;
}

/* `source "NAME"` or `import "NAME"`, then the lines. The name is kept as it stands: without a folder. */
static void source_section(struct parse *s, uint32_t at)
{
    const struct token *list = s->tokens.list.at;
    struct buffer text = {0};
    const char *ours = s->g->sources.at[s->file]->text;
    uint32_t i = at + 3, file;
    for (; list[i].kind == TOKEN_SOURCE; i++) {
        buffer_bytes(&text, ours + list[i].at, list[i].length);
        buffer_bytes(&text, "\n", 1);
    }
    if (list[i].kind == TOKEN_NO_NEWLINE && text.length)
        text.length--;
    struct source *f = source_add(s->g, list[at + 1].text, text.text ? text.text : "", text.length, &file);
    buffer_free(&text);
    if (!strcmp(list[at].text, "import"))
        vec_push(s->g->mem, &s->p->imports, file);
    else if (!s->p->source) {
        s->model = file;
        s->p->source = f->text;
    } else
        diag(s->g, E0604, parse_span(s, &list[at]), "the source", list[at + 1].text);
}

void parse_sources(struct parse *s)
{
    const struct token *list = s->tokens.list.at;
    for (uint32_t i = 0; i + 2 < s->tokens.list.n; i++)
        if (list[i].first && list[i].kind == TOKEN_WORD && (!strcmp(list[i].text, "source") || !strcmp(list[i].text, "import")) &&
            list[i + 1].kind == TOKEN_STRING && list[i + 2].kind == TOKEN_LINE)
            source_section(s, i);
}
