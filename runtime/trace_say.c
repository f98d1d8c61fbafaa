/* trace_say.c: what the walk found, as people read it. */
#include "trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct words { char *text; };

static void __attribute__((format(printf, 2, 3))) say(struct words *w, const char *format, ...)
{
    char part[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(part, sizeof part, format, args);
    va_end(args);
    char *whole = memory_format("%s%s", w->text ? w->text : "", part);
    free(w->text);
    w->text = whole;
}

const char *trace_number(char text[32], double x)
{
    if (isnan(x)) return "NaN";
    if (isinf(x)) return x < 0 ? "-infinity" : "infinity";
    snprintf(text, 32, "%.6g", x);
    return text;
}

const char *trace_kind_of(const struct run *run, int32_t tensor)
{
    static const char *const kinds[] = {"parameter", "state", "optimizer's state", "state", "average"};
    uint32_t kind = run->model->tensors[tensor].kind;
    return kind < sizeof kinds / sizeof *kinds ? kinds[kind] : "tensor";
}

static void say_spot(struct words *w, const struct trace_spot *s)
{
    say(w, "%s:%" PRIu32 ":%" PRIu32, s->file, s->line, s->column);
    if (*s->text) say(w, " (%s)", s->text);
}

static void say_place(struct words *w, const struct trace_place *p)
{
    if (!p || !p->at.line) return;
    say(w, " at ");
    say_spot(w, &p->at);
    if (!p->call.line) return;
    say(w, ", called at ");
    say_spot(w, &p->call);
    say(w, ",");
}

/* "forward, for D's objective V" */
static void say_purpose(struct words *w, const struct run *run, const struct trace_fault *f)
{
    static const char *const roles[] = {"forward", "backward", "backward through a gradient", "in the update"};
    const struct ganrt_graph *graph = &run->model->graphs[f->graph];
    const char *of = graph->kind == GANRT_INIT ? "in the first values" : roles[f->place ? f->place->role : GANRT_FORWARD];
    if (f->kind == TRACE_STATE) return; /* the schedule's own */
    if (f->kind == TRACE_OPERATION || f->kind == TRACE_SCALAR) say(w, ", %s,", of);
    else say(w, ",");
    if (f->result >= 0 && f->player) say(w, " for %s's objective %s", f->player, run->model->results[f->result]);
    else if (f->result >= 0) say(w, " for the objective %s", run->model->results[f->result]);
    else if (f->player) say(w, " for %s's %s %s", f->player, trace_kind_of(run, f->tensor), run->model->tensors[f->tensor].name);
    else say(w, " for the %s %s", trace_kind_of(run, f->tensor), run->model->tensors[f->tensor].name);
    if (graph->kind != GANRT_INIT && !(f->result >= 0 && f->player)) say(w, " (%s)", graph->name);
}

static void say_operands(struct words *w, const struct trace_fault *f)
{
    char a[32], b[32];
    bool one = f->nargs == 1;
    say(w, one ? " Its operand ranges" : " Its operands range");
    for (uint32_t i = 0; i < f->nargs; i++)
        say(w, "%s from %s to %s", i == 0 ? "" : i + 1 < f->nargs ? "," : " and", trace_number(a, f->low[i]), trace_number(b, f->high[i]));
    say(w, ", and ");
    if (f->seen < f->all) say(w, "of the first %" PRIu64 " of its %" PRIu64 " values", f->seen, f->all);
    else if (f->all == 1) say(w, "the one value it makes");
    else say(w, "of its %" PRIu64 " values", f->all);
    if (f->seen == f->all && f->all == 1) say(w, " is not finite.");
    else say(w, " %" PRIu64 " %s not finite.", f->bad, f->bad == 1 ? "is" : "are");
}

static void say_origin(struct words *w, const struct trace_fault *f)
{
    char a[32], b[32], c[32], d[32];
    const char *value = trace_number(a, f->value);
    switch (f->kind) {
    case TRACE_OPERATION:
        say(w, "%s", f->operation);
        say_place(w, f->place);
        say(w, " makes %s", value);
        if (!strcmp(f->operation, "sum") || !strcmp(f->operation, "max_over") || f->nargs == 2) {
            if (f->nargs == 2 && strncmp(f->operation, "matmul", 6) && strncmp(f->operation, "conv2d", 6))
                say(w, " of %s and %s", trace_number(b, f->arg[0]), trace_number(c, f->arg[1]));
        } else if (f->nargs == 1) say(w, " of %s", trace_number(b, f->arg[0]));
        else if (f->nargs == 3) say(w, " of %s, %s and %s", trace_number(b, f->arg[0]), trace_number(c, f->arg[1]), trace_number(d, f->arg[2]));
        break;
    case TRACE_SCALAR:
        say(w, "%s, a number of the schedule,", f->operation);
        say_place(w, f->place);
        say(w, " is %s", value);
        break;
    case TRACE_STATE:
        say(w, "the state %s is set to %s", f->operation, value);
        say_place(w, f->place);
        break;
    case TRACE_BEFORE: say(w, "%s was %s before", f->operation, value); break;
    case TRACE_CONSTANT:
        say(w, "a constant");
        say_place(w, f->place);
        say(w, " is %s", value);
        break;
    case TRACE_UNREAD: say(w, "%s is read, and no kernel wrote it: a mistake of ganc's", f->operation); break;
    }
}

char *trace_say(const struct trace *t, const struct run *run, uint64_t step, const struct trace_fault *f)
{
    struct words w = {0};
    (void)t;
    if (run->model->graphs[f->graph].kind == GANRT_INIT) say(&w, "before the first step");
    else say(&w, "step %" PRIu64, step);
    say(&w, ": the first value that is not finite: ");
    say_origin(&w, f);
    say_purpose(&w, run, f);
    say(&w, ".");
    if (f->kind == TRACE_OPERATION) say_operands(&w, f);
    return w.text;
}

/* ---- what each kernel leaves ---- */

struct left { double low, high; uint64_t bad, count; };

/* Of all that the kernel stores, as it stands in the arena. */
static struct left measure(const struct trace *t, struct run *run, uint32_t graph, const struct trace_kernel *k)
{
    struct left l = {INFINITY, -INFINITY, 0, 0};
    struct trace_point p = {.t = t, .run = run, .graph = graph, .k = k};
    for (uint32_t i = 0; i < k->ninsns; i++) {
        const struct trace_insn *in = &k->insns[i];
        if (in->kind != GANRT_TRACE_STORE) continue;
        memset(p.at, 0, sizeof p.at);
        const struct trace_storage *s = trace_storage_of(t, graph, in->at.storage);
        do {
            do {
                double x = trace_load(run, s, trace_element_of(&p, &in->at));
                l.count++;
                if (!isfinite(x)) l.bad++;
                else l.low = x < l.low ? x : l.low, l.high = x > l.high ? x : l.high;
            } while (!in->outer && trace_next(k, p.at, true));
        } while (trace_next(k, p.at, false));
    }
    return l;
}

void trace_print_kernels(const struct trace *t, struct run *run, const struct trace_start *start)
{
    const struct trace_graph *graph = &t->graphs[start->graph];
    const struct ganrt_graph *of = &run->model->graphs[start->graph];
    printf("%s\n%6s  %-44s %-24s %12s %12s %10s %12s\n", of->name, "kernel", "name", "place", "least", "largest", "not finite", "values");
    trace_restore(run, start);
    for (uint32_t j = 0; j < graph->nkernels; j++) {
        const struct trace_kernel *k = &graph->kernels[j];
        const struct trace_spot *s = k->place->call.line ? &k->place->call : &k->place->at;
        char a[32], b[32], place[64] = "";
        trace_kernel_run(run, start->graph, j);
        struct left l = measure(t, run, start->graph, k);
        if (s->line) snprintf(place, sizeof place, "%.40s:%" PRIu32, s->file, s->line);
        bool any = l.count > l.bad;
        printf("%6" PRIu32 "  %-44.44s %-24s %12s %12s %10" PRIu64 " %12" PRIu64 "\n", j, of->kernels[j].name, place, any ? trace_number(a, l.low) : "-",
               any ? trace_number(b, l.high) : "-", l.bad, l.count);
    }
}
