/* times.c: see times.h. */
#include "base/times.h"

#include <string.h>
#include <time.h>

struct part {
    const char *name;
    double milliseconds;
    bool beside; /* on another thread: no part of the sum */
};

struct line {
    const char *what, *name;
};

struct times {
    double began;
    struct timing *innermost;
    VEC(struct part) parts;
    VEC(struct line) lines;
};

double times_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

void times_open(struct ganc *g)
{
    if (g->times) return;
    g->times = NEW(g->mem, struct times);
    g->times->began = times_now();
}

static void add(struct ganc *g, const char *name, double milliseconds, bool beside)
{
    struct times *all = g->times;
    for (uint32_t i = 0; i < all->parts.n; i++)
        if (!strcmp(all->parts.at[i].name, name)) {
            all->parts.at[i].milliseconds += milliseconds;
            return;
        }
    vec_push(g->mem, &all->parts, (struct part){arena_format(g->mem, "%s", name), milliseconds, beside});
}

void time_begin(struct ganc *g, struct timing *t)
{
    if (!g->times) return;
    *t = (struct timing){.since = times_now(), .outer = g->times->innermost};
    g->times->innermost = t;
}

void time_end(struct ganc *g, struct timing *t, const char *part)
{
    if (!g->times) return;
    double took = times_now() - t->since;
    g->times->innermost = t->outer;
    if (t->outer) t->outer->inner += took;
    add(g, part, took - t->inner, false);
}

void time_note(struct ganc *g, const char *part, double milliseconds)
{
    if (g->times) add(g, part, milliseconds, true);
}

void times_say(struct ganc *g, const char *what, const char *name)
{
    if (g->times) vec_push(g->mem, &g->times->lines, (struct line){what, arena_format(g->mem, "%s", name)});
}

void times_print(struct ganc *g, struct buffer *to)
{
    struct times *all = g->times;
    if (!all) return;
    double sum = 0, whole = times_now() - all->began;
    for (uint32_t i = 0; i < all->parts.n; i++)
        if (!all->parts.at[i].beside) sum += all->parts.at[i].milliseconds;
    buffer_put(to, "%-34s %9s\n", "part", "ms");
    for (uint32_t i = 0; i < all->parts.n; i++)
        buffer_put(to, "%-34s %9.2f%s\n", all->parts.at[i].name, all->parts.at[i].milliseconds, all->parts.at[i].beside ? "  (beside the others)" : "");
    buffer_put(to, "%-34s %9.2f\n", "anything else", whole > sum ? whole - sum : 0);
    buffer_put(to, "%-34s %9.2f\n", "all", whole);
    for (uint32_t i = 0; i < all->lines.n; i++) buffer_put(to, "%s: %s\n", all->lines.at[i].what, all->lines.at[i].name);
    g->times = NULL;
}
