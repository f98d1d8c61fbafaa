/* memory.c: how much memory this process takes, as Linux counts it. */
#include "train.h"

#include <stdio.h>
#include <string.h>

/* A line `NAME:   1234 kB` of /proc/self/status, in bytes. */
static double status(const char *name)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    double bytes = 0;
    size_t length = strlen(name);
    while (f && fgets(line, sizeof line, f)) {
        long long kilobytes;
        if (!strncmp(line, name, length) && line[length] == ':' && sscanf(line + length + 1, "%lld", &kilobytes) == 1) bytes = (double)kilobytes * 1024;
    }
    if (f) fclose(f);
    return bytes;
}

double memory_resident(void)
{
    return status("VmRSS");
}

double memory_peak(void)
{
    return status("VmHWM");
}
