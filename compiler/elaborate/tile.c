/* tile.c: picture(down=z, across=c): a draw that changes by row only, or by column only; of a one-hot vector class after class.
 *
 * Tile r * columns + k of a picture stands in row r, column k. A draw that goes down is, in all of a row, that of the row's first tile; one that
 * goes across is, in all of a column, that of the column's first tile. */
#include "elaborate/internal.h"

/* [rows * columns], unbatched: the row of each tile, or its column. */
static struct node *position(struct elaboration *e, bool across, struct span span)
{
    struct type t = type_of(false, 1, (int64_t[]){e->graph->batch});
    struct node *i = graph_node(e->g, e->graph, OP_iota, 0, NULL, &(struct node){.type = t}, span);
    struct node *columns = graph_constant(e->g, e->graph, (double)e->tiling.columns, span);
    if (across) return graph_binary(e->g, e->graph, OP_rem, i, columns);
    return graph_unary(e->g, e->graph, OP_floor, graph_binary(e->g, e->graph, OP_div, i, columns));
}

/* Class position % n of n. */
static struct node *in_order(struct elaboration *e, int64_t n, bool across, struct span span)
{
    struct node *class = graph_binary(e->g, e->graph, OP_rem, position(e, across, span), graph_constant(e->g, e->graph, (double)n, span));
    struct node *all = graph_node(e->g, e->graph, OP_iota, 0, NULL, &(struct node){.type = type_of(false, 1, &n)}, span);
    return graph_binary(e->g, e->graph, OP_eq, all, graph_unary(e->g, e->graph, OP_as_batch, class));
}

/* x [s] of each tile -> [rows, columns, elements] -> the first column or row of it, repeated -> [s] */
static struct node *spread(struct elaboration *e, struct node *x, bool across)
{
    int64_t elements = type_elements(x->type), rows = e->graph->batch / e->tiling.columns, columns = e->tiling.columns;
    struct type one = type_of(false, 3, (int64_t[]){across ? 1 : rows, across ? columns : 1, elements}),
                all = type_of(false, 3, (int64_t[]){rows, columns, elements});
    struct node *y = graph_unary(e->g, e->graph, OP_as_tensor, graph_reshape(e->g, e->graph, x, type_of(true, 1, &elements)));
    y = graph_reshape(e->g, e->graph, y, all);
    y = graph_node(e->g, e->graph, OP_slice, 1, &y, &(struct node){.type = one, .axis_count = 3}, x->span);
    y = graph_reshape(e->g, e->graph, graph_expand(e->g, e->graph, y, all), type_of(false, 2, (int64_t[]){rows * columns, elements}));
    return graph_reshape(e->g, e->graph, graph_unary(e->g, e->graph, OP_as_batch, y), x->type);
}

/* The classes of a source that is a one-hot vector by itself: a distribution, or a label; else 0. */
static int64_t classes(struct elaboration *e, struct value source, const struct value *drawn)
{
    if (drawn->kind != VALUE_NODE || drawn->node->type.rank != 1) return 0;
    int64_t n = drawn->node->type.dim[0];
    if (source.kind == VALUE_SOURCE && source.declaration->kind == A_DATA)
        return drawn->node->op == OP_data && e->p->data.at[drawn->node->index].onehot ? n : 0;
    struct span span = {0};
    if (source.kind == VALUE_SOURCE) {
        const struct ast *distribution = source.declaration->ast->kids[1];
        if (!distribution) return 0; /* a block */
        struct environment *env = NEW(e->g->mem, struct environment);
        span = distribution->span;
        source = evaluate(e, env, distribution);
    }
    source = draw_as_distribution(e, source, span);
    return source.kind == VALUE_DISTRIBUTION && source.distribution->kind == DIST_ONEHOT ? n : 0;
}

struct value tile_draw(struct elaboration *e, const char *name, struct value source, struct value drawn, struct span span)
{
    bool down = e->tiling.down == name, across = e->tiling.across == name;
    if (e->graph->kind != GRAPH_PICTURE || !(down || across)) return drawn;
    int64_t n = classes(e, source, &drawn);
    if (n) return value_node(e, in_order(e, n, across, span));
    if (drawn.kind == VALUE_NODE) return value_node(e, spread(e, drawn.node, across));
    if (drawn.kind != VALUE_RECORD) return drawn;
    struct record_value *r = NEW(e->g->mem, struct record_value);
    *r = *drawn.record;
    r->fields = NEW_ARRAY(e->g->mem, struct value, r->n);
    for (uint32_t i = 0; i < r->n; i++) {
        r->fields[i] = drawn.record->fields[i];
        if (r->fields[i].kind == VALUE_NODE) r->fields[i] = value_node(e, spread(e, r->fields[i].node, across));
    }
    return (struct value){.kind = VALUE_RECORD, .record = r};
}

void tile_bound(struct elaboration *e, const struct ast *draws)
{
    for (uint32_t i = 0; i < draws->n; i++) vec_push(e->g->mem, &e->tiling.bound, draws->kids[i]->name);
}

const char *tile_option(struct elaboration *e, const struct ast *option)
{
    const struct ast *name = option->kids[0];
    if (name->kind == A_NAME) return name->name;
    diag(e->g, E0532, name->span);
    return NULL;
}

bool tile_check(struct elaboration *e, const struct ast *options)
{
    bool good = true;
    const char *first = NULL;
    for (uint32_t i = 0; options && i < options->n; i++) {
        const struct ast *option = options->kids[i];
        const char *name = option->name && option->kids[0]->kind == A_NAME ? option->kids[0]->name : NULL;
        if (!name || (option->name != intern(e->g, "down") && option->name != intern(e->g, "across"))) continue;
        if (name == first) {
            diag(e->g, E0531, option->kids[0]->span, name);
            return false;
        }
        first = name;
        bool found = false;
        for (uint32_t k = 0; k < e->tiling.bound.n && !found; k++) found = e->tiling.bound.at[k] == name;
        if (found) continue;
        diag(e->g, E0530, option->kids[0]->span, name);
        const char *near = nearest_name(name, e->tiling.bound.at, e->tiling.bound.n);
        if (near) diag_help(e->g, "did you mean %s?", near);
        else if (!e->tiling.bound.n) diag_help(e->g, "a picture draws by sample[z ~ noise] ...");
        good = false;
    }
    return good;
}
