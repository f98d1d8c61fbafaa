/* rules.c: every rule of stdlib/derivatives.gan and stdlib/rewrites.gan, checked by machine on random inputs.
 *
 * Derivatives: the gradient graph against the evaluator's dual numbers and against central differences, in several
 * broadcasts, and once more for the gradient's gradient. Rewrites: both sides, and their derivatives along a random direction, agree
 * wherever the pattern has a value; and the pass applies the rule. */
#include "check.h"
#include "differentiate/differentiate.h"
#include "differentiate/rule.h"
#include "fixture.h"
#include "ops/ops.h"

#define BATCH 2

static bool near(double a, double b, double tolerance)
{
    return fabs(a - b) <= tolerance * (1 + fabs(a) + fabs(b));
}

/* ---- derivatives ---- */

enum broadcast { SAME, RIGHT_SMALLER, LEFT_SMALLER, BROADCASTS };

static struct type operand_type(enum broadcast b, uint32_t i)
{
    switch (b) {
    case RIGHT_SMALLER: return i == 0 ? fixture_type(true, 2, 2, 3) : i == 1 ? fixture_type(false, 1, 3, 0) : fixture_type(true, 2, 2, 1);
    case LEFT_SMALLER: return i == 0 ? fixture_type(false, 0, 0, 0) : i == 1 ? fixture_type(true, 2, 1, 3) : fixture_type(false, 2, 2, 1);
    default: return fixture_type(true, 1, 3, 0);
    }
}

struct subject {
    struct fixture *f;
    struct node *x[3], *weighted; /* x: the tensors themselves */
};

/* sum(op(x...) * weights), the weights one more input. */
static struct subject subject_new(enum op op, enum broadcast b)
{
    struct subject s = {.f = fixture_new(BATCH)};
    struct node *args[3];
    for (uint32_t i = 0; i < (uint32_t)op_info[op].operands; i++) {
        args[i] = fixture_input(s.f, operand_type(b, i));
        s.x[i] = args[i]->op == OP_as_batch ? args[i]->arg[0] : args[i];
    }
    struct node *y = fixture_node(s.f, op, (uint32_t)op_info[op].operands, args, (struct node){0});
    s.weighted = fixture_binary(s.f, OP_mul, y, fixture_input(s.f, y->type));
    return s;
}

/* Puts the inputs of `from` into another fixture of the same inputs. `positive`: their absolute values. */
static void inputs_copy(struct fixture *to, const struct fixture *from, bool positive)
{
    for (uint32_t i = 0; i < from->inputs; i++) {
        int64_t n = type_elements(from->p.tensors.at[i].type);
        for (int64_t k = 0; k < n; k++) to->value[i][k] = positive ? 0.1 + fabs(from->value[i][k]) : from->value[i][k];
        to->tangent[i] = from->tangent[i];
    }
}

/* A random direction of the first `count` inputs; the others stand still. */
static void direction(struct fixture *f, uint32_t count)
{
    for (uint32_t i = 0; i < f->inputs; i++) {
        int64_t n = type_elements(f->p.tensors.at[i].type);
        f->tangent[i] = NEW_ARRAY(f->g->mem, double, n);
        for (int64_t k = 0; k < n && i < count; k++) f->tangent[i][k] = fixture_random(-1, 1);
    }
}

static double central_difference(struct fixture *f, double *at)
{
    const double h = 1e-5, x = *at;
    *at = x + h;
    double high = fixture_run(f, NULL, NULL)[0];
    *at = x - h;
    double low = fixture_run(f, NULL, NULL)[0];
    *at = x;
    return (high - low) / (2 * h);
}

