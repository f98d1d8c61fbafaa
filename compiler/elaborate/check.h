/* check.h: the checks of the game (LANGUAGE section 10), and what elaboration notes for them while it builds the graphs.
 *
 * The checks run once, when a file has been elaborated without an error. They look at graphs (operations, ranges, what flows where), at
 * the applications of nets in them, and at what each statement trains; a layer is known to them only by the name that the file calls it by. */
#ifndef GANC_ELABORATE_CHECK_H
#define GANC_ELABORATE_CHECK_H

#include "base/buffer.h"
#include "graph/program.h"
#include "syntax/ast.h"

struct elaboration;

#define MOST_STEPS 1000 /* back from a value to what it ends in */

struct made { /* the nodes that one call of the library from the user's file made: from <= id < to */
    uint32_t from, to;
    struct span span;
    const char *what;
};

struct net_use { /* an application of a net */
    uint32_t net, n;
    struct node **inputs;
    struct node *result;
    struct span span;
};

struct drawn { /* a draw of data, and what the file calls it */
    const struct node *node;
    const char *name;
};

struct noted_graph {
    const struct graph *graph;
    VEC(struct drawn) drawn;
    VEC(struct made) made; /* ascending, apart from each other */
    VEC(struct net_use) uses;
};

struct move { /* one maximize or minimize */
    const struct ast *statement;
    uint32_t noted;       /* its graph: notes->graphs */
    struct node *objective;
    bool *updated;        /* by tensor: trained, and reached */
    uint32_t tensors;     /* there were so many */
    uint32_t updates;     /* its optimizer's nodes are from this one on */
    bool *idle;           /* by part of its `over`: none of its parameters is reached */
};

struct projection {
    bool *marked;         /* by tensor */
    uint32_t tensors;
    struct span span;
};

struct notes {
    struct noted_graph here; /* of the graph being built */
    VEC(struct noted_graph) graphs;
    VEC(struct move) moves;
    VEC(struct projection) projections;
    VEC(struct span) told; /* causes of what check_ranges has reported */
    uint64_t *nets;       /* by tensor, while the checks run: the nets that it is a parameter of, as bits (net_bit) */
    bool *projected;      /* by tensor */
};

/* What is known of one graph; facts.c. Memory: mem's. */
struct facts {
    struct elaboration *e;
    struct arena *mem;
    const struct noted_graph *noted;
    struct node *nodes;   /* by id: copies whose ranges know the settings' defaults, choices that guard, and squares; operands are copies too */
    bool *vague;          /* by id: its range says little, as a state, a schedule's value or undeclared data goes into it */
    uint32_t *use;        /* by id: the net use that it is the result of, plus 1; or 0 */
    uint64_t *nets;       /* by id: the nets whose parameters it depends on, as bits (net_bit) */
};

uint64_t net_bit(uint32_t net);
struct facts *facts_of(struct elaboration *e, struct arena *mem, const struct noted_graph *noted);
struct span facts_place(const struct facts *f, const struct node *n);    /* in the user's file */
const char *facts_text(const struct facts *f, const struct node *n);     /* as it stands there, on one line */
const char *place_text(struct elaboration *e, struct span span);
const char *players_text(struct elaboration *e, const struct move *m, const char *without); /* those that it trains, but the net of that name: "G", "G and Q" */
const char *range_text(struct elaboration *e, struct range r);
const struct node *facts_step(const struct node *n); /* the one operand that n is a view, a shift or a multiple of; or NULL */
const struct node *facts_end(const struct facts *f, const struct node *n); /* where its range comes from: views, signs, shifts and factors left off */
void facts_note_end(const struct facts *f, const struct node *n);        /* adds a note to the diagnostic just reported: where, and in what range */

/* The directions in which a move pushes a node; check_moves.c. */
enum { PUSH_UP = 1, PUSH_DOWN = 2, PUSH_BOTH = 3 };
struct push {
    uint8_t any;          /* which of the two it may be: BOTH where that cannot be told, 0 where not at all */
    uint8_t linear;       /* the same, for the ways from the objective that are linear */
};

/* How a move treats a net that stands in its objective: what the checks across statements need. */
struct stance {
    const struct move *move;
    uint32_t net;
    bool trains;          /* it trains the net */
    uint8_t real, generated; /* how it pushes its output, where that is clear: on examples no parameters went into, and on others */
    uint8_t against;      /* on those that parameters trained by this move, of other nets, went into */
    bool unclear;         /* somewhere it cannot be told */
    bool bounded;         /* something else than its output, linearly, stands in the objective: a penalty, a square */
    bool grows;           /* its output is pushed both ways, linearly, and a weight scales it */
    const char *where;    /* the application on generated examples, as written */
};

struct stances { /* used as a VEC(struct stance) */
    struct stance *at;
    uint32_t n, capacity;
};

bool *facts_live(const struct facts *f, bool trains); /* by id: what its outputs need, and its effects where those are no optimizer's */

void check_game(struct elaboration *e);
void check_pipes(struct elaboration *e, const struct ast *tree); /* check_syntax.c: pipe-after-E */
void check_ranges(struct facts *f, const bool *live);            /* check_ranges.c: domain */
void check_penalties(struct facts *f, const bool *live);         /* check_ranges.c: penalty-batchnorm */
/* check_moves.c: range-mismatch, saturating, critic-sigmoid */
void check_move(struct facts *f, const struct move *m, struct arena *mem, struct stances *stances);
void check_trained(struct elaboration *e);                       /* check_players.c: untrained, no-gradient */
void check_players(struct elaboration *e, struct arena *mem, const struct stances *stances); /* check_players.c: unbounded, one-sided */

#endif
