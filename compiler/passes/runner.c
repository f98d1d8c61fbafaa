/* runner.c: runs the pipeline of passes.def, and checks each pass: its graph by the verifier, its place in the pipeline by what it requires. */
#include "base/diag.h"
#include "base/times.h"
#include "passes/passes.h"
#include "schedule/rules.h"

#include <stdio.h>
#include <string.h>

enum property { SUNK = 1, BARE = 2, FLAGGED = 4, SHARED = 8, LIVE = 16 };
static const char *const property_names[] = {"SUNK", "BARE", "FLAGGED", "SHARED", "LIVE"};

const struct pass passes[] = {
#define PASS(name, requires, gives, breaks, doc) {#name, pass_##name, requires, gives, breaks, doc, NULL},
#define PROGRAM_PASS(name, doc) {#name, NULL, 0, 0, 0, doc, pass_##name},
#include "passes/passes.def"
#undef PASS
#undef PROGRAM_PASS
};
const uint32_t pass_count = sizeof passes / sizeof *passes;

/* Each round works on what the one before made better; three are usual, and more than this means that two passes undo each
 * other (tests/unit/passes.c). */
#define ROUNDS 12

/* --no-pass takes the scheduler's rules too, which have been taken out of the list: here they are only what a misspelt name may have meant. */
static bool known(struct ganc *g, const char *name, bool or_rule)
{
    const char *names[sizeof passes / sizeof *passes + RULE_COUNT];
    uint32_t count = pass_count;
    for (uint32_t i = 0; i < pass_count; i++) {
        names[i] = passes[i].name;
        if (!strcmp(name, passes[i].name)) return true;
    }
    diag(g, E0652, (struct span){0}, name);
    for (uint32_t r = 0; r < RULE_COUNT && or_rule; r++) names[count++] = rule_table[r].name;
    const char *near = nearest_name(name, names, count);
    if (near) diag_help(g, "did you mean %s?", near);
    return false;
}

static bool is_off(const struct pass *pass, const char *const *off, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!strcmp(off[i], pass->name)) return true;
    return false;
}

static bool broken(struct ganc *g, const struct graph *graph, const char *pass, const char *why)
{
    diag(g, E0651, graph->span, pass, graph->name ? graph->name : "a graph", why);
    return false;
}

static bool run_pass(struct ganc *g, const struct program *p, struct graph *graph, const struct pass *pass)
{
    struct timing t;
    char part[64];
    time_begin(g, &t);
    bool changed = pass->run(g, p, graph);
    snprintf(part, sizeof part, "pass %s", pass->name);
    time_end(g, &t, part);
    return changed;
}

static bool run_graph(struct ganc *g, const struct program *p, struct graph *graph, const char *after, const char *const *off, uint32_t off_count)
{
    for (uint32_t round = 0; round < ROUNDS; round++) {
        bool changed = false;
        uint32_t holds = 0;
        for (uint32_t i = 0; i < pass_count; i++) {
            const struct pass *pass = &passes[i];
            if (pass->whole) continue;
            if (!is_off(pass, off, off_count)) {
                if (pass->requires & ~holds) return broken(g, graph, pass->name, "it stands in the wrong place of the pipeline");
                if (run_pass(g, p, graph, pass)) changed = true;
                const char *wrong = graph_verify(g, p, graph);
                if (wrong) return broken(g, graph, pass->name, wrong);
                holds &= ~pass->breaks;
            }
            holds |= pass->gives; /* who leaves a pass out does without what it gives */
            if (after && !strcmp(after, pass->name)) return true;
        }
        if (~holds & (SHARED | LIVE)) return broken(g, graph, passes[pass_count - 1].name, "the pipeline ends without SHARED and LIVE");
        if (!changed) return true;
    }
    return true;
}

static bool run_whole(struct ganc *g, struct program *p, const struct pass *pass)
{
    struct timing t;
    char part[64];
    time_begin(g, &t);
    bool changed = pass->whole(g, p);
    snprintf(part, sizeof part, "pass %s", pass->name);
    time_end(g, &t, part);
    const char *wrong = changed ? program_verify(g, p) : NULL;
    if (wrong) diag(g, E0651, (struct span){0}, pass->name, p->name, wrong);
    return !wrong;
}

bool passes_run(struct ganc *g, struct program *p, const char *after, const char *const *off, uint32_t off_count)
{
    if (after && !known(g, after, false)) return false;
    for (uint32_t i = 0; i < off_count; i++)
        if (!known(g, off[i], true)) return false;
    bool done = false;
    for (uint32_t i = 0; i < pass_count && passes[i].whole && !done; i++) {
        if (!is_off(&passes[i], off, off_count) && !run_whole(g, p, &passes[i])) return false;
        done = after && !strcmp(after, passes[i].name);
    }
    for (uint32_t i = 0; i < p->graphs.n && !done; i++)
        if (!run_graph(g, p, p->graphs.at[i], after, off, off_count)) return false;
    p->stage = STAGE_OPT;
    return true;
}

static void print_properties(struct buffer *to, const char *what, uint32_t set)
{
    if (!set) return;
    buffer_put(to, "%s", what);
    for (uint32_t i = 0; i < sizeof property_names / sizeof *property_names; i++)
        if (set >> i & 1) buffer_put(to, " %s", property_names[i]);
    buffer_put(to, ". ");
}

void passes_print_docs(struct buffer *to)
{
    buffer_put(to, "# The passes\n\nGenerated from compiler/passes/passes.def. `ganc model.gan --emit=opt --after=PASS` shows what a pass leaves, with\n"
                   "`--diff` what it did. `join` runs once over the program, the others over each graph in rounds until a round changes nothing;\n"
                   "what a pass changed is verified after it.\n\n");
    for (uint32_t i = 0; i < pass_count; i++) {
        buffer_put(to, "%u. **%s** %s ", i + 1, passes[i].name, passes[i].doc);
        print_properties(to, "Requires", passes[i].requires);
        print_properties(to, "Gives", passes[i].gives);
        print_properties(to, "Breaks", passes[i].breaks);
        while (to->length && to->text[to->length - 1] == ' ') to->text[--to->length] = 0;
        buffer_put(to, "\n");
    }
    buffer_put(to, "\nProperties: SUNK: no reshape, transpose or slice stands behind an elementwise operation that it could go before. BARE: no elementwise\n"
                   "operation has an operand that was expanded for it, and no view of a view is one view. FLAGGED: no matrix is transposed for a product\n"
                   "that could take it as it is. SHARED: equal nodes are one. LIVE: every node is needed.\n");
}
