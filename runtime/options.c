/* options.c: reads a command line by a table. */
#include "options.h"

#include "json.h"
#include "threads.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct words { /* the command line as it is read */
    struct run *run;
    const struct options_command *command;
    char **argv;
    int argc, at;
};

/* Edit distance with neighbours exchanged (Damerau), of names up to 63 bytes; longer ones are as far apart as can be. */
static uint32_t distance(const char *a, const char *b)
{
    uint32_t rows[3][64];
    size_t n = strlen(a), m = strlen(b);
    if (n > 63 || m > 63) return UINT32_MAX;
    for (size_t j = 0; j <= m; j++) rows[0][j] = (uint32_t)j;
    for (size_t i = 1; i <= n; i++) {
        uint32_t *now = rows[i % 3], *up = rows[(i + 2) % 3], *upper = rows[(i + 1) % 3];
        now[0] = (uint32_t)i;
        for (size_t j = 1; j <= m; j++) {
            uint32_t best = up[j - 1] + (a[i - 1] != b[j - 1]);
            if (up[j] + 1 < best) best = up[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && upper[j - 2] + 1 < best) best = upper[j - 2] + 1;
            now[j] = best;
        }
    }
    return rows[n % 3][m];
}

const char *options_nearest(const char *name, const char *const *names, uint32_t count)
{
    const char *nearest = NULL;
    uint32_t least = (uint32_t)strlen(name) / 3 + 1;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t d = distance(name, names[i]);
        if (d < least || (d == least && !nearest)) least = d, nearest = names[i];
    }
    return nearest;
}

/* A decimal number and nothing else: strtod alone would take hexadecimal, "inf" and leading blanks. */
static bool read_number(const char *text, double *x)
{
    if (!*text || strspn(text, "0123456789+-.eE") != strlen(text)) return false;
    char *end;
    *x = strtod(text, &end);
    return !*end && isfinite(*x);
}

static bool read_integer(const char *text, uint64_t *x)
{
    if (!*text || strspn(text, "0123456789") != strlen(text)) return false;
    errno = 0;
    *x = strtoull(text, NULL, 10);
    return errno == 0;
}

static int bad_value(const char *flag, const char *text, const char *wanted)
{
    return error_usage("--%s: '%s' is not %s", flag, text, wanted);
}

static int bad_range(const char *flag, const char *text, bool whole, double low, double high)
{
    char a[32], b[32];
    const char *kind = whole ? "a whole number" : "a number";
    json_shortest(a, low);
    if (whole && *text && strspn(text, "0123456789") == strlen(text) && strtod(text, NULL) > high && high >= 9e15)
        return error_usage("--%s: '%s' is too large", flag, text);
    if (high >= 9e15) return error_usage("--%s: '%s' is not %s from %s up", flag, text, kind, a);
    json_shortest(b, high);
    return error_usage("--%s: '%s' is not %s from %s to %s", flag, text, kind, a, b);
}

static int take_numbers(const struct option *o, const char *text)
{
    struct option_numbers *to = o->to;
    for (const char *at = text;;) {
        char item[64];
        size_t length = strcspn(at, ",");
        double x = 0;
        snprintf(item, sizeof item, "%.*s", (int)(length < sizeof item ? length : sizeof item - 1), at);
        if (length >= sizeof item || !read_number(item, &x)) return bad_value(o->name, item, "a number (the list is a,b,c)");
        if (x < o->low || x > o->high) return bad_range(o->name, item, false, o->low, o->high);
        to->at = memory_grow(to->at, to->count + 1, sizeof *to->at);
        to->at[to->count++] = x;
        if (!at[length]) return -1;
        at += length + 1;
    }
}

/* "RxC" */
static int take_pair(const struct option *o, const char *text)
{
    const char *cross = strchr(text, 'x');
    int64_t *to = o->to;
    for (int k = 0; k < 2; k++) {
        char part[32] = "";
        uint64_t n;
        if (cross) snprintf(part, sizeof part, "%.*s", k ? 31 : (int)(cross - text < 31 ? cross - text : 31), k ? cross + 1 : text);
        if (!read_integer(part, &n) || (double)n < o->low || (double)n > o->high)
            return error_usage("--%s: '%s' is not %s, whole numbers from %.0f to %.0f", o->name, text, o->argument, o->low, o->high);
        to[k] = (int64_t)n;
    }
    return -1;
}

/* Is it NAME=..., and no file (names of files may hold a '=', too)? */
static bool names_data(const char *text, const char *equals)
{
    if (!equals || equals == text || memchr(text, '/', (size_t)(equals - text))) return false;
    const char *bracket = strrchr(equals, '[');
    char *path = memory_format("%.*s", (int)(bracket ? (size_t)(bracket - text) : strlen(text)), text);
    bool there = access(text, F_OK) == 0 || access(path, F_OK) == 0;
    free(path);
    return !there;
}

