/* filter.c: between scanner and parser: which newlines end a statement, and how to go on after an error.
 *
 * A newline is a SEP where the innermost open bracket is { or none is open, the token before it can end a statement
 * and the token after it can begin one (grammar.ebnf). The filter keeps a stack of the open brackets for that, and
 * the same stack serves after errors:
 *
 *   - The rest of a statement with a syntax error is dropped, brackets and what they hold included, up to the SEP or }
 *     that ends it; but blocks on the way are given to the parser, so that errors in them show.
 *   - A bracket that is never closed shows at a line that can only begin a statement (inside parentheses) or at a
 *     declaration in column 1 (inside anything): one error, and the closers are invented.
 *
 * Tokens are taken one by one, and never is more than one token looked at beyond the next: the cost is linear. */
#include "syntax/parse.h"

#include "parser.h"

#include <string.h>

static struct bracket *innermost(struct parse *p)
{
    return &p->brackets.at[p->brackets.n - 1];
}

static bool holds_statements(const struct bracket *b)
{
    return b->open == 0 || (b->open == T_LBRACE && !b->record);
}

/* ---- reading ---- */

static void read_token(struct parse *p)
{
    struct token t = {0};
    for (;;) {
        t.kind = p->stopped ? T_END : lexer_token(p, &t.value, &t.span);
        if (t.kind == T_NEWLINE) {
            t.newline = true;
            p->line_begun = false;
            p->line_start = p->scanned;
        } else if (t.kind == T_SEMICOLON) {
            t.semicolon = t.span;
            p->line_begun = true;
        } else {
            break;
        }
    }
    if (t.kind == T_END)
        t.span = span_at(p->file, p->scanned, 0);
    t.first = !p->line_begun;
    if (t.first)
        p->line_indent = t.span.at - p->line_start;
    t.indent = p->line_indent;
    p->line_begun = true;
    p->ahead[p->ahead_count++] = t;
}

/* The i-th token not yet taken. */
static struct token *ahead(struct parse *p, uint32_t i)
{
    while (p->ahead_count <= i)
        read_token(p);
    return &p->ahead[i];
}

static struct token take(struct parse *p)
{
    struct token t = *ahead(p, 0);
    p->ahead[0] = p->ahead[1];
    p->ahead_count--;
    return t;
}

static int give(struct parse *p, struct token t, bool invented, union token_value *value, struct span *span)
{
    p->previous = p->current;
    p->current = t;
    p->invented = invented;
    *value = t.value;
    *span = t.span;
    return t.kind;
}

/* A token that does not stand in the text: where the last one ended. */
static struct token invented_token(struct parse *p, int kind)
{
    struct span after = span_at(p->file, p->current.span.at + p->current.span.length, 0);
    return (struct token){.kind = kind, .span = after};
}

/* ---- ends of statements ---- */

static bool can_end(int kind, bool draws)
{
    switch (kind) {
    case T_WORD: case T_E: case T_SAMPLE: case T_FROM: case T_ANY: case T_NUMBER: case T_STRING: case T_TRUE:
    case T_FALSE: case T_RPAREN: case T_RBRACE: return true;
    case T_RBRACKET: return !draws;
    default: return false;
    }
}

static bool can_begin(int kind)
{
    switch (kind) {
    case T_PIPE: case T_PLUS: case T_MINUS: case T_TIMES: case T_DIVIDE: case T_REMAINDER: case T_MATMUL: case T_POWER:
    case T_EQ: case T_NE: case T_LT: case T_LE: case T_GT: case T_GE: case T_AND: case T_OR: case T_ASSIGN: case T_SET:
    case T_ARROW: case T_TILDE: case T_COLON: case T_COMMA: case T_IN: case T_OVER: case T_USING: case T_WITH:
    case T_EXCEPT: case T_ELSE: case T_RBRACE: case T_END: return false;
    default: return true;
    }
}

static bool begins_statement(struct parse *p, const struct token *t);

static bool separates(struct parse *p, const struct token *next)
{
    const struct bracket *b = innermost(p);
    if (p->last == T_NEWLINE || p->last == T_LBRACE || p->last == T_RECORD)
        return false;
    if (next->semicolon.file && next->kind != T_RBRACE && next->kind != T_END)
        return true;
    if (!next->newline || (b->open != 0 && b->open != T_LBRACE) || !can_begin(next->kind))
        return false;
    if (holds_statements(b) && begins_statement(p, next)) /* even after an operator: it cannot go on with this */
        return true;
    return b->recovering ? next->indent <= b->statement_indent : can_end(p->last, p->last_draws);
}

