/* math.c: the functions of mathematics on vectors.
 *
 * Floats: branch-free polynomials on a reduced argument, fitted by Remez exchange for the relative error, with explicit fused multiply-adds. sin and cos
 * beyond 2^15 and pow call the C library lane by lane. Doubles (--dtype f64, schedules) are for checking: the C library, lane by lane.
 * docs/math.md has the largest errors, denormal results and arguments included, which the tests hold all of it to; infinities and NaN
 * are as in the C library. Where denormals count as 0 (trainers: runtime/threads.c) they do in all of it. */
#include "codegen/emit.h"

/* c[0] + c[1] x + ... */
static ir polynomial(struct emit *e, ir x, const double *c, unsigned count)
{
    ir_type t = LLVMTypeOf(x);
    ir y = emit_number(t, c[count - 1]);
    for (unsigned i = count - 1; i-- > 0;) y = emit_fma(e, y, x, emit_number(t, c[i]));
    return y;
}
#define POLYNOMIAL(e, x, ...) polynomial((e), (x), (const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

static ir number(ir like, double x)
{
    return emit_number(LLVMTypeOf(like), x);
}

static ir integers(struct emit *e, ir like, uint32_t x)
{
    return emit_integer(emit_like(e->i32, like), x);
}

static ir magnitude(struct emit *e, ir x)
{
    return emit_unary(e, "llvm.fabs", x);
}

static ir with_sign(struct emit *e, ir x, ir sign)
{
    ir_type t = LLVMTypeOf(x);
    return emit_intrinsic(e, "llvm.copysign", &t, 1, (ir[]){x, sign}, 2);
}

/* The C library looks at the bits of a number, not at what arithmetic makes of it: of denormals that count as 0, 0 must be in the bits. */
static ir library(struct emit *e, const char *name, const ir *x, unsigned count)
{
    ir args[2];
    for (unsigned i = 0; i < count; i++) args[i] = with_sign(e, emit_fadd(e, x[i], number(x[i], 0)), x[i]); /* -0 + 0 is 0 */
    return emit_libm(e, name, args, count);
}

/* The whole number nearest to x * scale, |.| < 2^22, as a float and as an i32: added to 1.5 * 2^23, the fraction is rounded off. Unlike a
 * conversion it is defined (and of no consequence) where x is NaN. */
#define ROUNDER 0x1.8p23
static ir nearest(struct emit *e, ir x, double scale, ir *whole)
{
    ir shifted = emit_fma(e, x, number(x, scale), number(x, ROUNDER));
    *whole = emit_isub(e, emit_bits(e, shifted, e->i32), integers(e, x, 0x4b400000));
    return emit_fsub(e, shifted, number(x, ROUNDER));
}

/* 2^n of an i32 in [-126, 127]. */
static ir power_of_two(struct emit *e, ir n)
{
    return emit_bits(e, emit_shl(e, emit_iadd(e, n, emit_integer(LLVMTypeOf(n), 127)), 23), e->f32);
}

/* e^x = p 2^n, x in [-105, 90] or NaN; r = x - n ln 2 lies in [-0.35, 0.35]. */
static ir exp_parts(struct emit *e, ir x, ir *n)
{
    ir k = nearest(e, x, 0x1.715476p+0, n);
    ir r = emit_fma(e, k, number(x, -0x1.62e43p-1), x);
    r = emit_fma(e, k, number(x, 0x1.05c61p-29), r);
    ir q = POLYNOMIAL(e, r, 0.5, 0.166666657, 0.0416662581, 0.00833335333, 0.00139471435, 0.000198834692);
    return emit_fadd(e, emit_fma(e, emit_fmul(e, r, r), q, r), number(x, 1));
}

/* Where e^x is known to be a normal number: x in [-87, 88] or NaN. */
static ir exp_normal(struct emit *e, ir x)
{
    ir n, p = exp_parts(e, x, &n);
    return emit_fmul(e, p, power_of_two(e, n));
}

