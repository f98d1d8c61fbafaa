/* replay.c: the main of a fuzz target without a fuzzer: each file of the folders named, once, in the order of their names, within some time and memory. Says
 * which file it was that ended it.
 *     replay_TARGET FOLDER... */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
#define BOUNDED /* sanitizers take as much for themselves */
#endif

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { MOST = 1 << 20, SECONDS = 20, MEMORY = 768 << 20 };

static char path[512];
static int said; /* where people read; the targets' own words go nowhere */

static void left(void)
{
    if (path[0]) dprintf(said, "%s: it ended the process\n", path);
}

static void ended(int number)
{
    dprintf(said, "%s: %s\n", path, number == SIGALRM ? "it takes too long" : strsignal(number));
    signal(number, SIG_DFL);
    raise(number);
}

static int one(void)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = malloc(MOST);
    if (!f || !bytes) return dprintf(said, "%s: cannot be read\n", path), 1;
    size_t size = fread(bytes, 1, MOST, f);
    fclose(f);
    uint8_t *own = memcpy(malloc(size + !size), bytes, size); /* of its size: what reads further is seen by the sanitizers */
    alarm(SECONDS);
    int taken = LLVMFuzzerTestOneInput(own, size);
    alarm(0);
    free(own);
    free(bytes);
    return taken ? dprintf(said, "%s: is not what this target reads\n", path), 1 : 0;
}

int main(int argc, char **argv)
{
    int count = 0, failed = 0;
    said = dup(2);
    if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr)) return 1;
#ifdef BOUNDED
    if (setrlimit(RLIMIT_AS, &(struct rlimit){MEMORY, MEMORY}) != 0) return 1;
#endif
    atexit(left);
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], ended);
    for (int i = 1; i < argc; i++) {
        struct dirent **names;
        int n = scandir(argv[i], &names, NULL, alphasort);
        if (n < 0) return dprintf(said, "%s: no folder\n", argv[i]), 1;
        for (int k = 0; k < n; k++) {
            snprintf(path, sizeof path, "%s/%s", argv[i], names[k]->d_name);
            if (names[k]->d_name[0] != '.') failed |= one(), count++;
            free(names[k]);
        }
        free(names);
    }
    path[0] = 0;
    dprintf(said, "%d inputs\n", count);
    return failed || !count;
}
