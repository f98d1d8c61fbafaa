/* parse.h: the state of a text being read, for parse.c (declarations, schedule), parse_graph.c, parse_expression.c and
 * parse_token.c.
 *
 * One error a line: after it `bad` is set, every function of this page does nothing, and parse_line goes on with the next line. What
 * was read of a bad line is not kept, or kept as NULL, which all makers of nodes and expressions pass on silently. */
#ifndef GANC_GRAPH_PARSE_H
#define GANC_GRAPH_PARSE_H

#include "base/diag.h"
#include "graph/scan.h"
#include "graph/text.h"

/* A map from nonzero keys (interned names, numbers of values) to positions. */
struct key_map {
    uint64_t *keys;
    uint32_t *values;
    uint32_t capacity, n;
};
bool key_map_add(struct arena *mem, struct key_map *m, uint64_t key, uint32_t value); /* false where it is there already */
bool key_map_find(const struct key_map *m, uint64_t key, uint32_t *value);

/* A later stage's text: its word in the first line, how it reads a graph, and the sections that it adds (false: it is none of them). */
struct parse;
struct parse_stage {
    const char *word;
    void (*graph)(struct parse *s);
    bool (*section)(struct parse *s);
};

struct parse {
    struct ganc *g;
    struct program *p;
    uint32_t file;
    struct tokens tokens;
    uint32_t at;
    bool bad;
    struct key_map names[NAME_SPACES]; /* all that the text declares, found before the rest is read */
    uint32_t counts[NAME_SPACES];
    uint32_t graphs;                   /* how many it declares */
    uint32_t model;                    /* the file made of its `source`; 0 for none */
    uint32_t depth, nesting;           /* of the expression being read; of the schedule */
    uint32_t operators;                /* in the expression being read */
    const struct parse_stage *stage;   /* NULL: graph, grad or opt */
    void *self;                        /* the stage's own */
};

/* tokens */
const struct token *parse_peek(const struct parse *s, uint32_t ahead);
const struct token *parse_next(struct parse *s);
struct span parse_span(const struct parse *s, const struct token *t);
bool parse_is(const struct parse *s, int kind);         /* the next token, and no error so far on this line */
bool parse_is_word(const struct parse *s, const char *word);
bool parse_accept(struct parse *s, int kind);
bool parse_accept_word(struct parse *s, const char *word);
void parse_expect(struct parse *s, int kind);
void parse_expect_word(struct parse *s, const char *word);
void parse_failed(struct parse *s, const char *expected);  /* E0601 at the next token */
void parse_wrong(struct parse *s, const struct token *t, const char *what, const char *wanted); /* E0606 */
bool parse_line(struct parse *s);                       /* the line ends here; false where it was bad */
const char *parse_token_text(struct parse *s, const struct token *t); /* for messages */

/* what lines are made of */
const char *parse_name(struct parse *s, const char *what);
const char *parse_string(struct parse *s);
double parse_number(struct parse *s);
int64_t parse_integer(struct parse *s, const char *what, int64_t least, int64_t most);
uint32_t parse_choice(struct parse *s, const char *const *words, uint32_t n, const char *what);
uint32_t parse_reference(struct parse *s, enum name_space space); /* UINT32_MAX after an error */
struct type parse_type(struct parse *s, bool may_batch);
struct range parse_range(struct parse *s);
struct span parse_place(struct parse *s);               /* @12:5+3; nowhere where none stands */
void parse_sources(struct parse *s);                    /* the quoted sources, before all else */

const struct sexpr *parse_expression(struct parse *s);
void parse_graph(struct parse *s);
uint32_t parse_graph_number(struct parse *s);           /* of a graph of this text */
struct graph *parse_graph_head(struct parse *s);        /* up to the batch and whom it joins; added to the program */
struct output parse_output_head(struct parse *s);       /* "objective V =", ... */
void parse_output_rest(struct parse *s, struct output *o); /* ... what follows its value */
struct program *program_parse_as(struct ganc *g, uint32_t file, const struct parse_stage *stage, void *self);

#endif
