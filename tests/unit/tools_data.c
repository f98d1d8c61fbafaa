/* tools_data.c: data sets: mapping, slices, labels, fingerprints; and files that lie, are cut short or damaged. */
#include "check.h"

#include "../../runtime/data.h"
#include "../../runtime/json.h"

#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

static char folder[64];
static struct error why;

static const char *in_folder(const char *name)
{
    static char path[4][160];
    static int next;
    next = (next + 1) % 4;
    snprintf(path[next], sizeof path[next], "%s/%s", folder, name);
    return path[next];
}

static const char *save(const char *name, const void *bytes, size_t length, bool packed)
{
    const char *path = in_folder(name);
    if (packed) {
        gzFile f = gzopen(path, "wb");
        gzwrite(f, bytes, (unsigned)length);
        gzclose(f);
    } else {
        FILE *f = fopen(path, "wb");
        fwrite(bytes, 1, length, f);
        fclose(f);
    }
    return path;
}

/* 5 items of 2x3 bytes: item i holds 50 * i + 0..5, the last one 255 at its end. */
static size_t images(unsigned char *to)
{
    static const unsigned char header[] = {0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 2, 0, 0, 0, 3};
    memcpy(to, header, 16);
    for (int i = 0; i < 30; i++) to[16 + i] = (unsigned char)(50 * (i / 6) + i % 6);
    to[45] = 255;
    return 46;
}

static const int64_t dims23[] = {2, 3}, dims6[] = {6}, dims231[] = {2, 3, 1}, dims32[] = {3, 2}, dims322[] = {3, 2, 2}, dims4[] = {4};

static struct ganrt_data field(uint32_t rank, const int64_t *dims, double low, double high)
{
    struct ganrt_data d = {.name = "digits", .rank = rank, .dims = dims, .elements = 1, .low = low, .high = high};
    for (uint32_t i = 0; i < rank; i++) d.elements *= dims[i];
    return d;
}

static bool opens(struct ganrt_data d, const char *path)
{
    struct data_source *s = data_open(&d, 1, path, &data_defaults, &why);
    bool ok = s != NULL;
    data_close(s);
    return ok;
}

static void mapping(const char *path)
{
    struct ganrt_data d = field(2, dims23, -1, 1);
    struct data_source *s = data_open(&d, 1, path, &data_defaults, &why);
    float x[6];
    double y[6], mean[6];
    CHECK(s && data_count(s) == 5 && data_bytes(s) == 30);
    if (!s) return;
    data_fetch(s, 0, 4, false, x);
    data_fetch(s, 0, 4, true, y);
    CHECK(x[5] == 1 && y[5] == 1);
    CHECK_NEAR(y[1], -1 + 201 * 2.0 / 255, 1e-15);
    CHECK(x[1] == (float)y[1]);
    data_mean(s, 0, mean);
    CHECK_NEAR(mean[0], -1 + 100 * 2.0 / 255, 1e-14);
    CHECK_NEAR(mean[5], -1 + (5 + 55 + 105 + 155 + 255) / 5.0 * 2 / 255, 1e-14);
    struct json_out o = {0};
    char want[160];
    unsigned char bytes[64];
    size_t length = images(bytes);
    data_fingerprint(s, &o);
    snprintf(want, sizeof want, "[{\"file\": \"%s\", \"bytes\": 46, \"crc32\": \"%08lx\", \"items\": 5}]", strrchr(path, '/') + 1,
             crc32(0, bytes, (unsigned)length));
    CHECK_TEXT(o.text, want);
    json_done(&o);
    data_close(s);
    d.any = 1;
    s = data_open(&d, 1, path, &data_defaults, &why);
    data_fetch(s, 0, 1, false, x);
    CHECK(x[3] == 53);
    data_close(s);
}

