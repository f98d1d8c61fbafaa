/* main.c: the command line of ganc: finds the command (commands.def) and calls it. The only file that exits. */
#include "base/times.h"
#include "command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMAND(name, synopsis, options, help) {#name, synopsis, options, help, command_##name},
static const struct command commands[] = {
#include "commands.def"
};
#undef COMMAND
#define COMMANDS (sizeof commands / sizeof *commands)

static const char usage_options[] =
    "\n"
    "MODEL.gan may also be a text that --emit=graph, grad, opt or kernels printed.\n"
    "\n"
    "  -o FILE              where the trainer, or the stage, is written\n"
    "  -D NAME=VALUE        value of a setting\n"
    "  --emit=STAGE         print that stage\n"
    "  --after=PASS         stop after that pass (with --emit=opt)\n"
    "  --diff[=STAGE]       with --emit=grad and opt: what changed since that stage (the one before; with --after, what that pass changed)\n"
    "  --no-pass=NAME       leave that pass out, or turn that rule off (see ganc passes)\n"
    "  --dtype f32|f64      element type of all tensors (f32)\n"
    "  --cpu=NAME           processor to compile for: native (the default), x86-64-v3, ...\n"
    "  --blas               products of floats by OpenBLAS, which trainers then need (compiler/docs/performance.md)\n"
    "  --tune               tiles of products by measuring on this machine (-o, --emit=kernels and after; compiler/docs/performance.md)\n"
    "  --check=bounds       the trainer checks every access to memory\n"
    "  --time               what each part of the compilation took, to standard error\n"
    "  --no-cache           make the object again, and do not keep it (-o and run; compiler/docs/compile_time.md)\n"
    "  -Wno-NAME -Werror    turn a warning off; make warnings errors\n"
    "  --color=WHEN         auto, always or never\n"
    "  --diagnostics=FORM   text, or json: an object a line, for editors\n"
    "  --version, --help\n"
    "\n"
    "`ganc COMMAND --help` says more of a command.\n"
    "Exit status: 0 done, 1 errors, 2 wrong usage.\n";

#define HELP(name, text) {#name, text},
static const struct {
    const char *name, *text;
} helps[] = {
#include "help.def"
};
#undef HELP

static int print_command_help(const struct command *command)
{
    printf("usage: ganc %s%s%s\n\n%s\n", command->name, *command->synopsis ? " " : "", command->synopsis, command->help);
    for (size_t i = 0; i < sizeof helps / sizeof *helps; i++)
        if (!strcmp(helps[i].name, command->name)) printf("\n%s", helps[i].text);
    return 0;
}

/* `ganc COMMAND ... --help`; what stands behind `run`'s model is the trainer's. */
static bool wants_help(const struct command *command, int argc, char **argv)
{
    for (int i = 2; i < argc && strcmp(argv[i], "--"); i++) {
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) return true;
        if (command->run == command_run && argv[i][0] != '-') return false;
    }
    return false;
}

static void print_usage(FILE *to)
{
    fputs("usage: ganc MODEL.gan -o TRAINER          compile a model to a native trainer\n"
          "       ganc MODEL.gan --emit=STAGE [-o FILE]  print a stage: ast graph grad opt kernels plan llvm asm obj dot\n", to);
    for (size_t i = 0; i < COMMANDS; i++) {
        char form[80];
        int n = snprintf(form, sizeof form, "ganc %s %s", commands[i].name, commands[i].synopsis);
        fprintf(to, "       %-*s  %s\n", n > 32 ? n : 32, form, commands[i].help);
    }
    fputs(usage_options, to);
}

bool write_file(struct ganc *g, const char *path, const char *bytes, size_t length)
{
    if (!strcmp(path, "-")) return fwrite(bytes, 1, length, stdout) == length; /* flush_output says what went wrong */
    char *temporary = arena_format(g->mem, "%s.tmp%ld", path, (long)getpid());
    struct stat st;
    bool special = stat(path, &st) == 0 && !S_ISREG(st.st_mode); /* /dev/null, a pipe */
    FILE *f = fopen(special ? path : temporary, "wb");
    bool good = f && fwrite(bytes, 1, length, f) == length;
    int error = errno;
    if (f && fclose(f) != 0 && good) good = false, error = errno;
    if (good && !special && rename(temporary, path) != 0) good = false, error = errno;
    if (!good) {
        if (f && !special) unlink(temporary);
        diag(g, E0002, (struct span){0}, path, strerror(error));
    }
    return good;
}

/* --time */
static void print_times(struct ganc *g)
{
    struct buffer b = {0};
    times_print(g, &b);
    if (b.text) fputs(b.text, stderr);
    buffer_free(&b);
}

int command_finish(struct compilation *c, struct options *o, int status)
{
    print_times(c->g);
    uint32_t errors = o->json ? diag_print_json(c->g, stderr) : diag_print(c->g, stderr, o->color);
    return errors ? 1 : status;
}

/* A full disk or a closed pipe behind stdout is an error too. */
static int flush_output(int status)
{
    bool flushed = fflush(stdout) == 0;
    if (flushed && !ferror(stdout)) return status;
    fprintf(stderr, "ganc: cannot write to standard output: %s\n", flushed ? "it took only a part" : strerror(errno));
    return status ? status : 1;
}

int main(int argc, char **argv)
{
    signal(SIGXFSZ, SIG_IGN); /* a file-size limit is an error of write, which names the file */
    if (argc < 2) return print_usage(stderr), 2;
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) return print_usage(stdout), flush_output(0);
    if (!strcmp(argv[1], "--version")) {
        const char *llvm = codegen_llvm_version();
        if (!llvm) printf("ganc %s (without libganc_llvm.so, which makes the code)\n", GANC_VERSION);
        else printf("ganc %s (%s, for %s)\n", GANC_VERSION, llvm, codegen_host_cpu());
        return flush_output(0);
    }
    const struct command *command = NULL;
    for (size_t i = 0; i < COMMANDS && !command; i++)
        if (!strcmp(argv[1], commands[i].name)) command = &commands[i];
    if (command && wants_help(command, argc, argv)) return flush_output(print_command_help(command));
    struct compilation c = {.g = ganc_new()};
    struct options o = {0};
    int status = command_options(&c, &o, command, argc, argv, command ? 2 : 1);
    bool no_files = command && !command->synopsis[0];
    bool model = !command || strstr(command->synopsis, "MODEL"), path = command && strstr(command->synopsis, "PATH");
    if (!status && !o.files.n && (model || path)) status = usage_error("%s", model ? "no model given" : "no path given");
    if (!status && o.files.n && no_files) status = usage_error("%s takes no file", command->name);
    if (!status) status = command ? command->run(&c, &o) : command_compile(&c, &o);
    codegen_object_free(&c.object);
    ganc_free(c.g);
    return flush_output(status);
}
