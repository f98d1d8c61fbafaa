/* data.c: fuzz target: any bytes as a data set, by the reader that READER names ("image": as one image; "": by whose they are, and as an image). What must
 * hold: no crash, no leak, bounded time and memory; what is accepted can be fetched. */
#define _GNU_SOURCE
#include "data.h"
#include "data/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef READER
#define READER ""
#endif

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void as_image(const uint8_t *bytes, size_t size)
{
    static const struct image_shape shapes[] = {{6, 4, 3}, {31, 9, 1}};
    struct image image = {0};
    struct image_fit fit = {0};
    struct error e = {""};
    unsigned char to[31 * 9];
    if (image_decode(&image, bytes, size, "item", &e))
        for (int i = 0; i < 2; i++) image_fit(&fit, &image, &shapes[i], to);
    else if (!strstr(e.text, "'item'")) abort();
    image_free(&image);
    image_fit_free(&fit);
}

static void as_set(const char *path)
{
    static const int64_t dims[] = {6, 4, 3}, classes[] = {100};
    static const struct ganrt_data fields[2] = {
        {.name = "x", .field = "image", .rank = 3, .dims = dims, .elements = 72, .low = 0, .high = 1},
        {.name = "x", .field = "label", .rank = 1, .dims = classes, .elements = 100, .onehot = 1},
    };
    for (uint32_t n = 1; n <= 2; n++) {
        const struct data_options options = {.memory = n == 1 ? 32 << 20 : 100, .bad_share = 0.9, .threads = 1};
        struct error e = {""};
        struct data_source *s = data_open(fields, n, path, &options, &e);
        float x[100];
        if (!s && !e.text[0]) abort();
        for (int64_t i = 0; s && i < data_count(s) && i < 8; i++)
            for (uint32_t k = 0; k < n; k++) data_fetch(s, k, i, false, x);
        data_close(s);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (!READER[0] || !strcmp(READER, "image")) as_image(bytes, size);
    if (!strcmp(READER, "image")) return 0;
    char path[64];
    int fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size) abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct error e = {""};
    const struct data_format *format = data_format_of(path, &e);
    if (format ? !READER[0] || !strcmp(format->name, READER) : !e.text[0]) { /* another reader's bytes are its own target's */
        if (!format) abort();
        as_set(path);
    }
    close(fd);
    return 0;
}
