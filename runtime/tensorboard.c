/* tensorboard.c: `train --tensorboard DIR`: numbers and pictures as they come, for those who watch a training in TensorBoard.
 *
 * DIR/events.out.tfevents.ganc says what metrics.jsonl says, and holds the pictures. Like it, it reads after a resume as if there had been no
 * interruption: it is forced to the disk before a checkpoint, and events after the checkpoint that a resume starts from are dropped. */
#define _GNU_SOURCE
#include "durable.h"
#include "events.h"
#include "train.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bool cannot(const struct training *t, const char *what, struct error *e)
{
    return error_set(e, "cannot %s '%s': %s", what, t->tensorboard.path, strerror(errno));
}

bool tensorboard_open(struct training *t, struct error *e)
{
    struct stat s;
    if (!t->flags.tensorboard) return true;
    if (!durable_mkdirs(t->flags.tensorboard, e)) return false;
    t->tensorboard.path = memory_format("%s/events.out.tfevents.ganc", t->flags.tensorboard);
    t->tensorboard.fd = open(t->tensorboard.path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (t->tensorboard.fd < 0 || fstat(t->tensorboard.fd, &s) != 0) return cannot(t, "open", e);
    /* File systems without locks go without. */
    if (flock(t->tensorboard.fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return error_set(e, "'%s': another trainer is writing to it", t->tensorboard.path);
    if (s.st_size > 0 && !t->flags.resume) return error_set(e, "'%s' holds another run: name another folder with --tensorboard", t->tensorboard.path);
    return true;
}

static double now(void)
{
    struct timespec s;
    clock_gettime(CLOCK_REALTIME, &s);
    return (double)s.tv_sec + 1e-9 * (double)s.tv_nsec;
}

/* The bytes up to the last event of a step that stays. A record that is broken ends what can be read; one at the very beginning is not ours. */
static bool measure(struct training *t, off_t *kept, struct error *e)
{
    FILE *file = fdopen(dup(t->tensorboard.fd), "r");
    struct bytes room = {0};
    int64_t step;
    enum events_read got = EVENTS_END;
    if (!file) return cannot(t, "read", e);
    rewind(file);
    for (*kept = 0; (got = events_read(file, &room, &step)) == EVENTS_RECORD && (uint64_t)step <= t->total;) *kept = ftello(file);
    bool ok = !ferror(file) || cannot(t, "read", e);
    if (ok && got == EVENTS_BROKEN && !*kept) ok = error_set(e, "'%s': is no event file that could go on", t->tensorboard.path);
    free(room.at);
    fclose(file);
    return ok;
}

static bool append(struct training *t, int64_t step, const struct bytes *summary, struct error *e)
{
    struct bytes *line = &t->tensorboard.line;
    line->length = 0;
    events_record(line, now(), step, summary);
    return durable_append(t->tensorboard.fd, line->at, line->length) || cannot(t, "write", e);
}

bool tensorboard_begin(struct training *t, struct error *e)
{
    off_t kept;
    if (t->tensorboard.fd < 0) return true;
    if (!measure(t, &kept, e)) return false;
    if (ftruncate(t->tensorboard.fd, kept) != 0) return cannot(t, "shorten", e);
    return kept > 0 || append(t, 0, NULL, e);
}

bool tensorboard_line(struct training *t, struct error *e)
{
    struct bytes *summary = &t->tensorboard.summary;
    if (t->tensorboard.fd < 0) return true;
    summary->length = 0;
    for (uint32_t i = 0; i < t->run->model->nresults; i++)
        if (metrics_has(t, i)) events_scalar(summary, t->names[i], (float)t->run->frame.results[i]);
    return !summary->length || append(t, (int64_t)t->total, summary, e);
}

bool tensorboard_image(struct training *t, const char *name, const struct bitmap *image, const struct bytes *png, struct error *e)
{
    struct bytes *summary = &t->tensorboard.summary;
    if (t->tensorboard.fd < 0) return true;
    summary->length = 0;
    events_image(summary, name, image, png);
    return append(t, (int64_t)t->total, summary, e);
}

bool tensorboard_sync(struct training *t, struct error *e)
{
    return t->tensorboard.fd < 0 || durable_sync(t->tensorboard.fd) || cannot(t, "write", e);
}

void tensorboard_end(struct training *t)
{
    if (t->tensorboard.fd >= 0) close(t->tensorboard.fd);
    free(t->tensorboard.path);
    free(t->tensorboard.line.at);
    free(t->tensorboard.summary.at);
}
