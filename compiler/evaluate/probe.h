/* probe.h: one graph around a point: a node's value at the point, along lines through it, and its tangents.
 *
 * A probe holds the values of the targets, and of all they need, at the evaluator's tensors. A view of it moves some of the tensors and evaluates
 * only what depends on these, so that a hundred elements of a tensor can be tried one by one. What stands under stop keeps its value,
 * as it does for a gradient; random numbers and minibatches are those of the point; no state is set. Views of one probe may be used by different
 * threads at once.
 *
 *     struct probe *p = probe_new(e, graph, tick, targets, n);     p->error
 *     struct view *v = view_new(p, y, moved);                     y: [] ; moved: by tensor
 *     view_tensor(v, t)[i] += h;
 *     view_value(v, &same)                                        same: no comparison, maximum, floor or argmax came out otherwise
 *     view_tangent(v, direction)
 *     view_free(v); probe_free(p); */
#ifndef GANC_PROBE_H
#define GANC_PROBE_H

#include "evaluate/evaluate.h"

struct probe {
    const char *error; /* NULL, or why there are no values; lives as long as the probe */
    struct evaluator_run *run;
};

struct probe *probe_new(struct evaluator *e, const struct graph *graph, uint64_t tick, struct node *const *targets, uint32_t n);
void probe_free(struct probe *p);
const double *probe_value(const struct probe *p, const struct node *n); /* row-major, the batch outermost */

/* The sum of y's tangents along `seed`, a direction in the space of the value of the node x. */
double probe_along(struct probe *p, const struct node *y, const struct node *x, const double *seed);

struct view;
struct view *view_new(struct probe *p, const struct node *y, const bool *moved);
void view_free(struct view *v);
double *view_tensor(struct view *v, uint32_t tensor);               /* a moved tensor's own copy; at the point until it is written to */
double view_value(struct view *v, bool *same);                      /* y at the view's tensors */
double view_tangent(struct view *v, const double *const *direction); /* of y at the point; direction: by tensor, NULL where it is not moved */

#endif
