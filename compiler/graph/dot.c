/* dot.c: the graphs of a program for Graphviz: a cluster a graph; values as ellipses, leaves in grey, what the graph sets and
 * shows as boxes. Constants are drawn beside each use, or every graph would hang on its 1. */
#include "graph/print.h"

#include <inttypes.h>

static void dot_label(struct buffer *to, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buffer_put(to, "\\");
        buffer_put(to, "%c", *text == '\n' ? ' ' : *text);
    }
}

static void dot_what(struct printer *t, const struct node *n)
{
    struct buffer what = {0};
    buffer_put(&what, "%s", op_info[n->op].name);
    if (op_info[n->op].attributes == ATTR_TENSOR || op_info[n->op].attributes == ATTR_DATA) {
        buffer_put(&what, " ");
        text_reference(&what, t->names, op_info[n->op].attributes == ATTR_TENSOR ? NAME_TENSOR : NAME_DATA, n->index);
    } else if (n->scalar) {
        buffer_put(&what, " ");
        text_sexpr(&what, t->names, n->scalar);
    }
    dot_label(t->to, what.text);
    buffer_free(&what);
}

static void dot_node(struct printer *t, uint32_t graph, const struct node *n)
{
    if (n->op == OP_constant)
        return;
    buffer_put(t->to, "    g%" PRIu32 "_%" PRIu32 " [label=\"", graph, n->id);
    if (n->name) {
        dot_label(t->to, n->name);
        buffer_put(t->to, "\\n");
    }
    dot_what(t, n);
    buffer_put(t->to, "\\n");
    print_type(t, n->type);
    buffer_put(t->to, "\"%s];\n", n->nargs ? "" : ", style=filled, fillcolor=gray90");
    for (uint32_t i = 0; i < n->nargs; i++) {
        if (n->arg[i]->op == OP_constant) {
            buffer_put(t->to, "    g%" PRIu32 "_%" PRIu32 "_%" PRIu32 " [shape=plaintext, label=\"", graph, n->id, i);
            buffer_number(t->to, n->arg[i]->number);
            buffer_put(t->to, "\"];\n    g%" PRIu32 "_%" PRIu32 "_%" PRIu32, graph, n->id, i);
        } else
            buffer_put(t->to, "    g%" PRIu32 "_%" PRIu32, graph, n->arg[i]->id);
        buffer_put(t->to, " -> g%" PRIu32 "_%" PRIu32 ";\n", graph, n->id);
    }
}

static void dot_box(struct printer *t, uint32_t graph, const char *kind, uint32_t i, const char *name, const struct node *value)
{
    buffer_put(t->to, "    g%" PRIu32 "_%s%" PRIu32 " [shape=box, label=\"%s ", graph, kind, i, kind);
    dot_label(t->to, name ? name : "");
    if (value->op == OP_constant) {
        buffer_put(t->to, " = ");
        buffer_number(t->to, value->number);
    }
    buffer_put(t->to, "\"];\n");
    if (value->op != OP_constant)
        buffer_put(t->to, "    g%" PRIu32 "_%" PRIu32 " -> g%" PRIu32 "_%s%" PRIu32 ";\n", graph, value->id, graph, kind, i);
}

static void dot_graph(struct printer *t, const struct graph *graph)
{
    buffer_put(t->to, "  subgraph cluster_%" PRIu32 " {\n    label=\"graph %" PRIu32 " %s: ", graph->index, graph->index,
               text_graph_kinds[graph->kind]);
    dot_label(t->to, graph->name ? graph->name : "");
    buffer_put(t->to, "\";\n");
    for (uint32_t i = 0; i < graph->nodes.n; i++)
        dot_node(t, graph->index, graph->nodes.at[i]);
    for (uint32_t i = 0; i < graph->effects.n; i++) {
        const struct effect *e = &graph->effects.at[i];
        dot_box(t, graph->index, "set", i, e->tensor < t->p->tensors.n ? t->p->tensors.at[e->tensor].name : "", e->value);
    }
    for (uint32_t i = 0; i < graph->outputs.n; i++)
        dot_box(t, graph->index, text_output_kinds[graph->outputs.at[i].kind], i, graph->outputs.at[i].name, graph->outputs.at[i].value);
    buffer_put(t->to, "  }\n");
}

void program_dot(struct buffer *to, const struct ganc *g, const struct program *p)
{
    struct arena *mem = arena_new();
    struct printer t = {.to = to, .g = g, .p = p, .names = text_names_new(mem, p)};
    buffer_put(to, "digraph ");
    buffer_quoted(to, p->name ? p->name : "");
    buffer_put(to, " {\n  node [fontname=\"Helvetica\", fontsize=10];\n  edge [arrowsize=0.6];\n");
    for (uint32_t i = 0; i < p->graphs.n; i++)
        dot_graph(&t, p->graphs.at[i]);
    buffer_put(to, "}\n");
    arena_free(mem);
}
