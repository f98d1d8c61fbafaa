/* command_options.c: the options of ganc's command line. */
#include "base/times.h"
#include "command.h"
#include "schedule/rules.h"

#include <stdio.h>
#include <string.h>

int usage_error(const char *format, const char *what)
{
    fprintf(stderr, "ganc: ");
    fprintf(stderr, format, what);
    fprintf(stderr, " (see ganc --help)\n");
    return 2;
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

/* One of the command's own options, which its row names: "-i", or "-j=" with a value. */
static bool take_own(struct compilation *c, struct options *o, const struct command *command, int argc, char **argv, int *i, int *status)
{
    const char *at = command ? command->options : "";
    while (*at) {
        size_t n = strcspn(at, " ");
        bool valued = n && at[n - 1] == '=';
        const char *name = arena_string(c->g->mem, at, n - valued), *value = NULL;
        if (valued ? value_option(argc, argv, i, name, &value, status) : !strcmp(argv[*i], name)) {
            vec_push(c->g->mem, &o->own, (struct own_option){name, value});
            return true;
        }
        at += n + (at[n] == ' ');
    }
    return false;
}

bool option_given(const struct options *o, const char *name)
{
    for (uint32_t i = 0; i < o->own.n; i++)
        if (!strcmp(o->own.at[i].name, name)) return true;
    return false;
}

const char *option_value(const struct options *o, const char *name)
{
    for (uint32_t i = o->own.n; i-- > 0;)
        if (!strcmp(o->own.at[i].name, name)) return o->own.at[i].value;
    return NULL;
}

static int set_dtype(struct ganc *g, const char *dtype)
{
    g->f64 = !strcmp(dtype, "f64");
    return g->f64 || !strcmp(dtype, "f32") ? 0 : usage_error("--dtype %s: f32 or f64", dtype);
}

int command_options(struct compilation *c, struct options *o, const struct command *command, int argc, char **argv, int first)
{
    int status = 0;
    bool names = false, run = command && command->run == command_run;
    struct ganc *g = c->g;
    o->argc = argc;
    o->argv = argv;
    for (int i = first; i < argc && !status; i++) {
        const char *a = argv[i], *value = NULL;
        if (names || a[0] != '-' || !a[1]) {
            vec_push(g->mem, &o->files, a);
            if (run) { /* what follows is the trainer's */
                o->rest = i + 1;
                return c->tune ? usage_error("--tune does not go with %s", command->name) : 0;
            }
        } else if (!strcmp(a, "--")) names = true;
        else if (take_own(c, o, command, argc, argv, &i, &status)) continue;
        else if (value_option(argc, argv, &i, "-o", &value, &status)) o->output = value;
        else if (value_option(argc, argv, &i, "-D", &value, &status)) status = status ? status : parse_definition(g, value);
        else if (value_option(argc, argv, &i, "--emit", &value, &status)) o->emit = value;
        else if (!strcmp(a, "--diff") || !strncmp(a, "--diff=", 7)) o->diff = a[6] ? a + 7 : "";
        else if (value_option(argc, argv, &i, "--after", &value, &status)) c->after = value;
        else if (value_option(argc, argv, &i, "--no-pass", &value, &status)) {
            if (!status && !rule_turn_off(g, value)) vec_push(g->mem, &c->off, value);
        } else if (!strcmp(a, "--time")) times_open(g);
        else if (!strcmp(a, "--blas")) g->blas = true;
        else if (!strcmp(a, "--tune")) c->tune = true;
        else if (!strcmp(a, "--no-cache")) o->no_cache = true;
        else if (value_option(argc, argv, &i, "--dtype", &value, &status)) status = status ? status : set_dtype(g, value);
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
        } else if (value_option(argc, argv, &i, "--diagnostics", &value, &status)) {
            if (status) break;
            o->json = !strcmp(value, "json");
            if (!o->json && strcmp(value, "text")) status = usage_error("--diagnostics=%s: text or json", value);
        } else if (parse_warning(g, a, &status)) continue;
        else status = usage_error("there is no option %s", a);
    }
    if (!status && command && c->tune) status = usage_error("--tune does not go with %s", command->name);
    if (!status && command && o->emit) status = usage_error("--emit does not go with %s", command->name);
    if (!status && o->diff && !o->emit) status = usage_error("%s", "--diff goes with --emit=grad and --emit=opt");
    return status;
}
