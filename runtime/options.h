/* options.h: the command line of a trainer and of its tools: one table a command, settings and --data beside it.
 *
 * GNU conventions: --name value, --name=value, `--` ends the flags, --help, --version; an unknown name gets the nearest one. Every complaint
 * names the flag and the text that was given. */
#ifndef GANRT_OPTIONS_H
#define GANRT_OPTIONS_H

#include "run.h"

enum option_kind {
    OPTION_FLAG,    /* to: bool; no value */
    OPTION_INTEGER, /* to: int64_t, low to high */
    OPTION_NUMBER,  /* to: double, finite, low to high */
    OPTION_BYTES,   /* to: int64_t, low to high; a number with k, M, G or T (powers of 1000) or none behind it */
    OPTION_EVERY,   /* to: struct option_every; steps, or a time, at least 1 s: 500, 90s, 10min, 1.5h */
    OPTION_TEXT,    /* to: const char *, not empty */
    OPTION_NUMBERS, /* to: struct option_numbers; a,b,c: finite numbers from low to high */
    OPTION_TEXTS,   /* to: struct options_rest, whose array is the caller's to free; repeatable, none empty */
    OPTION_PAIR,    /* to: int64_t[2], each from low to high: 8x8 */
    OPTION_SEED,    /* run->seed, 64 bits; to is NULL */
    OPTION_THREADS, /* run->nthreads, 1 to 256; to is NULL */
    OPTION_DATA,    /* --data PATH or NAME=PATH, repeatable: run->sources[].path; to is NULL */
};

struct option_numbers {
    double *at; /* memory_take: the caller's to free */
    uint32_t count;
};

struct option_every { /* one of them is 0, or both are given by a default */
    int64_t steps;
    double seconds;
};

struct options_rest { /* the words that are not flags; NULL where a command takes none */
    const char **at;  /* memory_take: the caller's to free */
    uint32_t count;
};

struct option {
    const char *name;     /* without the dashes */
    enum option_kind kind;
    void *to;
    double low, high;
    const char *argument; /* what --help calls the value: "N", "PATH"; NULL for flags */
    const char *doc;      /* one line for --help, its default included */
    bool *given;          /* may be NULL */
};

struct options_command {
    const char *name;      /* "sample" */
    const char *summary;   /* the sentence under the usage line */
    const char *words;     /* in the usage line, for the rest: "[FILE]..."; may be NULL */
    const struct option *table;
    uint32_t count;
    bool settings;         /* --NAME VALUE and --set NAME=VALUE for the model's settings */
};

/* Returns -1: go on; otherwise the exit status (--help and --version print and give 0, errors 2). */
int options_parse(struct run *run, const struct options_command *command, int argc, char **argv, struct options_rest *rest);

/* The command line with -X N and -XN spelled --NAME N, for the one short option that a command has; words to free, and their array. */
char **options_spell_out(int argc, char **argv, char letter, const char *name);

/* The text of --help for the whole trainer is main.c's; these print its parts to stdout. */
void options_print_table(const struct option *table, uint32_t count);
void options_print_settings(struct run *run);

/* The nearest of `count` names (at most a third of its letters wrong), or NULL. */
const char *options_nearest(const char *name, const char *const *names, uint32_t count);

#endif
