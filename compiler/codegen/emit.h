/* emit.h: the builder that the rest of codegen/ writes instructions with.
 *
 * A value is a scalar or a vector of `lanes` elements; every function here that takes one serves both, and floats and doubles alike: it looks
 * at the operand's type. Instructions go to the end of the present block. No fast-math flag is ever set: a * b + c
 * is two roundings unless emit_fma says otherwise. */
#ifndef GANC_CODEGEN_EMIT_H
#define GANC_CODEGEN_EMIT_H

#include "codegen/target.h"
#include "schedule/kernels.h"

#include <llvm-c/Core.h>

typedef LLVMValueRef ir;
typedef LLVMTypeRef ir_type;

struct buffer;
struct emit {
    struct ganc *g;
    struct arena *mem; /* until emit_close */
    const struct kernels *k;
    const struct target *target;
    LLVMContextRef context;
    LLVMModuleRef module;
    LLVMBuilderRef builder;
    ir_type i1, i8, i32, i64, f32, f64, ptr, none;
    ir_type real;      /* the program's element type */
    unsigned size;     /* its bytes */
    unsigned width;    /* lanes of a vector: 16 floats or 8 doubles on every processor, so that sums have one order */
    ir_type frame;     /* struct ganrt_frame */
    ir_type kernel;    /* ganrt_kernel */
    ir_type procedure; /* void (struct ganrt_frame *) */
    ir_type question;  /* double (struct ganrt_frame *) */
    ir function;       /* the one being written */
    ir kernel_function;       /* the one that waits while a shared part is written, */
    LLVMBasicBlockRef kernel_block; /* and where in it */
    ir *runs;          /* of each graph: its run function */
    ir **kernels;      /* of each graph: its kernels' functions */
};

/* Fields of struct ganrt_frame, in order. */
enum frame_field {
    FRAME_ARENA,
    FRAME_TILES,
    FRAME_SETTINGS,
    FRAME_SCALARS,
    FRAME_VARS,
    FRAME_COUNTERS,
    FRAME_RESULTS,
    FRAME_STEP,
    FRAME_EPOCH,
    FRAME_TICK,
    FRAME_SEED,
    FRAME_GRAPH,
    FRAME_RUNTIME,
    FRAME_TIMED,
    FRAME_LOOK,
};

void emit_open(struct emit *e, struct ganc *g, const struct kernels *k, const struct target *target);
void emit_close(struct emit *e);

/* types */
ir_type emit_vector(ir_type element, unsigned lanes); /* the element itself for 1 lane */
ir_type emit_element(ir value);
unsigned emit_lanes(ir value);
ir_type emit_like(ir_type element, ir value);         /* element, in as many lanes as value */
bool emit_is_double(const struct emit *e, ir value);

/* constants, splat where the type is a vector */
ir emit_number(ir_type type, double x);
ir emit_integer(ir_type type, uint64_t x);
ir emit_i64(const struct emit *e, int64_t x);
ir emit_count(ir_type element, unsigned lanes, int64_t step); /* 0, step, 2 step, ... */
bool emit_known(ir value, int64_t *x);                /* an integer constant? */
ir emit_text(struct emit *e, const char *text);       /* its address; null for NULL */

ir emit_splat(struct emit *e, ir scalar, unsigned lanes);
ir emit_fma(struct emit *e, ir a, ir b, ir c);        /* a * b + c, rounded once */
ir emit_unary(struct emit *e, const char *intrinsic, ir x); /* llvm.sqrt and the like */
ir emit_intrinsic(struct emit *e, const char *name, ir_type *overloads, unsigned count, ir *args, unsigned nargs);
ir emit_select(struct emit *e, ir c, ir a, ir b);
ir emit_convert(struct emit *e, ir x, ir_type element); /* float to double or back */
ir emit_bits(struct emit *e, ir x, ir_type element);  /* the same bits as another type of equal size */

static inline ir emit_fadd(struct emit *e, ir a, ir b) { return LLVMBuildFAdd(e->builder, a, b, ""); }
static inline ir emit_fsub(struct emit *e, ir a, ir b) { return LLVMBuildFSub(e->builder, a, b, ""); }
static inline ir emit_fmul(struct emit *e, ir a, ir b) { return LLVMBuildFMul(e->builder, a, b, ""); }
static inline ir emit_fdiv(struct emit *e, ir a, ir b) { return LLVMBuildFDiv(e->builder, a, b, ""); }
static inline ir emit_fneg(struct emit *e, ir a) { return LLVMBuildFNeg(e->builder, a, ""); }
static inline ir emit_fcmp(struct emit *e, LLVMRealPredicate p, ir a, ir b) { return LLVMBuildFCmp(e->builder, p, a, b, ""); }
static inline ir emit_iadd(struct emit *e, ir a, ir b) { return LLVMBuildAdd(e->builder, a, b, ""); }
static inline ir emit_isub(struct emit *e, ir a, ir b) { return LLVMBuildSub(e->builder, a, b, ""); }
static inline ir emit_imul(struct emit *e, ir a, ir b) { return LLVMBuildMul(e->builder, a, b, ""); }
static inline ir emit_iadd_number(struct emit *e, ir x, int64_t y) { return emit_iadd(e, x, emit_i64(e, y)); }
static inline ir emit_imul_number(struct emit *e, ir x, int64_t y) { return emit_imul(e, x, emit_i64(e, y)); }
static inline ir emit_icmp(struct emit *e, LLVMIntPredicate p, ir a, ir b) { return LLVMBuildICmp(e->builder, p, a, b, ""); }
static inline ir emit_and(struct emit *e, ir a, ir b) { return LLVMBuildAnd(e->builder, a, b, ""); }
static inline ir emit_or(struct emit *e, ir a, ir b) { return LLVMBuildOr(e->builder, a, b, ""); }
static inline ir emit_xor(struct emit *e, ir a, ir b) { return LLVMBuildXor(e->builder, a, b, ""); }
static inline ir emit_shl(struct emit *e, ir a, unsigned n) { return LLVMBuildShl(e->builder, a, emit_integer(LLVMTypeOf(a), n), ""); }
static inline ir emit_lshr(struct emit *e, ir a, unsigned n) { return LLVMBuildLShr(e->builder, a, emit_integer(LLVMTypeOf(a), n), ""); }
static inline ir emit_ashr(struct emit *e, ir a, unsigned n) { return LLVMBuildAShr(e->builder, a, emit_integer(LLVMTypeOf(a), n), ""); }

