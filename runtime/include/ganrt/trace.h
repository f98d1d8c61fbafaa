/* trace.h: how kernels are written down in the object, so that the runtime can say which operation, of which line, made the first value that is not finite.
 *
 * compiler/codegen/trace.c writes what schedule/kernels.h holds, runtime/trace_tables.c reads it. It is a string of bytes, ganrt_model.trace; numbers
 * are LEB128, signed ones zigzag first; a text or place is a number of its list. Change both files together, and GANRT_TRACE with them.
 *
 *     trace    = version texts places owners sets graphs
 *     texts    = n {length bytes}
 *     places   = n {file line column snippet role call-line [call-file call-column call-snippet]}        role: enum ganrt_role; call-line 0: none
 *     owners   = {net + 1 | 0}                        of each of the model's tensors: the net that it is a part of, or belongs to as an optimizer's state
 *     sets     = n {tensor place}                     states that the train blocks' statements set
 *     graphs   = n {kept [storages outputs scalars kernels]}  kept 0: nothing is known of the graph's kernels (reports, pictures, nets)
 *     storages = n {kind name elements size offset columns}
 *     outputs  = {storage player + 1 | 0}             of each of the graph's outputs; player: of an objective, the text behind `over`
 *     scalars  = n {text}
 *     kernels  = n {kind rank {extent} reduced place products insns}                                     reduced: a set of dimensions, 1 << d
 *     products = n {storage offset ld storage offset ld k flags [windows]}                               left, right; flags: enum ganrt_trace_product
 *     windows  = grid taps image stride before        each of rows, then columns
 *     insns    = n {kind + 16 * outer ...}            what follows: see trace_tables.c
 *     access   = storage offset {stride}              the last two signed; a stride for each dimension */
#ifndef GANRT_TRACE_H
#define GANRT_TRACE_H

#define GANRT_TRACE 1

enum ganrt_role { GANRT_FORWARD, GANRT_BACK, GANRT_TWICE, GANRT_UPDATE };

enum ganrt_trace_storage { GANRT_TRACE_BATCH = 1, GANRT_TRACE_MEAN, GANRT_TRACE_INPUT, GANRT_TRACE_SCRATCH };

enum ganrt_trace_kernel { GANRT_TRACE_LOOP, GANRT_TRACE_PRODUCT };

enum ganrt_trace_product { GANRT_TRACE_TA = 1, GANRT_TRACE_TB = 2, GANRT_TRACE_WINDOWS = 4, GANRT_TRACE_WINDOWS_BACK = 8 };

enum ganrt_trace_insn {
    GANRT_TRACE_NUMBER,  /* eight bytes of a double */
    GANRT_TRACE_SCALAR,  /* index, place */
    GANRT_TRACE_INDEX,   /* access of storage 0 */
    GANRT_TRACE_LOAD,    /* access */
    GANRT_TRACE_STORE,   /* access, value */
    GANRT_TRACE_OP,      /* name, place, n {value} */
    GANRT_TRACE_RANDOM,  /* name, stream, scalar, n, apart, minibatch, access of the element, access of the example */
    GANRT_TRACE_TILE,    /* name, place */
    GANRT_TRACE_REDUCE,  /* name, place, value */
};

#endif
