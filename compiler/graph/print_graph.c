/* print_graph.c: one graph as text: a line a node, then what the graph does to the world. */
#include "graph/print.h"

#include <inttypes.h>
#include <stdio.h>

enum { EQUALS_COLUMN = 15, TYPE_COLUMN = 54, PLACE_COLUMN = 90 };

void print_type(struct printer *t, struct type type)
{
    buffer_put(t->to, "[");
    if (type.batched > 1)
        buffer_put(t->to, "%u", type.batched);
    if (type.batched)
        buffer_put(t->to, "B");
    for (uint32_t i = 0; i < type.rank; i++)
        buffer_put(t->to, "%s%" PRId64, i || type.batched ? ", " : "", type.dim[i]);
    buffer_put(t->to, "]");
}

void print_interval(struct printer *t, double low, double high, bool low_open, bool high_open)
{
    buffer_put(t->to, "%c", low_open ? '(' : '[');
    buffer_number(t->to, low + 0.0); /* -0 as 0 */
    buffer_put(t->to, ", ");
    buffer_number(t->to, high + 0.0);
    buffer_put(t->to, "%c", high_open ? ')' : ']');
}

static void print_axes(struct printer *t, const char *word, const struct node *n)
{
    buffer_put(t->to, " %s [", word);
    for (uint32_t i = 0; i < n->axis_count; i++)
        buffer_put(t->to, "%s%" PRId64, i ? ", " : "", n->axes[i]);
    buffer_put(t->to, "]");
}

static void print_window(struct printer *t, const struct node *n)
{
    static const char *const words[] = {"stride", "before", "after", "size"};
    for (uint32_t i = 0; 2 * i < n->axis_count; i++)
        buffer_put(t->to, " %s [%" PRId64 ", %" PRId64 "]", words[i], n->axes[2 * i], n->axes[2 * i + 1]);
    if (n->number == 0)
        return;
    buffer_put(t->to, " fill ");
    buffer_number(t->to, n->number);
}

void print_attributes(struct printer *t, const struct node *n)
{
    struct buffer *to = t->to;
    switch (op_info[n->op].attributes) {
    case ATTR_NONE:
        break;
    case ATTR_NUMBER:
        buffer_put(to, " ");
        buffer_number(to, n->number);
        break;
    case ATTR_TENSOR:
        buffer_put(to, " ");
        text_reference(to, t->names, NAME_TENSOR, n->index);
        break;
    case ATTR_DATA:
        buffer_put(to, " ");
        text_reference(to, t->names, NAME_DATA, n->index);
        if (n->draw || n->op == OP_data)
            buffer_put(to, " draw %" PRIu32, n->draw);
        break;
    case ATTR_INPUT:
        buffer_put(to, " %" PRIu32, n->index);
        break;
    case ATTR_STREAM:
    case ATTR_STREAM_SCALAR:
    case ATTR_STREAM_NUMBER:
        buffer_put(to, " stream %" PRIu32, n->index);
        if (n->draw)
            buffer_put(to, " apart %" PRIu32, n->draw);
        if (op_info[n->op].attributes == ATTR_STREAM_SCALAR) {
            buffer_put(to, " p ");
            text_sexpr(to, t->names, n->scalar);
        } else if (op_info[n->op].attributes == ATTR_STREAM_NUMBER) {
            buffer_put(to, " n ");
            buffer_number(to, n->number);
        }
        break;
    case ATTR_SCALAR:
        buffer_put(to, " ");
        text_sexpr(to, t->names, n->scalar);
        break;
    case ATTR_AXES:
        if (n->axis_count)
            print_axes(t, "axes", n);
        if (n->over_batch)
            buffer_put(to, " batch");
        break;
    case ATTR_AXIS:
        buffer_put(to, " axis %" PRId64, n->axes[0]);
        break;
    case ATTR_PERMUTATION:
        print_axes(t, "permutation", n);
        break;
    case ATTR_OFFSETS:
        print_axes(t, "offsets", n);
        break;
    case ATTR_PART:
        buffer_put(to, " from %" PRId64 " count %" PRId64, n->axes[0], n->axes[1]);
        break;
    case ATTR_TRANSPOSE:
        buffer_put(to, "%s%s", n->ta ? " ta" : "", n->tb ? " tb" : "");
        break;
    case ATTR_WINDOW:
    case ATTR_WINDOWS:
        print_window(t, n);
        break;
    }
}

