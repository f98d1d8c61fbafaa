/* parse_graph.c: one graph of a program's text. Nodes are made by graph_node as in any other stage, so shapes and ranges are
 * inferred anew; the type that is written must be the one inferred, and a range that is written is believed. */
#include "graph/parse.h"

#include "base/buffer.h"

#include <string.h>

struct graph_parse {
    struct parse *s;
    struct graph *graph;
    struct key_map labels;      /* %k + 1 -> position in values */
    VEC(struct node *) values;  /* NULL for those whose line is bad */
};

static const char *type_text(struct parse *s, struct type t)
{
    struct buffer b = {0};
    type_print(&b, t);
    const char *text = arena_format(s->g->mem, "%s%s", t.batched ? "batched " : "", b.text);
    buffer_free(&b);
    return text;
}

/* NULL where the value's own line was bad, too. */
static struct node *parse_value(struct graph_parse *q)
{
    struct parse *s = q->s;
    const struct token *t = parse_peek(s, 0);
    uint32_t position;
    parse_expect(s, TOKEN_VALUE);
    if (s->bad)
        return NULL;
    if (!key_map_find(&q->labels, (uint64_t)t->index + 1, &position)) {
        diag(s->g, E0609, parse_span(s, t), parse_token_text(s, t));
        s->bad = true;
        return NULL;
    }
    return q->values.at[position];
}

/* ---- attributes ---- */

static void parse_axes(struct parse *s, struct node *like)
{
    like->axis_count = 0;
    parse_expect(s, '[');
    if (parse_accept(s, ']'))
        return;
    do {
        const struct token *t = parse_peek(s, 0);
        int64_t axis = parse_integer(s, "an axis or offset", 0, MAX_ELEMENTS);
        if (like->axis_count == MAX_RANK)
            parse_wrong(s, t, "a list of axes", "no longer than 8");
        else
            like->axes[like->axis_count++] = axis;
    } while (parse_accept(s, ','));
    parse_expect(s, ']');
}

static void parse_window(struct parse *s, enum op op, struct node *like)
{
    static const char *const words[] = {"stride", "before", "after", "size"};
    uint32_t lists = op_info[op].attributes == ATTR_WINDOWS ? 4 : 3;
    for (uint32_t i = 0; i < lists; i++) {
        bool positive = i == 0 || i == 3;
        parse_expect_word(s, words[i]);
        parse_expect(s, '[');
        for (uint32_t k = 0; k < 2; k++) {
            if (k)
                parse_expect(s, ',');
            like->axes[2 * i + k] = parse_integer(s, words[i], positive ? 1 : i == 1 ? 0 : -MAX_ELEMENTS, MAX_ELEMENTS);
        }
        parse_expect(s, ']');
    }
    like->axis_count = (uint8_t)(2 * lists);
    if (op == OP_windows && parse_accept_word(s, "fill"))
        like->number = parse_number(s);
}

