/* metrics_record.c: saved.json: how much of metrics.jsonl there was when a checkpoint was made, so that a resume knows whether all of it is
 * still there. For each of the newest checkpoints, under the name of its step: lines, bytes, and the checksum of these bytes.
 *
 * It stands beside the checkpoints and not in them: lines hold seconds, and how many there are depends on flags, while the bytes of a checkpoint follow from
 * training alone. It is on the disk before the checkpoint is, so that none is without it. */
#include "checksum.h"
#include "durable.h"
#include "train.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_LIMIT ((off_t)1 << 20) /* bytes of a file that is read back */

static char *path_of(const struct training *t)
{
    return memory_format("%s/saved.json", t->out);
}

static bool read_entry(const struct json_value *v, struct metrics_record *r)
{
    const struct json_value *lines = json_get(v, "lines"), *bytes = json_get(v, "bytes"), *sum = json_get(v, "xxh3");
    if (strlen(v->key) < 8 || strspn(v->key, "0123456789") != strlen(v->key)) return false;
    if (!lines || !lines->integer || lines->whole < 0 || !bytes || !bytes->integer || bytes->whole < 0) return false;
    if (!sum || sum->kind != JSON_STRING || strlen(sum->string) != CHECKSUM_DIGITS) return false;
    errno = 0;
    *r = (struct metrics_record){strtoull(v->key, NULL, 10), (uint64_t)lines->whole, (uint64_t)bytes->whole, strtoull(sum->string, NULL, 16)};
    return errno == 0;
}

/* What cannot be read is as if it were not there: it serves to find other damage. */
void metrics_record_read(struct training *t)
{
    char *path = path_of(t), *text = NULL;
    struct stat s;
    t->log.nrecords = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_size <= RECORD_LIMIT) {
        text = memory_take((size_t)s.st_size + 1, 1);
        ssize_t n = read(fd, text, (size_t)s.st_size);
        struct json_value *file = n > 0 ? json_parse(text, (size_t)n, NULL) : NULL;
        for (const struct json_value *v = file && file->kind == JSON_OBJECT ? file->first : NULL; v && t->log.nrecords < METRICS_RECORDS; v = v->next)
            t->log.nrecords += v->kind == JSON_OBJECT && read_entry(v, &t->log.records[t->log.nrecords]);
        json_free(file);
    }
    if (fd >= 0) close(fd);
    free(text);
    free(path);
}

const struct metrics_record *metrics_record_of(const struct training *t, uint64_t step)
{
    for (uint32_t i = 0; i < t->log.nrecords; i++)
        if (t->log.records[i].step == step) return &t->log.records[i];
    return NULL;
}

/* The entry of this step in place of what is there for it and for later ones, the newest METRICS_RECORDS in all. */
static void put(struct training *t)
{
    struct metrics_record own = {t->total, t->log.lines, t->log.bytes, checksum_value(t->log.sum)}, *r = t->log.records;
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->log.nrecords; i++)
        if (r[i].step < t->total) r[n++] = r[i];
    if (n == METRICS_RECORDS) memmove(r, r + 1, --n * sizeof *r);
    r[n++] = own;
    t->log.nrecords = n;
}

bool metrics_record_write(struct training *t, struct error *e)
{
    char *path = path_of(t), key[24], digits[CHECKSUM_DIGITS + 1];
    struct json_out o = {.pretty = true};
    put(t);
    json_open(&o, '{');
    for (uint32_t i = 0; i < t->log.nrecords; i++) {
        const struct metrics_record *r = &t->log.records[i];
        snprintf(key, sizeof key, "%08" PRIu64, r->step);
        json_key(&o, key);
        json_open(&o, '{');
        json_key(&o, "lines");
        json_integer(&o, (int64_t)r->lines);
        json_key(&o, "bytes");
        json_integer(&o, (int64_t)r->bytes);
        json_key(&o, "xxh3");
        checksum_print(digits, r->sum);
        json_string(&o, digits);
        json_close(&o);
    }
    json_close(&o);
    json_newline(&o);
    bool ok = durable_text(path, o.text, o.length, e);
    json_done(&o);
    free(path);
    return ok;
}
