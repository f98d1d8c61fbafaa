/* TensorBoard's event files: byte for byte what TensorBoard makes of the same events (events.py); read back; and those that a training leaves, also
 * where it was stopped, killed, cut short and resumed. */
#include "check.h"
#include "runtime_model.h"

#include "../../runtime/events.h"
#include "events_values.h"

#include <sys/stat.h>

static void check_bytes(void)
{
    struct bytes all = {0}, one = {0}, png = {0};
    struct bitmap image = {300, 24, 3, NULL};
    for (int i = 0; i < 300; i++) bytes_add(&png, &(unsigned char){(unsigned char)(i % 200)}, 1);
    CHECK(events_checksum("123456789", 9) == ((0xe3069283u >> 15 | 0xe3069283u << 17) + 0xa282ead8u)); /* the CRC's published check value */
    events_record(&all, 1763752000.0, 0, NULL);
    events_scalar(&one, "V", -1.3862944f);
    events_scalar(&one, "E[z ~ noise] \xce\xbb D(G(z))", 0);
    events_record(&all, 1763752001.25, 1, &one);
    one.length = 0;
    events_image(&one, "samples", &image, &png);
    events_record(&all, 1763752001.5, 300, &one);
    one.length = 0;
    events_scalar(&one, "V", INFINITY);
    events_record(&all, 1763752002.125, 5000000000, &one);
    CHECK(all.length == sizeof event_file && !memcmp(all.at, event_file, sizeof event_file));
    free(all.at);
    free(one.at);
    free(png.at);
}

static FILE *file_of(const void *bytes, size_t length)
{
    FILE *file = tmpfile();
    if (file) fwrite(bytes, 1, length, file);
    if (file) rewind(file);
    return file;
}

/* Every way of cutting the file short, and of changing a byte: the records before are read, and then it is broken. */
static void check_reading(void)
{
    static const int64_t steps[] = {0, 1, 300, 5000000000};
    size_t ends[5] = {0};
    struct bytes room = {0};
    int64_t step;
    FILE *file = file_of(event_file, sizeof event_file);
    for (int i = 0; i < 4; i++) {
        CHECK(events_read(file, &room, &step) == EVENTS_RECORD && step == steps[i]);
        ends[i + 1] = (size_t)ftell(file);
    }
    CHECK(events_read(file, &room, &step) == EVENTS_END && ends[4] == sizeof event_file);
    fclose(file);
    for (size_t at = 0; at < sizeof event_file; at++)
        for (int cut = 0; cut < 2; cut++) {
            unsigned char bytes[sizeof event_file];
            memcpy(bytes, event_file, sizeof bytes);
            bytes[at] ^= 0x10;
            file = file_of(bytes, cut ? at : sizeof bytes);
            int whole = 0, want = 0;
            while (want < 4 && at >= ends[want + 1]) want++;
            enum events_read got;
            while ((got = events_read(file, &room, &step)) == EVENTS_RECORD) whole++;
            if (whole != want || got != (cut && at == ends[want] ? EVENTS_END : EVENTS_BROKEN)) {
                CHECK(!"a damaged file is read on");
                printf("byte %zu, cut %d: %d records, then %d\n", at, cut, whole, (int)got);
            }
            fclose(file);
        }
    free(room.at);
}

/* A message's fields, one after the other. Returns false at its end; bytes of a field without its own are NULL. */
struct field {
    uint32_t number;
    uint64_t value; /* or the bits of a fixed number */
    const unsigned char *bytes;
};

static uint64_t varint(const unsigned char **at)
{
    uint64_t x = 0;
    for (int shift = 0;; shift += 7) {
        x |= (uint64_t)(**at & 127) << shift;
        if (*(*at)++ < 128) return x;
    }
}

