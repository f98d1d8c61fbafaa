/* schedule.c: what runs between kernels: a graph's run function, a train block's pass, and the expressions of both, in double.
 *
 * A graph runs as: ganrt_begin (minibatches in place, the tick of the random numbers advanced), its scalars, its kernels in order, its results. The
 * last INIT graph also gives the schedule's states their first values. */
#include "codegen/emit.h"

#include <stdio.h>

/* ---- expressions ---- */

static ir sexpr_value(struct emit *e, ir frame, const struct sexpr *s);

static ir array_element(struct emit *e, ir frame, enum frame_field field, uint32_t index)
{
    return emit_offset(e, emit_field(e, frame, field), e->f64, emit_i64(e, index));
}

/* The one element of a state, or of an output; of either size. */
static ir element_address(struct emit *e, ir frame, const struct storage *s)
{
    return emit_offset(e, emit_field(e, frame, FRAME_ARENA), e->i8, emit_i64(e, s->offset));
}

static ir element_load(struct emit *e, ir frame, const struct storage *s)
{
    return emit_convert(e, emit_load(e, s->size == 8 ? e->f64 : e->f32, element_address(e, frame, s)), e->f64);
}

static ir is_true(struct emit *e, ir x)
{
    return emit_fcmp(e, LLVMRealUNE, x, emit_number(e->f64, 0));
}

static ir from_truth(struct emit *e, ir truth)
{
    return LLVMBuildUIToFP(e->builder, truth, e->f64, "");
}

/* The second is evaluated only where the first does not decide. */
static ir logic(struct emit *e, ir frame, const struct sexpr *s)
{
    bool is_or = s->kind == SEXPR_OR;
    ir first = is_true(e, sexpr_value(e, frame, s->arg[0]));
    LLVMBasicBlockRef more = emit_block(e, "more"), decided = emit_block(e, "decided"), from[2] = {LLVMGetInsertBlock(e->builder)};
    emit_branch(e, first, is_or ? decided : more, is_or ? more : decided);
    emit_at(e, more);
    ir second = is_true(e, sexpr_value(e, frame, s->arg[1]));
    from[1] = LLVMGetInsertBlock(e->builder);
    emit_go(e, decided);
    ir phi = LLVMBuildPhi(e->builder, e->i1, "");
    LLVMAddIncoming(phi, (ir[]){emit_integer(e->i1, is_or), second}, from, 2);
    return from_truth(e, phi);
}

static ir sexpr_value(struct emit *e, ir frame, const struct sexpr *s)
{
    ir x[3];
    switch (s->kind) {
    case SEXPR_NUMBER: return emit_number(e->f64, s->number);
    case SEXPR_SETTING: return emit_load(e, e->f64, array_element(e, frame, FRAME_SETTINGS, s->index));
    case SEXPR_STEP: return emit_field(e, frame, FRAME_STEP);
    case SEXPR_EPOCH: return emit_field(e, frame, FRAME_EPOCH);
    case SEXPR_LOOK: return emit_field(e, frame, FRAME_LOOK);
    case SEXPR_UPDATES: return emit_load(e, e->f64, array_element(e, frame, FRAME_COUNTERS, s->index));
    case SEXPR_VAR: return emit_load(e, e->f64, array_element(e, frame, FRAME_VARS, s->index));
    case SEXPR_STATE: return element_load(e, frame, &e->k->tensors.at[s->index]);
    case SEXPR_RESULT: return emit_load(e, e->f64, array_element(e, frame, FRAME_RESULTS, s->index));
    case SEXPR_OP:
        for (uint32_t i = 0; i < s->nargs; i++) x[i] = sexpr_value(e, frame, s->arg[i]);
        return emit_map(e, s->op, x);
    case SEXPR_NOT: return from_truth(e, emit_fcmp(e, LLVMRealOEQ, sexpr_value(e, frame, s->arg[0]), emit_number(e->f64, 0)));
    case SEXPR_AND:
    case SEXPR_OR: return logic(e, frame, s);
    }
    return NULL;
}

ir schedule_question(struct emit *e, const char *name, const struct sexpr *value)
{
    if (!value) return LLVMConstNull(e->ptr);
    ir f = emit_function(e, name, e->question);
    LLVMBuildRet(e->builder, sexpr_value(e, LLVMGetParam(f, 0), value));
    return f;
}

/* ---- train blocks ---- */

static void statements(struct emit *e, ir frame, const struct schedule_list *list);

