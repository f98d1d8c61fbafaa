/* ast.h: the syntax tree of a .gan file.
 *
 * One node type for all constructs: ast.def says for each kind what its name, text, number, flags and children
 * hold. A child that was left out is NULL. Nodes live as long as the compilation; nothing changes a tree after it
 * was parsed. */
#ifndef GANC_AST_H
#define GANC_AST_H

#include "base/ganc.h"

enum ast_kind {
#define AST(kind, children, doc) A_##kind,
#include "syntax/ast.def"
#undef AST
    AST_KINDS
};

enum ast_flag {
    AST_TILDE = 1,       /* LET, VAR, PARAM, STATE: ~ rather than =; PARAMETER: `z ~ noise` */
    AST_MAXIMIZE = 2,    /* OPTIMIZE */
    AST_ANY = 4,         /* TYPE: in any */
    AST_PARENTHESES = 8, /* an expression that stood in ( ): only the formatter cares */
    AST_TRUE = 16,       /* BOOLEAN */
    AST_MISSPELT = 64,   /* FILE: it had errors */
    AST_BROKEN = 32,     /* FILE: an error left something out of the tree */
};

struct ast {
    enum ast_kind kind;
    uint32_t flags;
    struct span span;      /* of the whole construct */
    struct span name_span; /* of its name, where it has one */
    const char *name;      /* interned */
    const char *text;      /* STRING: unescaped; a declaration: its ## documentation, or NULL; NUMBER: as written */
    double number;
    uint32_t n;
    struct ast **kids;
};

/* The whole of a source text, as an A_FILE, or NULL after reporting errors that left nothing. Reports E01xx; after an error parsing goes on
 * at the next statement, so that a file's errors all show. What only was misspelt (** for ^) is in the tree as meant; if more was wrong,
 * the tree is AST_BROKEN. `rules` also takes the declarations `derivative call =
 * e, e...` and `rewrite e = e` of stdlib/derivatives.gan and stdlib/rewrites.gan. */
struct ast *ast_parse(struct ganc *g, uint32_t file, bool rules);

/* What is written here for a word or sign of another language or framework, or NULL; is `word` a module elsewhere (nn, np)? */
const char *foreign_help(const char *word);
bool foreign_module(const char *word);

const char *ast_kind_name(enum ast_kind k);
struct buffer;
void ast_print(struct buffer *to, const struct ganc *g, const struct ast *tree); /* --emit=ast: one node a line, indented, with places */

/* ganc fmt: the tree's source in canonical layout, comments kept (they are found in the source text). */
void ast_format(struct buffer *to, const struct ganc *g, const struct ast *file);
/* An expression as one line of source, as reports name an objective: "E[z ~ noise] log(D(G(z)))". */
void ast_expression(struct buffer *to, const struct ast *expression);

#endif
