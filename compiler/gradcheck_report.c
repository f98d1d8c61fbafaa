/* gradcheck_report.c: what a statement's checks gave, as a table, and as errors where they exceed the bounds. */
#include "gradcheck.h"

#include "base/buffer.h"

#include <stdio.h>
#include <string.h>

static const char *place(const struct checked *s, struct span span)
{
    uint32_t line = 0, column = 0;
    const struct source *source = span.file ? s->g->sources.at[span.file] : NULL;
    if (!source) return "";
    source_place(source, span.at, &line, &column);
    return arena_format(s->g->mem, "%s:%u:%u: ", source->name, line, column);
}

static void print_row(const char *name, int64_t points, const char *of, const struct checks *c)
{
    printf("  %-32s %18s  %11.1e", name, of, c->dual);
    if (c->compared) printf("  %11.1e", c->differences);
    else printf("  %11s", "-");
    if (c->redrawn) printf("  redrawn: %lld", (long long)c->redrawn);
    if (c->compared < points) printf("%s too coarse: %lld", c->redrawn ? "," : " ", (long long)(points - c->compared));
    printf("\n");
}

static void judge(const struct checked *s, const char *name, const struct checks *c)
{
    if (!(c->differences <= GRADCHECK_DIFFERENCES)) diag(s->g, E0702, s->span, name, "central differences", c->differences, GRADCHECK_DIFFERENCES);
    else if (!(c->dual <= GRADCHECK_DUAL)) diag(s->g, E0702, s->span, name, "dual numbers", c->dual, GRADCHECK_DUAL);
}

void gradcheck_report(const struct checked *s)
{
    bool good = true;
    printf("%s%s (batch %lld)\n", place(s, s->span), s->name, (long long)s->graph->batch);
    printf("  %-32s %18s  %11s  %11s\n", "gradient of", "elements", "dual", "differences");
    for (uint32_t k = 0; k < s->n; k++) {
        const struct checked_tensor *t = &s->tensors[k];
        const struct tensor *tensor = &s->p->tensors.at[t->tensor];
        int64_t n = type_elements(tensor->type), checked = n < s->elements ? n : s->elements;
        print_row(tensor->name, checked, arena_format(s->g->mem, "%lld of %lld", (long long)checked, (long long)n), &t->checks);
        uint32_t errors = diag_errors(s->g);
        judge(s, tensor->name, &t->checks);
        good = good && diag_errors(s->g) == errors;
    }
    print_row("all of them", GRADCHECK_DIRECTIONS, arena_format(s->g->mem, "%d directions", GRADCHECK_DIRECTIONS), &s->directions);
    if (good) judge(s, "all parameters together", &s->directions);
    for (uint32_t i = 0; i < s->inner_n; i++) {
        printf("  %sgradient inside the objective, %d directions: %.1e%s\n", place(s, s->inner[i].span), GRADCHECK_DIRECTIONS, s->inner[i].error,
               s->by_rules ? " (too large for nested dual numbers, or too deep: built by the rules in what is compared above)" : "");
    }
    fflush(stdout);
}
