/* diagnostics.c: what tools and terminals get: JSON that a strict reader takes, whatever bytes the source has; colour on a terminal only. */
#define _GNU_SOURCE /* posix_openpt */
#include "check.h"

#include "../../runtime/json.h"
#include "base/diag.h"

#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static const char *text(const struct json_value *v, const char *key)
{
    const struct json_value *m = json_get(v, key);
    return m && m->kind == JSON_STRING ? m->string : NULL;
}

static int64_t whole(const struct json_value *v, const char *key)
{
    const struct json_value *m = json_get(v, key);
    return m && m->kind == JSON_NUMBER && m->integer ? m->whole : -1;
}

/* The only line that is printed, parsed. */
static struct json_value *printed(struct ganc *g)
{
    char *line = NULL;
    size_t length;
    FILE *to = open_memstream(&line, &length);
    diag_print_json(g, to);
    fclose(to);
    CHECK(length && line[length - 1] == '\n' && !memchr(line, '\n', length - 1));
    struct error e;
    struct json_value *v = json_parse(line, length, &e);
    CHECK(v && v->kind == JSON_OBJECT);
    free(line);
    return v;
}

static void members(void)
{
    struct ganc *g = ganc_new();
    uint32_t file;
    source_add(g, "m.gan", "one\r\n\tσ two\r\n", 14, &file);
    struct span two = span_at(file, 9, 3);
    diag(g, W0702, two, "D");
    diag_note(g, span_at(file, 0, 3), "first");
    diag_help(g, "try %d", 3);
    diag_note(g, (struct span){0}, "second");
    diag_help(g, "or not");
    struct json_value *v = printed(g);
    CHECK_TEXT(text(v, "severity"), "warning");
    CHECK_TEXT(text(v, "id"), "W0702");
    CHECK_TEXT(text(v, "name"), "untrained");
    CHECK_TEXT(text(v, "message"), "no statement trains D");
    CHECK_TEXT(text(v, "file"), "m.gan");
    CHECK(whole(v, "line") == 2 && whole(v, "column") == 4 && whole(v, "end_line") == 2 && whole(v, "end_column") == 7);
    CHECK_TEXT(text(v, "excerpt"), "\tσ two");
    const struct json_value *notes = json_get(v, "notes"), *help = json_get(v, "help");
    CHECK(notes && notes->kind == JSON_ARRAY && notes->count == 2 && help && help->kind == JSON_ARRAY && help->count == 2);
    CHECK_TEXT(text(notes->first, "message"), "first");
    CHECK(whole(notes->first, "line") == 1 && whole(notes->first->next, "line") == -1);
    CHECK_TEXT(help->first->next->string, "or not");
    json_free(v);

    diag(g, E0520, (struct span){0}); /* nowhere */
    v = printed(g);
    CHECK(v->count == 5 && !json_get(v, "file") && !json_get(v, "name") && !json_get(v, "excerpt"));
    json_free(v);
    ganc_free(g);
}

/* Every byte in the source, in the file's name and in the message; a span to the end and beyond. */
static void odd_bytes(void)
{
    for (int first = 1; first < 256; first++) {
        struct ganc *g = ganc_new();
        char odd[] = {'a', (char)first, '"', '\\', (char)(first ^ 0x5a ? first ^ 0x5a : 1), 'z', 0};
        uint32_t file;
        source_add(g, odd, odd, 6, &file);
        diag(g, E0302, span_at(file, 1, 100), odd);
        diag_help(g, "%s", odd);
        struct json_value *v = printed(g);
        const char *name = text(v, "file"), *excerpt = text(v, "excerpt");
        CHECK(name && name[0] == 'a' && name[strlen(name) - 1] == 'z' && strstr(name, "\"\\"));
        CHECK(excerpt && (strchr(odd, '\n') || !strcmp(excerpt, name)));
        json_free(v);
        ganc_free(g);
    }
}

static void long_lines(void)
{
    struct ganc *g = ganc_new();
    size_t length = 1 << 20;
    char *line = malloc(length + 1);
    for (size_t i = 0; i < length; i += 2) memcpy(line + i, "σ", 2);
    line[length] = 0;
    uint32_t file;
    source_add(g, "long.gan", line, length, &file);
    diag(g, E0102, span_at(file, 600000, 2), "x");
    struct json_value *v = printed(g);
    CHECK(whole(v, "column") == 300001 && strlen(text(v, "excerpt")) <= 1000);
    json_free(v);
    free(line);
    ganc_free(g);
}

/* What diag_print writes to a terminal. */
static void on_terminal(const char *no_color, const char *term, bool colored)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) || unlockpt(master)) return (void)close(master); /* a machine without terminals */
    FILE *to = fopen(ptsname(master), "w");
    CHECK(to != NULL);
    struct ganc *g = ganc_new();
    diag(g, E0520, (struct span){0});
    if (no_color) setenv("NO_COLOR", no_color, 1);
    else unsetenv("NO_COLOR");
    setenv("TERM", term, 1);
    if (to) {
        diag_print(g, to, COLOR_AUTO);
        fflush(to);
        char got[400] = {0};
        CHECK(read(master, got, sizeof got - 1) > 0 && strstr(got, "E0520"));
        CHECK(!!strchr(got, '\033') == colored);
        fclose(to);
    }
    close(master);
    ganc_free(g);
}

int main(void)
{
    members();
    odd_bytes();
    long_lines();
    on_terminal(NULL, "xterm", true);
    on_terminal("", "xterm", true); /* set, but empty: no-color.org */
    on_terminal("1", "xterm", false);
    on_terminal(NULL, "dumb", false);
    return check_done();
}
