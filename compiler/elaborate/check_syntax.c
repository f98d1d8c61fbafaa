/* check_syntax.c: what can be misread in the text itself: pipe-after-E. */
#include "elaborate/internal.h"

/* The E that ends at the right edge of an expression, so that a reader may take the pipe after it for a part of its body. */
static const struct ast *expectation_at_edge(const struct ast *a)
{
    while (a && !(a->flags & AST_PARENTHESES)) {
        if (a->kind == A_EXPECTATION) return a;
        if (a->kind == A_BINARY) a = a->kids[1];
        else if (a->kind == A_NEGATE || a->kind == A_NOT) a = a->kids[0];
        else return NULL;
    }
    return NULL;
}

static void check_pipe(struct elaboration *e, const struct ast *pipe)
{
    const struct ast *left = pipe->kids[0], *inner = expectation_at_edge(left);
    if (!inner) return;
    const char *whole = expression_text(e, left), *right = expression_text(e, pipe->kids[1]);
    const struct ast *body = inner->kids[1];
    struct span before = span_at(left->span.file, left->span.at, body->span.at - left->span.at); /* "E[x ~ p]", and what stands to its left */
    diag(e->g, W0711, pipe->name_span, whole);
    diag_help(e->g, "say which is meant: (%s) |> %s, or %s (%s |> %s)", whole, right, place_text(e, before), expression_text(e, body), right);
}

void check_pipes(struct elaboration *e, const struct ast *a)
{
    if (!a) return;
    if (a->kind == A_PIPE) check_pipe(e, a);
    for (uint32_t i = 0; i < a->n; i++) check_pipes(e, a->kids[i]);
}
