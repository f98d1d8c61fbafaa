/* progress.c: what a trainer tells people. On stderr a header, then one line that is rewritten in place five times a second where
 * stderr is a terminal, otherwise plain lines, ever less often, at most ten seconds apart. On stdout, at the end, where things are. No colours. */
#include "data.h"
#include "fits.h"
#include "tool.h"
#include "train.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LIVE_SECONDS 0.2
#define PLAIN_SECONDS 10.0 /* the most between two plain lines */
#define RATE_SECONDS 2.0   /* over which the rate is measured */

struct text {
    char at[512];
    size_t used;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(t->at + t->used, sizeof t->at - t->used, format, args);
    va_end(args);
    if (n > 0) t->used += (size_t)n;
    if (t->used >= sizeof t->at) t->used = sizeof t->at - 1;
}

static void header_data(const struct run *run)
{
    for (uint32_t i = 0; i < run->nsources; i++) {
        const struct run_source *s = &run->sources[i];
        char items[40], bytes[40];
        if (!s->data) continue;
        tool_count(items, sizeof items, s->count);
        tool_bytes(bytes, sizeof bytes, data_bytes(s->data));
        fprintf(stderr, "data    %s: %s items in %s (%s)\n", s->name, items, s->path, bytes);
        struct data_about about;
        data_about(s->data, &about);
        if (about.images || *about.changes)
            fprintf(stderr, "        %s%s%s%s%s\n", about.format, about.part_taken ? ", its folder train" : "", *about.changes ? "; " : "", about.changes,
                    about.streamed ? "; decoded as needed" : "");
        if (*about.note) fprintf(stderr, "        %s\n", about.note);
    }
}

static void header_nets(const struct run *run)
{
    const struct ganrt_model *model = run->model;
    struct text t = {.used = 0};
    for (uint32_t i = 0; i < model->nnets; i++) {
        const struct ganrt_net *net = &model->nets[i];
        char count[40];
        tool_count(count, sizeof count, tool_parameters(model, net));
        add(&t, "%s%s %s parameters", i ? ", " : "", net->name, count);
    }
    if (t.used) fprintf(stderr, "nets    %s\n", t.at);
}

void progress_header(struct training *t)
{
    const struct run *run = t->run;
    const struct ganrt_model *model = run->model;
    fprintf(stderr, "model   %s (%s), compiled by ganc %s for %s\n", model->name, model->f64 ? "f64" : "f32", model->compiler,
            model->cpu ? model->cpu : "this machine");
    header_data(run);
    header_nets(run);
    fits_header(run, t->loaded, t->room);
    fprintf(stderr, "run     %s", t->out);
    if (t->total) fprintf(stderr, ", resumed at step %" PRIu64, t->total);
    fprintf(stderr, "\n");
    t->progress.live = isatty(STDERR_FILENO);
    t->progress.wait = t->progress.live ? LIVE_SECONDS : 1;
    t->progress.next = run_clock() + t->progress.wait;
    t->progress.rate_at = run_clock();
    t->progress.rate_total = t->total;
}

/* Steps a second over the last seconds, half of it what it was before, so that it does not jump. */
static double measure_rate(struct training *t, double now)
{
    double seconds = now - t->progress.rate_at;
    if (seconds < RATE_SECONDS && t->progress.rate > 0) return t->progress.rate;
    double rate = seconds > 0 ? (double)(t->total - t->progress.rate_total) / seconds : 0;
    if (seconds < RATE_SECONDS) return rate;
    t->progress.rate = t->progress.rate > 0 ? (t->progress.rate + rate) / 2 : rate;
    t->progress.rate_at = now;
    t->progress.rate_total = t->total;
    return t->progress.rate;
}

