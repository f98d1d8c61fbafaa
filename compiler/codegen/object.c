/* object.c: from an object to a program: the C compiler as a linker.
 *
 * Everything is made beside the output under temporary names, and renamed when it is whole; they are gone afterwards, whatever happened. */
#define _GNU_SOURCE
#include "codegen/codegen.h"

#include "base/diag.h"
#include "base/times.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS 64 /* of $CC and what we add */

void codegen_object_free(struct object *o)
{
    free(o->bytes);
    *o = (struct object){0};
}

static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length) {
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes += n;
        length -= (size_t)n;
    }
    return true;
}

static bool cannot_write(struct ganc *g, const char *path, int error)
{
    diag(g, E0002, (struct span){0}, path, strerror(error));
    return false;
}

/* $CC may hold options ("ccache gcc -m64"): words apart, no shell. Returns how many. */
static unsigned compiler_words(struct ganc *g, char **words, unsigned room)
{
    const char *given = getenv("CC");
    char *text = arena_format(g->mem, "%s", given && *given ? given : "cc"), *rest = NULL;
    unsigned n = 0;
    for (char *word = strtok_r(text, " \t", &rest); word && n < room; word = strtok_r(NULL, " \t", &rest)) words[n++] = word;
    if (!n) words[n++] = "cc";
    return n;
}

/* Runs it and waits. *failure: errno where it could not be started, else 0; returns its status, 0 when all went well. */
static int run(char **words, int *failure)
{
    int channel[2];
    *failure = 0;
    if (pipe2(channel, O_CLOEXEC)) return *failure = errno;
    pid_t child = fork();
    if (child == 0) {
        execvp(words[0], words);
        int error = errno;
        write_all(channel[1], (const char *)&error, sizeof error);
        _exit(127);
    }
    if (child < 0) *failure = errno;
    close(channel[1]);
    int error = 0, status = 0;
    if (child > 0) {
        if (read(channel[0], &error, sizeof error) == (ssize_t)sizeof error) *failure = error; /* the end of the file: it runs */
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    }
    close(channel[0]);
    return status;
}

static bool link_to(struct ganc *g, const char *from, const char *to, const char *output, const char *runtime_library)
{
    char *words[WORDS];
    unsigned n = compiler_words(g, words, WORDS - 16);
    const char *more[] = {"-o", to, from, runtime_library, "-lpng", "-lz", "-lm", "-lpthread", "-ldl", "-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack"};
    bool fixed = false; /* $CC wants another kind of program */
    for (unsigned i = 0; i < n; i++) fixed = fixed || !strcmp(words[i], "-static") || !strcmp(words[i], "-static-pie") || !strcmp(words[i], "-no-pie");
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) words[n++] = arena_format(g->mem, "%s", more[i]);
    if (!fixed) words[n++] = "-pie";
    words[n] = NULL;
    int failure, status = run(words, &failure);
    if (failure) {
        diag(g, E0853, (struct span){0}, words[0], strerror(failure));
        diag_help(g, failure == ENOENT ? "on Debian and Ubuntu it is in the package gcc (apt-get install gcc); or say `ganc run`, which needs none"
                                       : "set CC to a C compiler that can be run");
        return false;
    }
    if (status) diag(g, E0854, (struct span){0}, words[0], output);
    return status == 0;
}

static bool link_object(struct ganc *g, const struct object *o, const char *output, const char *runtime_library)
{
    struct stat st;
    if (stat(output, &st) == 0 && !S_ISREG(st.st_mode)) { /* a device or a folder is not to be replaced */
        diag(g, E0002, (struct span){0}, output, S_ISDIR(st.st_mode) ? "it is a folder" : "it is no regular file");
        return false;
    }
    char *from = arena_format(g->mem, "%s.tmp-XXXXXX.o", output), *to = arena_format(g->mem, "%s.tmp%ld", output, (long)getpid());
    int fd = mkstemps(from, 2);
    if (fd < 0) return cannot_write(g, output, errno);
    bool good = write_all(fd, o->bytes, o->length);
    int error = errno;
    if (close(fd) && good) good = false, error = errno;
    if (!good) cannot_write(g, from, error);
    good = good && link_to(g, from, to, output, runtime_library);
    if (good && rename(to, output)) good = cannot_write(g, output, errno);
    unlink(from);
    if (!good) unlink(to);
    return good;
}

bool object_link(struct ganc *g, const struct object *o, const char *output, const char *runtime_library)
{
    struct timing t;
    time_begin(g, &t);
    bool good = link_object(g, o, output, runtime_library);
    time_end(g, &t, "link");
    return good;
}
