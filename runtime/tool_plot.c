/* tool_plot.c: `trainer plot`: the curves of one run or of several, as PNG or SVG: a panel a metric, the runs over one another in it. */
#include "curves.h"
#include "durable.h"
#include "options.h"
#include "plot.h"
#include "picture.h"

#include <stdio.h>
#include <stdlib.h>

struct job {
    const char *out, *title, *x;
    struct options_rest metrics, paths;
    struct option_numbers y;
    int64_t median, smooth, size[2];
    double from;
    bool overlay, fromed;

    struct curves *runs;
    char **labels;        /* of runs, all different; owned */
    uint32_t nruns, axis; /* axis: of curves_axes */
    struct plot plot;
    struct plot_curve *curves;
    double **numbers; /* one array a curve: x, y, two filters */
    char **panels, **entries;
};

static bool ends_in(const char *text, const char *ending)
{
    size_t n = strlen(text), m = strlen(ending);
    return n > m && !strcmp(text + n - m, ending);
}

/* The last part of a folder's name, where no two runs share it; else the path that was given. */
static void name_runs(struct job *j)
{
    j->labels = memory_take(j->nruns, sizeof *j->labels);
    for (uint32_t i = 0; i < j->nruns; i++) {
        bool alone = true;
        for (uint32_t k = 0; k < j->nruns; k++) alone = alone && (k == i || strcmp(j->runs[i].label, j->runs[k].label));
        j->labels[i] = memory_format("%s", alone ? j->runs[i].label : j->paths.at[i]);
    }
}

static bool read_runs(struct job *j, struct error *e)
{
    j->runs = memory_take(j->paths.count, sizeof *j->runs);
    for (; j->nruns < j->paths.count; j->nruns++)
        if (!curves_read(&j->runs[j->nruns], j->paths.at[j->nruns], e)) {
            curves_free(&j->runs[j->nruns]);
            return false;
        }
    name_runs(j);
    return true;
}

static bool wanted(const struct job *j, const char *name)
{
    for (uint32_t i = 0; i < j->metrics.count; i++)
        if (!strcmp(j->metrics.at[i], name)) return true;
    return false;
}

/* Those named must be in every run; where none is named, all that some run has. */
static bool choose_metrics(struct job *j, struct error *e)
{
    bool all = !j->metrics.count;
    for (uint32_t r = 0; r < j->nruns; r++) {
        for (uint32_t m = 0; m < j->metrics.count && !all; m++)
            if (!curves_find(&j->runs[r], j->metrics.at[m], e)) return false;
        for (uint32_t m = 0; m < j->runs[r].count && all; m++) {
            if (wanted(j, j->runs[r].at[m].name)) continue;
            j->metrics.at = memory_grow(j->metrics.at, j->metrics.count + 1, sizeof *j->metrics.at);
            j->metrics.at[j->metrics.count++] = j->runs[r].at[m].name;
        }
    }
    return j->metrics.count || error_set(e, "'%s': has no metrics but step, epoch and seconds", j->runs[0].path);
}

static void add_curve(struct job *j, const struct curves *run, const struct curve *from, uint32_t panel, uint32_t entry)
{
    uint32_t n = 0, i = j->plot.ncurves++, most = from->count;
    double *x = memory_take(4 * (size_t)most, sizeof *x), *y = x + most, *median = y + most, *mean = median + most;
    const double *filtered = NULL;
    for (uint32_t k = 0; k < most; k++) {
        x[n] = run->x[j->axis][from->row[k]];
        y[n] = from->y[k];
        n += !j->fromed || x[n] >= j->from;
    }
    if (j->median) curves_median(y, median, n, (uint32_t)j->median), filtered = median;
    if (j->smooth) curves_mean(filtered ? filtered : y, mean, n, (uint32_t)j->smooth), filtered = mean;
    j->numbers = memory_grow(j->numbers, i + 1, sizeof *j->numbers);
    j->curves = memory_grow(j->curves, i + 1, sizeof *j->curves);
    j->numbers[i] = x;
    j->curves[i] = (struct plot_curve){panel, entry, n, x, y, filtered};
}

static char *with_filters(const struct job *j, const char *name)
{
    char median[40] = "", mean[40] = "";
    if (j->median) snprintf(median, sizeof median, ", median of %lld", (long long)j->median);
    if (j->smooth) snprintf(mean, sizeof mean, ", mean of %lld", (long long)j->smooth);
    return memory_format("%s%s%s", name, median, mean);
}

/* A panel a metric and an entry a run; with --overlay one panel, and an entry for each pair. */
static void arrange(struct job *j)
{
    uint32_t nmetrics = j->metrics.count, entries = j->overlay ? nmetrics * j->nruns : j->nruns > 1 ? j->nruns : 0;
    j->panels = memory_take(nmetrics, sizeof *j->panels);
    j->entries = memory_take(entries, sizeof *j->entries);
    for (uint32_t m = 0; m < nmetrics; m++) {
        const char *name = j->metrics.at[m];
        if (!j->overlay) j->panels[m] = with_filters(j, name);
        for (uint32_t r = 0; r < j->nruns; r++) {
            uint32_t entry = j->overlay ? m * j->nruns + r : r;
            if (j->overlay) {
                char *text = with_filters(j, name);
                j->entries[entry] = j->nruns > 1 ? memory_format("%s: %s", j->labels[r], text) : memory_format("%s", text);
                free(text);
            } else if (entries && m == 0) {
                j->entries[entry] = memory_format("%s", j->labels[r]);
            }
            const struct curve *from = curves_find(&j->runs[r], name, NULL);
            if (from) add_curve(j, &j->runs[r], from, j->overlay ? 0 : m, entry);
        }
    }
    j->plot.title = j->title ? j->title : j->nruns == 1 ? j->labels[0] : NULL;
    j->plot.x_name = curves_axes[j->axis];
    j->plot.npanels = j->overlay ? 1 : nmetrics;
    j->plot.nentries = entries;
    j->plot.panels = j->overlay ? NULL : (const char *const *)j->panels;
    j->plot.entries = (const char *const *)j->entries;
    j->plot.curves = j->curves;
    if (j->y.count) j->plot.y_low = j->y.at[0], j->plot.y_high = j->y.at[1];
    j->plot.width = (double)j->size[0];
    j->plot.height = (double)j->size[1];
}