static void add_duration(struct text *to, double seconds)
{
    if (!(seconds >= 0 && seconds < 3.6e8)) return;
    uint64_t s = (uint64_t)(seconds + 0.5);
    if (s >= 86400) add(to, "%" PRIu64 " d %02" PRIu64 " h", s / 86400, s / 3600 % 24);
    else if (s >= 3600) add(to, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600, s / 60 % 60, s % 60);
    else add(to, "%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
}

/* "step 1200/50000  34.1/s  23:50 left  V -0.693". */
static void compose(struct training *t, struct text *to, bool last)
{
    const struct ganrt_model *model = t->run->model;
    double now = run_clock(), goal = training_goal(t), rate = measure_rate(t, now), part = training_part(t);
    if (model->ntrains > 1) add(to, "%s  ", model->trains[t->block].name);
    add(to, "step %" PRIu64, t->total);
    if (goal >= (double)t->total) add(to, "/%.0f", goal);
    if (model->trains[t->block].epoch_data >= 0) add(to, "  epoch %.0f", training_epoch(t));
    if (rate > 0) add(to, rate >= 100 ? "  %.0f/s" : "  %.3g/s", rate);
    if (!last && rate > 0 && goal >= (double)t->total) {
        add(to, "  ");
        add_duration(to, (goal - (double)t->total) / rate);
        add(to, " left");
    } else if (!last && isnan(goal) && part > 0.001 && part < 1) {
        add(to, "  ");
        add_duration(to, (now - t->began) * (1 - part) / part);
        add(to, " left");
    }
    for (uint32_t i = 0; i < model->nresults; i++)
        if (run_result_known(t->run, i)) add(to, "  %s %.4g", t->names[i], t->run->frame.results[i]);
    if (*alarms_word(t)) add(to, "  (! %s)", alarms_word(t));
}

/* Columns that a text takes: its code points; names may be Greek. `most`: where to cut it, on a code point. */
static int columns(char *text, int most)
{
    int count = 0;
    for (char *at = text; *at; at++) {
        if (((unsigned char)*at & 0xc0) == 0x80) continue;
        if (count == most) {
            *at = 0;
            break;
        }
        count++;
    }
    return count;
}

void progress_clear(struct training *t)
{
    if (t->progress.drawn) fprintf(stderr, "\r%*s\r", t->progress.drawn, "");
    t->progress.drawn = 0;
}

static void draw_live(struct training *t, struct text *line)
{
    struct winsize size = {0};
    int width = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1 : 79;
    int drawn = columns(line->at, width);
    fprintf(stderr, "\r%s%*s", line->at, t->progress.drawn > drawn ? t->progress.drawn - drawn : 0, "");
    t->progress.drawn = drawn;
}

void progress_step(struct training *t, bool last)
{
    double now = run_clock();
    if (!last && now < t->progress.next) return;
    struct text line = {.used = 0};
    compose(t, &line, last);
    if (t->progress.live) {
        draw_live(t, &line);
        if (last) fprintf(stderr, "\n");
        if (last) t->progress.drawn = 0;
    } else {
        fprintf(stderr, "%s\n", line.at);
        t->progress.wait = t->progress.wait * 2 < PLAIN_SECONDS ? t->progress.wait * 2 : PLAIN_SECONDS;
    }
    t->progress.next = run_clock() + t->progress.wait;
}

static void print_word(const char *text) /* as a shell reads it back */
{
    if (*text && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+:,%@=") == strlen(text)) {
        printf("%s", text);
        return;
    }
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'') printf("'\\''");
        else putchar(*text);
    }
    putchar('\'');
}

static bool can_sample(const struct ganrt_model *model)
{
    for (uint32_t i = 0; i < model->nnets; i++) {
        bool fed = model->nets[i].graph >= 0 && model->nets[i].ninputs > 0;
        for (uint32_t j = 0; j < model->nets[i].ninputs; j++) fed = fed && model->nets[i].inputs[j].prior >= 0;
        if (fed) return true;
    }
    return false;
}

void progress_end(struct training *t)
{
    const struct ganrt_model *model = t->run->model;
    for (uint32_t i = 0; i < model->npictures; i++) {
        char *path = picture_path(t, i);
        if (access(path, F_OK) == 0) printf("%s: %s\n", model->pictures[i].name, path);
        free(path);
    }
    if (t->loaded > 0 && memory_peak() > 0)
        printf("memory: %.1f MB at most, beyond the program and its data; %.1f MB were planned\n", (memory_peak() - t->loaded) * 1e-6,
               run_planned(t->run) * 1e-6);
    printf("checkpoint: %s/checkpoints/%08" PRIu64 ".safetensors\n", t->out, t->saved);
    if (t->best.of_file.known) {
        char value[32];
        json_shortest(value, t->best.of_file.value);
        printf("best: %s, %s %s at step %" PRIu64 "\n", t->best.path, t->names[t->best.result], value, t->best.step);
    }
    printf("go on: %s --resume --out ", t->run->invoked);
    print_word(t->out);
    if (training_complete(t)) printf(" --steps %" PRIu64, t->total ? t->total * 2 : 1000);
    printf("\n");
    if (can_sample(model)) {
        printf("sample: %s sample --run ", t->run->invoked);
        print_word(t->out);
        printf(" --out samples.png\n");
    }
    fflush(stdout);
}
