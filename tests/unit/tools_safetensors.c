/* tools_safetensors.c: checkpoints written, read back, and every damage to them seen; durable files. */
#include "check.h"

#include "../../runtime/durable.h"
#include "../../runtime/safetensors.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static char folder[64], path[96];
static struct error why;

static size_t load(const char *name, unsigned char *to, size_t most)
{
    FILE *f = fopen(name, "rb");
    size_t n = f ? fread(to, 1, most, f) : 0;
    if (f) fclose(f);
    return n;
}

static bool reads(const void *bytes, size_t length)
{
    FILE *f = fopen(path, "wb");
    fwrite(bytes, 1, length, f);
    fclose(f);
    struct safetensors *s = safetensors_read(path, &why);
    bool ok = s != NULL;
    safetensors_close(s);
    return ok;
}

/* A file with this header, after it `data` bytes. */
static bool reads_header(const char *header, size_t data)
{
    unsigned char bytes[1024] = {0};
    size_t n = strlen(header);
    bytes[0] = (unsigned char)n, bytes[1] = (unsigned char)(n >> 8);
    memcpy(bytes + 8, header, n);
    return reads(bytes, 8 + n + data);
}

static const float w[6] = {1, 2, 3, 4, 5, 6};
static const double step = 12.5;
static const struct safetensors_tensor tensors[] = {
    {"G.dense1.W", SAFETENSORS_F32, 2, {2, 3}, w, sizeof w},
    {"fade", SAFETENSORS_F64, 0, {0}, &step, sizeof step},
    {"a \"name\" with σ", SAFETENSORS_F32, 1, {0}, w, 0},
};
static const struct safetensors_pair pairs[] = {{"step", "12"}, {"model", "gan \"mnist\""}};

static void round_trip(void)
{
    unsigned char first[2048], second[2048];
    CHECK(safetensors_write(path, pairs, 2, tensors, 3, &why));
    size_t n = load(path, first, sizeof first);
    CHECK(n > 0 && (n - sizeof w - sizeof step) % 64 == 0);
    struct safetensors *s = safetensors_read(path, &why);
    CHECK(s && s->ntensors == 3);
    if (!s) {
        printf("%s\n", why.text);
        return;
    }
    const struct safetensors_tensor *t = safetensors_find(s, "G.dense1.W"), *f = safetensors_find(s, "fade"), *z = safetensors_find(s, tensors[2].name);
    CHECK(t && t->rank == 2 && t->dims[1] == 3 && t->bytes == sizeof w && !memcmp(t->data, w, sizeof w));
    CHECK(f && f->rank == 0 && f->type == SAFETENSORS_F64 && !memcmp(f->data, &step, 8));
    CHECK(z && z->bytes == 0 && z->rank == 1);
    CHECK(!safetensors_find(s, "G"));
    CHECK_TEXT(safetensors_value(s, "step"), "12");
    CHECK_TEXT(safetensors_value(s, "model"), "gan \"mnist\"");
    safetensors_close(s);
    CHECK(safetensors_write(path, pairs, 2, tensors, 3, &why));
    CHECK(load(path, second, sizeof second) == n && !memcmp(first, second, n));
}

/* One changed bit anywhere, one byte less or more: refused. */
static void damage(void)
{
    unsigned char bytes[2048];
    safetensors_write(path, pairs, 2, tensors, 3, &why);
    size_t n = load(path, bytes, sizeof bytes - 1);
    for (size_t i = 0; i < n; i++) {
        bytes[i] ^= (unsigned char)(1 << i % 8);
        bool ok = reads(bytes, n);
        CHECK(!ok);
        if (ok) printf("byte %zu\n", i);
        bytes[i] ^= (unsigned char)(1 << i % 8);
    }
    for (size_t i = 0; i < n; i++) CHECK(!reads(bytes, i));
    CHECK(reads(bytes, n));
    bytes[n] = 0;
    CHECK(!reads(bytes, n + 1));
    bytes[n - 9] ^= 1; /* in G.dense1.W, whose bytes come first */
    CHECK(!reads(bytes, n) && strstr(why.text, "G.dense1.W"));
}

