/* internal.h: what the files of elaborate/ share: the elaboration's state, and each file's functions. */
#ifndef GANC_ELABORATE_INTERNAL_H
#define GANC_ELABORATE_INTERNAL_H

#include "base/buffer.h"
#include "base/diag.h"
#include "elaborate/check.h"
#include "elaborate/elaborate.h"
#include "elaborate/value.h"

/* A declaration at the top of a file. Names are looked up from the file that mentions them: a user's file sees its own
 * declarations first, then the library's; the library sees only itself. */
struct declaration {
    enum ast_kind kind;
    const char *name;
    const struct ast *ast;
    bool library;
    uint32_t index;                  /* SETTING: program->settings; PRIOR: priors; NET: nets; STATE: tensors; DATA: the first of its program->data */
    bool busy;                       /* being evaluated: a declaration that needs itself is an error */
    bool evaluated;                  /* SETTING, DATA, PRIOR, STATE, NET: index holds; OPTIMIZER_ALIAS: value does */
    struct value value;
    struct average *average;         /* of a NET that is ema of another, whose tree `ast` is; else NULL */
};

struct average_pair { /* G's tensor and A's */
    uint32_t of, own;
    bool averaged; /* else copied: a state, or a parameter outside the part that is averaged */
};

/* net A = ema(G, decay) */
struct average {
    const struct ast *ast;           /* the declaration of A */
    const struct declaration *of;    /* G */
    uint32_t net;                    /* A, of program->nets */
    const struct ast *path, *except; /* what is averaged: G or a part of it; the rest is copied */
    const struct sexpr *decay;
    bool ready;                      /* what follows holds */
    bool *marked;                    /* by tensor, up to nmarked: it is averaged */
    uint32_t nmarked;
    VEC(struct average_pair) pairs;
};

/* Local names: innermost first. A call starts a new chain. */
struct binding {
    const char *name;
    struct value value;
    bool var;                        /* may be assigned */
    uint32_t hidden_in;              /* bound by the E of this depth: an inner E may not mention it */
    struct binding *next;
};

struct environment {
    struct binding *names;
    struct environment *outer;       /* the enclosing block of the same body */
};

/* An application of a layer or net under way: where its tensors get their names. */
struct instance {
    const char *path;                /* "G", "D.maxout1.dense1" */
    VEC(struct { const char *name; uint32_t n; }) counts; /* layers of each name so far */
    struct instance *outer;
};

struct call { /* under way: messages name the calls that led to them (trail.c) */
    const struct declaration *callee;
    struct span span;
    struct value argument;           /* its first, for its shape */
    const struct graph *graph;       /* the one being built then, and its nodes so far */
    uint32_t nodes;
    struct call *outer;
};

struct memo { /* of a function, net or value of the file: the same arguments in the same graph give the same result */
    const struct declaration *callee;
    bool training;
    const struct average *average; /* inside which it was called: there nets have other parameters */
    uint32_t n;
    const struct value *arguments;
    struct value result;
    uint32_t hash, next; /* the one before of its bucket, plus 1; 0 ends the chain */
};

struct memos {
    VEC(struct memo) all;
    uint32_t *buckets; /* the newest memo of each hash, plus 1; 0: none */
    uint32_t room;     /* buckets: a power of 2, or 0 */
};

struct draw { /* what E, sample or a let bound a name to, in this statement */
    const char *name;
    struct value source;
    struct type shape;
    struct value result;
};

struct expectation {                 /* an E's result and the draws of data it made */
    struct node *result;
    VEC(struct node *) data;
};

struct gathered {                    /* an E of a report over all of its data, in the order of evaluation */
    const char *name;
    struct node *body;               /* of an example; NULL: not batched */
    int32_t data;                    /* program->data whose examples they are, or -1 */
};

struct over {                        /* over= of the report being built (over.c) */
    bool on, finishing;              /* finishing: the second graph, of averages */
    const struct declaration *data;  /* stands in for the data drawn; NULL: all */
    const char *field;
    VEC(struct gathered) all;
    uint32_t next;                   /* finishing: of all */
};

struct application {                 /* of a net that set states */
    struct node *result;
};

struct state_change {
    uint32_t tensor, application;
    struct node *value;
    struct span span;
};

/* One optimizer with its own states: written in place (key: the statement's node), or shared (key: the declaration). */
struct optimizer_instance {
    const void *key;
    const char *declared; /* the optimizer's name */
    const char *path;     /* "adam", "adam2": prefix of its states' names */
    uint32_t counter;     /* of its updates; a shared one counts each tensor apart (shared_counters) */
};

