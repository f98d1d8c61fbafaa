/* leaf.c: operations without operands: constants, what a graph reads of the world, and random draws (ganrt/random.h says which).
 *
 * Types. constant, scalar: []. iota: [n], unbatched. tensor, data_mean: unbatched. data: batched. input and random draws: as given.
 * Ranges. What data and inputs are declared to lie in, their builder gives in the node's range, and the rule leaves it there; a range of
 * zeros, which is what a builder leaves that says nothing, becomes (-inf, inf). */
#include "ops/hooks.h"
#include "ops/interval.h"

#include "graph/program.h"

#include <ganrt/random.h>
#include <string.h>

static bool refuse(struct ganc *g, const struct node *n)
{
    diag(g, E0239, n->span, op_info[n->op].name, n->type.batched ? "batched " : "unbatched ", hooks_shape(g, n->type));
    return false;
}

static bool shape_scalar_leaf(struct node *n)
{
    n->type = type_scalar();
    return true;
}

#define SHAPE(name, rule)                                                                                              \
    bool shape_##name(struct ganc *g, const struct graph *graph, struct node *n)                                       \
    {                                                                                                                  \
        (void)g, (void)graph, (void)n;                                                                                  \
        return rule;                                                                                                   \
    }
SHAPE(constant, shape_scalar_leaf(n))
SHAPE(scalar, shape_scalar_leaf(n))
SHAPE(iota, (n->type.rank == 1 && !n->type.batched) || refuse(g, n))
SHAPE(tensor, !n->type.batched || refuse(g, n))
SHAPE(data, n->type.batched == 1 || refuse(g, n))
SHAPE(data_mean, !n->type.batched || refuse(g, n))
SHAPE(input, true)
SHAPE(rand_uniform, true)
SHAPE(rand_normal, true)
SHAPE(rand_bernoulli, true)
SHAPE(rand_index, true)

static struct range declared(struct range r)
{
    return r.low == 0 && r.high == 0 ? range_all() : r;
}

#define RANGE(name, rule)                                                                                              \
    void range_##name(const struct graph *graph, struct node *n)                                                       \
    {                                                                                                                  \
        (void)graph;                                                                                                   \
        n->range = rule;                                                                                               \
    }
RANGE(constant, interval_point(n->number))
RANGE(scalar, n->scalar && n->scalar->kind == SEXPR_NUMBER ? interval_point(n->scalar->number) : range_all())
RANGE(iota, interval_of(0, (double)n->type.dim[0] - 1))
RANGE(tensor, range_all())
RANGE(data, declared(n->range))
RANGE(data_mean, declared(n->range))
RANGE(input, declared(n->range))
RANGE(rand_uniform, ((struct range){0, 1, false, true}))
RANGE(rand_normal, range_all())
RANGE(rand_bernoulli, interval_of(0, 1))
RANGE(rand_index, interval_of(0, n->number - 1))

/* ---- evaluation ---- */

static int64_t total(const struct evaluation *e)
{
    return type_total(e->graph, e->n->type);
}

/* y = from, dy = tangent; NULL: zeros. */
static void copy(struct evaluation *e, const double *from, const double *tangent)
{
    size_t bytes = (size_t)total(e) * sizeof *e->y;
    memcpy(e->y, from, bytes);
    if (e->dy && tangent) memcpy(e->dy, tangent, bytes);
    else if (e->dy) memset(e->dy, 0, bytes);
}

static void fill(struct evaluation *e, double x)
{
    for (int64_t i = 0; i < total(e); i++) {
        e->y[i] = x;
        if (e->dy) e->dy[i] = 0;
    }
}

void evaluate_constant(struct evaluation *e)
{
    fill(e, e->n->number);
}

void evaluate_scalar(struct evaluation *e)
{
    fill(e, e->world->scalar(e->world->self, e->n->scalar));
}

void evaluate_iota(struct evaluation *e)
{
    fill(e, 0);
    for (int64_t i = 0; i < total(e); i++) e->y[i] = (double)i;
}

void evaluate_tensor(struct evaluation *e)
{
    const struct evaluation_world *w = e->world;
    copy(e, w->tensor(w->self, e->n->index), e->dy && w->tensor_tangent ? w->tensor_tangent(w->self, e->n->index) : NULL);
}

void evaluate_data(struct evaluation *e)
{
    copy(e, e->world->data(e->world->self, e->n->index, e->n->draw), NULL);
}

void evaluate_data_mean(struct evaluation *e)
{
    copy(e, e->world->data_mean(e->world->self, e->n->index), NULL);
}

void evaluate_input(struct evaluation *e)
{
    copy(e, e->world->input(e->world->self, e->n->index), NULL);
}

/* The element's number from its 32-bit word. */
typedef double word_rule(uint32_t word, double parameter);

static double word_uniform(uint32_t word, double unused)
{
    (void)unused;
    return (word >> 8) * 0x1p-24;
}

static double word_bernoulli(uint32_t word, double p)
{
    return word < floor(p * 0x1p32);
}

static double word_index(uint32_t word, double n)
{
    return (double)((uint64_t)word * (uint64_t)n >> 32);
}

struct drawn {
    uint32_t stream, example;
    uint64_t element;
};

/* Of element i of a draw: each of stacked minibatches has its own stream, and counts its examples from 0. */
static struct drawn drawn_at(const struct evaluation *e, int64_t i)
{
    int64_t elements = type_elements(e->n->type), example = i / elements;
    int64_t minibatch = e->n->type.batched > 1 ? example / e->graph->batch : 0;
    return (struct drawn){e->n->index + e->n->draw * (uint32_t)minibatch, (uint32_t)(example - minibatch * e->graph->batch), (uint64_t)(i % elements)};
}

static void draw(struct evaluation *e, word_rule *rule, double parameter)
{
    fill(e, 0);
    for (int64_t i = 0; i < total(e); i++) {
        struct drawn at = drawn_at(e, i);
        e->y[i] = rule(ganrt_random_word(e->world->seed, e->world->tick, at.stream, at.example, at.element), parameter);
    }
}

void evaluate_rand_uniform(struct evaluation *e)
{
    draw(e, word_uniform, 0);
}

void evaluate_rand_bernoulli(struct evaluation *e)
{
    draw(e, word_bernoulli, e->world->scalar(e->world->self, e->n->scalar));
}

void evaluate_rand_index(struct evaluation *e)
{
    draw(e, word_index, e->n->number);
}

#define TWO_PI 6.28318530717958647693

void evaluate_rand_normal(struct evaluation *e)
{
    fill(e, 0);
    for (int64_t i = 0; i < total(e); i++) {
        struct drawn at = drawn_at(e, i);
        uint32_t u[2];
        ganrt_random_pair(e->world->seed, e->world->tick, at.stream, at.example, at.element, u);
        e->y[i] = sqrt(-2 * log(((u[0] >> 8) + 1) * 0x1p-24)) * cos(TWO_PI * ((u[1] >> 8) * 0x1p-24));
    }
}
