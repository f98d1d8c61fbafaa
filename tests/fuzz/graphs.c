/* graphs.c: random graphs through the reference evaluator and through compiled code, within the evaluator's bounds.
 *
 *     graphs [--count N] [--seed S] [--nodes N] [--second] [--verbose] [--jobs N] [--keep DIR]
 *     graphs --check FILE [--no-pass NAME]       one program again, from its text
 *
 * Each graph is made, compiled and run in a process of its own, so that a crash is a finding. Passes and rules are left out in turn, one at a graph.
 * A graph that rounding decides is drawn again; of more than one in twenty the run fails. What fails is made smaller; the smallest is
 * printed, and kept in DIR. Exit status: 0 all agree, 1 not, 2 wrong usage. */
#include "graphs.h"

#include "base/diag.h"
#include "differentiate/rule.h"
#include "passes/passes.h"
#include "schedule/rules.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS 60 /* for one graph, of the processor's time */
#define MOST_REDRAWN 0.05
#define STATUS 64  /* of a child: STATUS + verdict; anything else is a crash */

struct options {
    uint64_t seed;
    long count, nodes, jobs;
    bool second, verbose;
    const char *keep, *check, *off;
};

static struct ganc *library; /* the rules, read once for all */

static struct ganc *ganc_ready(void)
{
    struct ganc *g = ganc_new();
    g->rules = rules_of(library);
    return g;
}

/* ---- in turn ---- */

static const char *left_out(uint64_t i) /* NULL first, then each pass, then each rule */
{
    i %= 1 + pass_count + RULE_COUNT;
    return i == 0 ? NULL : i <= pass_count ? passes[i - 1].name : rule_table[i - 1 - pass_count].name;
}

static struct recipe recipe_of(const struct options *o, uint64_t i)
{
    struct recipe r = {.seed = (o->seed + i) * 0xD1342543DE82EF95u + 1, .nodes = (uint32_t)o->nodes, .second = o->second, .off = left_out(i)};
    r.grads = o->second ? 2 : (uint32_t)(i % 3);
    return r;
}

/* ---- in a process of its own ---- */

static void text_of(const struct recipe *r, struct buffer *to)
{
    struct ganc *g = ganc_ready();
    struct program *p = graph_made(g, r);
    program_print(to, g, p);
    ganc_free(g);
}

static enum verdict checked(const char *text, const char *off, bool bounds, bool loud)
{
    struct ganc *g = ganc_ready();
    struct buffer why = {0};
    struct program *p = graph_read(g, text);
    g->check_bounds = bounds;
    if (p) g->f64 = p->f64;
    enum verdict verdict = p ? graph_checked(g, p, off, &why) : REFUSED;
    if (loud && why.length) printf("%s", why.text);
    if (loud && diag_errors(g)) diag_print(g, stdout, COLOR_NEVER);
    fflush(stdout);
    buffer_free(&why);
    ganc_free(g);
    return verdict;
}

static pid_t child_begin(void)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) {
        fprintf(stderr, "graphs: cannot fork: %s\n", strerror(errno));
        exit(1);
    }
    const struct itimerval most = {.it_value.tv_sec = SECONDS};
    if (pid == 0) setitimer(ITIMER_PROF, &most, NULL);
    return pid;
}

/* The verdict of a child; a crash, or too long a time, is DIFFERS. */
static enum verdict verdict_of(int status, const char **how)
{
    *how = "differs";
    if (WIFEXITED(status) && WEXITSTATUS(status) >= STATUS && WEXITSTATUS(status) <= STATUS + REFUSED) {
        enum verdict v = (enum verdict)(WEXITSTATUS(status) - STATUS);
        if (v == REFUSED) *how = "is refused";
        return v;
    }
    *how = WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF ? "takes too long" : "crashes";
    return DIFFERS;
}

struct failing {
    const char *off, *how;
    bool bounds;
};