/* A shared optimizer counts the updates of each tensor apart. */
struct shared_counter {
    const struct declaration *optimizer;
    uint32_t tensor, counter;
};

struct library_file;

struct imports { /* what a model's imports brought */
    VEC(uint32_t) files;                       /* of sources, in the order in which they were first met; without the model's own */
    VEC(const struct library_file *) modules;  /* of the library, beyond what every model sees */
};

struct elaboration {
    struct ganc *g;
    struct program *p;
    const struct ast *file;          /* the model's, each import of a file replaced by what it declares */
    struct imports imports;
    VEC(struct declaration *) user, library;
    uint32_t errors;                 /* reported before this file's elaboration began */
    uint32_t work;                   /* expressions evaluated so far: bounded, as functions and loops are written out */
    uint32_t nesting;                /* of expressions under evaluation, through calls: bounded, as is the stack */
    VEC(const char *) fixed;         /* settings that shapes, loops, compile-time ifs or batches use */

    /* of the graph being built */
    struct graph *graph, *init;
    bool training;
    struct node **tensor_nodes;      /* by tensor: this graph's node, or NULL */
    struct node **state_nodes;       /* by tensor: the value that a state has now, or NULL for the tensor's own */
    uint32_t tensor_capacity;
    struct memos memos;
    VEC(struct draw) draws;
    VEC(struct expectation) expectations;
    VEC(struct application) applications;
    VEC(struct state_change) changes;
    VEC(uint32_t) skipped;           /* applications whose states do not count: they stand in summands left out */
    uint32_t current_application;    /* UINT32_MAX: outside */
    uint32_t data_draws;             /* draw numbers in use in this graph */
    struct over over;
    struct {                         /* of the picture being built (tile.c) */
        const char *down, *across;   /* names that change by row, by column, or NULL */
        int64_t columns;
        VEC(const char *) bound;     /* what its samples bind */
    } tiling;

    struct notes notes;              /* for the checks of the game */

    /* of the place in the text */
    struct instance *instance;
    VEC(uint32_t) nets;              /* nets being applied, outermost first */
    struct call *calls;
    uint32_t depth;                  /* of calls: bounded */
    uint32_t expectation_depth;
    uint32_t touched;                /* counts uses of parameters and states: a call that touches any is not remembered */
    uint32_t counter;                /* of the optimizer at work, for `updates`; UINT32_MAX: none */
    const char *optimizer_path;      /* the optimizer instance at work: prefix of its states' names; NULL outside */
    uint32_t optimizer_of;           /* the parameter it works on */
    VEC(struct average *) averages;
    struct average *average;         /* the innermost being applied, or NULL */
    uint32_t average_nets;           /* of nets: up to that one */
    bool postponed;                  /* an average was applied whose net is not known yet: declare_nets tries again */

    struct tensor_index *tensor_index; /* by name and by net (tensors.c) */

    /* of the schedule */
    struct train *train;             /* the block being built, or NULL */
    VEC(struct optimizer_instance *) optimizers; /* so far: for the names of their states */
    VEC(struct shared_counter) shared_counters;
    VEC(struct { const char *name; uint32_t n; }) result_names; /* how many results were given that name */
};

/* values.c */
struct value value_error(void);
struct value value_number(double x);
struct value value_boolean(bool b);
struct value value_string(const char *text);
double settings_value(struct elaboration *e, const struct sexpr *s); /* of an expression of settings: by their defaults */
bool sexpr_settings_only(const struct sexpr *s);    /* numbers and settings alone: known when the model is compiled */
struct value value_schedule(const struct sexpr *s); /* a number where it folds to one */
struct value value_node(struct elaboration *e, struct node *n); /* VALUE_ERROR where n is NULL */
struct value value_shape(struct type t);
bool value_equal(const struct value *a, const struct value *b); /* certainly the same: for memos and draws */
bool value_is_scalar(const struct value *v);                   /* NUMBER, BOOLEAN, SCHEDULE */
const char *value_describe(struct elaboration *e, const struct value *v); /* "a tensor [784]", "a distribution" */
const char *type_text(struct elaboration *e, struct type t);
struct node *value_to_node(struct elaboration *e, struct value v, struct span span); /* NULL after reporting */
struct value value_read(struct elaboration *e, struct value v, struct span span);    /* a STATE becomes its present NODE */
const struct sexpr *value_to_sexpr(struct elaboration *e, struct value v, struct span span); /* NULL after reporting */
bool value_to_number(struct elaboration *e, struct value v, struct span span, double *x);    /* fixes settings */
bool value_to_integer(struct elaboration *e, struct value v, struct span span, const char *what, int64_t least, int64_t *x);
bool value_to_boolean(struct elaboration *e, struct value v, struct span span, bool *b);     /* at compile time */
struct node *node_scalar(struct elaboration *e, struct node *n); /* one element becomes []; else n */
struct value value_scalar(struct elaboration *e, struct value v, struct span span, const char *what); /* a scalar is wanted */