/* One random point. Counts the checks made; none where the operation has no value there. */
static uint32_t check_point(enum op op, enum broadcast b, bool positive)
{
    uint32_t n = (uint32_t)op_info[op].operands;
    struct subject forward = subject_new(op, b), backward = subject_new(op, b), second = subject_new(op, b);
    struct subject *all[3] = {&forward, &backward, &second};
    if (op == OP_where)
        for (int64_t k = 0; k < type_elements(forward.x[0]->type); k++) forward.f->value[0][k] = k % 2;
    direction(forward.f, n);
    inputs_copy(forward.f, forward.f, positive && op != OP_where);
    for (uint32_t i = 1; i < 3; i++) inputs_copy(all[i]->f, forward.f, false);
    fixture_result(forward.f, fixture_total(forward.f, forward.weighted));

    /* backward: the gradients; second: the gradients of sum(gradient * fixed weights) */
    struct node *sum = NULL;
    for (uint32_t i = 0; i < n; i++) {
        struct node *pair[2] = {backward.weighted, backward.x[i]};
        fixture_result(backward.f, fixture_node(backward.f, OP_grad, 2, pair, (struct node){0}));
        pair[0] = second.weighted, pair[1] = second.x[i];
        struct node *gradient = fixture_node(second.f, OP_grad, 2, pair, (struct node){0});
        gradient = fixture_total(second.f, fixture_binary(second.f, OP_mul, gradient, fixture_number(second.f, 1 + 0.3 * i)));
        sum = sum ? fixture_binary(second.f, OP_add, sum, gradient) : gradient;
    }
    fixture_result(second.f, sum);
    for (uint32_t i = 0; i < n; i++) {
        struct node *pair[2] = {sum, second.x[i]};
        fixture_result(second.f, fixture_node(second.f, OP_grad, 2, pair, (struct node){0}));
    }
    CHECK(differentiate(backward.f->g, &backward.f->p));
    CHECK(differentiate(second.f->g, &second.f->p));

    const double *tangent, *second_tangent;
    const double *value = fixture_run(forward.f, NULL, &tangent), *gradient = fixture_run(backward.f, NULL, NULL);
    const double *twice = fixture_run(second.f, NULL, &second_tangent);
    uint32_t checks = 0;
    double along = 0, second_along = 0;
    bool differences = true;
    for (uint32_t i = 0, at = 0; i < n; i++)
        for (int64_t k = 0; k < type_elements(forward.x[i]->type); k++, at++) {
            along += gradient[at] * forward.f->tangent[i][k];
            second_along += twice[1 + at] * forward.f->tangent[i][k];
            if (op == OP_stop || (op == OP_where && i == 0)) continue; /* stop has a slope; between 0 and 0 + h a condition jumps */
            if (isfinite(value[0])) differences &= near(gradient[at], central_difference(forward.f, &forward.f->value[i][k]), 1e-6);
        }
    if (isfinite(value[0]) && isfinite(along)) {
        CHECK(differences);
        CHECK(near(along, tangent[0], 1e-10));
        checks++;
    }
    if (isfinite(twice[0]) && isfinite(second_along)) {
        CHECK(near(second_along, second_tangent[0], 1e-10));
        checks++;
    }
    if (check_failures) printf("in the derivative of %s, broadcast %d\n", op_info[op].name, b);
    for (uint32_t i = 0; i < 3; i++) fixture_free(all[i]->f);
    return checks;
}

static void check_derivative(enum op op)
{
    for (enum broadcast b = SAME; b < BROADCASTS; b++) {
        uint32_t checks = 0;
        for (uint32_t point = 0; point < 6 && !check_failures; point++) checks += check_point(op, b, point % 2);
        CHECK(checks >= 4);
    }
}

/* ---- kinks (LANGUAGE, section 5) ---- */

/* d op(a, b) / d operand i, at one point, for operations of one or two operands */
static double slope(enum op op, double a, double b, uint32_t i)
{
    struct fixture *f = fixture_new(1);
    struct node *x[2] = {fixture_tensor(f, type_scalar()), fixture_tensor(f, type_scalar())};
    f->value[0][0] = a;
    f->value[1][0] = b;
    struct node *y = fixture_node(f, op, (uint32_t)op_info[op].operands, x, (struct node){0});
    fixture_result(f, fixture_node(f, OP_grad, 2, (struct node *[]){y, x[i]}, (struct node){0}));
    CHECK(differentiate(f->g, &f->p));
    double d = fixture_run(f, NULL, NULL)[0];
    fixture_free(f);
    return d;
}

