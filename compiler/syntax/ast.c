/* ast.c: makes the nodes of the tree. What the grammar leaves to a check is checked here, as each node is made: the
 * depth, an if without else where its value is used, the right side of |>, chained comparisons, paths before except. */
#include "syntax/ast.h"

#include "syntax/parse.h"

#include <stdarg.h>
#include <string.h>

/* A node knows its height while it is made, so that no tree is deeper than any walk over it can bear. */
struct measured {
    uint32_t height;
    struct ast node;
};

static uint32_t height_of(const struct ast *node)
{
    return node ? ((const struct measured *)((const char *)node - offsetof(struct measured, node)))->height : 0;
}

const char *ast_kind_name(enum ast_kind k)
{
    static const char *const names[] = {
#define AST(kind, children, doc) #kind,
#include "syntax/ast.def"
#undef AST
    };
    return k < AST_KINDS ? names[k] : "?";
}

/* The last if of a chain, where that has no else; NULL for all else. */
static const struct ast *if_without_else(const struct ast *node)
{
    while (node && node->kind == A_IF && node->kids[2])
        node = node->kids[2];
    return node && node->kind == A_IF ? node : NULL;
}

/* Whether a node of this kind uses the value of its child i. */
static bool uses_value(enum ast_kind kind, uint32_t i)
{
    return kind != A_FILE && kind != A_BLOCK && (kind != A_IF || i == 0);
}

/* The checks that every node passes once its children stand. */
static struct ast *finish(struct parse *p, struct ast *node)
{
    uint32_t height = 0;
    for (uint32_t i = 0; i < node->n; i++) {
        uint32_t h = height_of(node->kids[i]);
        if (h > height)
            height = h;
        const struct ast *open = uses_value(node->kind, i) ? if_without_else(node->kids[i]) : NULL;
        if (open) {
            diag(p->g, E0113, parse_broken(p, span_at(open->span.file, open->span.at, 2)));
            diag_help(p->g, "say what it is otherwise: if c { a } else { b }");
        }
    }
    if (height >= DEEPEST_TREE) {
        parse_too_deep(p, node->span, DEEPEST_TREE);
        node->n = 0; /* nothing walks this tree: the parse has failed */
        height = 0;
    }
    ((struct measured *)((char *)node - offsetof(struct measured, node)))->height = height + 1;
    return node;
}

static struct ast *new_node(struct parse *p, enum ast_kind kind, struct span span, uint32_t n)
{
    struct measured *m = NEW(p->g->mem, struct measured);
    m->node.kind = kind;
    m->node.span = span;
    m->node.n = n;
    m->node.kids = n ? NEW_ARRAY(p->g->mem, struct ast *, n) : NULL;
    return &m->node;
}

struct ast *ast_node(struct parse *p, enum ast_kind kind, struct span span, uint32_t n, ...)
{
    struct ast *node = new_node(p, kind, span, n);
    va_list kids;
    va_start(kids, n);
    for (uint32_t i = 0; i < n; i++)
        node->kids[i] = va_arg(kids, struct ast *);
    va_end(kids);
    return finish(p, node);
}

struct ast *ast_named(struct parse *p, enum ast_kind kind, struct span span, const char *name, struct span name_span, uint32_t n, ...)
{
    struct ast *node = new_node(p, kind, span, n);
    node->name = name;
    node->name_span = name_span;
    va_list kids;
    va_start(kids, n);
    for (uint32_t i = 0; i < n; i++)
        node->kids[i] = va_arg(kids, struct ast *);
    va_end(kids);
    return finish(p, node);
}

/* A node whose children are `first`, if it is not NULL, and the list's. */
struct ast *ast_of_list(struct parse *p, enum ast_kind kind, struct span span, struct ast *first, struct ast_list *list)
{
    uint32_t n = list ? list->nodes.n : 0;
    struct ast *node = new_node(p, kind, span, n + (first != NULL));
    if (first)
        node->kids[0] = first;
    for (uint32_t i = 0; i < n; i++)
        node->kids[i + (first != NULL)] = list->nodes.at[i];
    return finish(p, node);
}