static ir clamp_below(struct emit *e, ir x, double least) /* NaN stays */
{
    return emit_select(e, emit_fcmp(e, LLVMRealOLT, x, number(x, least)), number(x, least), x);
}

static ir clamp_above(struct emit *e, ir x, double most)
{
    return emit_select(e, emit_fcmp(e, LLVMRealOGT, x, number(x, most)), number(x, most), x);
}

/* The scale goes on in two halves, so that the first stays normal and denormal results are rounded once. */
ir math_exp(struct emit *e, ir x)
{
    if (emit_is_double(e, x)) return library(e, "exp", &x, 1);
    ir n, p = exp_parts(e, clamp_above(e, clamp_below(e, x, -105), 90), &n);
    ir half = emit_ashr(e, n, 1);
    return emit_fmul(e, emit_fmul(e, p, power_of_two(e, half)), power_of_two(e, emit_isub(e, n, half)));
}

/* log(1 + f) + k ln 2, f in [sqrt(1/2) - 1, sqrt(2) - 1]. The high part of ln 2 ends in zeros: k times it is exact. */
static ir log_parts(struct emit *e, ir f, ir k)
{
    ir z = emit_fmul(e, f, f);
    ir q = POLYNOMIAL(e, f, 0.333333135, -0.250000089, 0.200021192, -0.166679963, 0.142195523, -0.1240559, 0.118881628, -0.116756506,
                      0.0674663782);
    ir low = emit_fma(e, k, number(f, -0x1.bd0106p-13), emit_fmul(e, emit_fmul(e, z, f), q));
    low = emit_fma(e, z, number(f, -0.5), low);
    return emit_fma(e, k, number(f, 0x1.63p-1), emit_fadd(e, f, low));
}

ir math_log(struct emit *e, ir x)
{
    if (emit_is_double(e, x)) return library(e, "log", &x, 1);
    ir denormal = emit_fcmp(e, LLVMRealOLT, x, number(x, 0x1p-126));
    ir scaled = emit_select(e, denormal, emit_fmul(e, x, number(x, 0x1p23)), x);
    /* x = m 2^k, m in [sqrt(1/2), sqrt(2)): the exponent is taken after adding what lies between sqrt(1/2) and 1 */
    ir bits = emit_iadd(e, emit_bits(e, scaled, e->i32), integers(e, x, 0x3f800000 - 0x3f3504f3));
    ir k = emit_isub(e, emit_lshr(e, bits, 23), emit_select(e, denormal, integers(e, x, 127 + 23), integers(e, x, 127)));
    ir m = emit_bits(e, emit_iadd(e, emit_and(e, bits, integers(e, x, 0x7fffff)), integers(e, x, 0x3f3504f3)), e->f32);
    ir f = emit_fsub(e, m, number(x, 1));
    ir y = log_parts(e, f, LLVMBuildSIToFP(e->builder, k, LLVMTypeOf(x), ""));
    ir usual = emit_and(e, emit_fcmp(e, LLVMRealOGT, x, number(x, 0)), emit_fcmp(e, LLVMRealOLT, x, number(x, HUGE_VAL)));
    ir zero = emit_fcmp(e, LLVMRealOEQ, x, number(x, 0)), positive = emit_fcmp(e, LLVMRealOGT, x, number(x, 0));
    ir other = emit_select(e, zero, number(x, -HUGE_VAL), emit_select(e, positive, x, number(x, NAN)));
    return emit_select(e, usual, y, other);
}

