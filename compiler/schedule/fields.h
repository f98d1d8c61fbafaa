/* fields.h: the members of struct kernels that the text writes by a table, fields.def. */
#ifndef GANC_SCHEDULE_FIELDS_H
#define GANC_SCHEDULE_FIELDS_H

#include "graph/parse.h"
#include "schedule/kernels.h"

#define KERNELS_STAGE "kernels" /* the word of the text's first line */

enum fields_of { OF_kernels, OF_kernel_graph, OF_storage, OF_kernel, OF_product, OF_insn };

struct buffer;
void fields_print(struct buffer *to, enum fields_of kind, const void *of);
void fields_read(struct parse *s, enum fields_of kind, void *of); /* gives what is not there its usual value */

#endif
