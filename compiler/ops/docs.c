/* docs.c: docs/ops.md, generated from ops.def: every operation with its operands, attributes and meaning. */
#include "base/buffer.h"
#include "ops/ops.h"

static const char *const class_titles[] = {
    [CLASS_LEAF] = "Leaves",         [CLASS_MAP] = "Elementwise: operands broadcast as in NumPy", [CLASS_REDUCE] = "Reductions",
    [CLASS_VIEW] = "Views",          [CLASS_PRODUCT] = "Products",                                  [CLASS_GRAD] = "Derivatives, until they are expanded",
};
static const char *const attribute_names[] = {
    [ATTR_NONE] = "",
    [ATTR_NUMBER] = "number",
    [ATTR_TENSOR] = "tensor",
    [ATTR_DATA] = "data, draw",
    [ATTR_INPUT] = "position",
    [ATTR_STREAM] = "stream",
    [ATTR_STREAM_SCALAR] = "stream, probability",
    [ATTR_STREAM_NUMBER] = "stream, n",
    [ATTR_SCALAR] = "expression",
    [ATTR_AXES] = "axes, batch",
    [ATTR_AXIS] = "axis",
    [ATTR_PERMUTATION] = "permutation",
    [ATTR_OFFSETS] = "offsets",
    [ATTR_PART] = "from, count",
    [ATTR_TRANSPOSE] = "ta, tb",
    [ATTR_WINDOW] = "stride, before, after",
    [ATTR_WINDOWS] = "stride, before, after, size, fill",
};

void ops_print_docs(struct buffer *to)
{
    buffer_put(to, "# The operations\n\nGenerated from compiler/graph/ops.def (`ganc ops`). The derivative of an elementwise operation is a line of\n"
                   "stdlib/derivatives.gan, that of the others is derive_NAME in compiler/ops/.\n");
    for (int class = CLASS_LEAF; class <= CLASS_GRAD; class ++) {
        buffer_put(to, "\n## %s\n\n| operation | operands | attributes | meaning | derivative |\n| --- | --- | --- | --- | --- |\n", class_titles[class]);
        for (int op = 0; op < OP_COUNT; op++) {
            const struct op_info *i = &op_info[op];
            if ((int)i->class != class) continue;
            buffer_put(to, "| `%s` | ", i->name);
            if (i->operands < 0) buffer_put(to, "1 or more");
            else buffer_put(to, "%d", i->operands);
            const char *derivative = op_hooks[op].no_derivative ? op_hooks[op].no_derivative : class == CLASS_GRAD ? "expanded first" : "text";
            if (op_hooks[op].derive) derivative = "in C";
            buffer_put(to, " | %s | ", attribute_names[i->attributes]);
            for (const char *c = i->doc; *c; c++) buffer_put(to, *c == '|' ? "\\%c" : "%c", *c);
            buffer_put(to, " | %s |\n", derivative);
        }
    }
}