static void slices(const char *path)
{
    struct ganrt_data d = field(1, dims6, 0, 255);
    static const struct {
        const char *slice;
        int64_t count;
        float first;
    } cases[] = {{"", 3, 100}, {"[1:3]", 2, 50}, {"[:2]", 2, 0}, {"[3:]", 2, 150}, {"[:]", 5, 0}, {"[4:5]", 1, 200}};
    d.sliced = 1, d.slice_low = 2, d.slice_high = -1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        float x[6] = {-1};
        snprintf(text, sizeof text, "%s%s", path, cases[i].slice);
        struct data_source *s = data_open(&d, 1, text, &data_defaults, &why);
        CHECK(s && data_count(s) == cases[i].count);
        if (s) data_fetch(s, 0, 0, false, x);
        CHECK_NEAR(x[0], cases[i].first, 1e-5);
        data_close(s);
    }
    static const char *const bad[] = {"[3:3]", "[0:6]", "[5:]", "[a:3]", "[-1:3]", "[3]", "[]", "[1:2:3]", "[99999999999999999999:]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[200];
        snprintf(text, sizeof text, "%s%s", path, bad[i]);
        CHECK(!opens(d, text));
    }
}

static void shapes(const char *path)
{
    CHECK(opens(field(2, dims23, 0, 1), path) && opens(field(1, dims6, 0, 1), path) && opens(field(3, dims231, 0, 1), path));
    CHECK(!opens(field(1, dims4, 0, 1), path));
    CHECK(strstr(why.text, "[2, 3]") && strstr(why.text, "[4]") && strstr(why.text, "digits"));
    CHECK(opens(field(2, dims32, 0, 1), path)); /* resized: unit/tools_images.c */
    CHECK(!opens(field(3, dims322, 0, 1), path) && strstr(why.text, "[3, 2, 2]"));
}

static void records(void)
{
    unsigned char bytes[64], labels[] = {0, 0, 8, 1, 0, 0, 0, 5, 3, 0, 1, 2, 3};
    size_t length = images(bytes);
    save("train-images-idx3-ubyte", bytes, length, false);
    save("train-labels-idx1-ubyte.gz", labels, sizeof labels, true);
    struct ganrt_data d[2] = {field(2, dims23, 0, 1), field(1, dims4, 0, 0)};
    d[1].field = "label", d[1].onehot = 1;
    const char *const paths[] = {folder, in_folder("train-images-idx3-ubyte")};
    for (int i = 0; i < 2; i++) {
        struct data_source *s = data_open(d, 2, paths[i], &data_defaults, &why);
        float hot[4];
        double mean[4];
        CHECK(s && data_count(s) == 5);
        if (!s) continue;
        data_fetch(s, 1, 3, false, hot);
        CHECK(hot[0] == 0 && hot[1] == 0 && hot[2] == 1 && hot[3] == 0);
        data_mean(s, 1, mean);
        CHECK_NEAR(mean[3], 0.4, 1e-15);
        data_close(s);
    }
    labels[9] = 4;
    save("train-labels-idx1-ubyte.gz", labels, sizeof labels, true);
    CHECK(!data_open(d, 2, folder, &data_defaults, &why) && strstr(why.text, "item 1 has the label 4"));
    labels[7] = 4;
    save("train-labels-idx1-ubyte.gz", labels, sizeof labels - 1, true);
    CHECK(!data_open(d, 2, folder, &data_defaults, &why) && strstr(why.text, "5 items") && strstr(why.text, "4"));
    unlink(in_folder("train-labels-idx1-ubyte.gz"));
    CHECK(!data_open(d, 2, folder, &data_defaults, &why));
    char path[200];
    CHECK(data_mnist_images(folder, "train", path, sizeof path) && !data_mnist_images(folder, "t10k", path, sizeof path));
    unlink(in_folder("train-images-idx3-ubyte"));
    CHECK(!data_open(d, 1, folder, &data_defaults, &why) && strstr(why.text, "holds no image"));
}

