/* main.c: the command line of ganc. The only file that exits. */
#include "base/buffer.h"
#include "compare.h"
#include "driver.h"
#include "ops/ops.h"
#include "passes/passes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: ganc MODEL.gan -o TRAINER          compile a model to a native trainer\n"
    "       ganc run MODEL.gan [ARGUMENT...]   compile in memory and train (arguments: see `trainer --help`)\n"
    "       ganc check MODEL.gan...            report errors and warnings only\n"
    "       ganc fmt [-i | --check] MODEL.gan...   canonical layout, to standard output or in place\n"
    "       ganc compare MODEL.gan             the compiled code against the reference evaluator, graph by graph\n"
    "       ganc ops | passes                  the tables of operations and passes, as Markdown\n"
    "       ganc MODEL.gan --emit=STAGE [-o FILE]  print a stage: ast graph grad opt kernels plan llvm asm obj dot\n"
    "\n"
    "MODEL.gan may also be a text that --emit=graph, grad or opt printed.\n"
    "\n"
    "  -o FILE              where the trainer, or the stage, is written\n"
    "  -D NAME=VALUE        value of a setting\n"
    "  --emit=STAGE         print that stage\n"
    "  --after=PASS         stop after that pass (with --emit=opt)\n"
    "  --no-pass=PASS       leave that pass out\n"
    "  --dtype f32|f64      element type of all tensors (f32)\n"
    "  --cpu=NAME           processor to compile for: native (the default), x86-64-v3, ...\n"
    "  --check=bounds       the trainer checks every access to memory\n"
    "  -Wno-NAME -Werror    turn a warning off; make warnings errors\n"
    "  --color=WHEN         auto, always or never\n"
    "  --version, --help\n"
    "\n"
    "Exit status: 0 done, 1 errors, 2 wrong usage.\n";

struct options {
    const char *output, *emit, *after, *dtype;
    enum diag_color color;
    bool in_place, only_check;
    VEC(const char *) files;
};

static int usage_error(const char *format, const char *what)
{
    fprintf(stderr, "ganc: ");
    fprintf(stderr, format, what);
    fprintf(stderr, " (see ganc --help)\n");
    return 2;
}

/* Writes under a temporary name and renames, so that a full disk leaves no half of a file. */
static bool write_file(struct ganc *g, const char *path, const char *bytes, size_t length)
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

/* libganrt.a: beside ganc (build tree), or where it was installed. */
static const char *runtime_library(struct ganc *g)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) return NULL;
    self[n] = 0;
    char *slash = strrchr(self, '/');
    if (slash) *slash = 0;

    for (int i = 0; i < 2; i++) {
        char path[4200];
        snprintf(path, sizeof path, i ? "%s/../" GANC_LIBDIR "/ganc/libganrt.a" : "%s/libganrt.a", self);
        if (access(path, R_OK) == 0) return arena_format(g->mem, "%s", path);
    }
    return NULL;
}

static bool parse_warning(struct ganc *g, const char *a, int *status)
{
    if (strncmp(a, "-W", 2)) return false;
    if (!strcmp(a, "-Werror")) diag_werror(g);
    else if (strncmp(a, "-Wno-", 5) ? !diag_enable(g, a + 2, true) : !diag_enable(g, a + 5, false)) *status = usage_error("there is no warning %s", a);
    return true;
}

/* One option that may take its value after = or as the next argument. */
static bool value_option(int argc, char **argv, int *i, const char *name, const char **value, int *status)
{
    size_t n = strlen(name);
    if (strncmp(argv[*i], name, n)) return false;
    if (argv[*i][n] == '=') *value = argv[*i] + n + 1;
    else if (argv[*i][n] == 0 && *i + 1 < argc && (argv[*i + 1][0] != '-' || !argv[*i + 1][1])) *value = argv[++*i];
    else if (argv[*i][n] == 0) *status = usage_error("%s needs a value", name);
    else if (n == 2 && name[1] != '-') *value = argv[*i] + n; /* -oFILE, -Dx=1 */
    else return false;
    return true;
}

static int parse_definition(struct ganc *g, const char *text)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text) return usage_error("-D %s: write -D name=value", text);
    vec_push(g->mem, &g->definitions, (struct definition){arena_string(g->mem, text, (size_t)(equals - text)), equals + 1, false});
    return 0;
}

