/* spawn.c: runs the tests' commands: bash, one group of processes and one temporary folder a test, several at a time.
 *
 * A folder of its own stands first in PATH and holds one link, `ganc`, to the compiler that runs the tests; GANC names it too. */
#define _GNU_SOURCE /* nftw */
#include "base/diag.h"
#include "test/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CANNOT_RUN = 126 }; /* what a child that has no shell exits with, as shells do */

struct job {
    struct test *t;
    pid_t pid; /* 0: this place is free */
    struct timespec deadline;
    struct outcome outcome;
};

struct spawning {
    struct ganc *g;
    const char *folder, *self; /* all that is temporary; the compiler */
    char *path;                /* PATH of the tests */
    struct job *jobs;
    uint32_t count, running, made;
    sigset_t waited, before;
};

/* ---- the folder of temporary things ---- */

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path) && errno != ENOENT ? -1 : 0;
}

/* A test may have taken the right to write from a folder of its own. */
static int open_folder(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)ftw;
    if (kind == FTW_D || kind == FTW_DNR) chmod(path, st->st_mode | S_IRWXU);
    return 0;
}

static void remove_folder(const char *path)
{
    nftw(path, open_folder, 16, FTW_PHYS);
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static bool begin(struct spawning *s)
{
    struct ganc *g = s->g;
    const char *at = getenv("TMPDIR"), *path = getenv("PATH");
    char *folder = arena_format(g->mem, "%s/ganc-test-XXXXXX", at && *at ? at : "/tmp");
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0 || n == sizeof self - 1) {
        diag(g, E0001, (struct span){0}, "/proc/self/exe", n < 0 ? strerror(errno) : strerror(ENAMETOOLONG));
        return false;
    }
    s->self = arena_string(g->mem, self, (size_t)n);
    if (!mkdtemp(folder)) {
        diag(g, E0002, (struct span){0}, folder, strerror(errno));
        return false;
    }
    char *absolute = realpath(folder, NULL);
    if (absolute) s->folder = arena_string(g->mem, absolute, strlen(absolute));
    free(absolute);
    char *bin = arena_format(g->mem, "%s/bin", folder), *link = arena_format(g->mem, "%s/ganc", bin);
    if (!s->folder || mkdir(bin, 0700) || symlink(s->self, link)) {
        diag(g, E0002, (struct span){0}, link, strerror(errno));
        remove_folder(folder);
        return false;
    }
    s->path = arena_format(g->mem, "%s/bin%s%s", s->folder, path && *path ? ":" : "", path && *path ? path : "");
    return true;
}

/* ---- one command ---- */

static void put_word(struct buffer *b, const char *word)
{
    if (*word && *word != '-' && word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+=")] == 0) {
        buffer_put(b, "%s", word);
        return;
    }
    buffer_put(b, "'");
    for (; *word; word++) buffer_put(b, *word == '\'' ? "'\\''" : "%c", *word);
    buffer_put(b, "'");
}

/* %s and %t filled in. */
static const char *command_of(struct ganc *g, const struct test *t, const char *temporary)
{
    struct buffer b = {0};
    for (const char *at = t->command; *at; at++) {
        if (at[0] != '%' || (at[1] != 's' && at[1] != 't')) buffer_bytes(&b, at, 1);
        else put_word(&b, *++at == 's' ? t->base : temporary);
    }
    const char *text = arena_string(g->mem, b.text ? b.text : "", b.length);
    buffer_free(&b);
    return text;
}

/* In the child: never returns. Between fork and exec nothing of the parent's is freed or flushed. */
static void become(const struct spawning *s, const struct test *t, const char *command, const char *out, const char *err)
{
    setpgid(0, 0);
    sigprocmask(SIG_SETMASK, &s->before, NULL);
    signal(SIGXFSZ, SIG_DFL);
    int in = open("/dev/null", O_RDONLY), o = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600), e = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (in < 0 || o < 0 || e < 0 || dup2(in, 0) < 0 || dup2(o, 1) < 0 || dup2(e, 2) < 0) _exit(CANNOT_RUN);
    close(in), close(o), close(e);
    if (setenv("NO_COLOR", "1", 1) || setenv("GANC", s->self, 1) || setenv("PATH", s->path, 1)) _exit(CANNOT_RUN);
    if (chdir(t->folder)) dprintf(2, "%s: %s\n", t->folder, strerror(errno)), _exit(CANNOT_RUN);
    if (t->script) execlp("bash", "bash", "--", t->base, (char *)NULL);
    else execlp("bash", "bash", "-o", "pipefail", "-c", command, (char *)NULL);
    dprintf(2, "bash, which runs the commands of tests, cannot be run: %s\n", strerror(errno));
    _exit(CANNOT_RUN);
}