/* memory */
ir emit_offset(struct emit *e, ir pointer, ir_type element, ir index); /* pointer + index elements */
ir emit_load(struct emit *e, ir_type type, ir pointer);   /* aligned as one element */
ir emit_store(struct emit *e, ir value, ir pointer);
ir emit_local(struct emit *e, ir_type type);              /* room on the stack, made in the function's first block */
ir emit_field(struct emit *e, ir frame, enum frame_field field);   /* its value */
ir emit_field_address(struct emit *e, ir frame, enum frame_field field);

/* functions and calls. A function is internal, for the target, and never unwinds. */
ir emit_function(struct emit *e, const char *name, ir_type type); /* begins it: e->function, builder in its first block */
struct emit_aside { /* a helper written while another function is under way */
    ir function;
    LLVMBasicBlockRef block;
};
ir emit_aside_open(struct emit *e, struct emit_aside *aside, const char *name, ir_type type);
void emit_aside_close(struct emit *e, const struct emit_aside *aside, ir result); /* returns result, and goes back */
/* A function that kernels share, void and written once: begins `name` and returns it; NULL where it is there already. Then emit_part_end. */
ir emit_part(struct emit *e, const char *name, ir_type *parameters, unsigned count);
void emit_part_end(struct emit *e);                       /* back to where the kernel's writing stood */
ir emit_service(struct emit *e, const char *name, ir_type result, ir_type *parameters, unsigned count); /* a ganrt_ function of the runtime */
ir emit_call(struct emit *e, ir function, ir *args, unsigned count);
/* A function of the C library's mathematics by its name for doubles; lane by lane, in a loop of its own, where the operands are vectors. */
ir emit_libm(struct emit *e, const char *name, const ir *args, unsigned count);

/* control flow */
struct emit_loop {
    LLVMBasicBlockRef body, after;
    ir index, high, step;
};
void emit_loop_open(struct emit *e, struct emit_loop *loop, ir low, ir high, int64_t step); /* i64 index, while it is below high */
void emit_loop_close(struct emit *e, struct emit_loop *loop);
LLVMBasicBlockRef emit_block(struct emit *e, const char *name);
void emit_go(struct emit *e, LLVMBasicBlockRef block);   /* branch there, and go on writing there */
void emit_branch(struct emit *e, ir condition, LLVMBasicBlockRef yes, LLVMBasicBlockRef no);
void emit_at(struct emit *e, LLVMBasicBlockRef block);   /* go on writing there */

/* elementwise.c: a MAP operation */
ir emit_map(struct emit *e, enum op op, const ir *x);

/* math.c: of floats by polynomials, of doubles by the C library */
ir math_exp(struct emit *e, ir x);
ir math_log(struct emit *e, ir x);
ir math_tanh(struct emit *e, ir x);
ir math_sigmoid(struct emit *e, ir x);
ir math_softplus(struct emit *e, ir x);
ir math_sin(struct emit *e, ir x);
ir math_cos(struct emit *e, ir x);
ir math_cos_turn(struct emit *e, ir turn); /* cos(2 pi turn / 2^24) of an i32 in [0, 2^24) */
ir math_erf(struct emit *e, ir x);
ir math_pow(struct emit *e, ir x, ir y);

/* the parts of a module */
void kernel_emit(struct emit *e, uint32_t graph, uint32_t number); /* loops.c: the function of e->kernels[graph][number] */
void schedule_emit(struct emit *e);                       /* schedule.c: run functions of the graphs; fills e->runs */
void trace_write(struct buffer *to, struct ganc *g, const struct kernels *k); /* trace.c: ganrt_model.trace, see ganrt/trace.h */
void descriptor_emit(struct emit *e);                     /* descriptor.c: train blocks' functions and ganrt_model */
ir schedule_pass(struct emit *e, uint32_t train);         /* schedule.c: functions that the descriptor points to */
ir schedule_question(struct emit *e, const char *name, const struct sexpr *value); /* null where value is NULL */
ir schedule_defaults(struct emit *e);

/* module.c */
bool module_write(struct emit *e, struct ganc *g, const struct kernels *k, struct target *target); /* opens both; no pass has run */
/* On any thread. part: first what is only available from elsewhere becomes a declaration. Returns NULL, or what LLVM says, malloc'ed. */
char *module_optimize(LLVMModuleRef module, LLVMTargetMachineRef machine, bool part);

#endif
