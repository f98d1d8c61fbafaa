/* foreign.c: looks up what other languages and frameworks call what is here called otherwise (stdlib/foreign.def). */
#include "syntax/ast.h"

#include <string.h>

const char *foreign_help(const char *word)
{
    static const struct {
        const char *word, *help;
    } table[] = {
#define FOREIGN(word, help) {word, help},
#define MODULE(word)
#include "stdlib/foreign.def"
#undef FOREIGN
#undef MODULE
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(table[i].word, word))
            return table[i].help;
    return NULL;
}

bool foreign_module(const char *word)
{
    static const char *const table[] = {
#define FOREIGN(word, help)
#define MODULE(word) word,
#include "stdlib/foreign.def"
#undef FOREIGN
#undef MODULE
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(table[i], word))
            return true;
    return false;
}