static void headers(void)
{
    CHECK(reads_header("{}", 0));
    CHECK(reads_header("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}   ", 8));
    CHECK(reads_header("{\"a\":{\"dtype\":\"BF16\",\"shape\":[0,99999999999],\"data_offsets\":[0,0]}}", 0));
    static const struct {
        const char *header;
        size_t data;
    } bad[] = {
        {"", 0},
        {"[]", 0},
        {"{", 0},
        {"{} x", 0},
        {"{}", 1},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 9},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8},
        {"{\"a\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", 8},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}}", 8},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}", 0},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}", 1},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}}", 6},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[4,6]}}", 6},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}", 4},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}", 6},
        {"{\"__metadata__\":{\"a\":1}}", 0},
        {"{\"__metadata__\":[]}", 0},
        {"{\"__metadata__\":{},\"__metadata__\":{}}", 0},
        {"{\"__metadata__\":{\"crc32_data\":\"\"}}", 0},
        {"{\"__metadata__\":{\"xxh3_data\":\"\"}}", 0},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bool ok = reads_header(bad[i].header, bad[i].data);
        CHECK(!ok);
        if (ok) printf("accepted: %s\n", bad[i].header);
    }
    static const unsigned char long_header[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, '{', '}'};
    CHECK(!reads(long_header, sizeof long_header) && strstr(why.text, path));
    struct safetensors_tensor wrong = tensors[0];
    wrong.bytes = 20;
    CHECK(!safetensors_write(path, NULL, 0, &wrong, 1, &why));
}

/* The checksums of the first checkpoints, CRC-32: still read, and still believed. */
static void first_version(void)
{
    char header[256];
    unsigned char bytes[512] = {0};
    snprintf(header, sizeof header, "{\"__metadata__\": {\"crc32\": \"00000000\", \"crc32_data\": \"%08lx\"}, \"w\": {\"dtype\": \"F32\", "
             "\"shape\": [6], \"data_offsets\": [0, 24]}}", crc32(0, (const Bytef *)w, sizeof w));
    size_t n = strlen(header);
    char digits[9];
    snprintf(digits, sizeof digits, "%08lx", crc32(0, (const Bytef *)header, (uInt)n));
    memcpy(strstr(header, "00000000"), digits, 8);
    bytes[0] = (unsigned char)n;
    memcpy(bytes + 8, header, n);
    memcpy(bytes + 8 + n, w, sizeof w);
    size_t length = 8 + n + sizeof w;
    CHECK(n < 256 && reads(bytes, length));
    for (size_t i = 0; i < length; i++) {
        bytes[i] ^= (unsigned char)(1 << i % 8);
        bool ok = reads(bytes, length);
        CHECK(!ok);
        if (ok) printf("byte %zu\n", i);
        bytes[i] ^= (unsigned char)(1 << i % 8);
    }
}

static void durable(void)
{
    char name[128], deep[160];
    struct stat s;
    unsigned char bytes[16];
    struct durable_part parts[] = {{"ab", 2}, {"", 0}, {"cde", 3}};
    unlink(path);
    CHECK(durable_write(path, parts, 3, &why) && load(path, bytes, 16) == 5 && !memcmp(bytes, "abcde", 5));
    CHECK(durable_text(path, "x", 1, &why) && load(path, bytes, 16) == 1);
    snprintf(name, sizeof name, "%s/none/file", folder);
    CHECK(!durable_text(name, "x", 1, &why) && strstr(why.text, name));
    CHECK(!durable_text(folder, "x", 1, &why) && strstr(why.text, "folder"));
    snprintf(deep, sizeof deep, "%s/a//b/c/", folder);
    CHECK(durable_mkdirs(deep, &why) && durable_mkdirs(deep, &why) && stat(deep, &s) == 0 && S_ISDIR(s.st_mode));
    snprintf(name, sizeof name, "%s/b", path);
    CHECK(!durable_mkdirs(name, &why) && strstr(why.text, path));
    struct rlimit whole, little = {4, 4}; /* a file that cannot be finished leaves the old one and nothing else */
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &whole);
    little.rlim_max = whole.rlim_max;
    setrlimit(RLIMIT_FSIZE, &little);
    CHECK(!durable_write(path, parts, 3, &why) && strstr(why.text, path) && load(path, bytes, 16) == 1);
    setrlimit(RLIMIT_FSIZE, &whole);
    int files = 0; /* no temporary file stays behind */
    DIR *d = opendir(folder);
    for (struct dirent *entry; (entry = readdir(d));) files += entry->d_name[0] != '.';
    closedir(d);
    CHECK(files == 2);
    for (const char *const *tail = (const char *const[]){"/a/b/c", "/a/b", "/a", NULL}; *tail; tail++) {
        snprintf(deep, sizeof deep, "%s%s", folder, *tail);
        rmdir(deep);
    }
}

int main(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/ganc-tensors-XXXXXX", base && strlen(base) < 40 ? base : "/tmp");
    if (!mkdtemp(folder)) return 1;
    snprintf(path, sizeof path, "%s/file", folder);
    round_trip();
    damage();
    headers();
    first_version();
    durable();
    unlink(path);
    CHECK(rmdir(folder) == 0);
    return check_done();
}
