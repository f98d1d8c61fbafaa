/* main.c: the command line of a trainer: which command, and what there is to say about all of them. */
#include "options.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct command {
    const char *name;
    run_command *function;
    const char *doc;
};

static const struct command commands[] = {
    {"train", train_command, "train the model (what happens without a command)"},
    {"sample", tool_sample, "draw samples from a trained net"},
    {"data", tool_data, "what a data set holds, and a grid of its examples"},
    {"plot", tool_plot, "draw the curves of runs"},
    {"info", tool_info, "what the model is, what a checkpoint holds"},
    {"bench", tool_bench, "measure the speed of each part"},
    {"replay", tool_replay, "a step that made a value that is not finite, again: which operation it was"},
    {"parzen", tool_parzen, "log-likelihood of data under a Parzen window of samples"},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

/* Without a command there is one help for all: the commands, then train's flags and the settings. */
static void print_commands(const struct ganrt_model *model)
{
    printf("%s: the trainer of the model %s (compiled by ganc %s)\n\n", error_program(), model->name, model->compiler);
    printf("Commands (%s COMMAND --help says more):\n", error_program());
    for (uint32_t i = 0; i < COMMANDS; i++) printf("  %-24s%s\n", commands[i].name, commands[i].doc);
    printf("\n");
}

static int unknown(const char *word)
{
    const char *names[COMMANDS];
    for (uint32_t i = 0; i < COMMANDS; i++) names[i] = commands[i].name;
    const char *nearest = options_nearest(word, names, COMMANDS);
    return error_usage("unknown command '%s'%s%s%s", word, nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static bool wants_help(int argc, char **argv)
{
    return argc >= 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"));
}

/* Results that could not be written are a failure, too (a full disk behind `> file`). */
static int finish(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    return status ? status : error_line("cannot write to standard output: %s", strerror(errno));
}

int ganrt_main(const struct ganrt_model *model, int argc, char **argv)
{
    struct error e = {""};
    static char own[] = "train";
    error_set_program(argc > 0 ? argv[0] : NULL);
    signal(SIGXFSZ, SIG_IGN); /* a limit on the size of files: write says so, and we name the file */
    if (!run_check(model, &e)) return error_line("%s", e.text);
    const struct command *command = &commands[0];
    char **words = memory_take((size_t)argc + 2, sizeof *words); /* the command, its arguments, NULL */
    int count = 1, from = 1;
    words[0] = own;
    if (argc > 1 && argv[1][0] != '-') {
        command = NULL;
        for (uint32_t i = 0; i < COMMANDS; i++)
            if (!strcmp(argv[1], commands[i].name)) command = &commands[i];
        words[0] = argv[1];
        from = 2;
    }
    int status = 0;
    if (!command) {
        status = unknown(argv[1]);
    } else {
        for (int i = from; i < argc; i++) words[count++] = argv[i];
        if (wants_help(argc, argv)) print_commands(model);
        struct run *run = run_new(model);
        if (argc > 0) run->invoked = argv[0];
        status = command->function(run, count, words);
        run_free(run);
    }
    free(words);
    return finish(status);
}
