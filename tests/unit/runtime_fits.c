/* Room that is left, of files as the system writes them; and the largest minibatch that fits. */
#include "check.h"
#include "fits.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char root[] = "/tmp/room-XXXXXX";

/* Writes a file below root, and the folders on the way. */
static void put(const char *path, const char *text)
{
    char whole[512];
    int n = snprintf(whole, sizeof whole, "%s%s", root, path);
    for (int i = (int)strlen(root) + 1; i < n; i++)
        if (whole[i] == '/') whole[i] = 0, mkdir(whole, 0777), whole[i] = '/';
    FILE *f = fopen(whole, "w");
    CHECK(f != NULL);
    if (f) fputs(text, f), fclose(f);
}

static bool left(double bytes, const char *limit)
{
    struct room r = room_left_below(root);
    if (r.bytes == bytes && !strcmp(r.limit, limit)) return true;
    fprintf(stderr, "%.0f bytes left %s\n", r.bytes, r.limit);
    return false;
}

static void test_machine(void)
{
    put("/proc/meminfo", "MemTotal:       100 kB\nMemAvailable:    90 kB\nSwapFree:    10 kB\n");
    CHECK(left(100 * 1024, "of the machine's memory"));
    put("/proc/self/cgroup", "0::/a/b\n"); /* whose files are not there */
    CHECK(left(100 * 1024, "of the machine's memory"));
}

static void test_groups(void)
{
    const char *group = "of the control group's limit";
    put("/sys/fs/cgroup/a/b/memory.max", "max\n");
    put("/sys/fs/cgroup/a/b/memory.current", "1000\n");
    CHECK(left(100 * 1024, "of the machine's memory"));
    put("/sys/fs/cgroup/a/memory.max", "50000\n"); /* of the group that it is in */
    put("/sys/fs/cgroup/a/memory.current", "30000\n");
    CHECK(left(20000, group));
    put("/sys/fs/cgroup/a/memory.stat", "anon 9\ninactive_file 4000\nactive_file 600\n");
    CHECK(left(24600, group));
    put("/sys/fs/cgroup/a/b/memory.max", "500\n"); /* below what is used already */
    CHECK(left(0, group));
    put("/sys/fs/cgroup/a/b/memory.max", "7000\n");
    CHECK(left(6000, group));
    put("/proc/self/cgroup", "5:cpu,memory:/old\n3:pids:/a\n"); /* version 1 */
    CHECK(left(100 * 1024, "of the machine's memory"));
    put("/sys/fs/cgroup/memory/old/memory.limit_in_bytes", "9223372036854771712\n");
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9000\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "1000\n");
    put("/sys/fs/cgroup/memory/memory.stat", "total_inactive_file 500\n");
    CHECK(left(8500, group));
    put("/proc/self/cgroup", "0::/\n"); /* a container that is its own root */
    put("/sys/fs/cgroup/memory.max", "12345\n");
    CHECK(left(12345, group));
}

static void test_limits(void)
{
    struct rlimit was, lower;
    CHECK(room_left_below(root).mapped == INFINITY); /* no status there */
    put("/proc/self/status", "Name:\tx\nVmSize:\t    1000 kB\nVmData:\t    10 kB\n");
    getrlimit(RLIMIT_AS, &was);
    lower = was;
    lower.rlim_cur = (rlim_t)4 << 30;
    if (was.rlim_cur != RLIM_INFINITY || setrlimit(RLIMIT_AS, &lower) != 0) return;
    struct room r = room_left_below(root);
    setrlimit(RLIMIT_AS, &was);
    CHECK(r.mapped == 4294967296.0 - 1024000 && strstr(r.map_limit, "ulimit -v"));
}

static void test_batch(void)
{
    const struct ganrt_train trains[] = {{.batch = 40}, {.batch = 100}};
    const struct ganrt_size sizes[] = {{50, 600}, {25, 350}, {1, 110}};
    struct ganrt_model model = {.arena_bytes = 1100, .ntrains = 2, .trains = trains, .nsizes = 3, .sizes = sizes};
    CHECK(fits_batch(&model, 1100) == 100);
    CHECK(fits_batch(&model, 1099) == 99);
    CHECK(fits_batch(&model, 600) == 50);
    CHECK(fits_batch(&model, 599) == 49);
    CHECK(fits_batch(&model, 110) == 1);
    CHECK(fits_batch(&model, 109) == 0);
    model.nsizes = 0;
    CHECK(fits_batch(&model, 1000) == -1);
}

int main(void)
{
    CHECK(mkdtemp(root) != NULL);
    test_machine();
    test_groups();
    test_limits();
    test_batch();
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", root);
    CHECK(system(command) == 0);
    return check_done();
}