static void parse_attributes(struct parse *s, enum op op, struct node *like)
{
    enum op_attributes kind = op_info[op].attributes;
    switch (kind) {
    case ATTR_NONE:
        break;
    case ATTR_NUMBER:
        like->number = parse_number(s);
        break;
    case ATTR_TENSOR:
        like->index = parse_reference(s, NAME_TENSOR);
        break;
    case ATTR_DATA:
        like->index = parse_reference(s, NAME_DATA);
        if (parse_accept_word(s, "draw"))
            like->draw = (uint32_t)parse_integer(s, "a draw", 0, UINT32_MAX);
        break;
    case ATTR_INPUT:
        like->index = (uint32_t)parse_integer(s, "an input's position", 0, UINT32_MAX);
        break;
    case ATTR_STREAM:
    case ATTR_STREAM_SCALAR:
    case ATTR_STREAM_NUMBER:
        parse_expect_word(s, "stream");
        like->index = (uint32_t)parse_integer(s, "a stream", 0, UINT32_MAX);
        if (parse_accept_word(s, "apart"))
            like->draw = (uint32_t)parse_integer(s, "how far streams are apart", 1, UINT32_MAX);
        if (kind == ATTR_STREAM_SCALAR) {
            parse_expect_word(s, "p");
            like->scalar = parse_expression(s);
        } else if (kind == ATTR_STREAM_NUMBER) {
            parse_expect_word(s, "n");
            like->number = (double)parse_integer(s, "n", 1, UINT32_MAX);
        }
        break;
    case ATTR_SCALAR:
        like->scalar = parse_expression(s);
        break;
    case ATTR_AXES:
        if (parse_accept_word(s, "axes"))
            parse_axes(s, like);
        like->over_batch = parse_accept_word(s, "batch");
        break;
    case ATTR_AXIS:
        parse_expect_word(s, "axis");
        like->axes[0] = parse_integer(s, "an axis", 0, MAX_RANK - 1);
        like->axis_count = 1;
        break;
    case ATTR_PERMUTATION:
        parse_expect_word(s, "permutation");
        parse_axes(s, like);
        break;
    case ATTR_OFFSETS:
        parse_expect_word(s, "offsets");
        parse_axes(s, like);
        break;
    case ATTR_PART:
        parse_expect_word(s, "from");
        like->axes[0] = parse_integer(s, "a minibatch", 0, MOST_MINIBATCHES);
        parse_expect_word(s, "count");
        like->axes[1] = parse_integer(s, "a number of minibatches", 1, MOST_MINIBATCHES);
        like->axis_count = 2;
        break;
    case ATTR_TRANSPOSE:
        like->ta = parse_accept_word(s, "ta");
        like->tb = parse_accept_word(s, "tb");
        break;
    case ATTR_WINDOW:
    case ATTR_WINDOWS:
        parse_window(s, op, like);
        break;
    }
}

/* What the shape rules may take for granted of the lists of numbers: they fit the rank of what they index. */
static bool axes_fit(enum op op, const struct node *like, struct node *const *args)
{
    uint32_t rank = args[0]->type.rank, seen = 0;
    switch (op_info[op].attributes) {
    case ATTR_OFFSETS: /* slice takes a window of its operand; pad's operand is a window of the result */
        if (like->axis_count != rank || like->type.rank != rank)
            return false;
        for (uint32_t i = 0; i < rank; i++) {
            int64_t a = like->type.dim[i], b = args[0]->type.dim[i];
            if (like->axes[i] > (a > b ? a - b : b - a) || (op == OP_slice ? a > b : a < b))
                return false;
        }
        return true;
    case ATTR_PERMUTATION:
        if (like->axis_count != rank)
            return false;
        break;
    case ATTR_AXES:
    case ATTR_AXIS:
        break;
    default:
        return true;
    }
    for (uint32_t i = 0; i < like->axis_count; i++) {
        if (like->axes[i] >= rank || (seen >> like->axes[i] & 1))
            return false;
        seen |= 1u << like->axes[i];
    }
    return true;
}

/* ---- lines ---- */

static struct node *make(struct graph_parse *q, enum op op, uint32_t n, struct node *const *args, const struct node *like,
                         const struct token *at)
{
    struct parse *s = q->s;
    for (uint32_t i = 0; i < n; i++)
        if (!args[i])
            return NULL;
    if (n && !axes_fit(op, like, args)) {
        parse_wrong(s, at, op_info[op].name, "given axes or offsets that fit its operand");
        return NULL;
    }
    struct node *x = graph_node(s->g, q->graph, op, n, args, like, parse_span(s, at));
    if (x && !type_equal(x->type, like->type)) {
        diag(s->g, E0605, parse_span(s, at), type_text(s, like->type), op_info[op].name, type_text(s, x->type));
        return NULL;
    }
    return x;
}

/* %4 h = add %2, %3 : [B, 1200] in [0, inf) @18:10+3 */
static struct node *parse_node(struct graph_parse *q)
{
    struct parse *s = q->s;
    struct node like = {0};
    VEC(struct node *) args = {0};
    const char *name = parse_is(s, '=') ? NULL : parse_name(s, "a name, or =");
    parse_expect(s, '=');
    const struct token *at = parse_peek(s, 0);
    enum op op = op_find(parse_name(s, "an operation"));
    if (!s->bad && op == OP_COUNT) {
        diag(s->g, E0607, parse_span(s, at), at->text);
        s->bad = true;
    }
    if (s->bad)
        return NULL;
    int wanted = op_info[op].operands;
    if (wanted)
        do
            vec_push(s->g->mem, &args, parse_value(q));
        while (parse_accept(s, ','));
    if (wanted >= 0 && args.n != (uint32_t)wanted)
        parse_wrong(s, at, op_info[op].name, arena_format(s->g->mem, "given %d operand%s", wanted, wanted == 1 ? "" : "s"));
    parse_attributes(s, op, &like);
    parse_expect(s, ':');
    like.type = parse_type(s, true);
    bool ranged = parse_accept_word(s, "in");
    if (ranged)
        like.range = parse_range(s);
    struct span place = parse_place(s);
    if (!s->bad && !parse_is(s, TOKEN_LINE))
        parse_failed(s, "the end of the line");
    struct node *n = s->bad ? NULL : make(q, op, args.n, args.at, &like, at);
    if (!n)
        return NULL;
    n->name = name;
    n->span = place;
    if (ranged)
        n->range = like.range;
    return n;
}

