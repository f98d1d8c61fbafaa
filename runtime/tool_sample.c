/* tool_sample.c: `trainer sample`: draws from a generator into a picture, a table or an array; with --gif the same draws from one checkpoint after
 * another. */
#include "checkpoint.h"
#include "durable.h"
#include "safetensors.h"
#include "tool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct sample {
    int64_t n, grid[2], delay; /* delay: milliseconds */
    const char *out, *net, *folder, *checkpoint;
    bool gif, counted, gridded;
};

static bool ends_in(const char *text, const char *ending)
{
    size_t n = strlen(text), m = strlen(ending);
    return n > m && !strcmp(text + n - m, ending);
}

/* What cannot be written is said before the work is done. */
static bool check_out(const struct run *run, const struct sample *s, const struct ganrt_net *net, struct error *e)
{
    int64_t h, w, channels;
    char shape[160];
    struct picture_tile tile = tool_tile(run, net);
    if (ends_in(s->out, ".csv") || ends_in(s->out, ".npy")) return true;
    if (!s->gif && !ends_in(s->out, ".png")) return error_set(e, "--out: '%s' does not end in .png, .csv or .npy", s->out);
    if (picture_points(net->rank, net->dims)) return true;
    if (picture_shape(tile.rank, tile.dims, &h, &w, &channels)) {
        int64_t longer = s->grid[0] * h > s->grid[1] * w ? s->grid[0] * h : s->grid[1] * w, most = s->gif ? 65535 : 1000000;
        return longer <= most ||
               error_set(e, "--out: a %s has at most %s pixels a side: that is room for %lld x %lld samples of %lld x %lld", s->gif ? "GIF" : "PNG",
                         s->gif ? "65535" : "a million", (long long)(most / h), (long long)(most / w), (long long)h, (long long)w);
    }
    tool_shape(shape, sizeof shape, net->rank, net->dims);
    return error_set(e, "--out: net %s gives %s, which is no image; write a .csv or .npy file", net->name, shape);
}

/* A grid, or points in the plane. box: what is seen of it; NULL: all of these samples. */
static bool draw(const struct run *run, const struct sample *s, const struct ganrt_net *net, uint64_t step, const struct picture_box *box, const void *samples,
                 struct bitmap *to, struct error *e)
{
    bool f64 = run->model->f64 != 0;
    struct picture_tile tile = tool_tile(run, net);
    if (!picture_points(net->rank, net->dims)) return picture_grid(to, &tile, s->grid[0], s->grid[1], s->n, f64, samples, e);
    struct picture_box own = picture_no_box;
    char title[64];
    snprintf(title, sizeof title, "step %" PRIu64, step);
    if (!box) picture_extend(&own, s->n, f64, samples);
    return picture_scatter(to, box ? box : &own, title, s->n, f64, samples, e);
}

static bool write_samples(struct run *run, const struct sample *s, const struct ganrt_net *net, uint64_t step, const void *samples, struct error *e)
{
    bool f64 = run->model->f64 != 0;
    struct error why = {""};
    struct bitmap i;
    if (ends_in(s->out, ".csv")) return picture_csv(s->out, s->n, net->elements, f64, samples, e);
    if (ends_in(s->out, ".npy")) return picture_npy(s->out, s->n, net->rank, net->dims, f64, samples, e);
    if (!draw(run, s, net, step, NULL, samples, &i, &why)) return error_set(e, "cannot write '%s': %s", s->out, why.text);
    bool ok = picture_write_png(s->out, &i, e);
    bitmap_free(&i);
    return ok;
}

static bool sample_one(struct run *run, const struct sample *s, int32_t net, struct error *e)
{
    uint64_t step = 0;
    if (!tool_load(run, s->folder, s->checkpoint, &step, e)) return false;
    void *samples = tool_samples(run, net, s->n, e);
    bool ok = samples && write_samples(run, s, &run->model->nets[net], step, samples, e);
    free(samples);
    return ok;
}

struct animation {
    struct run *run;
    const struct sample *s;
    int32_t net;
    char **paths; /* checkpoints, the oldest first; NULL: broken */
    uint32_t count;
    uint8_t *given; /* the settings of the command line: each checkpoint brings its own besides */
    struct picture_box box;
    struct gif gif;
};

/* The samples of one checkpoint. NULL with an empty error: it is broken, and has been warned of. */
static void *load_frame(struct animation *a, uint32_t i, uint64_t *step, struct error *e)
{
    e->text[0] = 0;
    struct safetensors *file = safetensors_read(a->paths[i], e);
    if (!file) {
        error_warning("%s; it gets no frame", e->text);
        e->text[0] = 0;
        free(a->paths[i]);
        a->paths[i] = NULL;
        return NULL;
    }
    memcpy(a->run->given, a->given, a->run->model->nsettings);
    bool ok = checkpoint_apply(a->run, file, false, false, e);
    if (ok && !checkpoint_number(file, "step", step)) *step = 0;
    safetensors_close(file);
    return ok ? tool_samples(a->run, a->net, a->s->n, e) : NULL;
}

static bool add_frame(struct animation *a, uint64_t step, bool last, const void *samples, struct error *e)
{
    struct bitmap i;
    if (!draw(a->run, a->s, &a->run->model->nets[a->net], step, &a->box, samples, &i, e)) return false;
    bool ok = a->gif.bytes.at || gif_begin(&a->gif, i.width, i.height, e);
    if (ok) gif_frame(&a->gif, &i, (uint32_t)(a->s->delay * (last ? 5 : 1) / 10));
    bitmap_free(&i);
    return ok;
}

