/* scan.h: the tokens of a program's text (compiler/docs/ir.md), all at once: the parser looks ahead as far as it likes. */
#ifndef GANC_GRAPH_SCAN_H
#define GANC_GRAPH_SCAN_H

#include "base/ganc.h"

/* Kinds below 128 are that character. */
enum token_kind {
    TOKEN_END = 128,
    TOKEN_LINE,       /* the end of a line that holds anything; none after a comma */
    TOKEN_WORD,       /* text */
    TOKEN_STRING,     /* text: without quotes and escapes */
    TOKEN_NUMBER,     /* number */
    TOKEN_VALUE,      /* %12: index */
    TOKEN_SLOT,       /* $0: index */
    TOKEN_INDEX,      /* &3: index */
    TOKEN_ARROW,      /* <- */
    TOKEN_EQUAL,      /* == */
    TOKEN_UNEQUAL,    /* != */
    TOKEN_AT_MOST,    /* <= */
    TOKEN_AT_LEAST,   /* >= */
    TOKEN_UPTO,       /* .. */
    TOKEN_SOURCE,     /* a line `| text` of a quoted source; at and length are those of the text */
    TOKEN_NO_NEWLINE, /* a line that begins with a backslash: the source ends without one */
    TOKEN_BAD,        /* reported */
};

struct token {
    uint8_t kind;
    bool first; /* stands at the very beginning of its line */
    uint32_t at, length, index;
    const char *text; /* interned */
    double number;
};

struct tokens {
    VEC(struct token) list; /* the last is TOKEN_END */
};

/* Reports E0608 for what is no token. */
void scan(struct ganc *g, uint32_t file, struct tokens *into);

#endif