static void floats(void)
{
    unsigned char f[] = {0, 0, 0x0d, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0}; /* 1, -2.5 */
    int64_t one[] = {1};
    struct ganrt_data d = field(1, one, 0, 1);
    struct data_source *s = data_open(&d, 1, save("floats", f, sizeof f, false), &data_defaults, &why);
    double x = 0;
    CHECK(s != NULL);
    if (s) data_fetch(s, 0, 1, true, &x);
    CHECK(x == -2.5);
    data_close(s);
    f[16] = 0x7f, f[17] = 0xc0; /* NaN */
    CHECK(!opens(d, save("floats", f, sizeof f, false)) && strstr(why.text, "item 1"));
    unsigned char w[] = {0, 0, 0x0e, 1, 0, 0, 0, 1, 0x40, 0x09, 0x21, 0xfb, 0x54, 0x44, 0x2d, 0x18};
    struct ganrt_data scalar = field(0, one, 0, 1);
    s = data_open(&scalar, 1, save("floats", w, sizeof w, true), &data_defaults, &why);
    if (s) data_fetch(s, 0, 0, true, &x);
    CHECK(x == 3.141592653589793);
    data_close(s);
    unlink(in_folder("floats"));
}

/* Whatever is cut or changed is refused, or read as something that is a whole file; nothing else happens (sanitizers). */
static void hostile(void)
{
    unsigned char bytes[80], packed[200];
    size_t length = images(bytes);
    struct ganrt_data d = field(2, dims23, 0, 1);
    for (size_t i = 0; i < length; i++) {
        CHECK(!opens(d, save("cut", bytes, i, false)));
        CHECK(!opens(d, save("cut", bytes, i, true)));
    }
    bytes[length] = 7;
    CHECK(!opens(d, save("cut", bytes, length + 1, false)) && strstr(why.text, "has 47"));
    CHECK(!opens(d, save("cut", bytes, length + 1, true)) && strstr(why.text, "more bytes follow"));
    for (size_t i = 0; i < 16; i++)
        for (int bit = 0; bit < 8; bit++) {
            bytes[i] ^= (unsigned char)(1 << bit);
            CHECK(!opens(d, save("cut", bytes, length, (i + (size_t)bit) % 2)));
            bytes[i] ^= (unsigned char)(1 << bit);
        }
    FILE *f = fopen(save("whole", bytes, length, true), "rb");
    size_t size = fread(packed, 1, sizeof packed, f);
    fclose(f);
    for (size_t i = 0; i < size; i++) CHECK(!opens(d, save("cut", packed, i, false)));
    for (size_t i = 10; i < size; i++) { /* the first 10 bytes hold a time and a system, which mean nothing */
        packed[i] ^= 0x10;
        CHECK(!opens(d, save("cut", packed, size, false)));
        packed[i] ^= 0x10;
    }
    packed[size] = 'x';
    CHECK(!opens(d, save("cut", packed, size + 1, false)));
    static const unsigned char huge[] = {0, 0, 8, 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1};
    CHECK(!opens(d, save("cut", huge, sizeof huge, true)) && strstr(why.text, "2^40"));
    static const unsigned char large[] = {0, 0, 8, 3, 0, 0xff, 0xff, 0xff, 0, 0, 0, 2, 0, 0, 0, 3, 1}; /* 100 MB that are not there */
    CHECK(!opens(d, save("cut", large, sizeof large, true)) && strstr(why.text, "cut short"));
    static const unsigned char shorts[] = {0, 0, 0x0b, 1, 0, 0, 0, 1, 0, 1};
    CHECK(!opens(d, save("cut", shorts, sizeof shorts, false)) && strstr(why.text, "16-bit"));
    CHECK(!opens(d, save("cut", "\x89PNG\r\n", 6, false)) && strstr(why.text, "89 50 4e 47"));
    CHECK(!opens(d, in_folder("missing")) && strstr(why.text, "missing"));
    unlink(in_folder("cut"));
    unlink(in_folder("whole"));
}

int main(void)
{
    unsigned char bytes[64];
    size_t length = images(bytes);
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/ganc-data-XXXXXX", base && strlen(base) < 40 ? base : "/tmp");
    if (!mkdtemp(folder)) return 1;
    for (int packed = 0; packed < 2; packed++) {
        char path[160];
        snprintf(path, sizeof path, "%s", save(packed ? "packed" : "plain", bytes, length, packed));
        mapping(path);
        slices(path);
        shapes(path);
        unlink(path);
    }
    records();
    floats();
    hostile();
    CHECK(rmdir(folder) == 0);
    return check_done();
}