/* Near 0 an odd polynomial, else 1 - 2 / (e^2|x| + 1), which is 1 from 9.02 on. */
ir math_tanh(struct emit *e, ir x)
{
    if (emit_is_double(e, x)) return library(e, "tanh", &x, 1);
    ir a = magnitude(e, x), z = emit_fmul(e, x, x);
    ir q = POLYNOMIAL(e, z, -0.333333313, 0.133332059, -0.0539467633, 0.0217007045, -0.00817739964, 0.00214296253);
    ir small = emit_fma(e, emit_fmul(e, z, a), q, a);
    ir power = exp_normal(e, emit_fmul(e, clamp_above(e, a, 10), number(x, 2)));
    ir large = emit_fsub(e, number(x, 1), emit_fdiv(e, number(x, 2), emit_fadd(e, power, number(x, 1))));
    return with_sign(e, emit_select(e, emit_fcmp(e, LLVMRealOLT, a, number(x, 0.625)), small, large), x);
}

/* t = e^-|x| never overflows: 1 / (1 + t) from 0 up, t / (1 + t) below, denormals included. */
ir math_sigmoid(struct emit *e, ir x)
{
    ir t = math_exp(e, emit_fneg(e, magnitude(e, x)));
    ir top = emit_select(e, emit_fcmp(e, LLVMRealOLT, x, number(x, 0)), t, number(x, 1));
    return emit_fdiv(e, top, emit_fadd(e, t, number(x, 1)));
}

/* max(x, 0) + log(1 + t), t = e^-|x| in [0, 1]. Up to sqrt(2) - 1 t itself is log_parts' f; above, 1 + t is halved, and f = (t - 1) / 2. */
ir math_softplus(struct emit *e, ir x)
{
    ir positive = emit_select(e, emit_fcmp(e, LLVMRealOGT, x, number(x, 0)), x, number(x, 0));
    ir t = math_exp(e, emit_fneg(e, magnitude(e, x)));
    if (emit_is_double(e, x)) return emit_fadd(e, positive, library(e, "log1p", &t, 1));
    ir large = emit_fcmp(e, LLVMRealOGT, t, number(x, 0.41421354));
    ir f = emit_select(e, large, emit_fmul(e, emit_fsub(e, t, number(x, 1)), number(x, 0.5)), t);
    return emit_fadd(e, positive, log_parts(e, f, emit_select(e, large, number(x, 1), number(x, 0))));
}

/* sin and cos of r in [-pi/4, pi/4] */
static ir sine(struct emit *e, ir r)
{
    ir z = emit_fmul(e, r, r);
    return emit_fma(e, emit_fmul(e, z, r), POLYNOMIAL(e, z, -0.166666552, 0.00833215844, -0.00019514958), r);
}

static ir cosine(struct emit *e, ir r)
{
    ir z = emit_fmul(e, r, r);
    ir q = POLYNOMIAL(e, z, 0.0416666456, -0.0013887313, 2.44327857e-05);
    return emit_fma(e, emit_fmul(e, z, z), q, emit_fma(e, z, number(r, -0.5), number(r, 1)));
}

/* sin(r + quarter * pi / 2), negated where the top bit of `flip` is set (NULL: never): by the lowest bit of `quarter` the sine or the cosine
 * of r, by the next its sign. */
static ir quarter_sine(struct emit *e, ir r, ir quarter, ir flip)
{
    ir odd = emit_icmp(e, LLVMIntNE, emit_and(e, quarter, integers(e, r, 1)), integers(e, r, 0));
    ir y = emit_select(e, odd, cosine(e, r), sine(e, r));
    ir sign = emit_shl(e, emit_and(e, quarter, integers(e, r, 2)), 30);
    if (flip) sign = emit_xor(e, sign, emit_and(e, flip, integers(e, r, 0x80000000u)));
    return emit_bits(e, emit_xor(e, emit_bits(e, y, e->i32), sign), e->f32);
}

static ir any_lane(struct emit *e, ir mask)
{
    if (emit_lanes(mask) == 1) return mask;
    return emit_unary(e, "llvm.vector.reduce.or", mask);
}

