/* test.h: golden tests of models, for `ganc test`. tests/README.md describes them.
 *
 * find.c looks for files, directives.c reads what a file's comments ask for, spawn.c runs the commands, several at a time, judge.c compares. A failure is a
 * line in the test's report, not a diagnostic: it says what a test found, not what is wrong with a model. Memory: the compilation's, but for the
 * reports and outputs, which are buffers. */
#ifndef GANC_TEST_H
#define GANC_TEST_H

#include "base/buffer.h"
#include "base/ganc.h"

enum {
    TEST_SECONDS = 60,          /* a test may take so long, */
    TEST_SCRIPT_SECONDS = 1200, /* a script so long, unless # TIME: says otherwise */
    TEST_LINES = 200,           /* of an .expect, at most */
    TEST_DIFF_LINES = 40,       /* of a difference that are shown */
    TEST_JOBS = 256,            /* at a time, at most */
};
#define TEST_OUTPUT ((size_t)64 << 20) /* bytes that a command may print */

struct test_count { /* HAS and NOT */
    const char *op;
    int64_t count; /* NOT: 0; HAS without a number: -1 */
};

struct test_mark { /* #! E0302: a part of the message */
    uint32_t line;
    const char *id, *text;
};

struct test {
    const char *path, *folder, *base; /* as it is shown; where it runs; its name there */
    bool script;                      /* NAME.test.sh */
    const char *command;              /* RUN: as written */
    int status, seconds;              /* the exit status wanted; how long it may take */
    const char *in;                   /* IN, or NULL */
    VEC(struct test_count) counts;
    VEC(const char *) says;
    VEC(struct test_mark) marks;
    const char *expect;               /* path of the .expect beside it */
    bool compares;                    /* its output with that, even if it is not there */
    bool broken;                      /* its directives are wrong: it is not run */
    struct buffer report;             /* what failed; empty where nothing did */
};

struct outcome {
    int status;      /* of the command; -1 where a signal ended it */
    int signal;
    bool late;       /* it was ended for taking too long */
    struct buffer out, err;
    const char *temporary; /* its folder, %t */
};

struct tests {
    VEC(struct test *) list;
    VEC(const char *) stray;  /* .expect files without a test */
};

/* find.c: the tests of a file or, recursively, a folder. false: E0001 was reported. tests_sort orders them by path and drops what was found twice. */
bool tests_find(struct ganc *g, struct tests *tests, const char *path);
void tests_sort(struct tests *tests);

/* directives.c: reads t's directives; false: the file is no test (it has none). What is wrong with them goes to the report. */
bool test_read(struct ganc *g, struct test *t, const char *text, size_t length);

/* spawn.c: runs all, `jobs` at a time, `done` for each as it ends, in the calling thread. false: E00xx was reported, or a signal came in: then
 * *interrupted is its number. */
typedef void test_done(void *self, struct test *t, struct outcome *o);
bool tests_spawn(struct ganc *g, struct tests *tests, uint32_t jobs, test_done *done, void *self, int *interrupted);

/* judge.c */
void test_fail(struct test *t, const char *format, ...) __attribute__((format(printf, 2, 3))); /* a line of the report */
void test_judge(struct test *t, const struct outcome *o, bool update); /* update: writes the .expect, if nothing else failed */

#endif