static bool next_field(const unsigned char **at, const unsigned char *end, struct field *f)
{
    if (*at >= end) return false;
    uint64_t key = varint(at);
    *f = (struct field){.number = (uint32_t)(key >> 3)};
    size_t fixed = (key & 7) == 1 ? 8 : (key & 7) == 5 ? 4 : 0;
    memcpy(&f->value, *at, fixed);
    *at += fixed;
    if (!fixed) f->value = varint(at);
    if ((key & 7) == 2) f->bytes = *at, *at += f->value;
    return true;
}

/* The file as lines "STEP TAG VALUE" or "STEP TAG WxHxC PNG-LENGTH", into text. */
static void describe(const char *name, char *text, size_t room)
{
    char path[256];
    struct bytes event = {0};
    int64_t step;
    size_t used = 0;
    double time = 0, last = 0;
    snprintf(path, sizeof path, "%s/%s/events.out.tfevents.ganc", folder, name);
    FILE *file = fopen(path, "rb");
    enum events_read got = EVENTS_BROKEN;
    text[0] = 0;
    while (file && (got = events_read(file, &event, &step)) == EVENTS_RECORD) {
        struct field f, value, inner;
        for (const unsigned char *at = event.at, *end = at + event.length; next_field(&at, end, &f);) {
            if (f.number == 1) memcpy(&time, &f.value, 8);
            if (f.number == 3) used += (size_t)snprintf(text + used, room - used, "%.*s\n", (int)f.value, (const char *)f.bytes);
            if (f.number != 5) continue;
            for (const unsigned char *v = f.bytes; next_field(&v, f.bytes + f.value, &value);)
                for (const unsigned char *w = value.bytes; next_field(&w, value.bytes + value.value, &inner);) {
                    float x;
                    memcpy(&x, &inner.value, 4);
                    if (inner.number == 1)
                        used += (size_t)snprintf(text + used, room - used, "%d %.*s", (int)step, (int)inner.value, (const char *)inner.bytes);
                    if (inner.number == 2) used += (size_t)snprintf(text + used, room - used, " %.9g\n", x);
                    struct field i;
                    for (const unsigned char *p = inner.bytes; inner.number == 4 && next_field(&p, inner.bytes + inner.value, &i);)
                        used += (size_t)snprintf(text + used, room - used, i.number == 4 ? " %d\n" : " %d", (int)i.value);
                }
        }
        CHECK(time >= last && time > 1.7e9);
        last = time;
    }
    CHECK(file && got == EVENTS_END);
    if (file) fclose(file);
    free(event.at);
}

static char whole[1 << 16], other[1 << 16];

#define FLAGS " --data @/points --checkpoint-every 5 --log-every 10 --pictures-every 6 "

static bool log_has(const char *what)
{
    static char text[1 << 16];
    char path[128];
    snprintf(path, sizeof path, "%s/log", folder);
    FILE *file = fopen(path, "rb");
    size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file) fclose(file);
    text[n] = 0;
    return strstr(text, what);
}

static void check_training(void)
{
    CHECK(trainer("--out @/a --tensorboard @/tb/a" FLAGS) == 0);
    describe("tb/a", whole, sizeof whole);
    CHECK(!strncmp(whole, "brain.Event:2\n6 p 4 4 1 ", 24)); /* at step 6 a picture of 4 x 4 pixels, before the first numbers */
    CHECK(strstr(whole, "\n7 V ") && strstr(whole, "\n7 mean ") && strstr(whole, "\n10 V ") && !strstr(whole, "\n10 mean ") && strstr(whole, "\n42 V "));
    CHECK(strstr(whole, "\n42 mean ") && strstr(whole, "\n42 p 4 4 1 ") && !strstr(whole, "\n43 "));
    CHECK(trainer("--out @/b --tensorboard @/b --steps 17" FLAGS) == 0); /* in the run's own folder */
    CHECK(trainer("--out @/b --tensorboard @/b --resume" FLAGS) == 0);
    describe("b", other, sizeof other);
    char *short_end = strstr(other, "\n17 "), *after = short_end ? strstr(short_end, "\n18 ") : NULL;
    CHECK(after); /* the shorter run's last line and picture are there besides, as in metrics.jsonl */
    if (after) memmove(short_end, after, strlen(after) + 1);
    CHECK_TEXT(other, whole);
    CHECK(trainer("--out @/b --tensorboard @/b --resume" FLAGS) == 0); /* there is nothing to do, and nothing is done */
    char again[1 << 16];
    describe("b", again, sizeof again);
    CHECK(strstr(again, "\n42 p ") && !strstr(strstr(again, "\n42 p ") + 1, "\n42 p "));
}

