/* weights.c: weights of another program's file into the model's tensors, by a map: see weights.h. Everything is checked before training's folder is
 * made. */
#include "weights.h"

#include "checkpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct reader {
    const struct run *run;
    struct weights *w;
    const char *map;
    uint32_t line;
    bool *given;     /* for each of the model's tensors: a line of the map names it */
    uint32_t *taken; /* for each of the file's: lines that name it */
    struct error *e;
};

/* "MAP:LINE: why", with the texts of weights_layout in it. */
static bool fail(struct reader *r, const char *why)
{
    return error_set(r->e, "%s:%u: %s", r->map, r->line, why);
}

/* There is no tensor of this name in the model, or in the file. */
static bool unknown(struct reader *r, bool of_file, const char *name)
{
    const struct ganrt_model *model = r->run->model;
    const struct safetensors *file = r->w->file;
    uint32_t count = of_file ? file->ntensors : model->ntensors;
    const char **names = memory_take(count, sizeof *names), *quote = of_file ? "'" : "";
    struct error why = {""};
    for (uint32_t i = 0; i < count; i++) names[i] = of_file ? file->tensors[i].name : model->tensors[i].name;
    const char *nearest = options_nearest(name, names, count);
    error_set(&why, "%s%s%s has no tensor '%s'%s%s%s", quote, of_file ? file->path : model->name, quote, name, nearest ? "; is it " : "",
              nearest ? nearest : "", nearest ? "?" : "");
    free(names);
    return fail(r, why.text);
}

/* Is the name of that pattern, where a star stands for any text? What fails is tried again one letter further on from the last star alone: the one before it has
 * nothing to gain from more. */
static bool matches(const char *pattern, const char *name)
{
    const char *star = NULL, *from = NULL; /* behind the last star, and where the text that follows it was tried */
    while (*name || *pattern == '*') {
        if (*pattern == '*') star = ++pattern, from = name;
        else if (*pattern == *name) pattern++, name++;
        else if (star) pattern = star, name = ++from;
        else return false;
    }
    return !*pattern;
}

/* `NAMES = -`: those not given yet keep their own first values. */
static bool keep(struct reader *r, const char *pattern)
{
    const struct ganrt_model *model = r->run->model;
    uint32_t found = 0;
    for (uint32_t i = 0; i < model->ntensors; i++) {
        if (!matches(pattern, model->tensors[i].name)) continue;
        if (r->given[i] && !strchr(pattern, '*')) return fail(r, "this tensor has a line already");
        r->given[i] = true;
        found++;
    }
    return found || unknown(r, false, pattern);
}

/* `- = NAMES`: of the file, not used. */
static bool drop(struct reader *r, const char *pattern)
{
    const struct safetensors *file = r->w->file;
    uint32_t found = 0;
    for (uint32_t i = 0; i < file->ntensors; i++) {
        if (!matches(pattern, file->tensors[i].name)) continue;
        r->taken[i]++;
        found++;
    }
    return found || unknown(r, true, pattern);
}

static bool check_type(const struct safetensors_tensor *from, struct error *e)
{
    if (from->type == SAFETENSORS_F32 || from->type == SAFETENSORS_F64) return true;
    return error_set(e, "%s is of type %s; weights are F32 or F64", from->name,
                     from->type == SAFETENSORS_OTHER ? "other than these" : safetensors_type_name(from->type));
}

bool weights_add(struct weights *w, const struct ganrt_tensor *to, const struct safetensors_tensor *from, const char *layout, struct error *e)
{
    struct weights_pair p = {.to = to, .from = from};
    if (!check_type(from, e) || !weights_layout(layout, from, p.to, &p.order, e)) return false;
    w->pairs[w->npairs++] = p;
    return true;
}

static bool pair(struct reader *r, uint32_t to, const struct safetensors_tensor *from, const char *layout, struct error *e)
{
    if (!weights_add(r->w, &r->run->model->tensors[to], from, layout, e)) return false;
    r->given[to] = true;
    r->taken[from - r->w->file->tensors]++;
    return true;
}