/* import.c */
struct ast *imports_read(struct ganc *g, const struct ast *file, struct imports *into); /* the whole model; reports */
bool library_is_rules(const struct library_file *f); /* derivatives.gan, rewrites.gan: nothing that a model can call */

/* scope.c */
void scope_declare(struct elaboration *e);
const struct declaration *scope_find(struct elaboration *e, const char *name, struct span from);
struct value scope_value(struct elaboration *e, struct environment *env, const struct ast *name);
struct binding *environment_find(struct environment *env, const char *name);
struct binding *environment_bind(struct elaboration *e, struct environment *env, const char *name, struct value v);
struct value declaration_value(struct elaboration *e, struct declaration *d, struct span from);
bool scope_foreign(struct elaboration *e, struct environment *env, const struct ast *field);
void scope_method_help(struct elaboration *e, struct environment *env, const struct ast *field);
bool scope_in_library(const struct elaboration *e, struct span from);
uint32_t scope_names(struct elaboration *e, struct environment *env, struct span from, const char ***names);

/* arithmetic.c */
struct value arithmetic_map(struct elaboration *e, enum op op, uint32_t n, const struct value *x, struct span span);
struct value arithmetic_binary(struct elaboration *e, const char *operator, struct value a, struct value b, struct span span);
struct value arithmetic_not(struct elaboration *e, struct value a, struct span span);
struct value arithmetic_matmul(struct elaboration *e, struct value a, struct value b, struct span span);
struct node *node_make(struct elaboration *e, enum op op, uint32_t n, struct node *const *x, const struct node *like, struct span span);

/* expression.c */
struct value evaluate(struct elaboration *e, struct environment *env, const struct ast *a); /* VALUE_ERROR: it was reported */
/* VALUE_ERROR with a text: it has no value, not reported */
struct value evaluate_block(struct elaboration *e, struct environment *outer, const struct ast *block);
struct value evaluate_block_in(struct elaboration *e, struct environment *env, const struct ast *block); /* its names are bound in env */
/* false after an error that ends the block */
bool evaluate_statement(struct elaboration *e, struct environment *env, const struct ast *s, struct value *result);
/* first |> right */
struct value evaluate_piped(struct elaboration *e, struct environment *env, struct value first, struct span first_span, const struct ast *right);
bool evaluate_shape(struct elaboration *e, struct environment *env, const struct ast *shape, struct type *out); /* every dimension known */
/* binds unknown names */
bool match_shape(struct elaboration *e, struct environment *env, const struct ast *shape, struct type t, struct span at, const char *what);
void sizes_unknown(struct elaboration *e, struct environment *env, const struct ast *shape); /* after an error: the names it would have bound are silent */
bool evaluate_index(struct elaboration *e, struct environment *env, const struct ast *a, struct value base, struct value *out);

/* call.c */
struct arguments { /* of a call, evaluated: positional first */
    VEC(struct value) positional;
    VEC(struct span) spans;
    VEC(const struct ast *) named; /* ARGUMENT nodes with a name */
    VEC(struct value) named_values;
    struct span span;
};
bool arguments_evaluate(struct elaboration *e, struct environment *env, const struct value *first, struct span first_span, const struct ast *args,
                        struct span span, struct arguments *out);
void call_enter(struct elaboration *e, struct call *c, const struct declaration *d, struct arguments *args);
void call_leave(struct elaboration *e);
struct value call(struct elaboration *e, struct value callee, struct arguments *args, struct span span);
struct memo *memo_find(struct elaboration *e, const struct declaration *d, uint32_t n, const struct value *arguments);
void memo_add(struct elaboration *e, const struct declaration *d, uint32_t n, const struct value *arguments, struct value result);
void memo_forget(struct elaboration *e);
struct value call_with(struct elaboration *e, struct value callee, uint32_t n, const struct value *positional, struct span span);
bool parameters_bind(struct elaboration *e, struct environment *env, const struct ast *parameters, uint32_t from, struct arguments *args, const char *what,
                     struct span declared);
