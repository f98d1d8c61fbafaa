/* builtin.h: what the files of the built-in functions share; builtin.c calls the others. */
#ifndef GANC_BUILTIN_H
#define GANC_BUILTIN_H

#include "elaborate/internal.h"

/* builtin.c */
bool builtin_axis(struct elaboration *e, struct value v, struct span span, struct type t, int64_t *axis); /* of t; negative ones count from the end */

/* builtin_structure.c */
struct argument { /* of a call: v is NULL where it is left out */
    const struct value *v;
    struct span span;
};
bool argument_find(struct elaboration *e, struct arguments *args, uint32_t position, const char *name, struct argument *out); /* false: given twice */
struct node *example_reshape(struct elaboration *e, struct node *x, uint32_t rank, const int64_t *dim); /* to dim, batched as x; it must fit */
struct value builtin_stack(struct elaboration *e, struct arguments *args, struct span span);
struct value builtin_pad(struct elaboration *e, struct arguments *args, struct span span);
struct value builtin_slice(struct elaboration *e, struct arguments *args, struct span span);

/* builtin_windows.c */
struct value builtin_conv2d(struct elaboration *e, struct arguments *args, struct span span);
struct value builtin_conv2d_transpose(struct elaboration *e, struct arguments *args, struct span span);
struct value builtin_pool(struct elaboration *e, bool largest, struct arguments *args, struct span span);
struct value builtin_upsample(struct elaboration *e, struct arguments *args, struct span span);

#endif