static void parse_definition(struct graph_parse *q)
{
    struct parse *s = q->s;
    const struct token *t = parse_next(s);
    struct node *n = parse_node(q);
    if (!key_map_add(s->g->mem, &q->labels, (uint64_t)t->index + 1, q->values.n))
        diag(s->g, E0604, parse_span(s, t), "the value", parse_token_text(s, t));
    else
        vec_push(s->g->mem, &q->values, n);
}

static void parse_effect(struct graph_parse *q)
{
    struct parse *s = q->s;
    struct effect e = {.tensor = parse_reference(s, NAME_TENSOR)};
    parse_expect(s, TOKEN_ARROW);
    e.value = parse_value(q);
    e.span = parse_place(s);
    if (e.value && !s->bad)
        vec_push(s->g->mem, &q->graph->effects, e);
}

struct output parse_output_head(struct parse *s)
{
    struct output o = {.sign = 1, .data = -1};
    o.kind = parse_choice(s, text_output_kinds, 7, "an output's kind, a value or an effect");
    o.name = parse_name(s, "a name");
    parse_expect(s, '=');
    return o;
}

void parse_output_rest(struct parse *s, struct output *o)
{
    if (parse_accept_word(s, "sign"))
        o->sign = parse_number(s);
    if (o->kind == OUTPUT_GATHER && parse_accept_word(s, "over")) o->data = (int32_t)parse_reference(s, NAME_DATA);
    if (output_is_number(o->kind)) {
        parse_expect_word(s, "result");
        o->result = parse_reference(s, NAME_RESULT);
    }
}

static void parse_output(struct graph_parse *q)
{
    struct parse *s = q->s;
    struct output o = parse_output_head(s);
    o.value = parse_value(q);
    parse_output_rest(s, &o);
    if (o.value && !s->bad)
        vec_push(s->g->mem, &q->graph->outputs, o);
}

static void parse_graph_line(struct graph_parse *q)
{
    struct parse *s = q->s;
    if (parse_is(s, TOKEN_VALUE))
        parse_definition(q);
    else if (parse_peek(s, 1)->kind == TOKEN_ARROW)
        parse_effect(q);
    else if (parse_accept_word(s, "keep")) {
        struct node *n = parse_value(q);
        if (n)
            vec_push(s->g->mem, &q->graph->keep, n);
    } else
        parse_output(q);
    parse_line(s);
}

struct graph *parse_graph_head(struct parse *s)
{
    struct graph *graph = NEW(s->g->mem, struct graph);
    uint32_t expected = s->p->graphs.n;
    graph->index = (uint32_t)parse_integer(s, "a graph's number, which counts from 0,", expected, expected);
    graph->kind = parse_choice(s, text_graph_kinds, 5, "a graph's kind");
    graph->name = parse_name(s, "a name");
    parse_expect_word(s, "batch");
    graph->batch = parse_integer(s, "a batch", 1, MAX_ELEMENTS);
    graph->index = expected;
    if (parse_accept_word(s, "joins"))
        do
            vec_push(s->g->mem, &graph->joins, parse_graph_number(s));
        while (parse_accept(s, ','));
    vec_push(s->g->mem, &s->p->graphs, graph);
    return graph;
}

/* graph 3 step "maximize V over D" batch 100 @25:5+40, then its lines, which do not begin in the first column */
void parse_graph(struct parse *s)
{
    struct graph_parse q = {.s = s, .graph = parse_graph_head(s)};
    q.graph->span = parse_place(s);
    parse_line(s);
    while (!parse_peek(s, 0)->first)
        parse_graph_line(&q);
}