static void check_kills(void)
{
    char line[256], name[16], path[256];
    for (event.tick = 3; event.tick <= 42; event.tick += 13) { /* 3, 16, 29, 42 */
        event.signal = SIGKILL;
        snprintf(name, sizeof name, "kill%d", (int)event.tick);
        snprintf(line, sizeof line, "--out @/%s --tensorboard @/%s" FLAGS, name, name);
        CHECK(trainer(line) == -SIGKILL);
        uint64_t kept = event.tick;
        event.tick = 0;
        if (kept > 20) { /* and the machine stopped in the midst of a record */
            snprintf(path, sizeof path, "%s/%s/events.out.tfevents.ganc", folder, name);
            FILE *file = fopen(path, "ab");
            CHECK(file && fwrite(event_file, 1, 30, file) == 30 && fclose(file) == 0);
        }
        snprintf(line, sizeof line, "--resume --out @/%s --tensorboard @/%s" FLAGS, name, name);
        CHECK(trainer(line) == 0);
        describe(name, other, sizeof other);
        CHECK_TEXT(other, whole);
        event.tick = kept;
    }
    event.tick = 0;
}

static void check_refusals(void)
{
    char path[256];
    CHECK(trainer("--out @/c --tensorboard @/tb/a" FLAGS) == 1);
    CHECK(log_has("tb/a/events.out.tfevents.ganc' holds another run: name another folder with --tensorboard"));
    snprintf(path, sizeof path, "%s/c", folder);
    CHECK(access(path, F_OK) != 0); /* it was said before a folder was made */
    CHECK(trainer("--out @/c --tensorboard @/points" FLAGS) == 1);
    CHECK(log_has("/points': a file has this name"));
    CHECK(trainer("--out @/c --tensorboard @/points/x" FLAGS) == 1);
    CHECK(trainer("--out @/c --steps 5" FLAGS) == 0);
    snprintf(path, sizeof path, "%s/foreign", folder);
    CHECK(mkdir(path, 0777) == 0);
    snprintf(path, sizeof path, "%s/foreign/events.out.tfevents.ganc", folder);
    FILE *file = fopen(path, "wb");
    CHECK(file && fputs("not events, but some text", file) >= 0 && fclose(file) == 0);
    CHECK(trainer("--out @/c --resume --tensorboard @/foreign" FLAGS) == 1);
    CHECK(log_has("foreign/events.out.tfevents.ganc': is no event file that could go on"));
    file = fopen(path, "rb");
    char text[64] = "";
    CHECK(file && fread(text, 1, sizeof text - 1, file) == 25 && !strcmp(text, "not events, but some text")); /* as it was */
    if (file) fclose(file);
    CHECK(trainer("--out @/c --resume --tensorboard @/late --steps 9" FLAGS) == 0); /* from here on */
    describe("late", other, sizeof other);
    CHECK(!strncmp(other, "brain.Event:2\n6 p 4 4 1 ", 24) && strstr(other, "\n9 V "));
}

int main(void)
{
    if (!folder_make()) return 1;
    check_bytes();
    check_reading();
    check_training();
    check_kills();
    check_refusals();
    if (check_failures) printf("the runs are in %s\n", folder);
    else folder_remove();
    return check_done();
}
