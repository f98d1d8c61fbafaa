/* format.h: what ganc fmt's two halves share: format_tree.c says what a node looks like and where its text may be
 * broken, format.c puts that into lines, with the comments. Private to syntax/. */
#ifndef GANC_FORMAT_H
#define GANC_FORMAT_H

#include "base/buffer.h"
#include "syntax/ast.h"

enum { FORMAT_WIDTH = 100, FORMAT_INDENT = 4, FORMAT_CUTS = 3 };

/* Where text may be broken. A break that the source has is kept; where a line comes out too long, more are made,
 * level after level (format_breaks). So what was formatted is formatted already. */
enum format_break { BREAK_BLOCK, BREAK_PIPE, BREAK_TERM, BREAK_CLAUSE, BREAK_COMMA, BREAK_BODY };
enum { FORMAT_LEVELS = 6 };

/* A place in a line that is aligned with the same place of the lines around it, where the source has them aligned:
 * the name, the operator after it, the operator after its shape. */
struct format_cut {
    uint32_t at;     /* bytes into the line's text */
    uint32_t column; /* in the source, from 1 in code points; 0: no cut */
};

struct format_line {
    const char *text;
    uint32_t indent, line; /* line: of the source, where its first statement begins; 0: none */
    struct format_cut cuts[FORMAT_CUTS];
    const char *comment;   /* at its end, or NULL */
    uint32_t comment_line, comment_column; /* in the source */
    bool blank_before;
};

struct format_comment {
    uint32_t at, length, line, column;
    bool own_line, continues; /* continues: the comment at the end of the line above, in its column */
};

struct format {
    const struct ganc *g;
    const struct source *source; /* NULL for ast_expression, which knows only one line */
    struct arena *mem;
    VEC(struct format_comment) comments;
    uint32_t next_comment;
    VEC(struct format_line) lines;
    struct buffer text;          /* of the current line */
    size_t soft;                 /* in it: where it may be cut if it comes out too wide; 0: nowhere */
    struct format_line current;
    bool measuring;              /* nothing is put into lines, and blocks of several lines are left empty */
    uint32_t widest;             /* line while measuring */
    int level;                   /* of the statement at hand: 0 .. FORMAT_LEVELS - 1 */
    uint32_t depth;              /* of brackets around, in the statement */
    uint32_t flat;               /* > 0 in a block of one line: no breaks */
    uint32_t base;               /* indent of the statement at hand */
};

/* format_tree.c */
void format_node(struct format *f, const struct ast *node);
bool format_begins_with_minus(const struct ast *node);

/* format.c */
void format_put(struct format *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool format_breaks(const struct format *f, enum format_break kind, const struct ast *before, const struct ast *after);
void format_break_line(struct format *f);                     /* the statement goes on in the next line */
void format_pipe(struct format *f);
void format_cut(struct format *f, int cut, uint32_t at);      /* at: in the source */
void format_block(struct format *f, const struct ast *block);

#endif
