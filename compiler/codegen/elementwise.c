/* elementwise.c: the instructions of each elementwise operation, emit_NAME for each MAP of ops.def; one that is missing does not compile.
 *
 * They serve kernels (vectors of the program's type) and schedules (single doubles) alike. Ties of max and min go to the first operand, also
 * between 0 and -0; a NaN on either side is the result. Comparisons with NaN are 0, but for ne. */
#include "codegen/emit.h"

typedef ir emit_rule(struct emit *e, const ir *x);

#define RULE(name) static ir emit_##name(struct emit *e, const ir *x)

RULE(neg) { return emit_fneg(e, x[0]); }
RULE(exp) { return math_exp(e, x[0]); }
RULE(log) { return math_log(e, x[0]); }
RULE(sqrt) { return emit_unary(e, "llvm.sqrt", x[0]); }
RULE(abs) { return emit_unary(e, "llvm.fabs", x[0]); }
RULE(sin) { return math_sin(e, x[0]); }
RULE(cos) { return math_cos(e, x[0]); }
RULE(tanh) { return math_tanh(e, x[0]); }
RULE(sigmoid) { return math_sigmoid(e, x[0]); }
RULE(softplus) { return math_softplus(e, x[0]); }
RULE(erf) { return math_erf(e, x[0]); }
RULE(floor) { return emit_unary(e, "llvm.floor", x[0]); }
RULE(add) { return emit_fadd(e, x[0], x[1]); }
RULE(sub) { return emit_fsub(e, x[0], x[1]); }
RULE(mul) { return emit_fmul(e, x[0], x[1]); }
RULE(div) { return emit_fdiv(e, x[0], x[1]); }
RULE(pow) { return math_pow(e, x[0], x[1]); }

RULE(stop)
{
    (void)e;
    return x[0];
}

/* x's own sign where it has one; 0, -0 and NaN stay as they are. */
RULE(sign)
{
    ir_type t = LLVMTypeOf(x[0]);
    ir one = emit_intrinsic(e, "llvm.copysign", &t, 1, (ir[]){emit_number(t, 1), x[0]}, 2);
    return emit_select(e, emit_fcmp(e, LLVMRealONE, x[0], emit_number(t, 0)), one, x[0]);
}

RULE(rem)
{
    ir whole = emit_unary(e, "llvm.floor", emit_fdiv(e, x[0], x[1]));
    return emit_fsub(e, x[0], emit_fmul(e, x[1], whole));
}

static ir extreme(struct emit *e, LLVMRealPredicate first_wins, const ir *x)
{
    ir keep = emit_or(e, emit_fcmp(e, first_wins, x[0], x[1]), emit_fcmp(e, LLVMRealUNO, x[0], x[0]));
    return emit_select(e, keep, x[0], x[1]);
}

RULE(max) { return extreme(e, LLVMRealOGE, x); }
RULE(min) { return extreme(e, LLVMRealOLE, x); }

static ir truth(struct emit *e, LLVMRealPredicate p, const ir *x)
{
    ir_type t = LLVMTypeOf(x[0]);
    return emit_select(e, emit_fcmp(e, p, x[0], x[1]), emit_number(t, 1), emit_number(t, 0));
}

RULE(eq) { return truth(e, LLVMRealOEQ, x); }
RULE(ne) { return truth(e, LLVMRealUNE, x); }
RULE(lt) { return truth(e, LLVMRealOLT, x); }
RULE(le) { return truth(e, LLVMRealOLE, x); }
RULE(gt) { return truth(e, LLVMRealOGT, x); }
RULE(ge) { return truth(e, LLVMRealOGE, x); }

RULE(where)
{
    ir yes = emit_fcmp(e, LLVMRealUNE, x[0], emit_number(LLVMTypeOf(x[0]), 0));
    return emit_select(e, yes, x[1], x[2]);
}

static emit_rule *const rules[OP_COUNT] = {
#define RULE_LEAF(name)
#define RULE_MAP(name) [OP_##name] = emit_##name,
#define RULE_REDUCE(name)
#define RULE_VIEW(name)
#define RULE_PRODUCT(name)
#define RULE_GRAD(name)
#define OP(name, operands, attributes, class, doc) RULE_##class(name)
#include "graph/ops.def"
#undef OP
};

ir emit_map(struct emit *e, enum op op, const ir *x)
{
    return rules[op](e, x);
}