static bool assign(struct reader *r, const char *to, const char *from, const char *layout)
{
    const struct ganrt_model *model = r->run->model;
    struct error why = {""};
    uint32_t i = 0;
    while (i < model->ntensors && strcmp(model->tensors[i].name, to)) i++;
    if (i == model->ntensors) return unknown(r, false, to);
    if (r->given[i]) return fail(r, "this tensor has a line already");
    const struct safetensors_tensor *tensor = safetensors_find(r->w->file, from);
    if (!tensor) return unknown(r, true, from);
    return pair(r, i, tensor, layout, &why) || fail(r, why.text);
}

/* Cuts the next word off; "" where there is none. */
static char *next_word(char **at)
{
    char *word = *at + strspn(*at, " \t");
    char *end = word + strcspn(word, " \t");
    *at = end + strspn(end, " \t");
    *end = 0;
    return word;
}

static bool read_line(struct reader *r, char *line)
{
    line[strcspn(line, "#\r\n")] = 0;
    for (size_t n = strlen(line); n && (line[n - 1] == ' ' || line[n - 1] == '\t'); n--) line[n - 1] = 0;
    char *right = strchr(line, '=');
    if (!line[strspn(line, " \t")]) return true;
    if (!right) return fail(r, "a line is MODEL'S NAME = FILE'S NAME, then perhaps a layout");
    *right++ = 0;
    char *to = next_word(&line);
    if (!*to || *line) return fail(r, "one name stands before =");
    char *from = next_word(&right);
    if (!*from) return fail(r, "after = stands a name of the file, or -");
    if (!strcmp(to, "-") || !strcmp(from, "-")) {
        if (*right || !strcmp(to, from)) return fail(r, "a line with - has one name and no layout");
        return !strcmp(to, "-") ? drop(r, from) : keep(r, to);
    }
    return assign(r, to, from, right);
}

static bool read_map(struct reader *r)
{
    FILE *f = fopen(r->map, "re");
    if (!f) return error_set(r->e, "'%s': %s", r->map, strerror(errno));
    char *line = NULL;
    size_t room = 0;
    bool ok = true;
    for (ssize_t n; ok && (errno = 0, n = getline(&line, &room, f)) >= 0;) {
        r->line++;
        ok = strlen(line) == (size_t)n ? read_line(r, line) : fail(r, "a zero byte: this is no text");
    }
    if (ok && !feof(f)) ok = error_set(r->e, "'%s': %s", r->map, strerror(errno));
    free(line);
    fclose(f);
    return ok;
}

/* Without a map: the same names. */
static bool same_names(struct reader *r)
{
    const struct ganrt_model *model = r->run->model;
    const struct safetensors *file = r->w->file;
    for (uint32_t i = 0; i < model->ntensors; i++) {
        const struct ganrt_tensor *t = &model->tensors[i];
        const struct safetensors_tensor *from = t->kind == GANRT_OPTIMIZER_STATE || t->kind == GANRT_SCHEDULE_STATE ? NULL : safetensors_find(file, t->name);
        struct error why = {""};
        if (from && !pair(r, i, from, "", &why)) return error_set(r->e, "'%s': %s", file->path, why.text);
    }
    bool checkpoint = safetensors_value(file, "ganc") != NULL; /* of a trainer: it holds states of optimizers, too */
    for (uint32_t i = 0; i < file->ntensors && checkpoint; i++) r->taken[i]++;
    return true;
}