static int set_data(struct run_source *source, const char *path)
{
    if (!*path) return error_usage("--data: no file is named for %s", source->name);
    if (source->given) return error_usage("--data: %s is given twice, as '%s' and '%s'", source->name, source->path, path);
    source->path = path;
    source->given = true;
    return -1;
}

/* "PATH", where there is one data set, or "NAME=PATH". */
static int take_data(struct run *run, const char *text)
{
    if (!run->nsources) return error_usage("--data: %s reads no data", run->model->name);
    const char *equals = strchr(text, '=');
    const char **names = memory_take(run->nsources, sizeof *names);
    for (uint32_t i = 0; i < run->nsources; i++) {
        const char *name = names[i] = run->sources[i].name;
        size_t length = strlen(name);
        if (strncmp(text, name, length) || text[length] != '=') continue;
        free(names);
        return set_data(&run->sources[i], text + length + 1);
    }
    int status = -1;
    if (run->nsources == 1 && !names_data(text, equals)) {
        status = set_data(&run->sources[0], text);
    } else if (equals) {
        char *name = memory_format("%.*s", (int)(equals - text), text);
        const char *nearest = run->nsources == 1 ? names[0] : options_nearest(name, names, run->nsources);
        status = error_usage("--data: there is no data set '%s'%s%s%s", name, nearest ? "; is it " : "", nearest ? nearest : "",
                             nearest ? "?" : "");
        free(name);
    } else {
        status = error_usage("--data: %s has %u data sets: say which, as in --data %s=%s", run->model->name, run->nsources, names[0], text);
    }
    free(names);
    return status;
}

static int take_setting(struct run *run, uint32_t i, const char *flag, const char *text)
{
    const struct ganrt_setting *s = &run->model->settings[i];
    double x;
    const char *program = error_program();
    if (s->fixed && !strncmp(program, "ganc run ", 9))
        return error_usage("--%s: this setting is fixed when the model is compiled: ganc run -D %s=%s %s", flag, s->name, text, program + 9);
    if (s->fixed)
        return error_usage("--%s: this setting is fixed when the model is compiled; compile it again: ganc %s.gan -D %s=%s -o %s", flag,
                           run->model->name, s->name, text, program);
    if (s->boolean) {
        if (!strcmp(text, "true") || !strcmp(text, "1")) x = 1;
        else if (!strcmp(text, "false") || !strcmp(text, "0")) x = 0;
        else return bad_value(flag, text, "true or false");
    } else if (!read_number(text, &x)) {
        return bad_value(flag, text, "a number");
    }
    run->frame.settings[i] = x;
    run->given[i] = 1;
    return -1;
}

/* "500M" */
static int take_bytes(const struct option *o, const char *text)
{
    static const char units[] = "kMGT";
    char digits[32];
    double x, scale = 1;
    size_t length = strlen(text);
    const char *unit = length ? strchr(units, text[length - 1]) : NULL;
    if (unit) length--;
    for (const char *u = units; unit && u <= unit; u++) scale *= 1000;
    snprintf(digits, sizeof digits, "%.*s", (int)length, text);
    if (length >= sizeof digits || !read_number(digits, &x)) return bad_value(o->name, text, "a size, as 500M or 8G");
    if (x * scale < o->low || x * scale > o->high) return bad_value(o->name, text, "a size, as 500M or 8G");
    *(int64_t *)o->to = (int64_t)(x * scale);
    return -1;
}

/* "500", "90s", "10min", "2h" */
static int take_every(const struct option *o, const char *text)
{
    static const struct {
        const char *name;
        double seconds;
    } units[] = {{"s", 1}, {"min", 60}, {"h", 3600}};
    struct option_every *to = o->to;
    size_t length = strspn(text, "0123456789.");
    uint64_t steps;
    double x;
    char digits[32];
    snprintf(digits, sizeof digits, "%.*s", (int)length, text);
    for (size_t i = 0; i < sizeof units / sizeof *units && length && length < sizeof digits; i++) {
        if (strcmp(text + length, units[i].name) || !read_number(digits, &x) || x * units[i].seconds < 1 || x * units[i].seconds > 1e9) continue;
        *to = (struct option_every){.seconds = x * units[i].seconds};
        return -1;
    }
    if (!read_integer(text, &steps) || steps < 1 || (double)steps > 9e15)
        return bad_value(o->name, text, "a number of steps, or a time, as 500, 90s, 10min or 2h");
    *to = (struct option_every){.steps = (int64_t)steps};
    return -1;
}

