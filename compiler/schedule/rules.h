/* rules.h: the table of rules.def, and which of them are on in a compilation. */
#ifndef GANC_SCHEDULE_RULES_H
#define GANC_SCHEDULE_RULES_H

#include "base/buffer.h"
#include "base/ganc.h"

enum rule {
#define RULE(name, doc) RULE_##name,
#include "schedule/rules.def"
#undef RULE
    RULE_COUNT
};

struct rule_info {
    const char *name, *doc;
};
extern const struct rule_info rule_table[RULE_COUNT];

bool rule_on(const struct ganc *g, enum rule r);
bool rule_turn_off(struct ganc *g, const char *name); /* false: no rule is called so */
void rules_print_docs(struct buffer *to);             /* the second table of docs/passes.md */

#endif
