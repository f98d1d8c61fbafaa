/* room.c: how much memory there is left: of the machine, of each control group that the process is in, of its own limits.
 *
 * Pages of files count as free, as the system gives them up before it refuses: MemAvailable says so of the machine, and of a group its use less the
 * pages of files. Swap counts for the machine: what needs it is slow, but runs. */
#define _GNU_SOURCE
#include "fits.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define LONGEST 4096

/* The number of a line `NAME 123` or `NAME: 123 kB`; -1: there is no such line, or no such file. */
static double line_of(const char *path, const char *name)
{
    FILE *f = fopen(path, "r");
    char line[256];
    double found = -1;
    size_t length = strlen(name);
    while (f && found < 0 && fgets(line, sizeof line, f)) {
        long long n;
        char unit[8] = "";
        if (strncmp(line, name, length) || (line[length] != ':' && line[length] != ' ')) continue;
        if (sscanf(line + length + 1, "%lld %7s", &n, unit) >= 1) found = (double)n * (strcmp(unit, "kB") ? 1 : 1024);
    }
    if (f) fclose(f);
    return found;
}

/* A file that holds one number; INFINITY for "max", and where it cannot be read. */
static double number_of(const char *path)
{
    FILE *f = fopen(path, "r");
    long long n;
    double found = f && fscanf(f, "%lld", &n) == 1 ? (double)n : INFINITY;
    if (f) fclose(f);
    return found;
}

static void narrow(struct room *r, double bytes, const char *limit)
{
    if (!(bytes < r->bytes)) return;
    r->bytes = bytes > 0 ? bytes : 0;
    r->limit = limit;
}

/* One group: version 2 and version 1 have other names for the same things. */
static void group(struct room *r, const char *folder, bool two)
{
    char path[LONGEST + 64];
    snprintf(path, sizeof path, "%s/%s", folder, two ? "memory.max" : "memory.limit_in_bytes");
    double most = number_of(path);
    snprintf(path, sizeof path, "%s/%s", folder, two ? "memory.current" : "memory.usage_in_bytes");
    double used = number_of(path);
    if (!isfinite(most)) return;
    snprintf(path, sizeof path, "%s/memory.stat", folder);
    double idle = line_of(path, two ? "inactive_file" : "total_inactive_file"), busy = line_of(path, two ? "active_file" : "total_active_file");
    if (!isfinite(used)) used = 0;
    narrow(r, most - used + (idle > 0 ? idle : 0) + (busy > 0 ? busy : 0), "of the control group's limit");
}

/* A group and all that it is in, up to where they are mounted. In a container that sees its own group as the root the last one is its own. */
static void groups(struct room *r, const char *mounted, const char *name, bool two)
{
    char folder[LONGEST];
    int n = snprintf(folder, sizeof folder, "%s%s", mounted, name);
    if (n < 0 || (size_t)n >= sizeof folder) return;
    for (size_t end = (size_t)n; end > strlen(mounted); end--) {
        if (folder[end] && folder[end] != '/') continue;
        folder[end] = 0;
        group(r, folder, two);
    }
    group(r, mounted, two);
}

static void control_groups(struct room *r, const char *root)
{
    char path[LONGEST], line[LONGEST], two[LONGEST], one[LONGEST];
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    snprintf(two, sizeof two, "%s/sys/fs/cgroup", root);
    snprintf(one, sizeof one, "%s/sys/fs/cgroup/memory", root);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        char *of = strchr(line, ':'), *name = of ? strchr(of + 1, ':') : NULL;
        if (!name) continue;
        *name++ = 0;
        of++;
        if (!*of) groups(r, two, name, true);
        for (char *each = strtok(of, ","); each; each = strtok(NULL, ","))
            if (!strcmp(each, "memory")) groups(r, one, name, false);
    }
    if (f) fclose(f);
}

static void limit_of(struct room *r, int what, double used, const char *why)
{
    struct rlimit limit;
    if (getrlimit(what, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || used < 0) return;
    double left = (double)limit.rlim_cur - used;
    if (!(left < r->mapped)) return;
    r->mapped = left > 0 ? left : 0;
    r->map_limit = why;
}

struct room room_left_below(const char *root)
{
    struct room r = {INFINITY, INFINITY, "of the machine's memory", ""};
    char path[LONGEST];
    snprintf(path, sizeof path, "%s/proc/meminfo", root);
    double available = line_of(path, "MemAvailable"), swap = line_of(path, "SwapFree");
    if (available < 0) available = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / 2;
    narrow(&r, available + (swap > 0 ? swap : 0), r.limit);
    control_groups(&r, root);
    snprintf(path, sizeof path, "%s/proc/self/status", root);
    limit_of(&r, RLIMIT_AS, line_of(path, "VmSize"), "of the address space (ulimit -v)");
    limit_of(&r, RLIMIT_DATA, line_of(path, "VmData"), "of the data segment (ulimit -d)");
    return r;
}

struct room room_left(void)
{
    return room_left_below("");
}
