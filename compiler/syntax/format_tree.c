/* format_tree.c: what each kind of node looks like as text, and where that may be broken into lines. */
#include "syntax/format.h"

#include <string.h>

static void put_items(struct format *f, const struct ast *list, uint32_t from, const char *open, const char *close)
{
    format_put(f, "%s", open);
    f->depth++;
    for (uint32_t i = from; i < list->n; i++) {
        if (i > from) {
            format_put(f, ",");
            if (format_breaks(f, BREAK_COMMA, list->kids[i - 1], list->kids[i]))
                format_break_line(f);
            else
                format_put(f, " ");
        }
        format_node(f, list->kids[i]);
    }
    f->depth--;
    format_put(f, "%s", close);
}

/* The place of the operator that stands before `node`: of the first `=`, `~`, `:` or `<` to its left. */
static void cut_before(struct format *f, int cut, const struct ast *node)
{
    if (!f->source || f->depth || f->flat)
        return;
    uint32_t at = node->span.at;
    while (at > 0 && !strchr("=~:-\n", f->source->text[at - 1]))
        at--;
    if (at > 0 && f->source->text[at - 1] == '-') /* <- */
        at--;
    if (at > 0 && f->source->text[at - 1] != '\n')
        format_cut(f, cut, at - 1);
}

static void put_name(struct format *f, const struct ast *node, const char *keyword)
{
    format_put(f, "%s ", keyword);
    if (f->source && !f->depth && !f->flat)
        format_cut(f, 0, node->name_span.at);
    format_put(f, "%s", node->name);
}

static void put_shape(struct format *f, const struct ast *shape)
{
    if (!shape)
        return;
    cut_before(f, 1, shape);
    format_put(f, " : ");
    format_node(f, shape);
}

/* Puts " = value" or " ~ value". */
static void put_value(struct format *f, const struct ast *node, const struct ast *value, int cut)
{
    cut_before(f, cut, value);
    format_put(f, node->flags & AST_TILDE ? " ~ " : " = ");
    format_node(f, value);
}

static void put_binding(struct format *f, const struct ast *node, const char *keyword)
{
    put_name(f, node, keyword);
    put_shape(f, node->kids[0]);
    put_value(f, node, node->kids[1], node->kids[0] ? 2 : 1);
}

static void put_infix(struct format *f, const struct ast *node, const char *operator, enum format_break kind)
{
    format_node(f, node->kids[0]);
    bool tight = operator[0] == '^';
    if (format_breaks(f, kind, node->kids[0], node->kids[1]))
        format_break_line(f);
    else if (!tight) {
        format_put(f, " ");
        if (kind == BREAK_PIPE)
            format_pipe(f);
    }
    format_put(f, tight ? "%s" : "%s ", operator);
    format_node(f, node->kids[1]);
}

/* A keyword in the midst of a statement, before `after`. */
static void put_clause(struct format *f, const struct ast *before, const char *keyword, const struct ast *after)
{
    if (format_breaks(f, BREAK_CLAUSE, before, after))
        format_break_line(f);
    else
        format_put(f, " ");
    format_put(f, "%s ", keyword);
    format_node(f, after);
}

