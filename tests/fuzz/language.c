/* language.c: fuzz target: any text as a model. It goes as far as it holds: tree, layout, program, gradients, passes, kernels. What must
 * hold: no crash, no leak, bounded time and memory; the layout of a layout is itself; each program is verified. */
#include "stages.h"

#include "elaborate/elaborate.h"
#include "syntax/ast.h"

static void must_be_stable(struct ganc *g, const struct ast *tree)
{
    struct buffer once = {0}, twice = {0};
    ast_format(&once, g, tree);
    uint32_t file, errors = diag_errors(g);
    source_add(g, "formatted.gan", once.text ? once.text : "", once.length, &file);
    struct ast *again = ast_parse(g, file, false);
    must(again && diag_errors(g) == errors, "a formatted model does not parse", &once);
    ast_format(&twice, g, again);
    must(once.length == twice.length && !memcmp(once.text ? once.text : "", twice.text ? twice.text : "", once.length), "formatting is not idempotent", &twice);
    buffer_free(&once);
    buffer_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ganc *g = ganc_new();
    uint32_t file;
    source_add(g, "model.gan", (const char *)data, size, &file);
    struct ast *tree = ast_parse(g, file, false);
    if (tree && !diag_errors(g)) {
        must_be_stable(g, tree);
        struct program *p = elaborate(g, tree, "model");
        if (p && !diag_errors(g)) later_stages(g, p);
    }
    print_diagnostics(g);
    ganc_free(g);
    return 0;
}