static bool start(struct spawning *s, struct job *j, struct test *t)
{
    const char *folder = arena_format(s->g->mem, "%s/%u", s->folder, s->made++);
    char *temporary = arena_format(s->g->mem, "%s/t", folder), *out = arena_format(s->g->mem, "%s/out", folder),
         *err = arena_format(s->g->mem, "%s/err", folder);
    if (mkdir(folder, 0700) || mkdir(temporary, 0700)) {
        diag(s->g, E0002, (struct span){0}, temporary, strerror(errno));
        return false;
    }
    const char *command = t->script ? NULL : command_of(s->g, t, temporary);
    *j = (struct job){.t = t, .outcome = {.temporary = folder}};
    clock_gettime(CLOCK_MONOTONIC, &j->deadline);
    j->deadline.tv_sec += t->seconds;
    fflush(NULL);
    j->pid = fork();
    if (j->pid == 0) become(s, t, command, out, err);
    if (j->pid < 0) {
        j->pid = 0;
        diag(s->g, E0010, (struct span){0}, t->path, strerror(errno));
        return false;
    }
    setpgid(j->pid, j->pid); /* whichever of the two comes first */
    s->running++;
    return true;
}

static void read_output(struct buffer *to, const char *folder, const char *name)
{
    struct buffer path = {0};
    buffer_put(&path, "%s/%s", folder, name);
    FILE *f = fopen(path.text, "rb");
    char piece[16384];
    size_t n;
    while (f && to->length < TEST_OUTPUT && (n = fread(piece, 1, sizeof piece, f)) > 0) buffer_bytes(to, piece, n);
    if (f) fclose(f);
    buffer_free(&path);
}

static void finish(struct spawning *s, struct job *j, int status, test_done *done, void *self)
{
    struct outcome *o = &j->outcome;
    kill(-j->pid, SIGKILL); /* what it left running in the background */
    o->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    o->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    read_output(&o->out, o->temporary, "out");
    read_output(&o->err, o->temporary, "err");
    done(self, j->t, o);
    buffer_free(&o->out);
    buffer_free(&o->err);
    remove_folder(o->temporary);
    j->pid = 0;
    s->running--;
}

/* ---- all of them ---- */

static int64_t milliseconds_left(const struct timespec *deadline)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)(deadline->tv_sec - now.tv_sec) * 1000 + (deadline->tv_nsec - now.tv_nsec) / 1000000;
}

static void reap(struct spawning *s, test_done *done, void *self)
{
    for (uint32_t i = 0; i < s->count; i++) {
        struct job *j = &s->jobs[i];
        int status;
        if (j->pid && waitpid(j->pid, &status, WNOHANG) == j->pid) finish(s, j, status, done, self);
    }
}

/* Ends what is late; milliseconds until the next deadline. */
static int64_t end_late(struct spawning *s)
{
    int64_t next = 1000;
    for (uint32_t i = 0; i < s->count; i++) {
        struct job *j = &s->jobs[i];
        if (!j->pid || j->outcome.late) continue;
        int64_t left = milliseconds_left(&j->deadline);
        if (left <= 0) j->outcome.late = true, kill(-j->pid, SIGKILL), left = 1000;
        if (left < next) next = left;
    }
    return next;
}

/* Until a child ends, a deadline passes, or someone wants us to stop: then that signal's number, else 0. */
static int wait_some(struct spawning *s)
{
    int64_t ms = end_late(s);
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    int sig = sigtimedwait(&s->waited, NULL, &time);
    return sig == SIGINT || sig == SIGTERM || sig == SIGHUP ? sig : 0;
}

static void end_all(struct spawning *s)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->jobs[i].pid) kill(-s->jobs[i].pid, SIGKILL), waitpid(s->jobs[i].pid, NULL, 0);
}

static struct job *free_place(struct spawning *s)
{
    uint32_t i = 0;
    while (i < s->count && s->jobs[i].pid) i++;
    return i < s->count ? &s->jobs[i] : NULL;
}

bool tests_spawn(struct ganc *g, struct tests *tests, uint32_t jobs, test_done *done, void *self, int *interrupted)
{
    struct spawning s = {.g = g, .count = jobs};
    bool good = begin(&s);
    if (!good) return false;
    s.jobs = NEW_ARRAY(g->mem, struct job, jobs);
    sigemptyset(&s.waited);
    sigaddset(&s.waited, SIGCHLD), sigaddset(&s.waited, SIGINT), sigaddset(&s.waited, SIGTERM), sigaddset(&s.waited, SIGHUP);
    sigprocmask(SIG_BLOCK, &s.waited, &s.before);
    for (uint32_t next = 0; (next < tests->list.n || s.running) && good && !*interrupted;) {
        struct job *place = free_place(&s);
        if (place && next < tests->list.n) {
            struct test *t = tests->list.at[next++];
            if (t->broken) done(self, t, NULL);
            else good = start(&s, place, t);
            continue;
        }
        *interrupted = wait_some(&s);
        reap(&s, done, self);
    }
    end_all(&s);
    remove_folder(s.folder);
    sigprocmask(SIG_SETMASK, &s.before, NULL);
    return good && !*interrupted;
}