/* ahead: quarters of a turn; 0 for sin, 1 for cos. pi / 2 in three parts of 24 bits: multiples up to 2^15 leave an exact remainder. */
static ir circular(struct emit *e, ir x, unsigned ahead, const char *name)
{
    if (emit_is_double(e, x)) return library(e, name, &x, 1);
    ir a = magnitude(e, x), n, k = nearest(e, a, 0x1.45f306p-1, &n);
    ir r = emit_fma(e, k, number(x, -0x1.921fb6p+0), a);
    r = emit_fma(e, k, number(x, 0x1.777a5cp-25), r);
    r = emit_fma(e, k, number(x, 0x1.ee59dap-50), r);
    ir y = quarter_sine(e, r, emit_iadd(e, n, integers(e, x, ahead)), ahead ? NULL : emit_bits(e, x, e->i32)); /* sin(-0) is -0 */
    ir far = emit_fcmp(e, LLVMRealOGT, a, number(x, 0x1p15));
    LLVMBasicBlockRef here, slow = emit_block(e, "far"), after = emit_block(e, "near");
    emit_branch(e, any_lane(e, far), slow, after);
    here = LLVMGetInsertBlock(e->builder);
    emit_at(e, slow);
    ir exact = emit_select(e, far, library(e, name, &x, 1), y);
    LLVMBasicBlockRef from = LLVMGetInsertBlock(e->builder);
    emit_go(e, after);
    ir phi = LLVMBuildPhi(e->builder, LLVMTypeOf(x), "");
    LLVMAddIncoming(phi, (ir[]){y, exact}, (LLVMBasicBlockRef[]){here, from}, 2);
    return phi;
}

ir math_sin(struct emit *e, ir x)
{
    return circular(e, x, 0, "sin");
}

ir math_cos(struct emit *e, ir x)
{
    return circular(e, x, 1, "cos");
}

ir math_cos_turn(struct emit *e, ir turn)
{
    ir_type integer = LLVMTypeOf(turn);
    ir quarter = emit_lshr(e, emit_iadd(e, turn, emit_integer(integer, 1u << 21)), 22);
    ir rest = emit_isub(e, turn, emit_shl(e, quarter, 22));
    ir r = emit_fmul(e, LLVMBuildSIToFP(e->builder, rest, emit_like(e->f32, turn), ""), emit_number(emit_like(e->f32, turn), 0x1.921fb6p-22));
    return quarter_sine(e, r, emit_iadd(e, quarter, emit_integer(integer, 1)), NULL);
}

/* Near 0 x (1 + p(x^2)), else 1 - e^(|x| p(|x|)), which is 1 from 3.95 on. */
ir math_erf(struct emit *e, ir x)
{
    if (emit_is_double(e, x)) return library(e, "erf", &x, 1);
    ir z = emit_fmul(e, x, x), a = clamp_above(e, magnitude(e, x), 4);
    ir p = POLYNOMIAL(e, z, 0.128379166, -0.376126319, 0.112836793, -0.0268584974, 0.00519882981, -0.000811807462, 8.26745891e-05);
    ir q = POLYNOMIAL(e, a, -1.12856102, -0.635582507, -0.105345003, 0.0227602087, -0.00298294285, 6.85633786e-05, 4.18794916e-05, -4.63603737e-06);
    ir large = emit_fsub(e, number(x, 1), exp_normal(e, emit_fmul(e, a, q)));
    return with_sign(e, emit_select(e, emit_fcmp(e, LLVMRealOLT, a, number(x, 0.9375)), emit_fma(e, a, p, a), large), x);
}

/* Exponents that are small whole numbers are products, as one would write them. */
ir math_pow(struct emit *e, ir x, ir y)
{
    static const double known[] = {1, 2, 3, -1};
    for (unsigned i = 0; i < 4; i++) {
        if (y != number(x, known[i])) continue; /* constants are unique */
        if (i == 3) return emit_fdiv(e, number(x, 1), x);
        ir power = x;
        for (unsigned j = 0; j < i; j++) power = emit_fmul(e, power, x);
        return power;
    }
    return library(e, "pow", (ir[]){x, y}, 2);
}
