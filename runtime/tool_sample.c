/* tool_sample.c: `trainer sample`: draws from a generator into a picture, a table or an array. */
#include "tool.h"

#include <stdio.h>
#include <stdlib.h>

struct sample {
    int64_t n;
    const char *out, *net, *folder, *checkpoint;
};

static bool ends_in(const char *text, const char *ending)
{
    size_t n = strlen(text), m = strlen(ending);
    return n > m && !strcmp(text + n - m, ending);
}

static bool write_samples(struct run *run, const struct sample *s, const struct ganrt_net *net, const void *samples, struct error *e)
{
    bool f64 = run->model->f64 != 0;
    if (ends_in(s->out, ".csv")) return picture_csv(s->out, s->n, net->elements, f64, samples, e);
    if (ends_in(s->out, ".npy")) return picture_npy(s->out, s->n, net->rank, net->dims, f64, samples, e);
    struct picture_tile tile = tool_tile(run, net);
    int64_t columns = (int64_t)ceil(sqrt((double)s->n));
    return picture_png(s->out, &tile, (s->n + columns - 1) / columns, columns, s->n, f64, samples, e);
}

/* What cannot be written is said before the work is done. */
static bool check_out(const struct run *run, const struct sample *s, const struct ganrt_net *net, struct error *e)
{
    int64_t h, w, channels;
    char shape[160];
    struct picture_tile tile = tool_tile(run, net);
    if (ends_in(s->out, ".csv") || ends_in(s->out, ".npy")) return true;
    if (!ends_in(s->out, ".png")) return error_set(e, "--out: '%s' does not end in .png, .csv or .npy", s->out);
    if (picture_shape(tile.rank, tile.dims, &h, &w, &channels)) {
        int64_t columns = (int64_t)ceil(sqrt((double)s->n)), most = 1000000 / (h > w ? h : w);
        return columns <= most || error_set(e, "--out: a PNG has at most a million pixels a side: that is room for %lld x %lld samples of %lld x %lld",
                                            (long long)most, (long long)most, (long long)h, (long long)w);
    }
    tool_shape(shape, sizeof shape, net->rank, net->dims);
    return error_set(e, "--out: net %s gives %s, which is no image; write a .csv or .npy file", net->name, shape);
}

static int sample_run(struct run *run, const struct sample *s)
{
    struct error e = {""};
    int32_t net = tool_generator(run, s->net, &e);
    if (net < 0) return error_line("%s", e.text);
    if (!check_out(run, s, &run->model->nets[net], &e)) return error_line("%s", e.text);
    if (!tool_load(run, s->folder, s->checkpoint, NULL, &e)) return error_line("%s", e.text);
    void *samples = tool_samples(run, net, s->n, &e);
    bool ok = samples && write_samples(run, s, &run->model->nets[net], samples, &e);
    free(samples);
    return ok ? 0 : error_line("%s", e.text);
}

/* The table knows long names only: -n N and -nN become --count. Returns words to free. */
static char **spell_out(int argc, char **argv)
{
    char **words = memory_take((size_t)argc + 1, sizeof *words);
    bool flags = true;
    for (int i = 0; i < argc; i++) {
        bool short_n = i && flags && !strncmp(argv[i], "-n", 2);
        if (i && !strcmp(argv[i], "--")) flags = false;
        words[i] = !short_n     ? memory_format("%s", argv[i])
                   : argv[i][2] ? memory_format("--count=%s", argv[i] + 2 + (argv[i][2] == '='))
                                : memory_format("--count");
    }
    return words;
}

int tool_sample(struct run *run, int argc, char **argv)
{
    struct sample s = {.n = 64};
    const struct option table[] = {
        {"count", OPTION_INTEGER, &s.n, 1, 1e9, "N", "how many samples, also -n N (default 64)", NULL},
        {"out", OPTION_TEXT, &s.out, 0, 0, "FILE", "where to: a grid (.png), a line a sample (.csv), an array (.npy)", NULL},
        {"net", OPTION_TEXT, &s.net, 0, 0, "NAME", "the net (default: the first whose inputs all come from priors)", NULL},
        {"seed", OPTION_SEED, NULL, 0, 0, "N", "which samples (default: the seed of the run)", NULL},
        {"run", OPTION_TEXT, &s.folder, 0, 0, "DIR", "the run's folder (default runs/MODEL): its newest checkpoint", NULL},
        {"checkpoint", OPTION_TEXT, &s.checkpoint, 0, 0, "FILE", "this checkpoint instead", NULL},
        {"threads", OPTION_THREADS, NULL, 0, 0, "N", "threads (default: one a processor)", NULL},
    };
    const struct options_command command = {
        "sample", "Draws samples from a generator; sample i is the same whatever N is.", NULL, table, sizeof table / sizeof *table, true};
    char **words = spell_out(argc, argv);
    int status = options_parse(run, &command, argc, words, NULL);
    if (status < 0) status = s.out ? sample_run(run, &s) : error_usage("--out FILE is missing");
    for (int i = 0; i < argc; i++) free(words[i]);
    free(words);
    return status;
}
