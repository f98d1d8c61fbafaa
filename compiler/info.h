/* info.h: what a model is: `ganc info`, as a table (info_text.c) and as JSON (info_json.c; its keys stand in docs/info.md). */
#ifndef GANC_INFO_H
#define GANC_INFO_H

#include "driver.h"

struct buffer;
void info_text(struct buffer *to, const struct compilation *c); /* c->kernels NULL: it could not be planned */
void info_json(struct buffer *to, const struct compilation *c);

/* Sums over tensors. */
struct info_sum {
    uint32_t tensors;
    int64_t elements, bytes;
};
struct info_sum info_sum(const struct program *p, enum tensor_kind kind);
int64_t info_elements(const struct program *p, const struct net_info *net, const char *path, enum tensor_kind kind); /* of the tensors below path; NULL: all */
const char *info_value(struct arena *mem, const struct program *p, const struct sexpr *e); /* as text; NULL gives "" */
const char *info_call(const struct graph *graph);                   /* what a statement says: its graph's name */

#endif
