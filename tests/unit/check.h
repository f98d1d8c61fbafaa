/* check.h: the unit tests' few macros. A test is a program: it prints each failed check with its place, then "N checks, N failed". */
#ifndef CHECK_H
#define CHECK_H

#include <math.h>
#include <stdio.h>
#include <string.h>

static int check_count, check_failures;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        check_count++;                                                                                                 \
        if (!(condition)) check_failures++, printf("%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);             \
    } while (0)

#define CHECK_NEAR(got, want, tolerance)                                                                               \
    do {                                                                                                               \
        double got_ = (got), want_ = (want);                                                                           \
        check_count++;                                                                                                 \
        if (!(fabs(got_ - want_) <= (tolerance)))                                                                      \
            check_failures++, printf("%s:%d: %s is %.17g, not %.17g\n", __FILE__, __LINE__, #got, got_, want_);        \
    } while (0)

#define CHECK_TEXT(got, want)                                                                                          \
    do {                                                                                                               \
        const char *got_ = (got), *want_ = (want);                                                                     \
        check_count++;                                                                                                 \
        if (!got_ || strcmp(got_, want_))                                                                              \
            check_failures++, printf("%s:%d: %s is\n%s\nnot\n%s\n", __FILE__, __LINE__, #got, got_ ? got_ : "(null)", want_); \
    } while (0)

static inline int check_done(void)
{
    printf("%d checks, %d failed\n", check_count, check_failures);
    return check_failures != 0;
}

#endif