struct value apply_net(struct elaboration *e, const struct declaration *d, struct arguments *args, struct span span);

/* gradients.c */
struct value gradients_make(struct elaboration *e, struct value v, struct span at, const bool *marked, struct span span); /* by the parameters marked */
/* of operands some of which are gradients */
struct value gradients_map(struct elaboration *e, enum op op, const char *what, const struct value *v, struct span span);
struct value sum_of_squares(struct elaboration *e, struct node *const *nodes, uint32_t n, struct span span);

/* trail.c */
struct diag_guide trail_guide(struct elaboration *e); /* a message from inside the library stands at the user's call; each names the calls that led there */

/* advice.c: one help each, for the message just reported */
void advice_kind(struct elaboration *e, const struct value *v);
void advice_shape(struct elaboration *e, struct type want, struct type have, const char *call);
void advice_result(struct elaboration *e, const struct ast *shape, struct type have);
void advice_axes(struct elaboration *e, struct type t);
void advice_product(struct elaboration *e, struct type a, struct type b);
bool advice_drawn(struct elaboration *e, const char *name);
void advice_fields(struct elaboration *e, const struct declaration *data, const char *name);
void advice_nets(struct elaboration *e);

/* builtin.c */
const struct builtin *builtin_find(const char *name);
const char *builtin_name(const struct builtin *b);
uint32_t builtin_names(const char **names, uint32_t capacity);
/* A call with an argument that names a part of a net, which no value does: sumsq(D.dense1), grad(v, D except T). False where b is not such
 * a call; first: of a pipe, or NULL. */
bool builtin_of_part(struct elaboration *e, struct environment *env, const struct builtin *b, const struct value *first, struct span first_span,
                     const struct ast *args, struct span span, struct value *result);
struct value builtin_call(struct elaboration *e, const struct builtin *b, struct arguments *args, struct span span);

/* draw.c */
struct value draw_source(struct elaboration *e, const char *name, struct value source, const struct type *shape, bool fresh, struct span span);
struct node *draw_distribution(struct elaboration *e, const struct distribution *d, struct type t, struct span span);
struct value evaluate_expectation(struct elaboration *e, struct environment *env, const struct ast *a);
struct value evaluate_sample(struct elaboration *e, struct environment *env, const struct ast *a);

struct value draw_as_distribution(struct elaboration *e, struct value v, struct span span);

/* over.c: over= of a report */
bool over_option(struct elaboration *e, const struct ast *value); /* begins; false after reporting */
struct value over_source(struct elaboration *e, struct value source, struct span span); /* what is drawn in place of source */
bool over_inner(struct elaboration *e, const struct ast *a);      /* an E inside an E: reported */
bool over_gathered(struct elaboration *e, struct span span, struct value *v); /* is this E's value at hand? */
/* body: NULL where it is a number of the schedule */
void over_gather(struct elaboration *e, const struct ast *a, const struct expectation *x, struct node *body);
bool over_finish_gathering(struct elaboration *e, struct graph *graph, const struct declaration *d); /* false after reporting */

/* made.c: a draw of a source made by a block, or of one field of it */
struct value made_draw(struct elaboration *e, const struct declaration *d, const char *field, struct span span);

/* tile.c: down= and across= of a picture */
struct value tile_draw(struct elaboration *e, const char *name, struct value source, struct value drawn, struct span span); /* what name becomes */
void tile_bound(struct elaboration *e, const struct ast *draws); /* a sample binds these */
const char *tile_option(struct elaboration *e, const struct ast *option); /* its name; NULL after reporting */
bool tile_check(struct elaboration *e, const struct ast *options); /* when the picture is evaluated: are the names bound? */

/* tensors.c */
uint32_t tensor_declare(struct elaboration *e, const char *name, enum tensor_kind kind, struct type t, int32_t of, struct span span, bool *made);
uint32_t tensor_called(struct elaboration *e, const char *id); /* by its interned name; program->tensors.n where there is none */
void net_add_tensor(struct elaboration *e, uint32_t net, uint32_t tensor); /* once */
struct node *tensor_node(struct elaboration *e, uint32_t tensor, struct span span);
struct node *tensor_value(struct elaboration *e, uint32_t tensor, struct span span);
void tensor_set(struct elaboration *e, uint32_t tensor, struct node *value, struct span span);
bool declare_tensor_statement(struct elaboration *e, struct environment *env, const struct ast *s);
void tensor_initialise(struct elaboration *e, struct environment *env, uint32_t tensor, const struct ast *value, bool tilde, struct span span);
struct node *node_import(struct elaboration *e, struct node *n, struct span span); /* into e->graph, from another */

