/* rules.c: which rules of rules.def are on. All are, but those that --no-pass named. */
#include "schedule/rules.h"

#include <string.h>

const struct rule_info rule_table[RULE_COUNT] = {
#define RULE(name, doc) {#name, doc},
#include "schedule/rules.def"
#undef RULE
};

_Static_assert(RULE_COUNT <= 64, "ganc->rules_off is a set in 64 bits");

bool rule_on(const struct ganc *g, enum rule r)
{
    return !(g->rules_off >> r & 1);
}

bool rule_turn_off(struct ganc *g, const char *name)
{
    for (uint32_t r = 0; r < RULE_COUNT; r++)
        if (!strcmp(rule_table[r].name, name)) return g->rules_off |= (uint64_t)1 << r, true;
    return false;
}

void rules_print_docs(struct buffer *to)
{
    buffer_put(to, "\n## The rules of the scheduler and of code generation\n\n"
                   "Generated from compiler/schedule/rules.def. `--no-pass=NAME` turns one off, as it leaves out a pass.\n\n");
    for (uint32_t r = 0; r < RULE_COUNT; r++) buffer_put(to, "- **%s** %s\n", rule_table[r].name, rule_table[r].doc);
}
