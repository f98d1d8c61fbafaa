/* syntax_error.c: says what the parser expected and what it found; slips.c guesses how it came. */
#include "syntax/parse.h"

#include "parser.h"

#include <string.h>

struct span parse_error(struct parse *p, struct span where)
{
    if (++p->errors >= MOST_ERRORS)
        p->stopped = true;
    p->bad = where;
    return where;
}

struct span parse_broken(struct parse *p, struct span where)
{
    p->broken = true;
    return parse_error(p, where);
}

void parse_too_deep(struct parse *p, struct span where, int levels)
{
    if (!p->stopped)
        diag(p->g, E0117, parse_error(p, where), levels);
    p->stopped = true;
    p->too_deep = true;
}

bool token_is_keyword(int kind)
{
    return kind >= T_IMPORT && kind <= T_FALSE;
}

bool token_is_statement(int kind)
{
    switch (kind) {
    case T_LET: case T_VAR: case T_PARAM: case T_STATE: case T_FOR: case T_REPEAT: case T_EVERY: case T_TOGETHER:
    case T_MAXIMIZE: case T_MINIMIZE: case T_PROJECT: return true;
    default: return false;
    }
}

/* ---- what was expected ---- */

bool expects(const struct expectation *e, const char *token)
{
    for (int i = 0; i < e->count; i++)
        if (!strcmp(e->tokens[i], token))
            return true;
    return false;
}

static void item(struct expectation *e, const char *text)
{
    if (e->item_count < MOST_ITEMS)
        e->items[e->item_count++] = text;
}

static bool one_of(const char *token, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(token, *list))
            return true;
    return false;
}

static const char *const begin_name[] = {"a name", "E", "sample", "from", "any", NULL};
static const char *const begin_expression[] = {"a number", "a string", "a name", "E", "sample", "from", "any", "true", "false", "(",
                                               "{", "-", "not", "if", "...", ":", NULL};
static const char *const infix[] = {"|>", "+", "-", "*", "/", "%", "@", "^", "==", "!=", "<", "<=", ">", ">=", "and", "or", NULL};
static const char *const suffix[] = {"(", "[", ".", NULL};
static const char *const closers[] = {")", "]", "}", ",", NULL};
static const char *const after_name[] = {"=", "<-", "except", NULL}; /* where an operator may follow, they are not what is missing */
static const char *const shape[] = {"[", "(", "a name", "E", "sample", "from", "any", "{ of a record", NULL};
static const char *const keywords[] = {
    "import", "setting", "data", "prior", "fn", "layer", "net", "optimizer", "value", "train", "report", "picture", "let", "var",
    "param", "state", "for", "in", "if", "else", "repeat", "every", "together", "maximize", "minimize", "over", "project",
    "using", "with", "except", "and", "or", "not", "true", "false", "derivative", "rewrite", NULL};

/* Groups the tokens that could stand here, as a person would name them, and lists the rest: closers first. */
static void describe_expected(struct parse *p, struct expectation *e)
{
    const char *const *groups[4] = {0};
    int group_count = 0;
    if (expects(e, "a number")) { /* all keywords may name an option; statements begin with some */
        item(e, expects(e, "let") && !expects(e, "import") ? "a statement" : "an expression");
        groups[group_count++] = begin_expression;
        groups[group_count++] = keywords;
    } else if (expects(e, "import")) {
        item(e, expects(e, "and") ? "a name" : "a declaration");
        groups[group_count++] = begin_name;
        groups[group_count++] = keywords;
    } else if (expects(e, "[") && expects(e, "a name")) {
        item(e, "a shape");
        groups[group_count++] = shape;
    } else if (expects(e, "a name")) {
        item(e, "a name");
        groups[group_count++] = begin_name;
    }
    bool operators = expects(e, "*") && expects(e, "+"), suffixes = expects(e, ".") && expects(e, "(");
    if (operators)
        groups[group_count++] = infix;
    if (operators || suffixes)
        groups[group_count++] = suffix;
    for (const char *const *closer = closers; *closer; closer++)
        if (expects(e, *closer))
            item(e, arena_format(p->g->mem, "`%s`", *closer));
    for (int i = 0; i < e->count; i++) {
        const char *token = e->tokens[i];
        bool grouped = one_of(token, closers) || (operators && one_of(token, after_name));
        for (int j = 0; j < group_count; j++)
            grouped = grouped || one_of(token, groups[j]);
        if (grouped || (!strcmp(token, "the end of the file") && (e->item_count || expects(e, "the end of the line"))) ||
            (!strcmp(token, ".") && e->count > 1))
            continue;
        bool phrase = strchr(token, ' ') != NULL;
        item(e, phrase ? token : arena_format(p->g->mem, "`%s`", token));
    }
    if (!e->item_count)
        item(e, operators ? "an operator" : "something else");
}