static int take(struct words *w, const struct option *o, const char *text)
{
    double x;
    uint64_t n = 0;
    if (o->given) *o->given = true;
    switch (o->kind) {
    case OPTION_FLAG:
        *(bool *)o->to = true;
        return -1;
    case OPTION_INTEGER:
        if (!read_integer(text, &n) || n > INT64_MAX || (double)n < o->low || (double)n > o->high)
            return bad_range(o->name, text, true, o->low, o->high);
        *(int64_t *)o->to = (int64_t)n;
        return -1;
    case OPTION_NUMBER:
        if (!read_number(text, &x)) return bad_value(o->name, text, "a number");
        if (x < o->low || x > o->high) return bad_range(o->name, text, false, o->low, o->high);
        *(double *)o->to = x;
        return -1;
    case OPTION_BYTES:
        return take_bytes(o, text);
    case OPTION_EVERY:
        return take_every(o, text);
    case OPTION_TEXT:
        if (!*text) return error_usage("--%s: is empty", o->name);
        *(const char **)o->to = text;
        return -1;
    case OPTION_NUMBERS:
        return take_numbers(o, text);
    case OPTION_TEXTS: {
        struct options_rest *to = o->to;
        if (!*text) return error_usage("--%s: is empty", o->name);
        to->at = memory_grow(to->at, to->count + 1, sizeof *to->at);
        to->at[to->count++] = text;
        return -1;
    }
    case OPTION_PAIR:
        return take_pair(o, text);
    case OPTION_SEED:
        if (!read_integer(text, &n)) return bad_value(o->name, text, "a whole number from 0 to 18446744073709551615");
        w->run->seed = n;
        w->run->seeded = true;
        return -1;
    case OPTION_THREADS:
        if (!read_integer(text, &n) || n < 1 || n > THREADS_MOST) return bad_range(o->name, text, true, 1, THREADS_MOST);
        w->run->nthreads = (uint32_t)n;
        return -1;
    case OPTION_DATA:
        return take_data(w->run, text);
    }
    return -1;
}

/* Is `given` (length bytes) this name? A '-' may stand for a '_'. */
static bool same(const char *given, size_t length, const char *name)
{
    if (strlen(name) != length) return false;
    for (size_t i = 0; i < length; i++)
        if (given[i] != name[i] && !(given[i] == '-' && name[i] == '_')) return false;
    return true;
}

static int unknown(const struct words *w, const char *name)
{
    const struct ganrt_model *model = w->run->model;
    uint32_t count = 0;
    const char **names = memory_take(w->command->count + model->nsettings + 2, sizeof *names);
    for (uint32_t i = 0; i < w->command->count; i++) names[count++] = w->command->table[i].name;
    for (uint32_t i = 0; w->command->settings && i < model->nsettings; i++) names[count++] = model->settings[i].name;
    names[count++] = "help";
    names[count++] = "version";
    const char *nearest = options_nearest(name, names, count);
    int status = error_usage("unknown option '--%s'%s%s%s", name, nearest ? "; did you mean --" : "", nearest ? nearest : "",
                             nearest ? "?" : "");
    free(names);
    return status;
}

static void print_help(struct run *run, const struct options_command *command)
{
    printf("Usage: %s %s [OPTION]...%s%s\n%s\n\nOptions:\n", error_program(), command->name, command->words ? " " : "",
           command->words ? command->words : "", command->summary);
    options_print_table(command->table, command->count);
    if (command->settings) options_print_settings(run);
}

/* The value of a flag: after its '=', or the next word. NULL: there is none, and the complaint is printed. */
static const char *value_of(struct words *w, const char *name, const char *equals)
{
    if (equals) return equals + 1;
    if (w->at < w->argc) return w->argv[w->at++];
    error_usage("--%s: a value is missing", name);
    return NULL;
}

/* --set NAME=VALUE: for settings whose name is also a flag's. */
static int take_set(struct words *w, const char *text)
{
    const struct ganrt_model *model = w->run->model;
    const char *equals = strchr(text, '=');
    if (!equals) return error_usage("--set: '%s' is not NAME=VALUE", text);
    for (uint32_t i = 0; i < model->nsettings; i++)
        if (same(text, (size_t)(equals - text), model->settings[i].name))
            return take_setting(w->run, i, model->settings[i].name, equals + 1);
    return error_usage("--set: %s has no setting '%.*s'", model->name, (int)(equals - text), text);
}

