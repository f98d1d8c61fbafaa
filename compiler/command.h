/* command.h: what main.c, command_options.c and the files of the commands (command_*.c) share.
 *
 * A command is a row of commands.def and a function `int command_NAME(struct compilation *c, struct options *o)` that returns the exit status: 0 done,
 * 1 errors, 2 wrong usage. It ends with command_finish, which prints what was diagnosed. Only main.c exits. */
#ifndef GANC_COMMAND_H
#define GANC_COMMAND_H

#include "base/diag.h"
#include "driver.h"

struct own_option {
    const char *name, *value; /* "-j"; NULL where it has no value */
};

struct options {
    const char *output, *emit, *diff; /* diff: "" where --diff names no stage */
    enum diag_color color;
    bool json; /* messages for tools */
    bool no_cache;
    VEC(const char *) files;
    VEC(struct own_option) own; /* the command's own options, as given */
    int rest;                                      /* `run`: argv[rest...] are the trainer's */
    int argc;
    char **argv;
};

struct command {
    const char *name, *synopsis, *options, *help;
    int (*run)(struct compilation *c, struct options *o);
};

#define COMMAND(name, synopsis_, options_, help_) int command_##name(struct compilation *c, struct options *o);
#include "commands.def"
#undef COMMAND
int command_compile(struct compilation *c, struct options *o);

/* command_options.c: fills c and o from argv[first...]; returns 0, or 2 after a message. */
int command_options(struct compilation *c, struct options *o, const struct command *command, int argc, char **argv, int first);
bool option_given(const struct options *o, const char *name);         /* "-i" */
const char *option_value(const struct options *o, const char *name);  /* "-j": the last one's value, or NULL */
int usage_error(const char *format, const char *what);                /* prints to stderr; 2 */

int command_finish(struct compilation *c, struct options *o, int status); /* prints the diagnostics; 1 where there were errors, else status */
/* Writes under a temporary name and renames, so that a full disk leaves no half of a file. "-": standard output. false: E0002 was reported. */
bool write_file(struct ganc *g, const char *path, const char *bytes, size_t length);

#endif
