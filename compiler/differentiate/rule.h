/* rule.h: the rules of stdlib/derivatives.gan and stdlib/rewrites.gan, checked and ready for use.
 *
 * Their expressions become terms: trees of elementwise operations over numbered variables. A derivative's
 * variables are its operands 0..n-1, then the operation's value (n), then what comes back to it (n + 1). A
 * rewrite's are numbered as the pattern names them from left to right. Memory: the compilation's. */
#ifndef GANC_RULE_H
#define GANC_RULE_H

#include "graph/graph.h"

#define RULE_VARIABLES 8 /* at most, in one rule */

enum term_kind { TERM_VARIABLE, TERM_NUMBER, TERM_OP };

struct term {
    enum term_kind kind;
    uint32_t variable;
    double number;
    enum op op;
    uint32_t nargs;
    const struct term *arg[3];
};

struct derivative {
    bool present;
    const struct term *dx[3]; /* NULL: no gradient flows to that operand */
    struct span span;
};

struct rewrite {
    const struct term *pattern, *replacement; /* the pattern is a TERM_OP */
    uint32_t variables;
    struct span span; /* of the rule's text, by which tests name it */
};

struct rules {
    struct derivative derivative[OP_COUNT];
    VEC(struct rewrite) rewrites;  /* in the order of the file */
    VEC(uint32_t) by_op[OP_COUNT]; /* rewrites whose pattern has this operation at its root */
};

/* The rules of this compilation, read at the first call. NULL after reporting
 * E0650: the library itself is broken; or E0707, of g->rules_file. */
const struct rules *rules_of(struct ganc *g);

/* Does operand i of n receive a gradient, by a rule of the file or by one in C (ops.h)? */
bool rules_send(const struct rules *rules, const struct node *n, uint32_t i);

/* Builds the term's value with variables bound to nodes; every node made has `span`. */
struct node *term_build(struct ganc *g, struct graph *graph, const struct term *t, struct node *const *bound, struct span span);

/* The number that a value has in every element: that of a constant, expanded or not. */
bool node_number(const struct node *n, double *number);

#endif