/* Options before `stop`; for `run` the first file ends ganc's own. Returns the exit status, or 0. */
static int parse_options(struct compilation *c, struct options *o, int argc, char **argv, int first, bool run, int *rest)
{
    int status = 0;
    bool names = false;
    struct ganc *g = c->g;
    for (int i = first; i < argc && !status; i++) {
        const char *a = argv[i], *value = NULL;
        if (names || a[0] != '-' || !a[1]) {
            vec_push(g->mem, &o->files, a);
            if (run) {
                *rest = i + 1;
                return 0;
            }
        } else if (!strcmp(a, "--")) names = true;
        else if (value_option(argc, argv, &i, "-o", &value, &status)) o->output = value;
        else if (value_option(argc, argv, &i, "-D", &value, &status)) status = status ? status : parse_definition(g, value);
        else if (value_option(argc, argv, &i, "--emit", &value, &status)) o->emit = value;
        else if (value_option(argc, argv, &i, "--after", &value, &status)) c->after = value;
        else if (value_option(argc, argv, &i, "--no-pass", &value, &status)) vec_push(g->mem, &c->off, value);
        else if (value_option(argc, argv, &i, "--dtype", &value, &status)) o->dtype = value;
        else if (value_option(argc, argv, &i, "--cpu", &value, &status)) g->cpu = value;
        else if (value_option(argc, argv, &i, "--check", &value, &status)) {
            if (!value || !strcmp(value, "bounds")) g->check_bounds = true;
            else status = usage_error("--check=%s: the only check is bounds", value);
        } else if (value_option(argc, argv, &i, "--color", &value, &status)) {
            if (status) break;
            if (!strcmp(value, "auto")) o->color = COLOR_AUTO;
            else if (!strcmp(value, "always")) o->color = COLOR_ALWAYS;
            else if (!strcmp(value, "never")) o->color = COLOR_NEVER;
            else status = usage_error("--color=%s: auto, always or never", value);
        } else if (parse_warning(g, a, &status)) continue;
        else if (!strcmp(a, "-i")) o->in_place = true;
        else status = usage_error("there is no option %s", a);
    }
    return status;
}

static int finish(struct ganc *g, struct options *o, int status)
{
    uint32_t errors = diag_print(g, stderr, o->color);
    return errors ? 1 : status;
}

static int command_fmt(struct compilation *c, struct options *o)
{
    int status = 0;
    for (uint32_t i = 0; i < o->files.n; i++) {
        uint32_t file, errors = diag_errors(c->g);
        struct source *s = source_read(c->g, o->files.at[i], &file);
        struct ast *tree = s ? ast_parse(c->g, file, false) : NULL;
        if (!tree || diag_errors(c->g) > errors) continue; /* a file with errors stays as it is */
        struct buffer b = {0};
        ast_format(&b, c->g, tree);
        bool same = b.length == s->length && !memcmp(b.text, s->text, b.length);
        if (o->only_check) {
            if (!same) printf("%s\n", o->files.at[i]), status = 1;
        } else if (o->in_place) {
            if (!same) write_file(c->g, o->files.at[i], b.text, b.length);
        } else fwrite(b.text ? b.text : "", 1, b.length, stdout);
        buffer_free(&b);
    }
    return finish(c->g, o, status);
}

static int command_check(struct compilation *c, struct options *o)
{
    for (uint32_t i = 0; i < o->files.n; i++) {
        c->path = o->files.at[i];
        compile(c, AT_GRAPH);
    }
    return finish(c->g, o, 0);
}

/* Norm-wise, over a whole tensor: rounding in f32 through a few layers; in f64 what is left is
 * the order of summation. (A gradient that is a difference of nearly equal sums, as of D's last bias at first, loses digits.) */
static int command_compare(struct compilation *c, struct options *o)
{
    bool good = true;
    for (uint32_t i = 0; i < o->files.n; i++) {
        c->path = o->files.at[i];
        good = compare_model(c, c->g->f64 ? 1e-10 : 5e-3, false) && good;
    }
    return finish(c->g, o, good ? 0 : 1);
}

