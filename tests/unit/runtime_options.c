/* The command line: every kind of flag, settings, --data, and what is refused. Complaints go to stderr; here only the statuses count. */
#include "options.h"
#include "check.h"

#include <stdlib.h>

static void defaults(struct ganrt_frame *f, const uint8_t *given)
{
    if (!given[0]) f->settings[0] = 0.5;
    if (!given[1]) f->settings[1] = f->settings[0] / 4;
    if (!given[2]) f->settings[2] = 1;
    f->settings[3] = 100;
}

static const int64_t dims[] = {4};
static const struct ganrt_setting settings[] = {
    {"rate", "learning rate", 0, 0, NULL}, {"slow_rate", NULL, 0, 0, NULL}, {"warm", "start slowly", 0, 1, NULL}, {"batch", NULL, 1, 0, NULL}};
static const struct ganrt_data data[] = {
    {.name = "faces", .source = 0, .rank = 1, .dims = dims, .elements = 4, .high = 1},
    {.name = "pairs", .field = "image", .source = 1, .rank = 1, .dims = dims, .elements = 4, .high = 1},
    {.name = "pairs", .field = "label", .source = 1, .rank = 1, .dims = dims, .elements = 4, .onehot = 1},
};
static const struct ganrt_model model = {.abi = GANRT_ABI, .name = "m", .compiler = "0", .defaults = defaults, .nsettings = 4,
                                         .settings = settings, .ndata = 3, .data = data};

struct values {
    bool resume, given;
    int64_t steps;
    double width;
    const char *out;
    struct option_numbers list;
};

/* Parses a line of words; the run of the last call stays for the checks. */
static struct run *run;
static struct values v;
static struct options_rest rest;

static int parse(const char *line)
{
    static char text[512]; /* flags point into it */
    char *argv[32] = {0};
    int argc = 1;
    snprintf(text, sizeof text, "%s", line);
    argv[0] = (char[]){"train"};
    for (char *word = strtok(text, " "); word && argc < 31; word = strtok(NULL, " ")) argv[argc++] = word;
    const struct option table[] = {
        {"resume", OPTION_FLAG, &v.resume, 0, 0, NULL, "", NULL},
        {"steps", OPTION_INTEGER, &v.steps, 1, 1e6, "N", "", &v.given},
        {"width", OPTION_NUMBER, &v.width, 0, 10, "X", "", NULL},
        {"out", OPTION_TEXT, &v.out, 0, 0, "DIR", "", NULL},
        {"sigmas", OPTION_NUMBERS, &v.list, 0, 9, "A,B", "", NULL},
        {"seed", OPTION_SEED, NULL, 0, 0, "N", "", NULL},
        {"threads", OPTION_THREADS, NULL, 0, 0, "N", "", NULL},
        {"data", OPTION_DATA, NULL, 0, 0, "PATH", "", NULL},
    };
    const struct options_command command = {.name = "train", .summary = "", .table = table, .count = 8, .settings = true};
    run_free(run);
    run = run_new(&model);
    free(v.list.at);
    free(rest.at);
    v = (struct values){0};
    rest = (struct options_rest){0};
    return options_parse(run, &command, argc, argv, &rest);
}

static void accepted(void)
{
    CHECK(parse("--resume --steps 20 --width=2.5e-1 --out=a/b") == -1);
    CHECK(v.resume && v.given && v.steps == 20 && v.width == 0.25);
    CHECK_TEXT(v.out, "a/b");
    CHECK(parse("--seed 18446744073709551615 --threads 256 --sigmas 0.1,2,3") == -1);
    CHECK(run->seed == UINT64_MAX && run->seeded && run->nthreads == 256 && v.list.count == 3 && v.list.at[2] == 3);
    CHECK(parse("x --resume -- --steps y") == -1);
    CHECK(rest.count == 3 && v.resume && !v.given);
    CHECK(parse("--data faces=a=b --data pairs=c[0:5]") == -1);
    CHECK_TEXT(run->sources[0].path, "a=b");
    CHECK_TEXT(run->sources[1].path, "c[0:5]");
    CHECK(run->nsources == 2 && run->sources[1].nfields == 2 && run->field[2] == 1);
}

static void settings_taken(void)
{
    CHECK(parse("--rate 1 --warm=false") == -1);
    run_settings(run);
    CHECK(run->frame.settings[0] == 1 && run->frame.settings[1] == 0.25 && run->frame.settings[2] == 0 && run->frame.settings[3] == 100);
    CHECK(parse("--slow-rate 3 --set rate=-1e-2") == -1); /* '-' for '_' */
    run_settings(run);
    CHECK(run->frame.settings[0] == -0.01 && run->frame.settings[1] == 3 && run->given[1] && !run->given[2]);
}

static void refused(void)
{
    static const char *const lines[] = {
        "--stepz 3", "--steps", "--steps 0", "--steps -1", "--steps 1e3", "--steps 99999999999999999999", "--steps=", "--width nan",
        "--width 11", "--width 0x1", "--width 1,", "--sigmas 1,,2", "--sigmas 1,x", "--out=", "--resume=yes", "--threads 0", "--threads 257",
        "--seed -1", "--seed 18446744073709551616", "-x", "--batch 64", "--set batch=64", "--set rate", "--set what=1", "--rate fast",
        "--rate inf", "--warm 2", "--data x", "--data other=x", "--data faces=", "--rate"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        int status = parse(lines[i]);
        CHECK(status == 2);
        if (status != 2) printf("not refused: %s\n", lines[i]);
    }
}

int main(void)
{
    if (!freopen("/dev/null", "w", stderr)) return 1;
    accepted();
    settings_taken();
    refused();
    const char *const names[] = {"steps", "seed", "threads"};
    CHECK_TEXT(options_nearest("step", names, 3), "steps");
    CHECK_TEXT(options_nearest("thraeds", names, 3), "threads");
    CHECK(options_nearest("completely", names, 3) == NULL);
    parse(""); /* drops the lists */
    run_free(run);
    return check_done();
}