static uint32_t number_of(const struct printer *t, const struct node *n)
{
    return t->number ? t->number[n->id] : n->id;
}

static void print_node(struct printer *t, const struct node *n)
{
    buffer_put(t->to, "    %%%" PRIu32, number_of(t, n));
    if (n->name) {
        buffer_put(t->to, " ");
        text_name(t->to, n->name);
    }
    print_column(t, EQUALS_COLUMN);
    buffer_put(t->to, "= %s", op_info[n->op].name);
    for (uint32_t i = 0; i < n->nargs; i++)
        buffer_put(t->to, "%s%%%" PRIu32, i ? ", " : " ", number_of(t, n->arg[i]));
    print_attributes(t, n);
    print_column(t, TYPE_COLUMN);
    buffer_put(t->to, ": ");
    print_type(t, n->type);
    if (range_known(n->range) && n->op != OP_constant) { /* whose range is itself */
        buffer_put(t->to, " in ");
        print_interval(t, n->range.low, n->range.high, n->range.low_open, n->range.high_open);
    }
    print_place(t, PLACE_COLUMN, n->span);
    print_line(t);
}

void print_output(struct printer *t, const struct output *o, const char *value)
{
    buffer_put(t->to, "    %s ", text_output_kinds[o->kind]);
    text_name(t->to, o->name);
    buffer_put(t->to, " = %s", value);
    if (o->sign != 1) {
        buffer_put(t->to, " sign ");
        buffer_number(t->to, o->sign);
    }
    if (o->kind == OUTPUT_GATHER && o->data >= 0) {
        buffer_put(t->to, " over ");
        text_reference(t->to, t->names, NAME_DATA, (uint32_t)o->data);
    }
    if (output_is_number(o->kind)) {
        buffer_put(t->to, " result ");
        text_reference(t->to, t->names, NAME_RESULT, o->result);
    }
    print_line(t);
}

void print_graph_head(struct printer *t, const struct graph *graph)
{
    buffer_put(t->to, "graph %" PRIu32 " %s ", graph->index, text_graph_kinds[graph->kind]);
    text_name(t->to, graph->name);
    buffer_put(t->to, " batch %" PRId64, graph->batch);
    for (uint32_t i = 0; i < graph->joins.n; i++)
        buffer_put(t->to, "%s%" PRIu32, i ? ", " : " joins ", graph->joins.at[i]);
}

void print_graph(struct printer *t, const struct graph *graph)
{
    print_graph_head(t, graph);
    print_place(t, 0, graph->span);
    print_line(t);
    for (uint32_t i = 0; i < graph->nodes.n; i++)
        print_node(t, graph->nodes.at[i]);
    for (uint32_t i = 0; i < graph->effects.n; i++) {
        const struct effect *e = &graph->effects.at[i];
        buffer_put(t->to, "    ");
        text_reference(t->to, t->names, NAME_TENSOR, e->tensor);
        buffer_put(t->to, " <- %%%" PRIu32, number_of(t, e->value));
        print_place(t, PLACE_COLUMN, e->span);
        print_line(t);
    }
    for (uint32_t i = 0; i < graph->outputs.n; i++) {
        char value[16];
        snprintf(value, sizeof value, "%%%" PRIu32, number_of(t, graph->outputs.at[i].value));
        print_output(t, &graph->outputs.at[i], value);
    }
    for (uint32_t i = 0; i < graph->keep.n; i++) {
        buffer_put(t->to, "    keep %%%" PRIu32, number_of(t, graph->keep.at[i]));
        print_line(t);
    }
}
