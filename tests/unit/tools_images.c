/* tools_images.c: cropping, resizing and channels against numbers made by numpy (tests/data/make.py): exactly, they are whole numbers; and what any
 * sizes must keep: constant images stay constant, enlarging keeps the range. */
#include "check.h"

#include "../../runtime/data/image.h"

#include <stdlib.h>

static int number(FILE *f)
{
    int x = -1;
    CHECK(fscanf(f, "%d", &x) == 1);
    return x;
}

static void against_numpy(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s", __FILE__);
    char *slash = strrchr(path, '/');
    snprintf(slash, sizeof path - (size_t)(slash - path), "/../data/files/fit.txt");
    FILE *f = fopen(path, "r");
    struct image_fit fit = {0}; /* one for all: its memory is kept */
    int h, lines = 0;
    CHECK(f != NULL);
    while (f && fscanf(f, "%d", &h) == 1) {
        struct image image = {.h = h};
        image.w = number(f), image.channels = number(f);
        struct image_shape shape = {.h = number(f)};
        shape.w = number(f), shape.channels = number(f);
        int64_t before = image.h * image.w * image.channels, after = shape.h * shape.w * shape.channels, wrong = 0;
        image.pixels = memory_take((size_t)before, 1);
        unsigned char *to = memory_take((size_t)after, 1);
        for (int64_t i = 0; i < before; i++) image.pixels[i] = (unsigned char)number(f);
        image_fit(&fit, &image, &shape, to);
        for (int64_t i = 0; i < after; i++) wrong += to[i] != number(f);
        CHECK(wrong == 0);
        if (wrong) printf("  %lld of %lld are wrong: line %d\n", (long long)wrong, (long long)after, lines + 1);
        free(image.pixels);
        free(to);
        lines++;
    }
    CHECK(lines == 10);
    image_fit_free(&fit);
    if (f) fclose(f);
}

static void any_sizes(void)
{
    static const int64_t sides[] = {1, 2, 3, 5, 8, 31, 64, 100};
    enum { N = sizeof sides / sizeof *sides };
    struct image_fit fit = {0};
    static unsigned char pixels[100 * 100 * 3], to[100 * 100 * 3];
    for (int a = 0; a < N; a++)
        for (int b = 0; b < N; b++)
            for (int c = 0; c < N; c++)
                for (int d = 0; d < N; d++) {
                    struct image image = {.h = sides[a], .w = sides[b], .channels = 3, .pixels = pixels};
                    struct image_shape shape = {sides[c], sides[d], 3};
                    int64_t before = image.h * image.w * 3, after = shape.h * shape.w * 3;
                    bool same = true, within = true;
                    memset(pixels, 201, (size_t)before);
                    image_fit(&fit, &image, &shape, to);
                    for (int64_t i = 0; i < after; i++) same &= to[i] == 201;
                    for (int64_t i = 0; i < before; i++) pixels[i] = (unsigned char)(40 + i * 37 % 100);
                    image_fit(&fit, &image, &shape, to);
                    for (int64_t i = 0; i < after; i++) within &= to[i] >= 40 && to[i] < 140;
                    CHECK(same && within);
                }
    image_fit_free(&fit);
}

/* Of the largest side to one pixel: the sums must not overflow. */
static void widest(void)
{
    struct image image = {0};
    struct image_fit fit = {0};
    struct error e = {""};
    unsigned char to[3 * 4];
    CHECK(image_room(&image, 3, IMAGE_SIDE_MOST, 3, "wide", &e));
    memset(image.pixels, 255, image.room);
    image_fit(&fit, &image, &(struct image_shape){1, 4, 3}, to);
    for (size_t i = 0; i < sizeof to; i++) CHECK(to[i] == 255);
    CHECK(!image_room(&image, 1, IMAGE_SIDE_MOST + 1, 3, "wide", &e) && strstr(e.text, "'wide'"));
    CHECK(!image_room(&image, 20000, 20000, 3, "wide", &e) && !image_room(&image, 0, 5, 3, "wide", &e));
    image_free(&image);
    image_fit_free(&fit);
}

int main(void)
{
    against_numpy();
    any_sizes();
    widest();
    return check_done();
}