static void check_kinks(void)
{
    CHECK(slope(OP_abs, 0, 0, 0) == 0);
    CHECK(slope(OP_max, 0, 0, 0) == 1 && slope(OP_max, 0, 0, 1) == 0);
    CHECK(slope(OP_min, 2, 2, 0) == 1 && slope(OP_min, 2, 2, 1) == 0);
    CHECK(isinf(slope(OP_sqrt, 0, 0, 0)));
    CHECK(slope(OP_stop, 2, 0, 0) == 0 && slope(OP_floor, 2.5, 0, 0) == 0 && slope(OP_sign, 0, 0, 0) == 0);
    CHECK(slope(OP_pow, 0, 2, 0) == 0 && slope(OP_pow, 0, 2, 1) == 0);
    CHECK_NEAR(slope(OP_pow, -2, 3, 0), 12, 1e-12);
}

/* ---- rewrites ---- */

#define SAMPLES 64

static void check_rewrite(struct ganc *g, const struct rules *rules, uint32_t index)
{
    struct fixture *f = fixture_new(1);
    const struct rewrite *rule = &rules->rewrites.at[index];
    struct node *bound[RULE_VARIABLES] = {0};
    for (uint32_t i = 0; i < rule->variables; i++) bound[i] = fixture_tensor(f, fixture_type(false, 1, SAMPLES, 0));
    struct node *pattern = term_build(f->g, f->graph, rule->pattern, bound, (struct span){0});
    fixture_result(f, pattern);
    CHECK(pass_rewrite(f->g, &f->p, f->graph));
    fixture_free(f);

    f = fixture_new(1);
    for (uint32_t i = 0; i < rule->variables; i++) bound[i] = fixture_tensor(f, fixture_type(false, 1, SAMPLES, 0));
    direction(f, rule->variables);
    pattern = term_build(f->g, f->graph, rule->pattern, bound, (struct span){0});
    fixture_result(f, pattern);
    fixture_result(f, graph_expand(f->g, f->graph, term_build(f->g, f->graph, rule->replacement, bound, (struct span){0}), pattern->type));
    const double *tangent, *value = fixture_run(f, NULL, &tangent);
    uint32_t compared = 0, slopes = 0;
    for (uint32_t i = 0; i < SAMPLES; i++) {
        if (!isfinite(value[i])) continue;
        CHECK(near(value[i], value[SAMPLES + i], 1e-10));
        compared++;
        if (!isfinite(tangent[i])) continue;
        CHECK(near(tangent[i], tangent[SAMPLES + i], 1e-9));
        slopes++;
    }
    CHECK(compared >= 8 && slopes >= 8);
    if (check_failures) {
        uint32_t line, column;
        source_place(g->sources.at[rule->span.file], rule->span.at, &line, &column);
        printf("in the rewrite at line %u\n", line);
    }
    fixture_free(f);
}

int main(void)
{
    struct ganc *g = fixture_library();
    const struct rules *rules = rules_of(g);
    for (int op = 0; op < OP_COUNT; op++) {
        if (op_info[op].class != CLASS_MAP) {
            CHECK(!rules->derivative[op].present);
            continue;
        }
        CHECK(rules->derivative[op].present); /* a derivative of each elementwise operation stands in the file */
        if (rules->derivative[op].present && !check_failures) check_derivative((enum op)op);
    }
    check_kinks();
    for (uint32_t i = 0; i < rules->rewrites.n && !check_failures; i++) check_rewrite(g, rules, i);
    CHECK(rules->rewrites.n > 0);
    return check_done();
}
