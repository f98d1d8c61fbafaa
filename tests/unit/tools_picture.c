/* tools_picture.c: grids of tiles decoded again, CSV, and .npy byte for byte. */
#include "check.h"

#include "../../runtime/pictures/picture.h"

#include <png.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[64], path[96];
static struct error why;

static size_t load(unsigned char *to, size_t most)
{
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(to, 1, most, f) : 0;
    if (f) fclose(f);
    return n;
}

/* Pixels of the file, 8 bits, `channels` of them; free(). */
static unsigned char *decode(int channels, unsigned *width, unsigned *height)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_file(&image, path)) return NULL;
    CHECK((image.format & PNG_FORMAT_FLAG_COLOR ? 3 : 1) == channels);
    image.format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    unsigned char *pixels = malloc(PNG_IMAGE_SIZE(image));
    *width = image.width, *height = image.height;
    if (png_image_finish_read(&image, NULL, pixels, 0, NULL)) return pixels;
    free(pixels);
    return NULL;
}

static void grey(void)
{
    int64_t dims[] = {2, 3};
    struct picture_tile tile = {2, dims, -1, 1, false};
    float values[18] = {-1, 1, 0, -2, 2, NAN, /* second */ -0.5f, 0.5f, 1, 1, 1, 1, /* third */ 1, -1, 1, -1, 1, -1};
    unsigned w, h;
    CHECK(picture_png(path, &tile, 2, 2, 3, false, values, &why));
    unsigned char *p = decode(1, &w, &h);
    CHECK(p && w == 6 && h == 4);
    if (p) {
        static const unsigned char want[] = {0, 255, 128, 64, 191, 255, 0, 255, 0, 255, 255, 255, 255, 0, 255, 0, 0, 0, 0, 255, 0, 0, 0, 0};
        CHECK(!memcmp(p, want, sizeof want));
    }
    free(p);
    unsigned char first[1000], second[1000];
    size_t n = load(first, sizeof first);
    picture_png(path, &tile, 2, 2, 3, false, values, &why);
    CHECK(load(second, sizeof second) == n && !memcmp(first, second, n));
}

static void colour_and_any(void)
{
    int64_t dims[] = {1, 2, 3}, square[] = {4}, none[] = {5}, many[] = {2, 2, 4};
    struct picture_tile tile = {3, dims, 0, 0, true};
    double values[12] = {4, -4, 0, 2, -2, 1, 0, 0, 0, 0, 0, 3};
    unsigned w, h;
    CHECK(picture_png(path, &tile, 2, 1, 2, true, values, &why));
    unsigned char *p = decode(3, &w, &h);
    CHECK(p && w == 2 && h == 2 && p[0] == 255 && p[1] == 0 && p[2] == 128 && p[3] == 191 && p[4] == 64 && p[11] == 223);
    free(p);
    int64_t a, b, c;
    CHECK(picture_shape(1, square, &a, &b, &c) && a == 2 && b == 2 && c == 1);
    CHECK(!picture_shape(1, none, &a, &b, &c) && !picture_shape(3, many, &a, &b, &c) && !picture_shape(0, none, &a, &b, &c));
    tile.rank = 1, tile.dims = none;
    CHECK(!picture_png(path, &tile, 1, 1, 1, true, values, &why) && strstr(why.text, path));
    tile.dims = square;
    CHECK(!picture_png(path, &tile, (int64_t)1 << 40, 1, 1, true, values, &why));
    snprintf(path, sizeof path, "%s/none/x.png", folder);
    CHECK(!picture_png(path, &tile, 1, 1, 1, true, values, &why) && strstr(why.text, path));
    snprintf(path, sizeof path, "%s/x", folder);
}

static void arrays(void)
{
    unsigned char bytes[512];
    float x[6] = {1, 0.1f, -2.5f, 1e-8f, 16777216, 3};
    double y[2] = {0.1, 1.0 / 3};
    CHECK(picture_csv(path, 2, 3, false, x, &why));
    size_t n = load(bytes, sizeof bytes - 1);
    bytes[n] = 0;
    CHECK_TEXT((char *)bytes, "1,0.1,-2.5\n1e-08,16777216,3\n");
    CHECK(picture_csv(path, 2, 1, true, y, &why));
    n = load(bytes, sizeof bytes - 1);
    bytes[n] = 0;
    CHECK_TEXT((char *)bytes, "0.1\n0.3333333333333333\n");
    int64_t dims[] = {3};
    CHECK(picture_npy(path, 2, 1, dims, false, x, &why));
    n = load(bytes, sizeof bytes);
    size_t header = 10 + bytes[8] + 256u * bytes[9];
    CHECK(n == header + sizeof x && header % 64 == 0 && !memcmp(bytes, "\x93NUMPY\x01\x00", 8) && !memcmp(bytes + header, x, sizeof x));
    CHECK(bytes[header - 1] == '\n');
    static const char want[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } ";
    CHECK(!memcmp(bytes + 10, want, sizeof want - 1));
    CHECK(picture_npy(path, 2, 0, NULL, true, y, &why));
    n = load(bytes, sizeof bytes);
    CHECK(!memcmp(bytes + 10, "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", 57));
}

int main(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/ganc-picture-XXXXXX", base && strlen(base) < 40 ? base : "/tmp");
    if (!mkdtemp(folder)) return 1;
    snprintf(path, sizeof path, "%s/x", folder);
    grey();
    colour_and_any();
    arrays();
    unlink(path);
    CHECK(rmdir(folder) == 0);
    return check_done();
}