static void run(struct emit *e, ir frame, const struct schedule *s)
{
    for (uint32_t i = 0; i < s->counters.n; i++) {
        ir at = array_element(e, frame, FRAME_COUNTERS, s->counters.at[i]);
        emit_store(e, emit_fadd(e, emit_load(e, e->f64, at), emit_number(e->f64, 1)), at);
    }
    emit_call(e, e->runs[s->index], &frame, 1);
    uint32_t joined = e->k->graphs.at[s->index].graph->joins.n; /* ganrt_begin counts one run */
    if (!joined) return;
    ir tick = emit_field_address(e, frame, FRAME_TICK);
    emit_store(e, emit_iadd(e, emit_load(e, e->i64, tick), emit_i64(e, joined)), tick);
}

/* for (i = 0; i < n; i++): n is a double; of NaN none */
static void repeat(struct emit *e, ir frame, const struct schedule *s)
{
    ir n = sexpr_value(e, frame, s->value), zero = emit_number(e->f64, 0);
    LLVMBasicBlockRef before = LLVMGetInsertBlock(e->builder), test = emit_block(e, "repeat"), body = emit_block(e, "round"), after = emit_block(e, "after");
    emit_go(e, test);
    ir i = LLVMBuildPhi(e->builder, e->f64, "i");
    LLVMAddIncoming(i, &zero, &before, 1);
    emit_branch(e, emit_fcmp(e, LLVMRealOLT, i, n), body, after);
    emit_at(e, body);
    statements(e, frame, &s->body);
    ir next = emit_fadd(e, i, emit_number(e->f64, 1));
    LLVMBasicBlockRef last = LLVMGetInsertBlock(e->builder);
    LLVMAddIncoming(i, &next, &last, 1);
    LLVMBuildBr(e->builder, test);
    emit_at(e, after);
}

static void choice(struct emit *e, ir frame, ir condition, const struct schedule_list *yes, const struct schedule_list *no)
{
    LLVMBasicBlockRef then = emit_block(e, "then"), other = emit_block(e, "else"), after = emit_block(e, "after");
    emit_branch(e, condition, then, other);
    emit_at(e, then);
    statements(e, frame, yes);
    LLVMBuildBr(e->builder, after);
    emit_at(e, other);
    if (no) statements(e, frame, no);
    emit_go(e, after);
}

/* Where step is divisible by n; never where n is not above 0. */
static ir is_due(struct emit *e, ir frame, ir n)
{
    ir rest = emit_libm(e, "fmod", (ir[]){emit_field(e, frame, FRAME_STEP), n}, 2), zero = emit_number(e->f64, 0);
    return emit_and(e, emit_fcmp(e, LLVMRealOGT, n, zero), emit_fcmp(e, LLVMRealOEQ, rest, zero));
}

static void statement(struct emit *e, ir frame, const struct schedule *s)
{
    switch (s->kind) {
    case SCHEDULE_RUN: run(e, frame, s); break;
    case SCHEDULE_REPEAT: repeat(e, frame, s); break;
    case SCHEDULE_EVERY: choice(e, frame, is_due(e, frame, sexpr_value(e, frame, s->value)), &s->body, NULL); break;
    case SCHEDULE_IF: choice(e, frame, is_true(e, sexpr_value(e, frame, s->value)), &s->body, &s->otherwise); break;
    case SCHEDULE_LET: emit_store(e, sexpr_value(e, frame, s->value), array_element(e, frame, FRAME_VARS, s->index)); break;
    case SCHEDULE_SET: {
        const struct storage *to = &e->k->tensors.at[s->index];
        ir value = sexpr_value(e, frame, s->value);
        emit_store(e, emit_convert(e, value, to->size == 8 ? e->f64 : e->f32), element_address(e, frame, to));
        break;
    }
    }
}

static void statements(struct emit *e, ir frame, const struct schedule_list *list)
{
    for (uint32_t i = 0; i < list->n; i++) statement(e, frame, list->at[i]);
}

ir schedule_pass(struct emit *e, uint32_t train)
{
    char name[32];
    snprintf(name, sizeof name, "gan_t%u_pass", train);
    ir f = emit_function(e, name, e->procedure);
    statements(e, LLVMGetParam(f, 0), &e->k->program->trains.at[train].body);
    LLVMBuildRetVoid(e->builder);
    return f;
}

/* Settings in order, so that a default may read those before it. */
ir schedule_defaults(struct emit *e)
{
    const struct program *p = e->k->program;
    ir f = emit_function(e, "gan_defaults", LLVMFunctionType(e->none, (ir_type[]){e->ptr, e->ptr}, 2, false));
    ir frame = LLVMGetParam(f, 0), given = LLVMGetParam(f, 1);
    for (uint32_t i = 0; i < p->settings.n; i++) {
        LLVMBasicBlockRef missing = emit_block(e, "missing"), next = emit_block(e, "next");
        ir flag = emit_load(e, e->i8, emit_offset(e, given, e->i8, emit_i64(e, i)));
        emit_branch(e, emit_icmp(e, LLVMIntEQ, flag, emit_integer(e->i8, 0)), missing, next);
        emit_at(e, missing);
        const struct sexpr *value = p->settings.at[i].value; /* a string setting has none */
        emit_store(e, value ? sexpr_value(e, frame, value) : emit_number(e->f64, 0), array_element(e, frame, FRAME_SETTINGS, i));
        emit_go(e, next);
    }
    LLVMBuildRetVoid(e->builder);
    return f;
}