static int take_flag(struct words *w, const char *word)
{
    const struct options_command *command = w->command;
    const struct ganrt_model *model = w->run->model;
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    for (uint32_t i = 0; i < command->count; i++) {
        const struct option *o = &command->table[i];
        if (!same(word, length, o->name)) continue;
        if (o->kind == OPTION_FLAG && equals) return error_usage("--%s: takes no value", o->name);
        const char *text = o->kind == OPTION_FLAG ? "" : value_of(w, o->name, equals);
        return text ? take(w, o, text) : 2;
    }
    bool help = same(word, length, "help");
    if (equals && (help || same(word, length, "version"))) return error_usage("--%.*s: takes no value", (int)length, word);
    if (help) {
        print_help(w->run, command);
        return 0;
    }
    if (same(word, length, "version")) {
        printf("%s (ganc %s)\n", model->name, model->compiler);
        return 0;
    }
    if (command->settings && same(word, length, "set")) {
        const char *text = value_of(w, "set", equals);
        return text ? take_set(w, text) : 2;
    }
    for (uint32_t i = 0; command->settings && i < model->nsettings; i++)
        if (same(word, length, model->settings[i].name)) {
            const char *text = value_of(w, model->settings[i].name, equals);
            return text ? take_setting(w->run, i, model->settings[i].name, text) : 2;
        }
    char *name = memory_format("%.*s", (int)length, word);
    int status = unknown(w, name);
    free(name);
    return status;
}

int options_parse(struct run *run, const struct options_command *command, int argc, char **argv, struct options_rest *rest)
{
    struct words w = {run, command, argv, argc, 1};
    for (bool flags = true; w.at < argc;) {
        const char *word = argv[w.at++];
        int status = -1;
        if (flags && !strcmp(word, "--")) {
            flags = false;
        } else if (flags && word[0] == '-' && word[1] == '-') {
            status = take_flag(&w, word + 2);
        } else if (flags && !strcmp(word, "-h")) {
            status = take_flag(&w, "help");
        } else if (flags && word[0] == '-' && word[1]) {
            status = error_usage("unknown option '%s'; options are written --NAME", word);
        } else if (!rest) {
            status = error_usage("'%s' was not expected: %s takes options only", word, command->name);
        } else {
            rest->at = memory_grow(rest->at, rest->count + 1, sizeof *rest->at);
            rest->at[rest->count++] = word;
        }
        if (status >= 0) return status;
    }
    return -1;
}

char **options_spell_out(int argc, char **argv, char letter, const char *name)
{
    char **words = memory_take((size_t)argc + 1, sizeof *words);
    bool flags = true;
    for (int i = 0; i < argc; i++) {
        bool is_short = i && flags && argv[i][0] == '-' && argv[i][1] == letter;
        if (i && !strcmp(argv[i], "--")) flags = false;
        words[i] = !is_short    ? memory_format("%s", argv[i])
                   : argv[i][2] ? memory_format("--%s=%s", name, argv[i] + 2 + (argv[i][2] == '='))
                                : memory_format("--%s", name);
    }
    return words;
}

static void print_row(const char *name, const char *argument, const char *doc)
{
    char flag[128];
    snprintf(flag, sizeof flag, "  --%s%s%s", name, argument ? " " : "", argument ? argument : "");
    printf("%-26s%s%s\n", flag, strlen(flag) >= 26 && *doc ? "\n                          " : "", doc);
}

void options_print_table(const struct option *table, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) print_row(table[i].name, table[i].argument, table[i].doc ? table[i].doc : "");
    print_row("help", NULL, "print this and stop");
    print_row("version", NULL, "print the versions of model and compiler, and stop");
}

/* The documentation of a setting may have several lines: they go under one another. */
static void print_doc(const char *doc)
{
    for (; doc && *doc; doc += *doc == '\n') {
        size_t length = strcspn(doc, "\n");
        printf("%.*s", (int)length, doc);
        doc += length;
        if (*doc && doc[1]) printf("\n                          ");
    }
}

void options_print_settings(struct run *run)
{
    const struct ganrt_model *model = run->model;
    if (!model->nsettings) return;
    run_settings(run);
    for (uint32_t pass = 0; pass < 2; pass++) {
        uint32_t count = 0;
        for (uint32_t i = 0; i < model->nsettings; i++) {
            const struct ganrt_setting *s = &model->settings[i];
            if ((s->fixed != 0) != (pass == 1)) continue;
            if (!count++)
                printf(pass ? "\nSettings fixed when the model was compiled (ganc %s.gan -D NAME=VALUE):\n"
                            : "\nSettings of %s (also --set NAME=VALUE):\n",
                       model->name);
            char value[64], flag[160];
            json_shortest(value, run->frame.settings[i]);
            if (s->boolean) strcpy(value, run->frame.settings[i] != 0 ? "true" : "false");
            snprintf(flag, sizeof flag, "  %s%s%s", pass ? "" : "--", s->name, pass ? "" : s->boolean ? " true|false" : " X");
            printf("%-26s", flag);
            if (strlen(flag) >= 26) printf("\n                          ");
            print_doc(s->doc);
            printf("%s(%s%s)\n", s->doc && *s->doc ? " " : "", pass ? "" : "default ", s->text ? s->text : value);
        }
    }
}
