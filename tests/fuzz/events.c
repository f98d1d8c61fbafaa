/* events.c: fuzz target: any bytes as the event file of a run that is resumed with --tensorboard; and each line of them as an event, with the checksums that make it
 * one, so that events are reached at all. What must hold: no crash, no leak, bounded time and memory; an error names the file; what is kept is from the front,
 * ends with an event, and twice the same; and can be gone on with. */
#define _GNU_SOURCE
#include "events.h"
#include "model.h"
#include "train.h"

#include <fcntl.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { STEP = 50 };

static off_t length_of(int fd)
{
    struct stat s;
    must(fstat(fd, &s) == 0, "a file has no length");
    return s.st_size;
}

/* Events that stay when a run is resumed are those before the first of a later step. */
static void check_kept(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct bytes room = {0};
    enum events_read got;
    int64_t step;
    must(file != NULL, "the file is gone");
    while ((got = events_read(file, &room, &step)) == EVENTS_RECORD) must((uint64_t)step <= STEP, "an event of a later step stays");
    must(got == EVENTS_END, "what stays does not end with an event");
    free(room.at);
    fclose(file);
}

static void look(const void *bytes, size_t size)
{
    struct error e = {""};
    char *path = model_file("events.out.tfevents.ganc", bytes, size);
    struct training t = {.total = STEP, .flags = {.tensorboard = model_folder(), .resume = true}};
    must(tensorboard_open(&t, &e), e.text);
    bool ok = tensorboard_begin(&t, &e);
    must(ok || strstr(e.text, path), "an error that does not name the file");
    if (ok) {
        off_t kept = length_of(t.tensorboard.fd);
        check_kept(path);
        must(tensorboard_begin(&t, &e) && length_of(t.tensorboard.fd) == kept, "resuming twice is not resuming once");
    }
    tensorboard_end(&t);
    free(path);
}

static void add_record(struct bytes *to, const uint8_t *event, uint64_t length)
{
    uint32_t check = events_checksum(&length, sizeof length);
    bytes_add(to, &length, sizeof length);
    bytes_add(to, &check, sizeof check);
    bytes_add(to, event, length);
    check = events_checksum(event, length);
    bytes_add(to, &check, sizeof check);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct bytes file = {0};
    look(bytes, size);
    for (const uint8_t *at = bytes, *end = bytes + size, *line; at < end; at = line + 1) {
        line = memchr(at, '\n', (size_t)(end - at));
        if (!line) line = end;
        add_record(&file, at, (uint64_t)(line - at));
    }
    look(file.at, file.length);
    free(file.at);
    return 0;
}
