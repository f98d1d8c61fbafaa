/* tool_data.c: `trainer data`: what a data set holds: how many examples, of what sizes, classes and values; and a grid of them as the net sees them. */
#include "tool.h"

#include "data.h"
#include "data/image.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define LOOKED_AT 4096 /* examples whose values are looked at */
#define CLASSES_SHOWN 20
#define GRID 64

struct look {
    struct run *run;
    const char *out; /* NULL: NAME-data.png, where the examples are images */
    int64_t count;   /* examples in it */
};

static const char *counted(char text[40], int64_t n)
{
    tool_count(text, 40, n);
    return text;
}

static int by_area(const void *a, const void *b)
{
    const struct data_size *x = a, *y = b;
    int64_t m = (int64_t)x->h * x->w, n = (int64_t)y->h * y->w;
    return m != n ? (m > n) - (m < n) : x->h != y->h ? (x->h > y->h) - (x->h < y->h) : 0;
}

static void print_kinds(const struct data_about *a, int64_t count)
{
    int64_t kinds[IMAGE_KINDS] = {0}, grey = 0, alpha = 0, good = 0;
    char text[40];
    struct data_size *sizes = memory_take((size_t)count, sizeof *sizes);
    for (int64_t i = 0; i < count; i++) {
        const struct data_size *s = &a->sizes[i];
        if (!s->h) continue;
        kinds[s->kind]++;
        grey += s->channels == 1;
        alpha += s->alpha;
        sizes[good++] = *s;
    }
    bool first = true;
    printf("  kinds    ");
    for (int k = 1; k < IMAGE_KINDS; k++) {
        if (!kinds[k]) continue;
        printf("%s%s %s", first ? "" : ", ", counted(text, kinds[k]), image_kind_name((enum image_kind)k));
        first = false;
    }
    if (grey) printf("; %s grey", counted(text, grey));
    if (alpha) printf("; %s with transparency, blended onto white", counted(text, alpha));
    printf("\n");
    if (a->bad) printf("  damaged  %s cannot be decoded: each is replaced by another\n", counted(text, a->bad));
    if (good) {
        qsort(sizes, (size_t)good, sizeof *sizes, by_area);
        const struct data_size *least = &sizes[0], *median = &sizes[good / 2], *most = &sizes[good - 1];
        printf("  sizes    %d x %d to %d x %d, median %d x %d (height x width)\n", least->h, least->w, most->h, most->w, median->h, median->w);
    }
    free(sizes);
}

static void print_classes(const struct data_source *s, const struct data_about *a, int64_t count)
{
    int64_t labels = 0, *of = NULL, empty = 0;
    char text[40];
    for (int64_t i = 0; i < count; i++)
        if (data_label(s, i) + 1 > labels) labels = data_label(s, i) + 1;
    if (!labels) return;
    of = memory_take((size_t)labels, sizeof *of);
    for (int64_t i = 0; i < count; i++)
        if (data_label(s, i) >= 0) of[data_label(s, i)]++;
    printf("  classes  %s:", counted(text, labels));
    for (int64_t k = 0; k < labels; k++) {
        empty += !of[k];
        if (k == CLASSES_SHOWN) printf(", ...");
        if (k >= CLASSES_SHOWN) continue;
        if (a->classes && k < a->nclasses) printf("%s %s %s", k ? "," : "", a->classes[k], counted(text, of[k]));
        else printf("%s %lld %s", k ? "," : "", (long long)k, counted(text, of[k]));
    }
    if (empty) printf("; %s of them without an example", counted(text, empty));
    printf("\n");
    free(of);
}

/* Which of model->data is the source's field that is no label; -1: none. */
static int32_t examples_of(const struct run *run, uint32_t source)
{
    for (uint32_t i = 0; i < run->model->ndata; i++)
        if (run->model->data[i].source == source && !run->model->data[i].onehot) return (int32_t)i;
    return -1;
}

/* Examples evenly over the whole set, [n, elements]. */
static double *fetch_some(struct run *run, uint32_t source, uint32_t index, int64_t n)
{
    const struct ganrt_data *d = &run->model->data[index];
    struct run_source *s = &run->sources[source];
    double *values = memory_take((size_t)(n * d->elements), sizeof *values);
    for (int64_t i = 0; i < n; i++) data_fetch(s->data, run->field[index], (int64_t)((double)i * (double)s->count / (double)n), true, values + i * d->elements);
    return values;
}

static void print_values(const struct ganrt_data *d, const double *values, int64_t n)
{
    double low = INFINITY, high = -INFINITY, sum = 0, squares = 0;
    int64_t all = n * d->elements;
    char text[40];
    for (int64_t i = 0; i < all; i++) {
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
        sum += values[i];
    }
    for (int64_t i = 0; i < all; i++) squares += (values[i] - sum / (double)all) * (values[i] - sum / (double)all);
    printf("  values   %.4g to %.4g, mean %.4g, deviation %.4g (%s examples)", low, high, sum / (double)all, sqrt(squares / (double)all), counted(text, n));
    if (d->any) printf("; declared in any\n");
    else printf("; declared in [%.4g, %.4g]%s\n", d->low, d->high, low < d->low || high > d->high ? ": THEY ARE OUTSIDE" : "");
}

