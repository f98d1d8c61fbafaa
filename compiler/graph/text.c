/* text.c: the words of the programs' texts, and how names are written in them. */
#include "graph/text.h"

#include "base/buffer.h"

#include <inttypes.h>
#include <string.h>

const char *const text_stages[3] = {"graph", "grad", "opt"};
const char *const text_graph_kinds[5] = {"init", "step", "report", "picture", "net"};
const char *const text_output_kinds[7] = {"objective", "report", "picture", "net", "state", "gather", "look"};
const char *const text_tensor_kinds[5] = {"parameter", "net_state", "optimizer_state", "schedule_state", "average"};
const char *const text_roles[4] = {"", "back", "twice", "update"};
const char *const text_spaces[NAME_SPACES] = {"setting", "data", "prior", "tensor", "net", "counter", "result"};

bool text_word_starts(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

bool text_word_goes_on(unsigned char c)
{
    return text_word_starts(c) || (c >= '0' && c <= '9') || c == '.' || c == '\'';
}

bool text_is_word(const char *name)
{
    if (!text_word_starts((unsigned char)*name))
        return false;
    while (text_word_goes_on((unsigned char)*name))
        name++;
    return !*name;
}

bool text_is_reserved(const char *name)
{
    static const char *const reserved[] = {"step", "epoch", "inf", "nan", "not", "and", "or"};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (!strcmp(reserved[i], name))
            return true;
    return false;
}

bool text_is_stage(const char *text, size_t length, const char *stage)
{
    while (length && (*text == '#' || *text == '\n')) {
        const char *end = memchr(text, '\n', length);
        size_t line = end ? (size_t)(end - text) + 1 : length;
        text += line;
        length -= line;
    }
    size_t n = strlen(stage);
    return length > 5 + n && !memcmp(text, "ganc ", 5) && !memcmp(text + 5, stage, n) && text[5 + n] == ' ';
}

void text_name(struct buffer *to, const char *name)
{
    if (name && text_is_word(name))
        buffer_put(to, "%s", name);
    else
        buffer_quoted(to, name ? name : "");
}

uint32_t text_count(const struct program *p, enum name_space space)
{
    switch (space) {
    case NAME_SETTING:
        return p->settings.n;
    case NAME_DATA:
        return p->data.n;
    case NAME_PRIOR:
        return p->priors.n;
    case NAME_TENSOR:
        return p->tensors.n;
    case NAME_NET:
        return p->nets.n;
    case NAME_COUNTER:
        return p->counters.n;
    case NAME_RESULT:
        return p->results.n;
    case NAME_SPACES:
        break;
    }
    return 0;
}

const char *text_entry(const struct program *p, enum name_space space, uint32_t index, const char **field)
{
    *field = NULL;
    switch (space) {
    case NAME_SETTING:
        return p->settings.at[index].name;
    case NAME_DATA:
        *field = p->data.at[index].field;
        return p->data.at[index].name;
    case NAME_PRIOR:
        return p->priors.at[index].name;
    case NAME_TENSOR:
        return p->tensors.at[index].name;
    case NAME_NET:
        return p->nets.at[index].name;
    case NAME_COUNTER:
        return p->counters.at[index];
    case NAME_RESULT:
        return p->results.at[index];
    case NAME_SPACES:
        break;
    }
    return NULL;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

/* Has it a name that can be written at all? */
static bool is_named(const char *name, const char *field)
{
    return name && *name && (!field || (text_is_word(name) && text_is_word(field)));
}

static uint32_t hash_name(const char *name, const char *field)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; name && *name; name++) hash = (hash ^ (unsigned char)*name) * 16777619u;
    for (hash *= 31; field && *field; field++) hash = (hash ^ (unsigned char)*field) * 16777619u;
    return hash;
}

/* Which of n entries are told apart by name and field, by a table of them. */
static bool *find_apart(struct arena *mem, const char *const *name, const char *const *field, uint32_t n)
{
    struct arena *scratch = arena_new();
    uint32_t size = 16;
    while (size < 2 * n) size *= 2;
    uint32_t *table = NEW_ARRAY(scratch, uint32_t, size); /* entry + 1 */
    bool *apart = NEW_ARRAY(mem, bool, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        const char *own = field ? field[i] : NULL;
        apart[i] = is_named(name[i], own);
        if (!apart[i]) continue;
        uint32_t at = hash_name(name[i], own) & (size - 1);
        while (table[at] && !(same(name[table[at] - 1], name[i]) && (!field || same(field[table[at] - 1], own)))) at = (at + 1) & (size - 1);
        if (table[at]) apart[i] = apart[table[at] - 1] = false;
        else table[at] = i + 1;
    }
    arena_free(scratch);
    return apart;
}

bool *text_apart(struct arena *mem, const char *const *name, uint32_t n)
{
    return find_apart(mem, name, NULL, n);
}

/* Of one list. */
static bool *entries_apart(struct arena *mem, struct arena *scratch, const struct program *p, enum name_space space)
{
    uint32_t n = text_count(p, space);
    const char **name = NEW_ARRAY(scratch, const char *, n + 1), **field = NEW_ARRAY(scratch, const char *, n + 1);
    for (uint32_t i = 0; i < n; i++) name[i] = text_entry(p, space, i, &field[i]);
    return find_apart(mem, name, field, n);
}

struct text_names *text_names_new(struct arena *mem, const struct program *p)
{
    struct text_names *names = NEW(mem, struct text_names);
    struct arena *scratch = arena_new();
    names->program = p;
    for (int space = 0; space < NAME_SPACES; space++) names->apart[space] = entries_apart(mem, scratch, p, (enum name_space)space);
    arena_free(scratch);
    return names;
}

void text_reference(struct buffer *to, const struct text_names *names, enum name_space space, uint32_t index)
{
    if (index >= text_count(names->program, space) || !names->apart[space][index]) {
        buffer_put(to, "&%" PRIu32, index);
        return;
    }
    const char *field, *name = text_entry(names->program, space, index, &field);
    text_name(to, name);
    if (field)
        buffer_put(to, ".%s", field);
}
