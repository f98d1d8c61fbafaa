/* tools_hostile.c: files of every format, cut short and changed at random places (always the same ones): each is read or is an error with its name;
 * and headers that promise what no memory holds. Run with the sanitizers it says more. */
#include "check.h"

#include "../../runtime/data.h"
#include "../../runtime/data/image.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#define SECONDS 30 /* what all of it may take */

static const int64_t dims[] = {6, 4, 3}, classes[] = {100};
static const struct ganrt_data fields[2] = {
    {.name = "x", .field = "image", .rank = 3, .dims = dims, .elements = 72, .low = 0, .high = 1},
    {.name = "x", .field = "label", .rank = 1, .dims = classes, .elements = 100, .onehot = 1},
};
static struct data_options options = {.memory = 64 << 20, .bad_share = 0.9, .threads = 1};
static char path[64];
static int opened, refused;

static void save(const unsigned char *bytes, size_t length)
{
    FILE *f = fopen(path, "wb");
    fwrite(bytes, 1, length, f);
    fclose(f);
}

/* Opened, with labels and without, and read; or an error that names the file. */
static void look(void)
{
    for (uint32_t n = 1; n <= 2; n++) {
        struct error why = {""};
        struct data_source *s = data_open(fields, n, path, &options, &why);
        float x[100];
        if (s) {
            opened++;
            CHECK(data_count(s) > 0);
            for (int64_t i = 0; i < data_count(s) && i < 20; i++)
                for (uint32_t k = 0; k < n; k++) data_fetch(s, k, i, false, x);
        } else {
            refused++;
            CHECK(why.text[0] == '\'' || strstr(why.text, "'"));
        }
        data_close(s);
    }
}

/* An image alone, as an item of a set is decoded. */
static void look_at_image(const unsigned char *bytes, size_t length)
{
    struct image image = {0};
    struct image_fit fit = {0};
    struct image_shape shape = {6, 4, 3};
    struct error why = {""};
    unsigned char to[72];
    bool ok = image_decode(&image, bytes, length, "item", &why);
    if (ok) image_fit(&fit, &image, &shape, to);
    else CHECK(strstr(why.text, "'item'") != NULL);
    opened += ok, refused += !ok;
    image_free(&image);
    image_fit_free(&fit);
}

static uint32_t next(uint32_t *x)
{
    *x = *x * 1664525u + 1013904223u;
    return *x >> 8;
}

static void mangle(unsigned char *bytes, size_t length, bool image, int cuts, int changes)
{
    uint32_t x = (uint32_t)length;
    unsigned char *copy = memory_take(length, 1);
    for (int i = 0; i < cuts; i++) {
        size_t keep = i < 64 ? (size_t)i % length : next(&x) % length;
        if (image) look_at_image(bytes, keep);
        else save(bytes, keep), look();
    }
    for (int i = 0; i < changes; i++) {
        memcpy(copy, bytes, length);
        int places = 1 + (int)(next(&x) % 4);
        for (int k = 0; k < places; k++) {
            size_t at = next(&x) % (i % 2 ? length : length < 512 ? length : 512); /* headers stand at the beginning */
            static const unsigned char odd[] = {0, 0xff, 0x7f, 0x80, 1};
            copy[at] = next(&x) % 2 ? odd[next(&x) % 5] : (unsigned char)next(&x);
        }
        if (image) look_at_image(copy, length);
        else save(copy, length), look();
    }
    free(copy);
}

static unsigned char *load(const char *name, size_t *length)
{
    char file[512];
    snprintf(file, sizeof file, "%s", __FILE__);
    char *slash = strrchr(file, '/');
    snprintf(slash, sizeof file - (size_t)(slash - file), "/../data/files/%s", name);
    FILE *f = fopen(file, "rb");
    CHECK(f != NULL);
    if (!f) return NULL;
    unsigned char *bytes = memory_take(1 << 20, 1);
    *length = fread(bytes, 1, 1 << 20, f);
    fclose(f);
    return bytes;
}

/* Of processor time, this process's. */
static double seconds(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)use.ru_utime.tv_sec + (double)use.ru_stime.tv_sec + 1e-6 * (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

static void promises(void)
{
    unsigned char npy[] = "\x93NUMPY\1\0\x32\0{'shape': (3,), 'fortran_order': False, 'descr': '"; /* found by fuzzing: a header that ends there */
    save(npy, 10 + 0x32);
    look();
    unsigned char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x4e\x20\0\0\x4e\x20\x08\x02\0\0\0sum.\0\0\0\0IDATsum."; /* 20000 x 20000 */
    unsigned char jpeg[] = "\xff\xd8\xff\xc0\0\x11\x08\x4e\x20\x4e\x20\3\1\x22\0\2\x11\0\3\x11\0\xff\xda\0\x0c\3\1\0\2\0\3\0\0\x3f\0";
    uint32_t sum = (uint32_t)crc32(0, png + 12, 17), empty = (uint32_t)crc32(0, png + 37, 4);
    for (int i = 0; i < 4; i++) png[29 + i] = (unsigned char)(sum >> (24 - 8 * i)), png[41 + i] = (unsigned char)(empty >> (24 - 8 * i));
    struct image image = {0};
    struct error why = {""};
    CHECK(!image_decode(&image, png, sizeof png - 1, "large", &why));
    CHECK(strstr(why.text, "20000 x 20000") != NULL);
    CHECK(!image_decode(&image, jpeg, sizeof jpeg - 1, "large", &why));
    CHECK(strstr(why.text, "20000 x 20000") != NULL);
    CHECK(image.room == 0);
    image_free(&image);
}

int main(void)
{
    static const struct {
        const char *name;
        bool image;
        int cuts, changes;
    } all[] = {
        {"grey1.png", true, 100, 400},      {"rgb16.png", true, 100, 400},     {"rgb8adam7.png", true, 100, 400}, {"palette4.png", true, 150, 400},
        {"colour.jpg", true, 300, 800},     {"progressive.jpg", true, 300, 800}, {"cmyk.jpg", true, 200, 400},     {"lossy.webp", true, 150, 400},
        {"lossless.webp", true, 150, 400},  {"bytes.npy", false, 100, 400},    {"f2.npy", false, 50, 200},        {"stored.npz", false, 150, 400},
        {"packed.npz", false, 150, 400},    {"svhn.mat", false, 200, 600},     {"plain.mat", false, 200, 600},    {"lsun.mdb", false, 200, 1200},
        {"three.zip", false, 150, 300},     {"cifar10.bin", false, 80, 100},   {"cifar100.bin", false, 80, 100},  {"fuel.hdf5", false, 40, 80},
        {"chunked.h5", false, 20, 60},
    };
    const char *base = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/ganc-hostile-XXXXXX", base && strlen(base) < 40 ? base : "/tmp");
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    close(fd);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        size_t length = 0;
        unsigned char *bytes = load(all[i].name, &length);
        if (bytes && length) mangle(bytes, length, all[i].image, all[i].cuts, all[i].changes);
        free(bytes);
    }
    promises();
    unlink(path);
    CHECK(opened > 1000 && refused > 5000);
    CHECK(seconds() < SECONDS);
    return check_done();
}