static void put_string(struct format *f, const char *text)
{
    format_put(f, "\"");
    for (; *text; text++)
        format_put(f, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    format_put(f, "\"");
}

static void put_drawn(struct format *f, const struct ast *node, const char *keyword)
{
    put_items(f, node->kids[0], 0, keyword, "]");
    if (format_breaks(f, node->kind == A_SAMPLE ? BREAK_CLAUSE : BREAK_BODY, node->kids[0], node->kids[1]))
        format_break_line(f);
    else
        format_put(f, " ");
    format_node(f, node->kids[1]);
}

static void put_declaration(struct format *f, const struct ast *node)
{
    struct ast *const *kids = node->kids;
    switch (node->kind) {
    case A_IMPORT:
        format_put(f, "import ");
        if (node->name)
            format_put(f, "%s", node->name);
        else
            put_string(f, node->text);
        break;
    case A_SETTING: put_name(f, node, "setting"); put_value(f, node, kids[0], 1); break;
    case A_DATA:
        put_name(f, node, "data");
        put_shape(f, kids[0]);
        if (kids[1])
            format_put(f, " from "), format_node(f, kids[1]);
        if (kids[2])
            f->depth++, format_put(f, "["), format_node(f, kids[2]), format_put(f, "]"), f->depth--;
        if (kids[3])
            put_value(f, node, kids[3], 2);
        break;
    case A_PRIOR:
        put_name(f, node, "prior");
        put_shape(f, kids[0]);
        cut_before(f, 2, kids[1] ? kids[1] : kids[2]);
        format_put(f, kids[1] ? " ~ " : " = ");
        format_node(f, kids[1] ? kids[1] : kids[2]);
        break;
    case A_FN: put_name(f, node, "fn"); format_node(f, kids[0]); put_value(f, node, kids[1], 1); break;
    case A_LAYER: case A_NET:
        put_name(f, node, node->kind == A_NET ? "net" : "layer");
        format_node(f, kids[0]);
        if (kids[1])
            format_put(f, " -> "), format_node(f, kids[1]);
        format_put(f, " ");
        format_node(f, kids[2]);
        break;
    case A_OPTIMIZER:
        put_name(f, node, "optimizer");
        format_node(f, kids[0]);
        format_put(f, " ");
        format_node(f, kids[1]);
        format_put(f, " ");
        format_node(f, kids[2]);
        break;
    case A_NET_ALIAS: put_name(f, node, "net"); put_value(f, node, kids[0], 1); break;
    case A_OPTIMIZER_ALIAS: put_name(f, node, "optimizer"); put_value(f, node, kids[0], 1); break;
    case A_VALUE: put_name(f, node, "value"); put_value(f, node, kids[0], 1); break;
    case A_TRAIN:
        format_put(f, node->name ? "train %s " : "train ", node->name);
        format_node(f, kids[0]);
        format_put(f, " ");
        format_node(f, kids[1]);
        break;
    case A_REPORT: case A_PICTURE:
        put_name(f, node, node->kind == A_REPORT ? "report" : "picture");
        if (kids[0])
            format_node(f, kids[0]);
        put_value(f, node, kids[1], 1);
        break;
    case A_DERIVATIVE:
        format_put(f, "derivative ");
        format_node(f, kids[0]);
        put_items(f, node, 1, " = ", "");
        break;
    default: /* A_REWRITE */
        format_put(f, "rewrite ");
        format_node(f, kids[0]);
        put_value(f, node, kids[1], 1);
        break;
    }
}

static void put_statement(struct format *f, const struct ast *node)
{
    struct ast *const *kids = node->kids;
    switch (node->kind) {
    case A_LET: put_binding(f, node, "let"); break;
    case A_VAR: put_binding(f, node, "var"); break;
    case A_PARAM: put_binding(f, node, "param"); break;
    case A_STATE: put_binding(f, node, "state"); break;
    case A_ASSIGN: case A_SET:
        format_put(f, "%s", node->name);
        cut_before(f, 1, kids[0]);
        format_put(f, node->kind == A_SET ? " <- " : " = ");
        format_node(f, kids[0]);
        break;
    case A_FOR:
        format_put(f, "for %s in ", node->name);
        format_node(f, kids[0]);
        format_put(f, "..");
        format_node(f, kids[1]);
        format_put(f, " ");
        format_node(f, kids[2]);
        break;
    case A_REPEAT: case A_EVERY:
        format_put(f, node->kind == A_REPEAT ? "repeat " : "every ");
        format_node(f, kids[0]);
        format_put(f, " ");
        format_node(f, kids[1]);
        break;
    case A_TOGETHER: format_put(f, "together "); format_node(f, kids[0]); break;
    case A_OPTIMIZE:
        format_put(f, node->flags & AST_MAXIMIZE ? "maximize " : "minimize ");
        format_node(f, kids[0]);
        put_clause(f, kids[0], "over", kids[1]);
        put_clause(f, kids[1], "using", kids[2]);
        break;
    default: /* A_PROJECT */
        format_put(f, "project ");
        format_node(f, kids[0]);
        put_clause(f, kids[0], "with", kids[1]);
        break;
    }
}

static void put_part(struct format *f, const struct ast *node)
{
    struct ast *const *kids = node->kids;
    switch (node->kind) {
    case A_TYPE:
        format_node(f, kids[0]);
        if (node->flags & AST_ANY)
            format_put(f, " in any");
        if (kids[1]) {
            f->depth++;
            format_put(f, " in [");
            format_node(f, kids[1]);
            format_put(f, ", ");
            format_node(f, kids[2]);
            format_put(f, "]");
            f->depth--;
        }
        break;
    case A_RECORD: put_items(f, node, 0, "{ ", " }"); break;
    case A_FIELD_TYPE: format_put(f, "%s : ", node->name); format_node(f, kids[0]); break;
    case A_PARAMETERS: case A_ARGUMENTS: put_items(f, node, 0, "(", ")"); break;
    case A_PARAMETER: case A_DRAW:
        format_put(f, "%s", node->name);
        if (kids[0])
            format_put(f, " : "), format_node(f, kids[0]);
        if (kids[1]) {
            bool tilde = node->kind == A_DRAW || (node->flags & AST_TILDE);
            format_put(f, tilde ? " ~ " : kids[0] ? " = " : "=");
            format_node(f, kids[1]);
        }
        break;
    case A_ARGUMENT:
        if (node->name)
            format_put(f, "%s=", node->name);
        format_node(f, kids[0]);
        break;
    case A_SHAPE: put_items(f, node, 0, "[", "]"); break;
    case A_ELLIPSIS: format_put(f, "..."); break;
    case A_SLICE:
        if (kids[0])
            format_node(f, kids[0]);
        format_put(f, ":");
        if (kids[1])
            format_node(f, kids[1]);
        break;
    case A_PARTS: /* the comma is in no bracket, but a line may be broken after it like in one */
        put_items(f, node, 0, "", "");
        break;
    default: /* A_PART, A_EXCEPT */
        format_node(f, kids[0]);
        if (kids[1])
            format_put(f, " except "), format_node(f, kids[1]);
        break;
    }
}

static void put_expression(struct format *f, const struct ast *node)
{
    struct ast *const *kids = node->kids;
    switch (node->kind) {
    case A_NUMBER: format_put(f, "%s", node->text); break;
    case A_STRING: put_string(f, node->text); break;
    case A_BOOLEAN: format_put(f, node->flags & AST_TRUE ? "true" : "false"); break;
    case A_NAME: format_put(f, "%s", node->name); break;
    case A_BINARY: put_infix(f, node, node->name, strchr("*/%@^", node->name[0]) ? BREAK_COMMA : BREAK_TERM); break;
    case A_PIPE: put_infix(f, node, "|>", BREAK_PIPE); break;
    case A_NEGATE: format_put(f, "-"); format_node(f, kids[0]); break;
    case A_NOT: format_put(f, "not "); format_node(f, kids[0]); break;
    case A_CALL: format_node(f, kids[0]); format_node(f, kids[1]); break;
    case A_INDEX: format_node(f, kids[0]); put_items(f, node, 1, "[", "]"); break;
    case A_FIELD: format_node(f, kids[0]); format_put(f, ".%s", node->name); break;
    case A_IF:
        format_put(f, "if ");
        format_node(f, kids[0]);
        format_put(f, " ");
        format_node(f, kids[1]);
        if (kids[2])
            format_put(f, " else "), format_node(f, kids[2]);
        break;
    case A_EXPECTATION: put_drawn(f, node, "E["); break;
    default: put_drawn(f, node, "sample["); break;
    }
}

void format_node(struct format *f, const struct ast *node)
{
    bool parentheses = node->flags & AST_PARENTHESES;
    if (parentheses)
        format_put(f, "("), f->depth++;
    if (node->kind == A_BLOCK)
        format_block(f, node);
    else if (node->kind == A_STATE || (node->kind >= A_LET && node->kind <= A_PROJECT))
        put_statement(f, node);
    else if (node->kind == A_TYPE || node->kind == A_RECORD || node->kind == A_FIELD_TYPE || node->kind == A_EXCEPT ||
             (node->kind >= A_PARAMETERS && node->kind <= A_PART))
        put_part(f, node);
    else if (node->kind < A_PARAMETERS)
        put_declaration(f, node);
    else
        put_expression(f, node);
    if (parentheses)
        f->depth--, format_put(f, ")");
}

/* A line that begins so would go on with the line before. */
bool format_begins_with_minus(const struct ast *node)
{
    for (;;) {
        if (node->flags & AST_PARENTHESES)
            return false;
        switch (node->kind) {
        case A_NEGATE: return true;
        case A_BINARY: case A_PIPE: case A_CALL: case A_INDEX: case A_FIELD: node = node->kids[0]; break;
        default: return false;
        }
    }
}