/* graphs.c */
bool elaboration_failed(const struct elaboration *e); /* an error of this file was reported */
struct graph *graph_begin(struct elaboration *e, enum graph_kind kind, int64_t batch, struct span span); /* e->graph = it, nothing remembered */
void keep_draws(struct elaboration *e, struct graph *graph); /* every draw of data by an E is made, used or not */
void graph_finish(struct elaboration *e, struct graph *graph, const char *name); /* appends it to the program */
uint32_t result_add(struct elaboration *e, const char *name);
const char *expression_text(struct elaboration *e, const struct ast *a);

/* average.c */
void average_declare(struct elaboration *e, struct declaration *d);
void average_prepare(struct elaboration *e, struct average *a);
uint32_t average_tensor(struct elaboration *e, struct environment *env, const char *name, enum tensor_kind kind, struct type t, const struct ast *s);
void averages_update(struct elaboration *e); /* after the updates of a statement */

/* watch.c: what the runtime sees when it looks; when a graph is finished, and before */
void watch_effects(struct elaboration *e, struct graph *graph, struct node *const *gradients, uint32_t tensors); /* by tensor: its gradient, or NULL */
void watch_judges(struct elaboration *e, struct graph *graph, struct node *objective, const bool *updated, uint32_t tensors);

/* assign.c: `s <- e` */
struct assignment {
    const struct ast *statement; /* NULL: none */
    uint32_t tensor;
    bool number;                 /* the state is of shape [], a double of the schedule */
    const struct sexpr *scalar;  /* its new value, a number of the schedule, or the result of a graph */
    struct node *value;          /* or a node of the graph at hand */
};
bool assignment_evaluate(struct elaboration *e, struct environment *env, const struct ast *s, struct assignment *a); /* false after reporting */
void assignment_finish(struct elaboration *e, struct graph *graph, struct assignment *a);   /* what the graph leaves: an output or an effect */
void assignment_schedule(struct elaboration *e, const struct assignment *a, struct schedule_list *list); /* after the graph has run */
void assignment_build(struct elaboration *e, struct environment *env, const struct ast *s, struct schedule_list *list);

/* train.c, optimize.c, parts.c, declare.c; the checks: check.h */
void train_build(struct elaboration *e, const struct declaration *d);
/* sets[n]: of a together, filled for its A_SETs; false where no graph runs */
bool optimize_build(struct elaboration *e, struct environment *env, const struct ast *const *statements, uint32_t n, struct span span,
                    struct schedule *into, struct assignment *sets);
void project_build(struct elaboration *e, struct environment *env, const struct ast *s, struct schedule *into);
bool *reached_from(struct elaboration *e, const struct node *from); /* by node up to `from`: does a gradient of `from` flow to it? */
bool parts_tensors(struct elaboration *e, struct environment *env, const struct ast *parts, bool *marked); /* marked[tensor] for parameters named; reports */
/* reading: of an average, too */
bool part_tensors(struct elaboration *e, struct environment *env, const struct ast *path, const struct ast *except, bool *marked, bool reading);
bool part_is_named(struct elaboration *e, struct environment *env, const struct ast *a); /* a net, a part of one, or a name that means nothing */
const struct declaration *part_net(struct elaboration *e, struct environment *env, const struct ast *path); /* the net of a path; NULL after reporting */
bool net_parameters(struct elaboration *e, const struct declaration *net, bool *marked, bool reading, struct span span);
bool options_once(struct elaboration *e, const struct ast *options); /* of train, report, picture: none twice; reports */
void declare_settings(struct elaboration *e);
bool declare_setting(struct elaboration *e, struct declaration *d); /* those it mentions first; false where it needs itself */
void declare_data(struct elaboration *e);
struct data describe_data(struct elaboration *e, const struct declaration *d, const struct ast *type); /* of a type of d: its tensor's, or a field's */
void declare_states(struct elaboration *e);
void declare_nets(struct elaboration *e);
void declare_reports(struct elaboration *e);

#endif