static bool ends_in(const char *text, const char *ending)
{
    size_t n = strlen(text), m = strlen(ending);
    return n > m && !strcmp(text + n - m, ending);
}

static bool write_grid(const struct look *l, uint32_t source, uint32_t index, struct error *e)
{
    const struct ganrt_data *d = &l->run->model->data[index];
    struct run_source *s = &l->run->sources[source];
    struct picture_tile tile = {d->rank, d->dims, d->low, d->high, d->any != 0};
    int64_t h, w, channels, n = l->count < s->count ? l->count : s->count, columns = (int64_t)ceil(sqrt((double)n));
    bool csv = l->out && ends_in(l->out, ".csv"), npy = l->out && ends_in(l->out, ".npy");
    if (!l->out && !picture_shape(tile.rank, tile.dims, &h, &w, &channels)) return true;
    char *path = l->out ? memory_format("%s", l->out) : memory_format("%s-data.png", s->name);
    double *values = fetch_some(l->run, source, index, n);
    bool ok = csv   ? picture_csv(path, n, d->elements, true, values, e)
              : npy ? picture_npy(path, n, d->rank, d->dims, true, values, e)
                    : picture_png(path, &tile, (n + columns - 1) / columns, columns, n, true, values, e);
    if (ok) printf("  written  %s: %lld example%s as the net sees them\n", path, (long long)n, n == 1 ? "" : "s");
    free(values);
    free(path);
    return ok;
}

static bool look_at(const struct look *l, uint32_t number, struct error *e)
{
    struct run_source *s = &l->run->sources[number];
    struct data_about a;
    char text[40], total[40], shape[160], bytes[40];
    if (!run_open_source(l->run, number, e)) return false;
    data_about(s->data, &a);
    printf("%s: %s, %s\n", s->name, s->path, a.format);
    printf("  examples %s%s%s%s\n", counted(text, s->count), a.total != s->count ? " of " : "", a.total != s->count ? counted(total, a.total) : "",
           a.part_taken ? ", from its folder train" : "");
    if (a.ignored) printf("  left out %s files that are no images\n", counted(text, a.ignored));
    if (a.sizes) print_kinds(&a, s->count);
    if (a.rank) tool_shape(shape, sizeof shape, a.rank, a.dims), printf("  shape    %s\n", shape);
    print_classes(s->data, &a, s->count);
    if (*a.changes) printf("  changes  %s\n", a.changes);
    if (*a.note) printf("  note     %s\n", a.note);
    int32_t index = examples_of(l->run, number);
    if (index >= 0) {
        int64_t n = s->count < LOOKED_AT ? s->count : LOOKED_AT;
        const struct ganrt_data *d = &l->run->model->data[index];
        tool_shape(shape, sizeof shape, d->rank, d->dims);
        printf("  the net  sees %s\n", shape);
        double *values = fetch_some(l->run, number, (uint32_t)index, n);
        print_values(d, values, n);
        free(values);
    }
    tool_bytes(bytes, sizeof bytes, data_bytes(s->data));
    printf("  memory   %s%s\n", bytes, a.streamed ? ": decoded as needed, it is larger than --data-memory" : "");
    return index < 0 || write_grid(l, number, (uint32_t)index, e);
}

static int look_at_all(const struct look *l)
{
    struct error e = {""};
    struct run *run = l->run;
    uint32_t seen = 0;
    for (uint32_t i = 0; i < run->nsources; i++) {
        if (!run->sources[i].nfields || !run->sources[i].path) continue;
        if (seen++) printf("\n");
        if (!look_at(l, i, &e)) return error_line("%s", e.text);
    }
    if (seen) return 0;
    return run->nsources ? error_usage("no data was given; use --data PATH") : error_line("%s reads no data", run->model->name);
}

int tool_data(struct run *run, int argc, char **argv)
{
    struct look l = {.run = run, .count = GRID};
    const struct option table[] = {
        {"data", OPTION_DATA, NULL, 0, 0, "[NAME=]PATH", "the data set NAME: a file or folder; PATH[a:b] takes items a to b - 1", NULL},
        {"out", OPTION_TEXT, &l.out, 0, 0, "FILE", "examples evenly from all: a grid (.png, default NAME-data.png), lines (.csv), an array (.npy)", NULL},
        {"count", OPTION_INTEGER, &l.count, 1, 10000, "N", "so many (default 64)", NULL},
        {"data-memory", OPTION_BYTES, &run->data_memory, 1, 9e15, "SIZE", "for decoded data, as 500M or 8G (default: half of what is free)", NULL},
        {"bad-share", OPTION_NUMBER, &run->bad_share, 0, 1, "X", "of the images, which may be impossible to decode (default 0.01)", NULL},
        {"threads", OPTION_THREADS, NULL, 0, 0, "N", "that decode (default: the processors)", NULL},
    };
    const struct options_command command = {"data", "Says what a data set holds, and draws a grid of its examples as the net sees them.", NULL, table,
                                            sizeof table / sizeof *table, false};
    int status = options_parse(run, &command, argc, argv, NULL);
    run->sizes = true;
    return status >= 0 ? status : look_at_all(&l);
}
