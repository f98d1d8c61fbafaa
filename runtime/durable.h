/* durable.h: files that are either whole or not there.
 *
 * A file is written under a temporary name in its own folder, forced to the disk, renamed over the old one, and the folder forced to the
 * disk. Whenever the machine stops, the name holds the old content or the new, never a part. Errors name the file and the reason. */
#ifndef GANRT_DURABLE_H
#define GANRT_DURABLE_H

#include "error.h"

#include <stdint.h>

struct durable_part {
    const void *bytes;
    size_t length;
};

bool durable_write(const char *path, const struct durable_part *parts, uint32_t count, struct error *e); /* the parts, one after the other */
bool durable_text(const char *path, const char *text, size_t length, struct error *e);                   /* one part */
bool durable_link(const char *from, const char *to, struct error *e); /* `to` becomes another name of the file `from`; a copy where there are no such */
bool durable_append(int fd, const void *bytes, size_t length); /* to an open file, all of it or nothing; false: errno says why */
bool durable_sync(int fd); /* an open file, to the disk; true, too, where its file system has no such thing; false: errno says why */
bool durable_mkdirs(const char *path, struct error *e); /* a folder and those it stands in; fine where it is there */

#endif