static bool write_plot(const struct job *j, struct error *e)
{
    struct drawing d;
    struct bitmap i = {0};
    struct bytes b = {0};
    bool ok = plot_draw(&j->plot, &d, e);
    if (ok && ends_in(j->out, ".svg")) {
        drawing_svg(&d, &b);
        ok = durable_text(j->out, (const char *)b.at, b.length, e);
    } else if (ok) {
        ok = drawing_image(&d, &i, e) && picture_write_png(j->out, &i, e);
    }
    free(b.at);
    bitmap_free(&i);
    drawing_free(&d);
    return ok;
}

static void job_free(struct job *j)
{
    for (uint32_t i = 0; i < j->nruns; i++) {
        curves_free(&j->runs[i]);
        if (j->labels) free(j->labels[i]);
    }
    for (uint32_t i = 0; i < j->plot.ncurves; i++) free(j->numbers[i]);
    for (uint32_t i = 0; j->panels && i < j->metrics.count; i++) free(j->panels[i]);
    for (uint32_t i = 0; j->entries && i < j->plot.nentries; i++) free(j->entries[i]);
    free(j->runs);
    free(j->labels);
    free(j->numbers);
    free(j->curves);
    free(j->panels);
    free(j->entries);
    free(j->metrics.at);
    free(j->paths.at);
    free(j->y.at);
}

static int plot(struct run *run, struct job *j)
{
    struct error e = {""};
    char *usual = memory_format("runs/%s", run->model->name);
    if (!j->paths.count) {
        j->paths.at = memory_grow(j->paths.at, 1, sizeof *j->paths.at);
        j->paths.at[j->paths.count++] = usual;
    }
    bool ok = read_runs(j, &e) && choose_metrics(j, &e);
    if (ok) arrange(j);
    ok = ok && write_plot(j, &e);
    free(usual);
    return ok ? 0 : error_line("%s", e.text);
}

static int check(struct job *j)
{
    if (!j->out) return error_usage("--out FILE is missing");
    if (!ends_in(j->out, ".png") && !ends_in(j->out, ".svg")) return error_usage("--out: '%s' does not end in .png or .svg", j->out);
    if (j->median && j->median % 2 == 0) return error_usage("--median: %lld is not odd: a window has a middle", (long long)j->median);
    if (j->smooth && j->smooth % 2 == 0) return error_usage("--smooth: %lld is not odd: a window has a middle", (long long)j->smooth);
    if (j->y.count && (j->y.count != 2 || !(j->y.at[0] < j->y.at[1]))) return error_usage("--y: not LOW,HIGH, two numbers of which the second is larger");
    for (j->axis = 0; j->axis < 3; j->axis++)
        if (!j->x || !strcmp(j->x, curves_axes[j->axis])) return -1;
    return error_usage("--x: '%s' is not step, epoch or seconds", j->x);
}

int tool_plot(struct run *run, int argc, char **argv)
{
    struct job j = {0};
    const struct option table[] = {
        {"out", OPTION_TEXT, &j.out, 0, 0, "FILE", "where to, also -o FILE: .png or .svg", NULL},
        {"metric", OPTION_TEXTS, &j.metrics, 0, 0, "NAME", "draw this one, by its name in metrics.jsonl; repeatable (default: all)", NULL},
        {"median", OPTION_INTEGER, &j.median, 1, 1e6 + 1, "N", "running median of N lines, N odd, over the pale curve", NULL},
        {"smooth", OPTION_INTEGER, &j.smooth, 1, 1e6 + 1, "N", "running mean of N lines, N odd; of the median, where both are given", NULL},
        {"overlay", OPTION_FLAG, &j.overlay, 0, 0, NULL, "all metrics in one panel (default: a panel each)", NULL},
        {"x", OPTION_TEXT, &j.x, 0, 0, "AXIS", "step, epoch or seconds (default step)", NULL},
        {"y", OPTION_NUMBERS, &j.y, -1e300, 1e300, "LOW,HIGH", "what is shown of every panel; lines are cut off there (default: all)", NULL},
        {"from", OPTION_NUMBER, &j.from, -1e300, 1e300, "X", "leaves out what stands before X on that axis", &j.fromed},
        {"title", OPTION_TEXT, &j.title, 0, 0, "TEXT", "above it all (default: the run's name, where there is one)", NULL},
        {"size", OPTION_PAIR, j.size, 100, 10000, "WxH", "pixels (default 760 wide, as high as the panels want)", NULL},
    };
    const struct options_command command = {.name = "plot",
                                            .summary = "Draws the curves of runs: of RUN/metrics.jsonl for each RUN (default runs/MODEL).",
                                            .words = "[RUN]...",
                                            .table = table,
                                            .count = sizeof table / sizeof *table};
    char **words = options_spell_out(argc, argv, 'o', "out");
    int status = options_parse(run, &command, argc, words, &j.paths);
    if (status < 0) status = check(&j);
    if (status < 0) status = plot(run, &j);
    job_free(&j);
    for (int i = 0; i < argc; i++) free(words[i]);
    free(words);
    return status;
}
