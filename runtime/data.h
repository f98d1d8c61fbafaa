/* data.h: data sets: what the trainer's --data names.
 *
 * A path is a file, or a folder with MNIST's four files (its training part); "[a:b]", "[a:]" or "[:b]" after it takes a range of the items,
 * instead of the model's own. What kind of file it is, its content says. Everything is checked when it is opened, so that fetching
 * cannot fail: shapes, lengths, labels below n, finite numbers. A source owns its memory until data_close; it is constant and may be read
 * from any thread. */
#ifndef GANRT_DATA_H
#define GANRT_DATA_H

#include "error.h"

#include <ganrt/model.h>

struct data_source;
struct json_out;

/* fields[0..count): the rows of model->data with one source number (one row, or the fields of a record). Copied, but for their strings and dims. */
struct data_source *data_open(const struct ganrt_data *fields, uint32_t count, const char *path, struct error *e);
int64_t data_count(const struct data_source *s); /* items; at least 1 */

/* One item's field, elements floats or doubles: bytes mapped linearly from 0..255 onto [low, high] (`in any`: as they
 * are, 0 to 255), labels as a one-hot vector, other numbers as they are. item is in 0..data_count. */
void data_fetch(const struct data_source *s, uint32_t field, int64_t item, bool f64, void *out);
void data_mean(const struct data_source *s, uint32_t field, double *out); /* over all items, summed in their order */

/* Writes [{"file", "bytes", "crc32", "items"}, ...]: bytes and checksum of the content, unpacked; file without its folder. */
void data_fingerprint(const struct data_source *s, struct json_out *to);
int64_t data_bytes(const struct data_source *s);    /* memory held */
const char *data_path(const struct data_source *s); /* as it was given */
void data_close(struct data_source *s);             /* NULL is fine */

/* The images of MNIST's part ("train", "t10k") in a folder, plain or gzipped, into path; false: there are none. */
bool data_mnist_images(const char *folder, const char *part, char *path, size_t size);

#endif