static bool fails_still(void *self, const char *text)
{
    const struct failing *f = self;
    const char *how;
    int status;
    pid_t pid = child_begin();
    if (pid == 0) {
        if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr)) _exit(1);
        _exit(STATUS + (int)checked(text, f->off, f->bounds, false));
    }
    waitpid(pid, &status, 0);
    enum verdict v = verdict_of(status, &how);
    return (v == DIFFERS || v == REFUSED) && !strcmp(how, f->how);
}

/* ---- what was found ---- */

static void keep(const struct options *o, uint64_t i, const char *text)
{
    char path[4096];
    if (!o->keep) return;
    snprintf(path, sizeof path, "%s/graph-%llu.graph", o->keep, (unsigned long long)(o->seed + i));
    FILE *f = fopen(path, "w");
    if (!f || fputs(text, f) < 0 || fclose(f)) fprintf(stderr, "graphs: cannot write '%s': %s\n", path, strerror(errno));
    else printf("kept as %s\n", path);
}

static void report(const struct options *o, uint64_t i, const char *how)
{
    struct recipe r = recipe_of(o, i);
    struct failing f = {.off = r.off, .how = how};
    struct buffer text = {0}, small = {0};
    text_of(&r, &text);
    printf("graph %llu of --seed %llu %s%s%s\n", (unsigned long long)i, (unsigned long long)o->seed, how, r.off ? ", without " : "", r.off ? r.off : "");
    f.bounds = !fails_still(&f, text.text);
    if (f.bounds && !fails_still(&f, text.text)) printf("(not from its text, which is:)\n%s\n", text.text);
    else {
        graph_shrunk(text.text, fails_still, &f, &small);
        printf("%s\n", small.text);
        pid_t pid = child_begin();
        if (pid == 0) _exit(STATUS + (int)checked(small.text, f.off, f.bounds, true));
        waitpid(pid, NULL, 0); /* that one: others may be under way */
        keep(o, i, small.text);
    }
    buffer_free(&text);
    buffer_free(&small);
}

/* ---- the run ---- */

struct job {
    pid_t pid;
    uint64_t i;
};

struct tally {
    long agree, undecided, found;
};

static void job_begin(const struct options *o, struct job *j, uint64_t i)
{
    j->i = i;
    j->pid = child_begin();
    if (j->pid) return;
    struct recipe r = recipe_of(o, i);
    struct ganc *g = ganc_ready();
    struct buffer why = {0};
    struct program *p = graph_made(g, &r);
    const char *broken = program_verify(g, p);
    enum verdict v = broken || diag_errors(g) ? REFUSED : graph_checked(g, p, r.off, &why);
    if (v == REFUSED || v == DIFFERS || (v == UNDECIDED && o->verbose)) {
        printf("%s%s\n", why.length ? why.text : "", broken ? broken : "");
        diag_print(g, stdout, COLOR_NEVER);
        fflush(stdout);
    }
    _exit(STATUS + (int)v);
}

static void job_end(const struct options *o, struct job *jobs, struct tally *t)
{
    int status;
    pid_t pid = wait(&status);
    const char *how;
    for (long k = 0; k < o->jobs; k++) {
        if (jobs[k].pid != pid) continue;
        jobs[k].pid = 0;
        switch (verdict_of(status, &how)) {
        case AGREES: t->agree++; break;
        case UNDECIDED: t->undecided++; break;
        default:
            t->found++;
            report(o, jobs[k].i, how);
        }
    }
}

static bool run_all(const struct options *o)
{
    struct tally t = {0};
    struct job *jobs = calloc((size_t)o->jobs, sizeof *jobs);
    long running = 0;
    for (uint64_t i = 0; t.agree + running < o->count && t.found < 5 && i < (uint64_t)o->count * 3 + 100;) {
        if (running == o->jobs) job_end(o, jobs, &t), running--;
        if (t.agree + running >= o->count) continue;
        long k = 0;
        while (jobs[k].pid) k++;
        job_begin(o, &jobs[k], i++);
        running++;
        if (running < o->jobs) continue;
        job_end(o, jobs, &t), running--;
    }
    while (running-- > 0) job_end(o, jobs, &t);
    free(jobs);
    double share = (double)t.undecided / (double)(t.agree + t.undecided + t.found + 1);
    bool good = !t.found && t.agree >= o->count && share <= MOST_REDRAWN;
    printf("%ld graphs agree, %ld do not; %ld (%.1f%%) were drawn again: rounding decided them\n", t.agree, t.found, t.undecided, 100 * share);
    if (share > MOST_REDRAWN) printf("more than %.0f%% were drawn again\n", 100 * MOST_REDRAWN);
    return good;
}

