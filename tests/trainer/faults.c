/* faults.c: a library for LD_PRELOAD that makes writing fail at random, and keeps a list of what was written, forced to the disk and renamed.
 *
 * FAULTS_SEED=N            which calls fail; the same for the same calls of a thread
 * FAULTS_ONE_IN=N          one call in N of those below fails, or is cut short, or is interrupted (0, or unset: none)
 * FAULTS_UNDER=DIR         only files below DIR, an absolute path; others, and standard output and error, are left alone
 * FAULTS_SKIP=N            the first N calls go well
 * FAULTS_LOG=FILE          a line for each call below DIR: its number, CALL PATH [PATH, or of fsync the size], and "= ERROR" where it was made to fail
 * FAULTS_KILL=N            the process kills itself by SIGKILL at call N, half of it done where it writes
 *
 * open, write, pwrite, writev, fsync, fdatasync, rename, link, ftruncate, mkdir fail with ENOSPC, EIO, EDQUOT; those that may also with EINTR, and writes
 * may be short. unlink and close never fail: who cannot clean up has no better way. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static struct {
    bool ready;
    uint64_t seed, one_in, skip, kill;
    char under[PATH_MAX];
    int log;
} faults;
static atomic_ullong calls;

static uint64_t number(const char *name)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : 0;
}

static void __attribute__((constructor)) begin(void)
{
    const char *under = getenv("FAULTS_UNDER"), *log = getenv("FAULTS_LOG");
    faults.seed = number("FAULTS_SEED"), faults.one_in = number("FAULTS_ONE_IN"), faults.skip = number("FAULTS_SKIP"), faults.kill = number("FAULTS_KILL");
    snprintf(faults.under, sizeof faults.under, "%s", under ? under : "/nowhere");
    faults.log = log ? (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
    faults.ready = true;
}

#define REAL(name) (__extension__(__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* The absolute path of a name, which may not be there yet. */
static void absolute(const char *path, char out[PATH_MAX])
{
    char here[PATH_MAX / 2] = "";
    if (path[0] != '/' && syscall(SYS_getcwd, here, sizeof here) < 0) here[0] = 0;
    snprintf(out, PATH_MAX, "%s%s%s", here, *here ? "/" : "", path);
}

static void path_of(int fd, char out[PATH_MAX])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, out, PATH_MAX - 1);
    out[n > 0 ? n : 0] = 0;
}

static bool below(const char *path)
{
    size_t n = strlen(faults.under);
    return faults.ready && !strncmp(path, faults.under, n) && (!path[n] || path[n] == '/');
}

static uint64_t mixed(uint64_t x) /* splitmix64 (Steele et al. 2014) */
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

enum { GOES_WELL = 0, SHORT = -1, KILLED = -2 };