static int give_separator(struct parse *p, struct token *next, union token_value *value, struct span *span)
{
    struct token t = {.kind = T_SEP, .span = {p->file, p->current.span.at + p->current.span.length, 0}};
    if (next->semicolon.file)
        t.span = next->semicolon;
    next->newline = false;
    next->semicolon.file = 0;
    innermost(p)->recovering = false;
    p->last = T_SEP;
    return give(p, t, false, value, span);
}

/* ---- brackets that are never closed ---- */

static bool begins_declaration(int kind)
{
    return kind >= T_IMPORT && kind <= T_PICTURE;
}

/* Whether `t`, the first of its line, begins a statement or declaration, not an option or field of that name. */
static bool begins_statement(struct parse *p, const struct token *t)
{
    bool statement = token_is_statement(t->kind), declaration = begins_declaration(t->kind);
    if (!t->first || !(statement || declaration))
        return false;
    int next = ahead(p, 1)->kind;
    switch (t->kind) {
    case T_IMPORT: return next == T_STRING || next == T_WORD;
    case T_TRAIN: return next == T_LPAREN || next == T_WORD;
    case T_REPEAT: case T_EVERY: case T_MAXIMIZE: case T_MINIMIZE: case T_PROJECT: case T_TOGETHER:
        return next == T_WORD || next == T_NUMBER || next == T_LPAREN || next == T_LBRACE || next == T_E;
    default: return next == T_WORD || next == T_E || next == T_SAMPLE || next == T_FROM || next == T_ANY;
    }
}

/* To how many brackets the stack must be cut before `t` can stand; 0: it may stay as it is. */
static uint32_t cut_before(struct parse *p, const struct token *t)
{
    if (p->brackets.n == 1)
        return 0;
    if (t->kind == T_END)
        return 1;
    if (!begins_statement(p, t))
        return 0;
    bool declaration = begins_declaration(t->kind) || (t->kind == T_STATE && innermost(p)->open != T_LBRACE);
    if (t->indent == 0 && declaration)
        return 1;
    uint32_t n = p->brackets.n;
    while (!holds_statements(&p->brackets.at[n - 1]))
        n--;
    return n < p->brackets.n ? n : 0;
}

static void report_unclosed(struct parse *p, uint32_t close_to, const struct token *t)
{
    const struct bracket *b = NULL;
    for (uint32_t i = close_to; i < p->brackets.n; i++)
        if (!p->brackets.at[i].skipped)
            b = &p->brackets.at[i];
    p->broken = true;
    if (!b || p->stopped)
        return;
    char open[4] = {'`', p->source->text[b->span.at], '`', 0};
    const char *before = t->kind == T_END ? "the end of the file" : arena_format(p->g->mem, "`%s`", t->value.name);
    struct span where = t->kind == T_END ? b->span : t->span;
    diag(p->g, E0112, parse_error(p, where), open, before);
    if (t->kind != T_END)
        diag_note(p->g, b->span, "%s stands here", open);
    if (b->open == T_LBRACE && p->suspect.file)
        diag_note(p->g, p->suspect, "by the indentation, it may be this one whose `}` is missing");
    p->suspect.file = 0;
}

/* The next closer to invent, if one is; the stack comes down to close_to. */
static bool close_one(struct parse *p, union token_value *value, struct span *span, int *kind)
{
    while (p->brackets.n > p->close_to) {
        struct bracket b = p->brackets.at[--p->brackets.n];
        int closer = b.open == T_LPAREN ? T_RPAREN : b.open == T_LBRACKET ? T_RBRACKET : T_RBRACE;
        p->last = T_RBRACE; /* whatever it was: a statement can end here */
        p->last_draws = false;
        if (b.skipped)
            continue;
        p->closed_block = closer == T_RBRACE && !b.record;
        *kind = give(p, invented_token(p, closer), true, value, span);
        return true;
    }
    p->close_to = 0;
    return false;
}

/* ---- the stack ---- */

static void open_bracket(struct parse *p, struct token *t)
{
    const struct bracket *outer = innermost(p);
    struct bracket b = {.open = t->kind, .span = t->span, .indent = t->indent};
    b.draws = t->kind == T_LBRACKET && (p->last == T_E || p->last == T_SAMPLE);
    b.record = t->kind == T_LBRACE && p->declaration == T_DATA && (outer->open == 0 || outer->record) && p->last != T_ASSIGN;
    b.skipped = outer->skipped || (outer->recovering && (t->kind != T_LBRACE || b.record || outer->separated));
    if (b.record)
        t->kind = T_RECORD;
    vec_push(p->g->mem, &p->brackets, b);
    if (p->brackets.n > DEEPEST_BRACKETS)
        parse_too_deep(p, t->span, DEEPEST_BRACKETS);
}