static int command_run(struct compilation *c, struct options *o, int argc, char **argv, int rest)
{
    c->path = o->files.at[0];
    bool good = compile(c, AT_OBJ);
    int status = finish(c->g, o, good ? 0 : 1);
    if (status) return status;
    char **arguments = NEW_ARRAY(c->g->mem, char *, argc - rest + 2);
    arguments[0] = arena_format(c->g->mem, "ganc run %s", c->path);
    for (int i = rest; i < argc; i++) arguments[i - rest + 1] = argv[i];
    status = jit_run(c->g, &c->object, argc - rest + 1, arguments);
    int late = finish(c->g, o, 0);
    return late ? late : status;
}

static int command_compile(struct compilation *c, struct options *o)
{
    enum stage_id stage = STAGE_COUNT;
    if (o->files.n != 1) return usage_error("%s", "one model at a time");
    c->path = o->files.at[0];
    if (o->emit) {
        int i = 0;
        while (i < STAGE_COUNT && strcmp(o->emit, stage_names[i])) i++;
        if (i == STAGE_COUNT) return usage_error("--emit=%s: the stages are ast graph grad opt kernels plan llvm asm obj dot", o->emit);
        stage = (enum stage_id)i;
    } else if (!o->output) return usage_error("%s", "say where the trainer goes: -o TRAINER, or `ganc run`");
    if (!compile(c, stage == STAGE_COUNT ? AT_OBJ : stage)) return finish(c->g, o, 1);
    if (stage == STAGE_COUNT) {
        const char *library = runtime_library(c->g);
        if (!library) diag(c->g, E0006, (struct span){0});
        else object_link(c->g, &c->object, o->output, library);
    } else {
        struct buffer b = {0};
        stage_print(c, stage, &b);
        write_file(c->g, o->output ? o->output : "-", b.text ? b.text : "", b.length);
        buffer_free(&b);
    }
    return finish(c->g, o, 0);
}

/* A full disk or a closed pipe behind stdout is an error too. */
static int flush_output(int status)
{
    bool flushed = fflush(stdout) == 0;
    if (flushed && !ferror(stdout)) return status;
    fprintf(stderr, "ganc: cannot write to standard output: %s\n", flushed ? "it took only a part" : strerror(errno));
    return status ? status : 1;
}

static int print_docs(void (*print)(struct buffer *))
{
    struct buffer b = {0};
    print(&b);
    fwrite(b.text, 1, b.length, stdout);
    buffer_free(&b);
    return flush_output(0);
}

int main(int argc, char **argv)
{
    signal(SIGXFSZ, SIG_IGN); /* a file-size limit is an error of write, which names the file */
    if (argc < 2) return fputs(usage, stderr), 2;
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) return fputs(usage, stdout), flush_output(0);
    if (!strcmp(argv[1], "--version")) {
        printf("ganc %s (%s, for %s)\n", GANC_VERSION, codegen_llvm_version(), codegen_host_cpu());
        return flush_output(0);
    }
    if (argc == 2 && (!strcmp(argv[1], "ops") || !strcmp(argv[1], "passes"))) return print_docs(argv[1][0] == 'o' ? ops_print_docs : passes_print_docs);
    struct compilation c = {.g = ganc_new()};
    struct options o = {0};
    bool run = !strcmp(argv[1], "run"), check = !strcmp(argv[1], "check"), fmt = !strcmp(argv[1], "fmt"), compare = !strcmp(argv[1], "compare");
    int rest = argc, first = 1 + (run || check || fmt || compare);
    for (int i = first; i < argc && fmt; i++)
        if (!strcmp(argv[i], "--check")) {
            o.only_check = true;
            for (int k = i--; k + 1 < argc; k++) argv[k] = argv[k + 1];
            argc--;
        }
    int status = parse_options(&c, &o, argc, argv, first, run, &rest);
    if (!status && o.dtype) {
        if (!strcmp(o.dtype, "f64")) c.g->f64 = true;
        else if (strcmp(o.dtype, "f32")) status = usage_error("--dtype %s: f32 or f64", o.dtype);
    }
    if (!status && o.in_place && !fmt) status = usage_error("%s", "-i goes with fmt");
    if (!status && !o.files.n) status = usage_error("%s", "no model given");
    if (!status) {
        if (fmt) status = command_fmt(&c, &o);
        else if (check) status = command_check(&c, &o);
        else if (compare) status = command_compare(&c, &o);
        else if (run) status = command_run(&c, &o, argc, argv, rest);
        else status = command_compile(&c, &o);
    }
    codegen_object_free(&c.object);
    ganc_free(c.g);
    return flush_output(status);
}