static void note(uint64_t call, const char *name, const char *a, const char *b, int outcome)
{
    char line[3 * PATH_MAX];
    if (faults.log < 0) return;
    const char *what = outcome == SHORT ? " = short" : outcome == KILLED ? " = killed" : outcome ? strerrorname_np(outcome) : "";
    int n = snprintf(line, sizeof line, "%llu %s %s%s%s%s%s\n", (unsigned long long)call, name, a, b ? " " : "", b ? b : "", outcome > 0 ? " = " : "", what);
    if (n > 0) syscall(SYS_write, faults.log, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

/* What becomes of this call: GOES_WELL, an errno, SHORT or KILLED (where it writes; others are killed at once). */
static int outcome(const char *name, const char *path, const char *other, bool writes, bool interrupted)
{
    static const int errors[] = {ENOSPC, EIO, EDQUOT, EINTR};
    uint64_t call = atomic_fetch_add(&calls, 1) + 1, x = mixed(faults.seed ^ mixed(call));
    int what = GOES_WELL;
    if (faults.one_in && call > faults.skip && x % faults.one_in == 0) {
        uint64_t kind = mixed(x) % (writes ? 6 : interrupted ? 4 : 3);
        what = kind > 3 ? SHORT : errors[kind];
    }
    if (faults.kill && call == faults.kill) what = KILLED;
    note(call, name, path, other, what);
    if (what == KILLED && !writes) syscall(SYS_kill, getpid(), SIGKILL);
    return what;
}

static int opened(const char *name, const char *path, int flags)
{
    char full[PATH_MAX];
    if (!(flags & (O_WRONLY | O_RDWR | O_CREAT)) || !path) return GOES_WELL;
    absolute(path, full);
    return below(full) ? outcome(name, full, NULL, false, true) : GOES_WELL;
}

#define OPEN(name, real_name)                                              \
    int name(const char *path, int flags, ...)                             \
    {                                                                      \
        va_list args;                                                      \
        va_start(args, flags);                                             \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0; \
        va_end(args);                                                      \
        int what = opened("open", path, flags);                            \
        if (what > 0) {                                                    \
            errno = what;                                                  \
            return -1;                                                     \
        }                                                                  \
        return REAL(real_name)(path, flags, mode);                         \
    }
OPEN(open, open)
OPEN(open64, open64)

/* Of `count` bytes; at: for pwrite, else -1. */
static ssize_t written(const char *name, int fd, const void *bytes, size_t count, off_t at)
{
    char path[PATH_MAX];
    path_of(fd, path);
    int what = fd > 2 && fd != faults.log && below(path) ? outcome(name, path, NULL, true, true) : GOES_WELL;
    if (what > 0) {
        errno = what;
        return -1;
    }
    if (what != GOES_WELL && count > 1) count = 1 + (size_t)(mixed(faults.seed + count) % (count - 1));
    ssize_t n = at < 0 ? syscall(SYS_write, fd, bytes, count) : syscall(SYS_pwrite64, fd, bytes, count, at);
    if (what == KILLED) syscall(SYS_kill, getpid(), SIGKILL);
    return n;
}

ssize_t write(int fd, const void *bytes, size_t count)
{
    return written("write", fd, bytes, count, -1);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at)
{
    return written("pwrite", fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at)
{
    return written("pwrite", fd, bytes, count, at);
}

static int on_file(const char *name, int fd, bool interrupted)
{
    char path[PATH_MAX], size[24];
    struct stat s = {.st_size = 0};
    path_of(fd, path);
    if (fstat(fd, &s) == 0 && S_ISREG(s.st_mode)) snprintf(size, sizeof size, "%lld", (long long)s.st_size);
    else size[0] = 0;
    return below(path) ? outcome(name, path, *size ? size : NULL, false, interrupted) : GOES_WELL;
}

#define ANSWER(what, call)            \
    do {                              \
        int what_ = what;             \
        if (what_ <= 0) return call;  \
        errno = what_;                \
        return -1;                    \
    } while (0)

int fsync(int fd)
{
    ANSWER(on_file("fsync", fd, true), (int)syscall(SYS_fsync, fd));
}

int fdatasync(int fd)
{
    ANSWER(on_file("fdatasync", fd, true), (int)syscall(SYS_fdatasync, fd));
}

int ftruncate(int fd, off_t length)
{
    ANSWER(on_file("ftruncate", fd, true), (int)syscall(SYS_ftruncate, fd, length));
}

int ftruncate64(int fd, off64_t length)
{
    ANSWER(on_file("ftruncate", fd, true), (int)syscall(SYS_ftruncate, fd, length));
}

static int on_names(const char *name, const char *from, const char *to)
{
    char a[PATH_MAX], b[PATH_MAX];
    absolute(from, a);
    if (to) absolute(to, b);
    return below(a) ? outcome(name, a, to ? b : NULL, false, false) : GOES_WELL;
}

int rename(const char *from, const char *to)
{
    ANSWER(on_names("rename", from, to), (int)syscall(SYS_rename, from, to));
}

int link(const char *from, const char *to)
{
    ANSWER(on_names("link", from, to), (int)syscall(SYS_link, from, to));
}

int mkdir(const char *path, mode_t mode)
{
    ANSWER(on_names("mkdir", path, NULL), (int)syscall(SYS_mkdir, path, mode));
}

int unlink(const char *path)
{
    char full[PATH_MAX];
    absolute(path, full);
    if (below(full)) note(atomic_load(&calls), "unlink", full, NULL, GOES_WELL);
    return (int)syscall(SYS_unlink, path);
}