/* Takes what `t` closes off the stack. Returns whether the parser is to see `t`. */
static bool close_bracket(struct parse *p, const struct token *t)
{
    int open = t->kind == T_RPAREN ? T_LPAREN : t->kind == T_RBRACKET ? T_LBRACKET : T_LBRACE;
    uint32_t n = p->brackets.n;
    p->last_draws = p->closed_block = false;
    p->crossed.file = 0;
    while (n > 1 && p->brackets.at[n - 1].open != open && (open == T_LBRACE || p->brackets.at[n - 1].open != T_LBRACE)) {
        if (!p->brackets.at[n - 1].skipped)
            p->crossed = p->brackets.at[n - 1].span;
        n--;
    }
    const struct bracket *b = &p->brackets.at[n - 1], *top = innermost(p);
    if (b->open != open) { /* closes nothing; in ( ] the one is meant for the other */
        bool seen = !top->skipped && !top->recovering;
        if (open != T_LBRACE && (top->open == T_LPAREN || top->open == T_LBRACKET))
            p->brackets.n--;
        return seen;
    }
    p->last_draws = b->draws;
    p->closed_block = open == T_LBRACE && !b->record;
    if (open == T_LBRACE && t->first && t->indent < b->indent && !p->suspect.file)
        p->suspect = b->span;
    bool seen = !b->skipped;
    p->brackets.n = n - 1;
    return seen;
}

/* A word is what the place makes of it: any may follow a point; rules begin with their own. */
static int word_kind(struct parse *p, const struct token *t)
{
    bool word = t->kind == T_WORD || t->kind == T_E || t->kind == T_SAMPLE || t->kind == T_FROM || t->kind == T_ANY ||
                token_is_keyword(t->kind);
    if (word && p->last == T_DOT)
        return T_WORD;
    if (p->rules && t->kind == T_WORD && p->brackets.n == 1 && (p->last == T_NEWLINE || p->last == T_SEP)) {
        if (!strcmp(t->value.name, "derivative"))
            return T_DERIVATIVE;
        if (!strcmp(t->value.name, "rewrite"))
            return T_REWRITE;
    }
    return t->kind;
}

int filter_token(struct parse *p, union token_value *value, struct span *span)
{
    for (;;) {
        int kind;
        if (p->stopped)
            return give(p, invented_token(p, T_END), true, value, span);
        if (p->close_to && close_one(p, value, span, &kind))
            return kind;
        struct token *next = ahead(p, 0);
        uint32_t cut = cut_before(p, next);
        if (cut) {
            report_unclosed(p, cut, next);
            p->close_to = cut;
            continue;
        }
        if (!innermost(p)->skipped && separates(p, next)) {
            if (!innermost(p)->separated)
                return give_separator(p, next, value, span);
            innermost(p)->separated = innermost(p)->recovering = false;
            next->newline = false;
        }
        struct token t = take(p);
        t.kind = word_kind(p, &t);
        if (p->last == T_NEWLINE || (p->last == T_SEP && p->brackets.n == 1))
            p->declaration = t.kind;
        bool seen = !innermost(p)->skipped && !innermost(p)->recovering;
        if (t.kind == T_LPAREN || t.kind == T_LBRACKET || t.kind == T_LBRACE) {
            open_bracket(p, &t);
            seen = !innermost(p)->skipped;
        } else if (t.kind == T_RPAREN || t.kind == T_RBRACKET || t.kind == T_RBRACE) {
            seen = close_bracket(p, &t);
        } else if (t.kind == T_END) {
            seen = true;
            t.span = invented_token(p, T_END).span;
        }
        p->last = t.kind;
        if (seen)
            return give(p, t, false, value, span);
    }
}

void filter_recover(struct parse *p)
{
    int kind = p->current.kind;
    uint32_t n = p->brackets.n;
    p->broken = true;
    if (kind == T_END || (kind == T_RBRACE && p->closed_block))
        return; /* the parser goes on from these by itself */
    if (kind == T_LBRACE && !p->invented && n > 1 && innermost(p)->open == T_LBRACE && !innermost(p)->record)
        n--; /* a block, which the parser takes */
    while (!holds_statements(&p->brackets.at[n - 1])) {
        p->brackets.at[n - 1].skipped = true;
        n--;
    }
    if (kind == T_SEP) {
        p->brackets.n = n; /* a ; inside parentheses ends the statement all the same */
        if (!p->current.span.length && p->ahead_count) { /* a body that stands below without braces is part of the statement */
            p->ahead[0].newline = true;
            innermost(p)->recovering = innermost(p)->separated = true;
            innermost(p)->statement_indent = p->previous.indent;
        }
    } else {
        struct bracket *b = &p->brackets.at[n - 1];
        bool brace_line = b->open == T_LBRACE && b->indent == p->current.indent; /* { and the statement on one line */
        b->recovering = true;
        b->statement_indent = brace_line ? UINT32_MAX : p->current.indent;
    }
}
