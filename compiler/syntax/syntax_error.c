/* syntax_error.c: says what the parser expected and what it found, and guesses at slips from other languages. */
#include "syntax/parse.h"

#include "parser.h"

#include <string.h>

enum { MOST_ITEMS = 4, LONGEST_QUOTE = 40 };

struct span parse_error(struct parse *p, struct span where)
{
    if (++p->errors >= MOST_ERRORS)
        p->stopped = true;
    p->bad = where;
    return where;
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

struct expectation {
    const char *const *tokens; /* spelled */
    int count;
    const char *items[MOST_ITEMS];
    int item_count;
};

static bool has(const struct expectation *e, const char *token)
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
static const char *const shape[] = {"[", "a name", "E", "sample", "from", "any", "{ of a record", NULL};
static const char *const keywords[] = {
    "import", "setting", "data", "prior", "fn", "layer", "net", "optimizer", "value", "train", "report", "picture", "let", "var",
    "param", "state", "for", "in", "if", "else", "repeat", "every", "together", "maximize", "minimize", "over", "project",
    "using", "with", "except", "and", "or", "not", "true", "false", "derivative", "rewrite", NULL};

/* Groups the tokens that could stand here, as a person would name them, and lists the rest: closers first. */
static void describe_expected(struct parse *p, struct expectation *e)
{
    const char *const *groups[4] = {0};
    int group_count = 0;
    if (has(e, "a number")) { /* all keywords may name an option; statements begin with some */
        item(e, has(e, "let") && !has(e, "import") ? "a statement" : "an expression");
        groups[group_count++] = begin_expression;
        groups[group_count++] = keywords;
    } else if (has(e, "import")) {
        item(e, has(e, "and") ? "a name" : "a declaration");
        groups[group_count++] = begin_name;
        groups[group_count++] = keywords;
    } else if (has(e, "[") && has(e, "a name")) {
        item(e, "a shape");
        groups[group_count++] = shape;
    } else if (has(e, "a name")) {
        item(e, "a name");
        groups[group_count++] = begin_name;
    }
    bool operators = has(e, "*") && has(e, "+"), suffixes = has(e, ".") && has(e, "(");
    if (operators)
        groups[group_count++] = infix;
    if (operators || suffixes)
        groups[group_count++] = suffix;
    for (const char *const *closer = closers; *closer; closer++)
        if (has(e, *closer))
            item(e, arena_format(p->g->mem, "`%s`", *closer));
    for (int i = 0; i < e->count; i++) {
        const char *token = e->tokens[i];
        bool grouped = one_of(token, closers) || (operators && one_of(token, after_name));
        for (int j = 0; j < group_count; j++)
            grouped = grouped || one_of(token, groups[j]);
        if (grouped || (!strcmp(token, "the end of the file") && (e->item_count || has(e, "the end of the line"))) ||
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

/* ---- slips ---- */

static bool is_word(const struct token *t, const char *const *words)
{
    return t->kind == T_WORD && t->value.name && one_of(t->value.name, words);
}

static bool touches(const struct token *a, const struct token *b)
{
    return a->span.at + a->span.length == b->span.at;
}

/* Where a declaration or statement should begin. */
static bool hint_at_start(struct parse *p, const struct expectation *e)
{
    static const char *const functions[] = {"def", "function", "func", "fun", "define", NULL};
    static const char *const constants[] = {"const", "constant", "parameter", "hyperparameter", "option", NULL};
    static const char *const networks[] = {"network", "model", "module", "class", "generator", "discriminator", "critic", NULL};
    static const char *const datasets[] = {"dataset", "input", "inputs", NULL};
    static const char *const objectives[] = {"loss", "objective", "cost", NULL};
    const struct token *t = &p->current;
    if (!has(e, "import") || has(e, "and"))
        return false;
    if (is_word(t, functions))
        diag_help(p->g, "a function is declared so: fn f(x) = x + 1");
    else if (is_word(t, constants) || t->kind == T_LET || t->kind == T_VAR)
        diag_help(p->g, "a named constant of the model is declared so: setting k = 5");
    else if (is_word(t, networks))
        diag_help(p->g, "a network is declared so: net G(z ~ noise) -> [784] { ... }");
    else if (is_word(t, datasets))
        diag_help(p->g, "a data set is declared so: data digits : [784] in [0, 1]");
    else if (is_word(t, objectives))
        diag_help(p->g, "a value function is declared so: value V = ...");
    else if (t->kind == T_PARAM)
        diag_help(p->g, "parameters are declared in nets and layers");
    else if (token_is_statement(t->kind))
        diag_help(p->g, "statements stand in a train block: train (batch=64, steps=1000) { ... }");
    else if (t->kind == T_RBRACE)
        diag_help(p->g, "no { is open here");
    else if (t->kind == T_WORD && t->value.name) {
        const char *near = nearest_name(t->value.name, keywords, 12); /* the first twelve begin declarations */
        if (!near)
            return false;
        diag_help(p->g, "did you mean `%s`?", near);
    } else
        return false;
    return true;
}

/* After a word that other languages have and this one does not: it was read as a name. */
static bool hint_after_word(struct parse *p)
{
    static const char *const lambda[] = {"lambda", "λ", NULL}, *const ret[] = {"return", NULL};
    static const char *const loops[] = {"while", "loop", NULL}, *const elif[] = {"elif", "elsif", "elseif", NULL};
    static const char *const functions[] = {"def", "function", "func", NULL}, *const mut[] = {"const", "mut", "auto", NULL};
    const struct token *before = &p->previous;
    if (is_word(before, lambda))
        diag_help(p->g, "functions have names: declare fn f(x) = ... and say f");
    else if (is_word(before, ret))
        diag_help(p->g, "a block's value is its last expression: leave out return");
    else if (is_word(before, loops))
        diag_help(p->g, "loops are for i in 0..n { ... }, and repeat n { ... } in a train block");
    else if (is_word(before, elif) || is_word(&p->current, elif))
        diag_help(p->g, "write else if");
    else if (is_word(before, functions))
        diag_help(p->g, "functions are declared outside of blocks: fn f(x) = ...");
    else if (is_word(before, mut))
        diag_help(p->g, "write let x = e, or var x = e if it is assigned again");
    else
        return false;
    return true;
}

/* By the token that was found and what could have stood there. */
static bool hint_at_token(struct parse *p, const struct expectation *e)
{
    const struct token *t = &p->current, *before = &p->previous;
    int kind = t->kind;
    bool arithmetic = before->kind == T_PLUS || before->kind == T_MINUS || before->kind == T_TIMES || before->kind == T_DIVIDE;
    if (kind == T_SEP && has(e, "{") && p->ahead_count && p->ahead[0].kind == T_LBRACE) {
        diag_help(p->g, "the { stands at the end of this line, not at the beginning of the next");
        p->bad = p->ahead[0].span; /* of which enough was said */
    } else if (kind == T_ASSIGN && arithmetic && touches(before, t))
        diag_help(p->g, "write it out: x = x %s ...", before->value.name);
    else if (kind == T_ASSIGN && has(e, ":") && !has(e, "="))
        diag_help(p->g, "a shape comes first: %s",
                  p->declaration == T_DATA ? "data x : [784] in [0, 1]" : "NAME : [100] = ... or NAME : [100] ~ ...");
    else if (kind == T_EQ && has(e, "="))
        diag_help(p->g, "`==` compares; here stands `=`");
    else if (kind == T_ASSIGN && has(e, "+"))
        diag_help(p->g, "`=` names and assigns, `==` compares");
    else if (kind == T_TILDE && has(e, "+") && before->kind == T_WORD)
        diag_help(p->g, "draws stand in brackets: E[x ~ data] f(x)");
    else if (kind == T_LBRACE && has(e, "=") && p->declaration == T_FN)
        diag_help(p->g, "a function's body follows `=`: fn f(x) = { ... }");
    else if (kind == T_LBRACE && has(e, "->") && p->declaration == T_NET)
        diag_help(p->g, "a net says the shape of what it gives: net G(z ~ noise) -> [784] { ... }");
    else if (kind == T_TO && has(e, ":"))
        diag_help(p->g, "a slice is written x[a:b]");
    else if (kind == T_COLON && has(e, "..") && !has(e, ":"))
        diag_help(p->g, "a range is written a..b");
    else if (before->kind == T_PLUS && kind == T_PLUS && touches(before, t))
        diag_help(p->g, "write x = x + 1");
    else if (kind == T_LBRACE && before->kind == T_RPAREN && p->declaration == T_VALUE)
        diag_help(p->g, "between two factors stands `*`");
    else
        return false;
    return true;
}

/* A closer that is missing names the bracket it belongs to, unless that is on the same line. */
static void note_open(struct parse *p, const struct expectation *e)
{
    if (!has(e, ")") && !has(e, "]"))
        return;
    struct span open = {0};
    const struct bracket *top = &p->brackets.at[p->brackets.n - 1];
    if (p->current.kind == T_RBRACE)
        open = p->crossed;
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
    bool reported = p->bad.file && p->bad.at >= p->previous.span.at && p->bad.at < end;
    if (!reported && !p->invented && !p->stopped) {
        struct expectation e = {.tokens = expected, .count = count};
        describe_expected(p, &e);
        struct span where = parse_error(p, t->span);
        if (token_is_keyword(t->kind) && has(&e, "a name") && !has(&e, "a number")  && !has(&e, "import")) {
            diag(p->g, E0111, where, describe_found(p) + strlen("the keyword "));
            diag_help(p->g, "call it %s_, for example", t->value.name);
        } else {
            diag(p->g, E0110, where, join_items(p, &e), describe_found(p));
            if (!hint_at_start(p, &e) && !hint_after_word(p))
                hint_at_token(p, &e);
            note_open(p, &e);
        }
    }
    filter_recover(p);
}
