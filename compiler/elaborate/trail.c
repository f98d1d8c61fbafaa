/* trail.c: where the reader of a message should look, and how the elaborator came there.
 *
 * Functions and layers are inlined, so a fault shows where a body is evaluated with the caller's values. In the user's text that is the
 * place to report; the calls that led there follow, innermost first, up to the net they stand in. In the library's text the reader
 * can change nothing: the message stands at the user's own call, and notes say where in the library it arose. */
#include "elaborate/internal.h"

enum { FIRST_CALLS = 4 }; /* of a long chain, so many are shown, and the outermost */

static bool holds(struct span whole, struct span part)
{
    return whole.file == part.file && whole.at <= part.at && part.at < whole.at + whole.length;
}

/* The innermost call, from c outward, of what holds this place; NULL: none, or a net, whose body does not depend on its caller. */
static const struct call *call_around(const struct call *c, struct span place)
{
    while (c && !holds(c->callee->ast->span, place)) c = c->outer;
    return c && c->callee->kind == A_NET ? NULL : c;
}

static struct span shown(void *of, struct span found)
{
    const struct elaboration *e = of;
    struct span place = found;
    for (const struct call *c = call_around(e->calls, place); c && scope_in_library(e, place); c = call_around(c->outer, place)) place = c->span;
    return scope_in_library(e, place) ? found : place;
}

/* " TEXT [28, 28]": the shape of a call's first argument, where it is a tensor. */
static const char *argument(struct elaboration *e, const struct call *c, const char *text)
{
    return c->argument.kind == VALUE_NODE ? arena_format(e->g->mem, "%s%s", text, type_text(e, c->argument.node->type)) : "";
}

static bool same(struct span a, struct span b)
{
    return a.file == b.file && a.at == b.at && a.length == b.length;
}

/* The way from `found`, in the library, to the user's call, which the message shows; returns what holds that. */
static const struct call *library_trail(struct elaboration *e, const struct call *c, struct span found)
{
    diag_trail(e->g, found, "it arises here in %s%s", c->callee->name, argument(e, c, ", called with "));
    while (scope_in_library(e, c->span)) {
        const struct call *outer = call_around(c->outer, c->span);
        diag_trail(e->g, c->span, "%s is called here in %s%s", c->callee->name, outer->callee->name, argument(e, outer, ", called with "));
        c = outer;
    }
    return call_around(c->outer, c->span);
}

/* A message about the text alone: the same whoever calls. */
static bool about_text(enum diag_id id)
{
    return (id >= E0301 && id <= E0304) || id == E0409 || id == E0410 || id == E0415 || id == E0416 || id == E0417;
}

static void trail(void *of, enum diag_id id, struct span found)
{
    struct elaboration *e = of;
    struct span place = shown(of, found);
    const struct call *c = call_around(e->calls, found);
    if (!same(place, found)) c = library_trail(e, c, found);
    else if (about_text(id)) return;
    uint32_t n = 0, skipped = 0;
    struct span last = {0};
    for (const struct call *outer; c; c = outer) {
        outer = call_around(c->outer, c->span);
        if (outer && (n >= FIRST_CALLS || same(last, c->span))) { /* a function that calls itself does so from one place */
            skipped++;
            continue;
        }
        if (skipped) diag_trail(e->g, (struct span){0}, "through %u more call%s", skipped, skipped == 1 ? "" : "s");
        diag_trail(e->g, last = c->span, "in %s, called here%s", c->callee->name, argument(e, c, " with "));
        n++;
    }
}

struct diag_guide trail_guide(struct elaboration *e)
{
    return (struct diag_guide){shown, trail, e};
}