/* A NUMBER or STRING. */
struct ast *ast_leaf(struct parse *p, enum ast_kind kind, struct span span, const char *text, double number)
{
    struct ast *node = new_node(p, kind, span, 0);
    node->text = text;
    node->number = number;
    return finish(p, node);
}

/* Appends `node` to `list` (NULL: a new one). What had an error is NULL, and left out. */
struct ast_list *ast_list(struct parse *p, struct ast_list *list, struct ast *node)
{
    if (!list)
        list = NEW(p->g->mem, struct ast_list);
    if (node)
        vec_push(p->g->mem, &list->nodes, node);
    return list;
}

struct ast *ast_flag(struct ast *node, uint32_t flag)
{
    node->flags |= flag;
    return node;
}

struct ast *ast_with_text(struct ast *node, const struct ast *string)
{
    node->text = string->text;
    return node;
}

/* ( expr ): no node of its own. */
struct ast *ast_parenthesised(struct parse *p, struct ast *node, struct span span)
{
    const struct ast *open = if_without_else(node);
    if (open) {
        diag(p->g, E0113, parse_broken(p, span_at(open->span.file, open->span.at, 2)));
        diag_help(p->g, "say what it is otherwise: if c { a } else { b }");
    }
    node->span = span;
    return ast_flag(node, AST_PARENTHESES);
}

struct ast *ast_binary(struct parse *p, struct span span, const char *name, struct span name_span, struct ast *left,
                       struct ast *right)
{
    return ast_named(p, A_BINARY, span, name, name_span, 2, left, right);
}

static bool is_comparison(const struct ast *node)
{
    return node->kind == A_BINARY && !(node->flags & AST_PARENTHESES) && node->name[0] && strchr("=!<>", node->name[0]);
}

struct ast *ast_comparison(struct parse *p, struct span span, const char *name, struct span name_span, struct ast *left,
                           struct ast *right)
{
    if (is_comparison(left)) {
        diag(p->g, E0114, parse_broken(p, name_span));
        diag_help(p->g, "join two comparisons: a < b and b < c");
    }
    return ast_binary(p, span, name, name_span, left, right);
}

/* What stands first in an expression: of f(x) + y, f(x). */
static const struct ast *leftmost(const struct ast *node)
{
    while (node->kind == A_BINARY && !(node->flags & AST_PARENTHESES))
        node = node->kids[0];
    return node;
}

static bool can_be_piped_into(const struct ast *node)
{
    return (node->kind == A_NAME || node->kind == A_FIELD || node->kind == A_CALL) && !(node->flags & AST_PARENTHESES);
}

struct ast *ast_pipe(struct parse *p, struct span span, struct span name_span, struct ast *left, struct ast *right)
{
    if (!can_be_piped_into(right)) {
        diag(p->g, E0115, parse_broken(p, right->span));
        if (right->kind == A_BINARY && !(right->flags & AST_PARENTHESES) && can_be_piped_into(leftmost(right)))
            diag_help(p->g, "+ and the like bind tighter than |>: write (x |> f) + y");
        else
            diag_help(p->g, "x |> f is f(x), and x |> f(a) is f(x, a)");
    }
    return ast_named(p, A_PIPE, span, NULL, name_span, 2, left, right);
}

struct ast *ast_except(struct parse *p, struct span span, struct ast *path, struct ast *except)
{
    const struct ast *node = path;
    while (node->kind == A_FIELD && !(node->flags & AST_PARENTHESES))
        node = node->kids[0];
    if (node->kind != A_NAME || (node->flags & AST_PARENTHESES))
        diag(p->g, E0116, parse_broken(p, path->span));
    return ast_node(p, A_EXCEPT, span, 2, path, except);
}