/* Points are loaded twice: what is seen of the plane is the same in all frames. */
static bool run_frames(struct animation *a, struct error *e)
{
    const struct ganrt_net *net = &a->run->model->nets[a->net];
    for (int pass = picture_points(net->rank, net->dims) ? 0 : 1; pass < 2; pass++)
        for (uint32_t i = 0; i < a->count; i++) {
            uint64_t step = 0;
            void *samples = a->paths[i] ? load_frame(a, i, &step, e) : NULL;
            if (!samples && e->text[0]) return false;
            bool ok = true;
            if (samples && pass) ok = add_frame(a, step, i + 1 == a->count, samples, e);
            else if (samples) picture_extend(&a->box, a->s->n, a->run->model->f64 != 0, samples);
            free(samples);
            if (!ok) return false;
        }
    return a->gif.bytes.at || error_set(e, "none of the %u checkpoints is whole", a->count);
}

static bool animate(struct run *run, const struct sample *s, const char *folder, int32_t net, struct error *e)
{
    struct animation a = {.run = run, .s = s, .net = net, .box = picture_no_box};
    if (!run_allocate(run, e)) return false;
    a.paths = checkpoint_list(folder, &a.count, e);
    if (!a.count) return e->text[0] ? false : error_set(e, "'%s': has no checkpoints; train with --keep 0, so that all are kept", folder);
    for (uint32_t i = 0; i < a.count / 2; i++) {
        char *newer = a.paths[i];
        a.paths[i] = a.paths[a.count - 1 - i];
        a.paths[a.count - 1 - i] = newer;
    }
    a.given = memory_take(run->model->nsettings, 1);
    memcpy(a.given, run->given, run->model->nsettings);
    bool ok = run_frames(&a, e);
    if (ok) gif_end(&a.gif);
    ok = ok && durable_text(s->out, (const char *)a.gif.bytes.at, a.gif.bytes.length, e);
    for (uint32_t i = 0; i < a.count; i++) free(a.paths[i]);
    free(a.paths);
    free(a.given);
    free(a.gif.bytes.at);
    return ok;
}

static int sample_run(struct run *run, struct sample *s)
{
    struct error e = {""};
    int32_t net = tool_generator(run, s->net, &e);
    if (net < 0) return error_line("%s", e.text);
    char *folder = s->folder ? memory_format("%s", s->folder) : memory_format("runs/%s", run->model->name);
    char *usual = memory_format("%s/pictures/samples.gif", folder);
    bool named = s->out != NULL;
    if (!named) s->out = usual;
    bool ok = check_out(run, s, &run->model->nets[net], &e) && (s->gif ? animate(run, s, folder, net, &e) : sample_one(run, s, net, &e));
    if (ok && !named) printf("samples: %s\n", usual);
    free(folder);
    free(usual);
    return ok ? 0 : error_line("%s", e.text);
}

/* The shape of the grid, and what goes with what. */
static int check(struct sample *s)
{
    s->gif = s->gif || (s->out && ends_in(s->out, ".gif"));
    if (!s->out && !s->gif) return error_usage("--out FILE is missing");
    if (s->gif && s->out && !ends_in(s->out, ".gif")) return error_usage("--gif: '%s' does not end in .gif", s->out);
    if (s->gif && s->checkpoint) return error_usage("--gif draws all checkpoints of a run: --checkpoint does not go with it");
    if (s->counted && s->gridded) return error_usage("--count and --grid: one of them");
    if (s->gridded) s->n = s->grid[0] * s->grid[1];
    else s->grid[1] = (int64_t)ceil(sqrt((double)s->n)), s->grid[0] = (s->n + s->grid[1] - 1) / s->grid[1];
    return -1;
}

int tool_sample(struct run *run, int argc, char **argv)
{
    struct sample s = {.n = 64, .delay = 300};
    const struct option table[] = {
        {"count", OPTION_INTEGER, &s.n, 1, 1e9, "N", "how many samples, also -n N (default 64)", &s.counted},
        {"grid", OPTION_PAIR, s.grid, 1, 30000, "RxC", "so many rows and columns of samples", &s.gridded},
        {"out", OPTION_TEXT, &s.out, 0, 0, "FILE", "where to: a grid or points (.png, .gif), a line a sample (.csv), an array (.npy)", NULL},
        {"gif", OPTION_FLAG, &s.gif, 0, 0, NULL, "the same samples from each checkpoint that was kept, one after another (train --keep 0 keeps all)", NULL},
        {"delay", OPTION_INTEGER, &s.delay, 20, 60000, "MS", "of a GIF: milliseconds a checkpoint, five times as long the last (default 300)", NULL},
        {"net", OPTION_TEXT, &s.net, 0, 0, "NAME", "the net (default: the first whose inputs all come from priors)", NULL},
        {"seed", OPTION_SEED, NULL, 0, 0, "N", "which samples (default: the seed of the run)", NULL},
        {"run", OPTION_TEXT, &s.folder, 0, 0, "DIR", "the run's folder (default runs/MODEL): its newest checkpoint", NULL},
        {"checkpoint", OPTION_TEXT, &s.checkpoint, 0, 0, "FILE", "this checkpoint instead", NULL},
        {"threads", OPTION_THREADS, NULL, 0, 0, "N", "threads (default: one a processor)", NULL},
    };
    const struct options_command command = {
        "sample", "Draws samples from a generator; sample i is the same whatever N is.", NULL, table, sizeof table / sizeof *table, true};
    char **words = options_spell_out(argc, argv, 'n', "count");
    int status = options_parse(run, &command, argc, words, NULL);
    if (status < 0) status = check(&s);
    if (status < 0) status = sample_run(run, &s);
    for (int i = 0; i < argc; i++) free(words[i]);
    free(words);
    return status;
}
