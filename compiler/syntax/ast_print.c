/* ast_print.c: --emit=ast. One node a line, indented by two spaces a level:
 *
 *     kind name "text" number flags @line:column
 *
 * with whatever of these the node has; a child that was left out is a line with `-`. */
#include "base/buffer.h"
#include "syntax/ast.h"

static void print_flags(struct buffer *to, uint32_t flags)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } names[] = {
        {AST_TILDE, "tilde"}, {AST_MAXIMIZE, "maximize"}, {AST_ANY, "any"}, {AST_PARENTHESES, "parentheses"}, {AST_TRUE, "true"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (flags & names[i].flag)
            buffer_put(to, " %s", names[i].name);
}

static void print_node(struct buffer *to, const struct ganc *g, const struct ast *node, int level)
{
    buffer_put(to, "%*s", 2 * level, "");
    if (!node) {
        buffer_put(to, "-\n");
        return;
    }
    buffer_put(to, "%s", ast_kind_name(node->kind));
    if (node->name)
        buffer_put(to, " %s", node->name);
    if (node->text && node->kind != A_NUMBER) {
        buffer_put(to, " ");
        buffer_quoted(to, node->text);
    }
    if (node->kind == A_NUMBER) {
        buffer_put(to, " ");
        buffer_number(to, node->number);
    }
    print_flags(to, node->flags);
    if (g && node->span.file) {
        uint32_t line, column;
        source_place(g->sources.at[node->span.file], node->span.at, &line, &column);
        buffer_put(to, " @%u:%u", line, column);
    }
    buffer_put(to, "\n");
    for (uint32_t i = 0; i < node->n; i++)
        print_node(to, g, node->kids[i], level + 1);
}

/* Without `g`, without the places. */
void ast_print(struct buffer *to, const struct ganc *g, const struct ast *tree)
{
    print_node(to, g, tree, 0);
}