static const char *join_items(struct parse *p, const struct expectation *e)
{
    const char *text = e->items[0];
    for (int i = 1; i < e->item_count; i++)
        text = arena_format(p->g->mem, i + 1 == e->item_count ? "%s or %s" : "%s, %s", text, e->items[i]);
    return text;
}

/* ---- what was found ---- */

static const char *describe_found(struct parse *p)
{
    const struct token *t = &p->current;
    const char *text = p->source->text + t->span.at;
    if (t->kind == T_END)
        return "the end of the file";
    if (t->kind == T_SEP)
        return t->span.length ? "`;`" : "the end of the line";
    int length = (int)t->span.length;
    const char *more = "";
    if (length > LONGEST_QUOTE) {
        length = LONGEST_QUOTE;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--;
        more = "...";
    }
    return arena_format(p->g->mem, "%s`%.*s%s`", token_is_keyword(t->kind) ? "the keyword " : "", length, text, more);
}

/* A closer that is missing names the bracket it belongs to, unless that is on the same line. */
static void note_open(struct parse *p, const struct expectation *e)
{
    if (!expects(e, ")") && !expects(e, "]"))
        return;
    struct span open = {0};
    const struct bracket *top = &p->brackets.at[p->brackets.n - 1];
    if (p->current.kind == T_RBRACE)
        open = p->crossed;
    else if (p->current.kind == T_LBRACE && p->brackets.n > 1 && top->open == T_LBRACE)
        open = p->brackets.at[p->brackets.n - 2].span; /* the { was taken already */
    else if (top->open == T_LPAREN || top->open == T_LBRACKET)
        open = top->span;
    if (!open.file || open.at >= p->current.span.at)
        return;
    uint32_t line, column, open_line;
    source_place(p->source, p->current.span.at, &line, &column);
    source_place(p->source, open.at, &open_line, &column);
    if (line != open_line)
        diag_note(p->g, open, "`%c` stands here", p->source->text[open.at]);
}

void syntax_error(struct parse *p, const char *const *expected, int count)
{
    const struct token *t = &p->current;
    uint32_t end = t->kind == T_END ? p->scanned : t->span.at + t->span.length;
    if (t->kind == T_SEP && p->ahead_count)
        end = p->ahead[0].span.at; /* what the scanner dropped stands before */
    bool reported = p->bad.file && p->bad.at >= p->previous.span.at && p->bad.at < end;
    bool keyword = token_is_keyword(t->kind);
    if (keyword && p->misnamed[t->kind - T_IMPORT] && !t->first)
        reported = true; /* a name that was reported where it was declared */
    if (p->silent && p->brackets.n >= p->silent)
        reported = true;
    else
        p->silent = 0;
    if (!reported && !p->invented && !p->stopped) {
        struct expectation e = {.tokens = expected, .count = count};
        describe_expected(p, &e);
        struct span where = parse_error(p, t->span);
        if (keyword && expects(&e, "a name") && !expects(&e, "a number") && !expects(&e, "import")) {
            p->misnamed[t->kind - T_IMPORT] = true;
            diag(p->g, E0111, where, describe_found(p) + strlen("the keyword "));
            diag_help(p->g, "call it %s_, for example", t->value.name);
        } else {
            diag(p->g, E0110, where, join_items(p, &e), describe_found(p));
            slip_help(p, &e);
            note_open(p, &e);
        }
    }
    filter_recover(p);
}
