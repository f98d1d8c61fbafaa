/* curves.c: reads metrics.jsonl, a line after another. */
#include "curves.h"

#include "json.h"
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

const char *const curves_axes[3] = {"step", "epoch", "seconds"};

static struct curve *column(struct curves *c, const char *name) /* NULL: there are too many */
{
    for (uint32_t i = 0; i < c->count; i++)
        if (!strcmp(c->at[i].name, name)) return &c->at[i];
    if (c->count == CURVES_MOST) return NULL;
    c->at = memory_grow(c->at, c->count + 1, sizeof *c->at);
    c->at[c->count] = (struct curve){.name = memory_format("%s", name)};
    return &c->at[c->count++];
}

static void add_value(struct curve *v, uint32_t row, double y)
{
    if (v->count == v->room) {
        v->room = v->room * 2 + 256;
        v->row = memory_grow(v->row, v->room, sizeof *v->row);
        v->y = memory_grow(v->y, v->room, sizeof *v->y);
    }
    v->row[v->count] = row;
    v->y[v->count++] = y;
}

static bool is_axis(const char *key)
{
    for (int k = 0; k < 3; k++)
        if (!strcmp(key, curves_axes[k])) return true;
    return false;
}

static bool add_line(struct curves *c, const struct json_value *line, struct error *e)
{
    if (line->kind != JSON_OBJECT) return error_set(e, "is no object");
    if (c->rows == c->room) {
        c->room = c->room * 2 + 256;
        for (int k = 0; k < 3; k++) c->x[k] = memory_grow(c->x[k], c->room, sizeof *c->x[k]);
    }
    for (int k = 0; k < 3; k++) {
        const struct json_value *v = json_get(line, curves_axes[k]);
        if (!v || v->kind != JSON_NUMBER) return error_set(e, "has no %s", curves_axes[k]);
        c->x[k][c->rows] = v->number;
    }
    for (const struct json_value *v = line->first; v; v = v->next) {
        if (is_axis(v->key) || (v->kind != JSON_NUMBER && v->kind != JSON_NULL)) continue;
        struct curve *to = column(c, v->key);
        if (!to) return error_set(e, "has more than %d metrics", CURVES_MOST);
        add_value(to, c->rows, v->kind == JSON_NUMBER ? v->number : NAN);
    }
    c->rows++;
    return true;
}

/* The parser counts lines of its text, which is one of ours. */
static bool read_line(struct curves *c, const char *text, size_t length, uint64_t number, struct error *e)
{
    struct error why = {""};
    struct json_value *line = json_parse(text, length, &why);
    if (!line) {
        const char *at = strncmp(why.text, "line 1, ", 8) ? why.text : why.text + 8;
        return error_set(e, "'%s', line %llu, %s", c->path, (unsigned long long)number, at);
    }
    bool ok = add_line(c, line, &why) || error_set(e, "'%s', line %llu: %s", c->path, (unsigned long long)number, why.text);
    json_free(line);
    return ok;
}

/* ".../runs/a/" and ".../runs/a/metrics.jsonl" are "a". */
static char *label_of(const char *path, bool folder)
{
    char *text = memory_format("%s", path), *slash = folder ? NULL : strrchr(text, '/');
    if (slash) *slash = 0;
    for (size_t n = strlen(text); n > 1 && text[n - 1] == '/';) text[--n] = 0;
    slash = strrchr(text, '/');
    char *label = memory_format("%s", slash && slash[1] ? slash + 1 : text);
    free(text);
    return label;
}

bool curves_read(struct curves *c, const char *path, struct error *e)
{
    struct stat s;
    *c = (struct curves){0};
    if (stat(path, &s) != 0) return error_set(e, "'%s': %s", path, strerror(errno));
    bool folder = S_ISDIR(s.st_mode);
    c->path = folder ? memory_format("%s/metrics.jsonl", path) : memory_format("%s", path);
    c->label = label_of(path, folder);
    FILE *file = fopen(c->path, "r");
    if (!file) return error_set(e, "'%s': %s%s", c->path, strerror(errno), folder && errno == ENOENT ? "; is this a run's folder?" : "");
    char *text = NULL;
    size_t room = 0;
    bool ok = true;
    uint64_t number = 0;
    for (ssize_t n; ok && (n = getline(&text, &room, file)) > 0;) {
        number++;
        if (text[n - 1] == '\n') ok = read_line(c, text, (size_t)n, number, e);
        else error_warning("'%s', line %llu: is not complete, and is left out", c->path, (unsigned long long)number);
    }
    if (ok && ferror(file)) ok = error_set(e, "cannot read '%s': %s", c->path, strerror(errno));
    if (ok && !c->rows) ok = error_set(e, "'%s': has no metrics yet", c->path);
    free(text);
    fclose(file);
    return ok;
}

void curves_free(struct curves *c)
{
    for (uint32_t i = 0; i < c->count; i++) {
        free(c->at[i].name);
        free(c->at[i].row);
        free(c->at[i].y);
    }
    for (int k = 0; k < 3; k++) free(c->x[k]);
    free(c->at);
    free(c->path);
    free(c->label);
    *c = (struct curves){0};
}

const struct curve *curves_find(const struct curves *c, const char *name, struct error *e)
{
    const char **names = memory_take(c->count, sizeof *names);
    const struct curve *found = NULL;
    for (uint32_t i = 0; i < c->count; i++) {
        names[i] = c->at[i].name;
        if (!strcmp(names[i], name)) found = &c->at[i];
    }
    const char *nearest = options_nearest(name, names, c->count);
    if (!found && nearest) error_set(e, "'%s': has no metric '%s'; is it '%s'?", c->path, name, nearest);
    else if (!found && c->count) {
        char list[256] = "";
        for (uint32_t i = 0; i < c->count; i++) {
            size_t used = strlen(list);
            snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", names[i]);
        }
        error_set(e, "'%s': has no metric '%s'; it has %s", c->path, name, list);
    } else if (!found) error_set(e, "'%s': has no metric '%s', nor any other", c->path, name);
    free(names);
    return found;
}
