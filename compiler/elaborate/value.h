/* value.h: what an expression can be while a model is elaborated: known now (number, shape, distribution, function, net), known between
 * graphs (an expression of the schedule), or a tensor (a node of the graph being built). */
#ifndef GANC_VALUE_H
#define GANC_VALUE_H

#include "graph/program.h"
#include "syntax/ast.h"

enum value_kind {
    VALUE_ERROR,     /* something was reported already: whatever touches it is silent */
    VALUE_NUMBER,    /* number */
    VALUE_BOOLEAN,   /* number: 0 or 1 */
    VALUE_STRING,    /* text */
    VALUE_SHAPE,     /* shape: the dims of shape(x), or of [a, b] */
    VALUE_SCHEDULE,  /* sexpr */
    VALUE_NODE,      /* node, of graph `home` */
    VALUE_STATE,     /* tensor: a state, or the parameter w in an optimizer or projection; reading gives its present value */
    VALUE_DISTRIBUTION, /* distribution */
    VALUE_SOURCE,    /* declaration: a data or prior; field may name one of its fields */
    VALUE_RECORD,    /* record: a drawn example of a record source */
    VALUE_FUNCTION,  /* declaration: a fn, layer, net or optimizer */
    VALUE_BUILTIN,   /* builtin */
    VALUE_OPERATION, /* op: a MAP operation by its name */
    VALUE_OPTIMIZER, /* optimizer: with its options */
    VALUE_GRADIENTS, /* gradients: grad(v, D), one node for each parameter */
};

enum distribution_kind { DIST_UNIFORM, DIST_NORMAL, DIST_SPHERE, DIST_BERNOULLI, DIST_ONEHOT, DIST_CONSTANT, DIST_FUNCTION };

struct declaration;
struct builtin;
struct optimizer_value;
struct distribution;
struct record_value;
struct gradients;

struct value {
    enum value_kind kind;
    double number;
    const char *text;
    struct type shape;
    const struct sexpr *sexpr;
    struct node *node;
    struct graph *home;
    uint32_t tensor;
    enum op op;
    const char *field;
    const struct distribution *distribution;
    const struct declaration *declaration;
    const struct builtin *builtin;
    const struct optimizer_value *optimizer;
    const struct record_value *record;
    const struct gradients *gradients;
};

struct distribution {
    enum distribution_kind kind;
    struct value a, b;          /* FUNCTION: a is the function */
    uint32_t n;                 /* FUNCTION: its arguments after the shape */
    const struct value *rest;
};

struct record_value {
    uint32_t n;
    const char **names;
    struct value *fields;
};

struct gradients {
    uint32_t n;
    uint32_t *tensors;
    struct node **nodes;
    struct graph *home;
};

/* An optimizer written in place, or one that a declaration names: the options are evaluated at each use (they may count updates). */
struct optimizer_value {
    const struct declaration *declaration; /* of the optimizer with a body */
    const struct ast *arguments;           /* A_ARGUMENTS, or NULL */
    struct environment *where;             /* of the arguments */
    const struct declaration *shared;      /* the `optimizer NAME = ...` that names it, or NULL */
};

#endif
