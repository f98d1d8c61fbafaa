/* parse.h: what the scanner (lexer.l), the newline filter (filter.c), the grammar (parser.y), its error messages
 * (syntax_error.c) and the tree's constructors (ast.c) share while one text is parsed. Private to syntax/.
 *
 *     text --lexer.l--> tokens and newlines --filter.c--> tokens and SEPs --parser.y--> ast.c's nodes */
#ifndef GANC_PARSE_H
#define GANC_PARSE_H

#include "base/diag.h"
#include "syntax/ast.h"

enum {
    DEEPEST_TREE = 1000,    /* levels of a tree; every recursion over one counts on it */
    DEEPEST_BRACKETS = 400, /* levels of open brackets */
    LONGEST_QUOTE = 40,     /* bytes of the text in a message */
    MOST_ERRORS = 100,      /* of one text's syntax, before parsing gives up */
};

enum { T_NEWLINE = -1, T_SEMICOLON = -2 }; /* what the scanner gives beside parser.h's tokens */

struct ast_list {
    VEC(struct ast *) nodes;
};

/* A token's value: a name, keyword or operator spells itself, numbers and strings are nodes already. */
union token_value {
    const char *name;
    struct ast *node;
    struct ast_list *list;
};

struct token {
    int kind; /* parser.h's; 0 at the end of the text */
    union token_value value;
    struct span span;
    bool first;      /* on its line */
    uint32_t indent; /* of its line, in bytes */
    bool newline;    /* before it */
    struct span semicolon; /* before it; file 0: none */
};

struct bracket {
    int open; /* T_LPAREN, T_LBRACKET, T_LBRACE, or 0 for the file, which is always at the bottom */
    struct span span;
    uint32_t indent;  /* of its line */
    bool draws;       /* the [ of E[...] or sample[...] */
    bool record;      /* the { of a record's type: no statements inside */
    uint32_t statement_indent; /* recovering: lines deeper than this belong to the statement with the error */
    bool recovering;  /* { or file, after an error: what comes is dropped up to the end of the statement */
    bool separated;   /* recovering, but the SEP was given: what is dropped are the deeper lines below it */
    bool skipped;     /* dropped with what it holds: the parser never saw it, or has given it up */
};

struct comment {
    struct span span;
    bool own_line; /* nothing but it on its line */
};

struct parse {
    struct ganc *g;
    const struct source *source;
    uint32_t file;
    bool rules;
    struct ast *tree;
    uint32_t errors;
    bool too_deep;
    bool broken;  /* something was left out of the tree */
    bool stopped; /* after too many errors, or nested too deeply: the filter says the text ends */
    VEC(struct comment) documentation; /* ## comments */

    void *scanner;
    uint32_t scanned;     /* bytes of the text behind the scanner */
    uint32_t line_start;  /* where the current line begins */
    uint32_t line_indent;
    bool line_begun;      /* a token was seen on the current line */
    struct span bad;      /* the last token that the scanner reported: the parser is silent about it */

    /* the filter's */
    VEC(struct bracket) brackets;
    struct token ahead[2]; /* read from the scanner, not given to the parser yet */
    uint32_t ahead_count;
    uint32_t close_to;     /* brackets above this many are being closed, as if their closers stood in the text; 0: none */
    int last;              /* kind of the last token taken from the text, given or dropped; T_NEWLINE: none yet */
    int declaration;       /* kind of the first token of the declaration at hand */
    bool last_draws;       /* it was the ] of E[...] or sample[...] */
    struct token previous, current; /* the last two given to the parser */
    bool invented;         /* current does not stand in the text */
    bool closed_block;     /* current is a } that closed a block */
    bool misnamed[64];     /* by keyword, from T_IMPORT: it was reported as a name */
    uint32_t silent;       /* errors inside this many brackets are not reported: that { begins no block; 0: none */
    struct span crossed;   /* the ( or [ that the last } found open */
    struct span suspect;   /* a { whose } stands further left than its line begins: perhaps another's */
};

/* filter.c */
int filter_token(struct parse *p, union token_value *value, struct span *span);
void filter_recover(struct parse *p); /* after a syntax error at p->current */

/* lexer.l */
bool lexer_open(struct parse *p);
/* The next of parser.h's tokens, T_NEWLINE or T_SEMICOLON. */
int lexer_token(struct parse *p, union token_value *value, struct span *span);
void lexer_close(struct parse *p);

/* syntax_error.c */
struct span parse_broken(struct parse *p, struct span where); /* the same, of what leaves a tree that means nothing */
struct span parse_error(struct parse *p, struct span where); /* counts an error; the place for diag() */
void parse_too_deep(struct parse *p, struct span where, int levels);
void syntax_error(struct parse *p, const char *const *expected, int count); /* the tokens that could stand here, spelled */
/* What could stand where an error is, spelled, and what of it the message lists. */
enum { MOST_ITEMS = 4 };
struct expectation {
    const char *const *tokens;
    int count;
    const char *items[MOST_ITEMS];
    int item_count;
};
bool expects(const struct expectation *e, const char *token);
bool token_is_keyword(int kind);
bool token_is_statement(int kind); /* a keyword that begins a statement */

/* slips.c: adds a help to the error at p->current where it looks like a slip. */
void slip_help(struct parse *p, const struct expectation *e);

/* ast.c: each grammar action is one of these. Children follow as struct ast *, NULL where left out. */
struct ast *ast_node(struct parse *p, enum ast_kind kind, struct span span, uint32_t n, ...);
struct ast *ast_named(struct parse *p, enum ast_kind kind, struct span span, const char *name, struct span name_span, uint32_t n, ...);
struct ast *ast_of_list(struct parse *p, enum ast_kind kind, struct span span, struct ast *first, struct ast_list *list);
struct ast *ast_leaf(struct parse *p, enum ast_kind kind, struct span span, const char *text, double number);
struct ast *ast_parenthesised(struct parse *p, struct ast *node, struct span span);
struct ast *ast_flag(struct ast *node, uint32_t flag);
struct ast *ast_with_text(struct ast *node, const struct ast *string);
struct ast *ast_binary(struct parse *p, struct span span, const char *name, struct span name_span, struct ast *left,
                       struct ast *right);
struct ast *ast_comparison(struct parse *p, struct span span, const char *name, struct span name_span, struct ast *left,
                           struct ast *right);
struct ast *ast_pipe(struct parse *p, struct span span, struct span name_span, struct ast *left, struct ast *right);
struct ast *ast_except(struct parse *p, struct span span, struct ast *path, struct ast *except);
struct ast_list *ast_list(struct parse *p, struct ast_list *list, struct ast *node);
void ast_document(struct parse *p, struct ast *file);

#endif