/* ---- the command ---- */

static const char help[] =
    "usage: graphs [--count N] [--seed S] [--nodes N] [--second] [--jobs N] [--keep DIR] [--verbose]\n"
    "       graphs --check FILE [--no-pass NAME]\n"
    "Random graphs through the reference evaluator and through compiled code, within the evaluator's bounds.\n\n"
    "  --count N      graphs that must agree (2000)\n"
    "  --seed S       of the first; the next has S + 1 (1)\n"
    "  --nodes N      operations drawn for each (16)\n"
    "  --second       in each a gradient of a gradient\n"
    "  --jobs N       at a time (2)\n"
    "  --keep DIR     texts of what does not agree, made small, go there\n"
    "  --verbose      say what was drawn again, and why\n"
    "  --check FILE   one program again, from its text\n"
    "  --no-pass NAME without this pass or rule\n";

static int usage(const char *what, const char *argument)
{
    fprintf(stderr, "graphs: %s '%s'\n%s", what, argument, help);
    return 2;
}

static bool whole_number(const char *text, long least, long *to)
{
    char *end;
    errno = 0;
    *to = strtol(text, &end, 10);
    return !errno && end != text && !*end && *to >= least;
}

static int parse(int argc, char **argv, struct options *o)
{
    const struct { const char *name; long least, *to; const char **text; } table[] = {
        {"--count", 1, &o->count, NULL}, {"--seed", 0, NULL, NULL}, {"--nodes", 1, &o->nodes, NULL}, {"--jobs", 1, &o->jobs, NULL},
        {"--keep", 0, NULL, &o->keep}, {"--check", 0, NULL, &o->check}, {"--no-pass", 0, NULL, &o->off},
    };
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help")) {
            printf("%s", help);
            exit(0);
        }
        unsigned k = 0, n = sizeof table / sizeof *table;
        long seed = 0;
        if (!strcmp(argv[i], "--second") || !strcmp(argv[i], "--verbose")) {
            *(argv[i][2] == 's' ? &o->second : &o->verbose) = true;
            continue;
        }
        while (k < n && strcmp(argv[i], table[k].name)) k++;
        if (k == n) return usage("unknown option", argv[i]);
        if (i + 1 == argc) return usage("nothing follows", argv[i]);
        i++;
        if (table[k].text) *table[k].text = argv[i];
        else if (!whole_number(argv[i], table[k].least, table[k].to ? table[k].to : &seed)) return usage("no number for that option:", argv[i]);
        if (!table[k].text && !table[k].to) o->seed = (uint64_t)seed;
    }
    return 0;
}

static int check_file(const struct options *o)
{
    struct ganc *g = ganc_new();
    uint32_t file;
    struct source *s = source_read(g, o->check, &file);
    static const char *const says[] = {"agrees", "is decided by rounding", "differs", "is refused"};
    if (!s) {
        diag_print(g, stderr, COLOR_NEVER);
        return 2;
    }
    enum verdict v = checked(s->text, o->off, false, true);
    printf("%s %s\n", o->check, says[v]);
    ganc_free(g);
    return v == AGREES ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct options o = {.seed = 1, .count = 2000, .nodes = 16, .jobs = 2};
    int status = parse(argc, argv, &o);
    if (status) return status;
    library = ganc_new();
    if (!rules_of(library)) {
        diag_print(library, stderr, COLOR_NEVER);
        return 1;
    }
    status = o.check ? check_file(&o) : run_all(&o) ? 0 : 1;
    ganc_free(library);
    return status;
}
