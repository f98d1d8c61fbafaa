/* command_gradcheck.c: `ganc gradcheck`: the gradients of a model's statements against differences and dual numbers (gradcheck.h). */
#include "command.h"
#include "gradcheck.h"

#include <stdlib.h>

static bool positive(const struct options *o, const char *name, int64_t *to)
{
    const char *text = option_value(o, name);
    if (!text) return true;
    char *end;
    *to = strtoll(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && *to >= 1 && *to <= 1000000000;
}

int command_gradcheck(struct compilation *c, struct options *o)
{
    struct gradcheck_options how = {.batch = 4, .elements = 100};
    if (!positive(o, "--batch", &how.batch)) return usage_error("--batch %s: write a number of examples, from 1", option_value(o, "--batch"));
    if (!positive(o, "--elements", &how.elements)) return usage_error("--elements %s: write a number of elements, from 1", option_value(o, "--elements"));
    c->g->rules_file = option_value(o, "--rules");
    for (uint32_t i = 0; i < o->files.n; i++) {
        c->path = o->files.at[i];
        gradcheck_model(c, &how);
    }
    return command_finish(c, o, 0);
}