/* ---- graphs ---- */

/* A kernel of one task is called directly, but where bench times kernels (frame->timed). */
static void kernel_call(struct emit *e, ir frame, ir timed, const struct kernel *k, ir function, uint32_t index)
{
    ir zero = emit_integer(e->i32, 0), number = emit_integer(e->i32, index);
    ir_type parallel[] = {e->ptr, e->ptr, e->i32, e->i32}, serial[] = {e->ptr, e->ptr, e->i32};
    if (k->tasks > 1) {
        ir service = emit_service(e, "ganrt_parallel", e->none, parallel, 4);
        emit_call(e, service, (ir[]){frame, function, emit_integer(e->i32, k->tasks), number}, 4);
        return;
    }
    LLVMBasicBlockRef slow = emit_block(e, "timed"), fast = emit_block(e, "direct"), after = emit_block(e, "after");
    emit_branch(e, timed, slow, fast);
    emit_at(e, slow);
    emit_call(e, emit_service(e, "ganrt_serial", e->none, serial, 3), (ir[]){frame, function, number}, 3);
    LLVMBuildBr(e->builder, after);
    emit_at(e, fast);
    emit_call(e, function, (ir[]){frame, zero, zero}, 3);
    emit_go(e, after);
}

static void kernel_run(struct emit *e, ir frame, ir timed, const struct kernel *k, ir function, uint32_t index)
{
    if (!k->look) {
        kernel_call(e, frame, timed, k, function, index);
        return;
    }
    LLVMBasicBlockRef looking = emit_block(e, "looking"), after = emit_block(e, "after");
    emit_branch(e, is_true(e, emit_field(e, frame, FRAME_LOOK)), looking, after);
    emit_at(e, looking);
    kernel_call(e, frame, timed, k, function, index);
    emit_go(e, after);
}

static void results(struct emit *e, ir frame, const struct kernel_graph *kg)
{
    for (uint32_t i = 0; i < kg->outputs.n; i++) {
        const struct output *o = kg->outputs.at[i].output;
        if (!output_is_number(o->kind)) continue;
        ir value = element_load(e, frame, kernels_storage(e->k, kg, kg->outputs.at[i].storage));
        if (o->kind == OUTPUT_OBJECTIVE && o->sign < 0) value = emit_fneg(e, value);
        emit_store(e, value, array_element(e, frame, FRAME_RESULTS, o->result));
    }
}

static bool is_last_init(const struct emit *e, uint32_t graph)
{
    if (e->k->graphs.at[graph].graph->kind != GRAPH_INIT) return false;
    for (uint32_t i = graph + 1; i < e->k->graphs.n; i++)
        if (e->k->graphs.at[i].graph->kind == GRAPH_INIT) return false;
    return true;
}

static ir graph_run(struct emit *e, uint32_t graph)
{
    const struct kernel_graph *kg = &e->k->graphs.at[graph];
    char name[32];
    snprintf(name, sizeof name, "gan_g%u_run", graph);
    ir f = emit_function(e, name, e->procedure), frame = LLVMGetParam(f, 0);
    ir_type begin[] = {e->ptr, e->i32};
    emit_call(e, emit_service(e, "ganrt_begin", e->none, begin, 2), (ir[]){frame, emit_integer(e->i32, graph)}, 2);
    for (uint32_t i = 0; i < kg->scalars.n; i++)
        emit_store(e, sexpr_value(e, frame, kg->scalars.at[i]), array_element(e, frame, FRAME_SCALARS, i));
    ir timed = emit_icmp(e, LLVMIntNE, emit_field(e, frame, FRAME_TIMED), emit_integer(e->i32, 0));
    for (uint32_t i = 0; i < kg->kernels.n; i++) kernel_run(e, frame, timed, &kg->kernels.at[i], e->kernels[graph][i], i);
    results(e, frame, kg);
    if (is_last_init(e, graph)) statements(e, frame, &e->k->program->setup);
    LLVMBuildRetVoid(e->builder);
    return f;
}

void schedule_emit(struct emit *e)
{
    for (uint32_t i = 0; i < e->k->graphs.n; i++) e->runs[i] = graph_run(e, i);
}
