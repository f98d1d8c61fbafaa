/* command_test.c: `ganc test`: golden tests of models (test/). Failures go to standard output in the order of the tests' paths, whatever ended first. */
#include "command.h"
#include "test/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct testing {
    struct tests tests;
    bool update, *ended;
    uint32_t printed, passed, failed;
};

static void print_ended(struct testing *r)
{
    for (; r->printed < r->tests.list.n && r->ended[r->printed]; r->printed++) {
        struct buffer *report = &r->tests.list.at[r->printed]->report;
        if (report->length) r->failed++, fwrite(report->text, 1, report->length, stdout);
        else r->passed++;
        buffer_free(report);
    }
    fflush(stdout);
}

static void test_ended(void *self, struct test *t, struct outcome *o)
{
    struct testing *r = self;
    uint32_t i = 0;
    while (r->tests.list.at[i] != t) i++;
    if (o) test_judge(t, o, r->update);
    r->ended[i] = true;
    print_ended(r);
}

static int jobs_of(const struct options *o, uint32_t *jobs)
{
    const char *text = option_value(o, "-j");
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    *jobs = processors < 1 ? 1 : processors < TEST_JOBS ? (uint32_t)processors : TEST_JOBS;
    if (!text) return 0;
    char *end;
    long n = strtol(text, &end, 10);
    if (end == text || *end || n < 1 || n > TEST_JOBS) return usage_error("-j %s: a number from 1 to 256", text);
    *jobs = (uint32_t)n;
    return 0;
}

/* Ends as the signal would have ended it, now that the children are gone. */
static int end_by(int sig)
{
    signal(sig, SIG_DFL);
    raise(sig);
    return 1;
}

int command_test(struct compilation *c, struct options *o)
{
    struct testing r = {.update = option_given(o, "-u")};
    const char *ci = getenv("CI");
    uint32_t jobs;
    int interrupted = 0, status = jobs_of(o, &jobs);
    if (status) return status;
    if (r.update && ci && !strcmp(ci, "true")) return usage_error("%s", "-u rewrites what is compared: not where CI=true");
    bool good = true;
    for (uint32_t i = 0; i < o->files.n; i++) good = tests_find(c->g, &r.tests, o->files.at[i]) && good;
    if (!good) return command_finish(c, o, 1);
    tests_sort(&r.tests);
    if (!r.tests.list.n && !r.tests.stray.n) return usage_error("there is no test in %s", o->files.at[0]);
    r.ended = NEW_ARRAY(c->g->mem, bool, r.tests.list.n + 1);
    good = tests_spawn(c->g, &r.tests, jobs, test_ended, &r, &interrupted);
    if (interrupted) return end_by(interrupted);
    for (uint32_t i = 0; i < r.tests.stray.n; i++, r.failed++) printf("FAIL %s: there is no test beside it\n", r.tests.stray.at[i]);
    if (good) printf("%u passed, %u failed\n", r.passed, r.failed);
    return command_finish(c, o, r.failed ? 1 : 0);
}
