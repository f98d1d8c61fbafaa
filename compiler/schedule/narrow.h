/* narrow.h: whole numbers that a byte can hold: which values are such by the operations that make them, and storages of bytes.
 *
 * A scratch storage of `size` 1 holds whole numbers from 0 to 255. What is stored there must be known to be one: by the operation (a draw of 0 or 1, a
 * comparison, a position, products and sums of these), never by what the numbers happen to be. The scheduler chooses such storages (rule `bytes`),
 * and the verifier asks the same of any text of kernels. */
#ifndef GANC_NARROW_H
#define GANC_NARROW_H

#include "schedule/kernels.h"

enum { NARROW_MOST = 255, NARROW_NOT = -1 };

/* For each instruction of k: the largest that its value can be, a whole number from 0 on; NARROW_NOT: it is no such number, or may be more than NARROW_MOST.
 * stored: likewise of what stands in each of the graph's own storages. */
void narrow_values(const struct kernels *all, const struct kernel *k, const int *stored, int *most);

#endif
