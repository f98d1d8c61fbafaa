/* evaluate.h: the reference evaluator: graphs and the schedule, run in plain loops and double: the oracle of the tests.
 *
 * It runs any program, at any stage, one node after the other as the operations' evaluate rules say (compiler/ops/), and
 * shares with the compiled code names, shapes and random words (ganrt/random.h), but no arithmetic. Derivatives along a direction it takes in
 * forward mode, from each operation's own partial derivatives, and gradients of gradients by nested dual numbers (ops/jet.c): no rule of
 * differentiate/ is used. Three levels of gradients and a direction can be nested.
 *
 *     struct evaluator *e = evaluator_new(p);
 *     e->source = ...;                                  where minibatches come from
 *     if ((error = evaluator_start(e))) ...             first values of parameters and states
 *     evaluator_train_begin(e, 0);
 *     if ((error = evaluator_train_pass(e, 0))) ...     one step; or evaluator_graph(e, graph) for one graph
 *     evaluator_node(e, node)[i], e->tensors[t][i], e->results[r]
 *     evaluator_free(e);
 *
 * Values are row-major, the batch outermost. What a function returns as `error` is NULL or a message, which lives as long as the evaluator.
 * Memory: two arenas, the evaluator's and that of the last graph that ran (its values are gone when the next one runs). */
#ifndef GANC_EVALUATE_H
#define GANC_EVALUATE_H

#include "graph/program.h"

/* Where a graph's minibatches come from. A function that is NULL is an error for a graph that asks it. Each (data, draw) is asked for
 * once in a run, in the order of the graph's nodes; fields of a record are asked for apart, and should be of the same examples. `tick` is
 * that of the run, so that the answer need not depend on the past. */
struct evaluator_source {
    void *self;
    void (*data)(void *self, const struct graph *graph, uint64_t tick, uint32_t data, uint32_t draw, double *to); /* [graph->batch, elements] */
    void (*data_mean)(void *self, uint32_t data, double *to);                                                    /* [elements] */
    void (*input)(void *self, const struct graph *graph, uint32_t index, double *to);                            /* the input node's own type */
};

struct evaluator {
    const struct program *p;
    /* the state of the world, to read and to write between runs */
    double **tensors;     /* one array for each of p->tensors */
    double *settings;     /* p->settings; evaluator_new sets the defaults */
    double *counters;     /* p->counters: updates so far */
    double *vars;         /* lets of the train block */
    double *results;      /* p->results: sign * value of objectives, value of reports and states */
    double step, epoch;   /* of the train block; epoch is the caller's to set, 1 at first */
    uint64_t tick;        /* of the last STEP graph: each advances it by one before it draws */
    uint64_t tick_else;   /* of all other graphs' draws: 0 */
    uint32_t seed[2];
    struct evaluator_source source;
    uint32_t most_directions; /* a grad node is evaluated one direction at a time, for each element of its value: at most so many */
    double most_work;         /* in the grad nodes of one run: about so many multiplications */
    double shake;             /* 0; else each rounded value is moved at random, by up to that part of its size or its terms': how far results move is noise */
    uint32_t shaken;          /* which random moves */
    struct evaluator_run *run; /* private */
    struct arena *mem;
};

struct evaluator *evaluator_new(const struct program *p);
void evaluator_free(struct evaluator *e);

/* Defaults of the settings, in order, but of those marked in given[] (may be NULL), which keep their value. */
void evaluator_defaults(struct evaluator *e, const bool *given);
double evaluator_scalar(struct evaluator *e, const struct sexpr *s);

/* One graph: all live nodes, then outputs into results, then all effects at once. */
const char *evaluator_graph(struct evaluator *e, const struct graph *graph);

/* The same, with the derivative along a direction: direction[t] is NULL (zeros) or as large as tensor t. Uses the draws that the next
 * evaluator_graph would use, and changes nothing: no tick, no results, no effects. */
const char *evaluator_graph_tangent(struct evaluator *e, const struct graph *graph, const double *const *direction);

/* Of the last graph that ran: a node's value, and its tangent; NULL where the node is dead, or its tangent zero everywhere. */
const double *evaluator_node(const struct evaluator *e, const struct node *n);
const double *evaluator_tangent(const struct evaluator *e, const struct node *n);

/* The schedule. start: INIT graphs, then the program's setup. begin: a train block's counters and step go to 0, epoch to 1. pass: advances
 * step, then runs the block's statements once. */
const char *evaluator_start(struct evaluator *e);
void evaluator_train_begin(struct evaluator *e, uint32_t train);
const char *evaluator_train_pass(struct evaluator *e, uint32_t train);

#endif