/* Nothing is forgotten, on either side. */
static bool check_all(struct reader *r)
{
    const struct ganrt_model *model = r->run->model;
    const struct safetensors *file = r->w->file;
    const char *missing = NULL, *left = NULL;
    uint32_t nmissing = 0, nleft = 0;
    char more[32] = "";
    for (uint32_t i = model->ntensors; i-- > 0;)
        if (!r->given[i] && model->tensors[i].kind != GANRT_OPTIMIZER_STATE && model->tensors[i].kind != GANRT_SCHEDULE_STATE)
            missing = model->tensors[i].name, nmissing++;
    for (uint32_t i = file->ntensors; i-- > 0;)
        if (!r->taken[i]) left = file->tensors[i].name, nleft++;
    uint32_t n = nmissing ? nmissing : nleft;
    if (n > 1) snprintf(more, sizeof more, " and %u more", n - 1);
    if (nmissing && r->map) return error_set(r->e, "%s: %s%s of %s: no line; `%s = -` keeps its first value", r->map, missing, more, model->name, missing);
    if (nmissing) return error_set(r->e, "'%s': %s%s of %s: not there; with --map other names can be given", file->path, missing, more, model->name);
    if (nleft && r->map) return error_set(r->e, "%s: %s%s of '%s': no line; `- = %s` leaves it out", r->map, left, more, file->path, left);
    if (nleft) return error_set(r->e, "'%s': %s%s: not in %s; with --map they can be left out", file->path, left, more, model->name);
    return true;
}

struct weights *weights_open(const struct run *run, const char *path, struct error *e)
{
    struct stat s;
    bool folder = stat(path, &s) == 0 && S_ISDIR(s.st_mode);
    struct safetensors *file = folder ? checkpoint_newest(path, e) : safetensors_read(path, e);
    if (!file && !e->text[0]) error_set(e, "'%s': has no checkpoints", path);
    if (!file || !checkpoint_known(run, file, e)) {
        safetensors_close(file);
        return NULL;
    }
    struct weights *w = memory_take(1, sizeof *w);
    w->file = file;
    w->pairs = memory_take(run->model->ntensors, sizeof *w->pairs);
    return w;
}

struct weights *weights_read(const struct run *run, const char *file, const char *map, struct error *e)
{
    struct weights *w = weights_open(run, file, e);
    if (!w) return NULL;
    struct reader r = {.run = run, .w = w, .map = map, .e = e};
    r.given = memory_take(run->model->ntensors, sizeof *r.given);
    r.taken = memory_take(w->file->ntensors, sizeof *r.taken);
    bool ok = (map ? read_map(&r) : same_names(&r)) && check_all(&r);
    free(r.given);
    free(r.taken);
    if (ok) return w;
    weights_free(w);
    return NULL;
}

static double element(const struct safetensors_tensor *t, int64_t i)
{
    double wide;
    float narrow;
    if (t->type == SAFETENSORS_F64) memcpy(&wide, (const char *)t->data + i * 8, 8);
    else memcpy(&narrow, (const char *)t->data + i * 4, 4), wide = (double)narrow;
    return wide;
}

static void copy(struct run *run, const struct weights_pair *p)
{
    int64_t at[SAFETENSORS_RANK] = {0}, from = 0;
    void *to = run_at(run, p->to->offset);
    for (int64_t i = 0; i < p->to->elements; i++) {
        double x = element(p->from, from);
        if (p->to->size == 8) ((double *)to)[i] = x;
        else ((float *)to)[i] = (float)x;
        for (uint32_t d = p->order.rank; d-- > 0;) { /* the next in the model's order */
            from += p->order.stride[d];
            if (++at[d] < p->order.dim[d]) break;
            from -= at[d] * p->order.stride[d];
            at[d] = 0;
        }
    }
}

void weights_apply(struct run *run, const struct weights *w)
{
    run_layout(run, true);
    for (; w; w = w->next)
        for (uint32_t i = 0; i < w->npairs; i++) copy(run, &w->pairs[i]);
    run_layout(run, false);
}

void weights_free(struct weights *w)
{
    for (struct weights *next; w; w = next) {
        next = w->next;
        safetensors_close(w->file);
        free(w->pairs);
        free(w);
    }
}
