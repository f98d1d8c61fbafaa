/* Product kernels against plain loops: transposes, several products, tiles of all sizes, with and without an epilogue; and the checks of
 * accesses. */
#include "codegen_kit.h"

KIT_SERVICES

static uint32_t word = 5;
static int below(int n)
{
    word = word * 1664525u + 1013904223u;
    return (int)((uint64_t)word * (uint64_t)n >> 32);
}

enum { SMALL = 12, TRIALS = 22 };

struct trial {
    int64_t m, n, k[2], ldb;
    bool ta, tb, epilogue;
    uint32_t count, a[2], b[2], bias, to;
};

static void make(struct kit *t, struct trial *r, int number)
{
    *r = (struct trial){.m = 1 + below(40), .n = 1 + below(70), .k = {1 + below(20), 1 + below(20)}, .ta = below(2), .tb = below(2), .epilogue = number % 2, .count = 1 + (uint32_t)below(2)};
    unsigned size = t->program.f64 ? 8 : 4;
    if (number >= SMALL) { /* several panels, blocks of rows and what is left of both; the last two deeper than is packed at once */
        r->m = 20 + below(50), r->n = 90 + below(100);
        for (int p = 0; p < 2; p++) r->k[p] = number >= TRIALS - 2 ? PRODUCT_DEEP - 20 + below(1200) : 20 + below(40);
        r->ta = number % 4 > 1, r->tb = number / 4 % 2;
    }
    struct kernel *k = kit_kernel(t, 2, (int64_t[]){r->m, r->n});
    k->kind = KERNEL_PRODUCT;
    k->tile[0] = 1 + below((int)r->m), k->tile[1] = below(2) ? r->n : number >= SMALL ? 16 * (1 + below(6)) : 16;
    if (k->tile[1] > r->n) k->tile[1] = r->n;
    k->tasks = (uint32_t)(((r->m + k->tile[0] - 1) / k->tile[0]) * ((r->n + k->tile[1] - 1) / k->tile[1]));
    r->ldb = number % 3 ? r->n : r->n + PRODUCT_NEAR; /* near rows are read where they stand, far ones packed */
    for (uint32_t p = 0; p < r->count; p++) {
        r->a[p] = kit_storage(t, r->m * r->k[p] + 2, size), r->b[p] = kit_storage(t, r->k[p] * r->ldb, size);
        struct product one = {.a = {.storage = r->a[p], .offset = 2}, .b = {.storage = r->b[p]}, .ta = r->ta, .tb = r->tb, .k = r->k[p]};
        one.lda = r->ta ? r->m : r->k[p], one.ldb = r->tb ? r->k[p] : r->ldb;
        vec_push(t->g->mem, &k->products, one);
    }
    r->to = kit_storage(t, r->m * r->n, number % 5 == 4 ? 8 : size);
    uint32_t y = kit_insn(t, k, (struct insn){.kind = INSN_PRODUCT});
    if (r->epilogue) {
        r->bias = kit_storage(t, r->n, size);
        uint32_t bias = kit_insn(t, k, (struct insn){.kind = INSN_LOAD, .at = KIT_AT(r->bias, 0, 0, 1)});
        y = kit_insn(t, k, (struct insn){.kind = INSN_OP, .op = OP_add, .nargs = 2, .arg = {y, bias}});
    }
    kit_insn(t, k, (struct insn){.kind = INSN_STORE, .nargs = 1, .arg = {y}, .at = KIT_AT(r->to, 0, r->n, 1)});
}

static double get(struct kit *t, uint32_t storage, int64_t i)
{
    void *at = kit_memory(t, storage);
    return kernels_storage(&t->k, kit_graph(t), storage)->size == 8 ? ((double *)at)[i] : ((float *)at)[i];
}

static bool agrees(struct kit *t, const struct trial *r)
{
    for (int64_t i = 0; i < r->m; i++)
        for (int64_t j = 0; j < r->n; j++) {
            double want = r->epilogue ? get(t, r->bias, j) : 0;
            for (uint32_t p = 0; p < r->count; p++)
                for (int64_t l = 0; l < r->k[p]; l++)
                    want += get(t, r->a[p], 2 + (r->ta ? l * r->m + i : i * r->k[p] + l)) * get(t, r->b[p], r->tb ? j * r->k[p] + l : l * r->ldb + j);
            if (get(t, r->to, i * r->n + j) != want) return false;
        }
    return true;
}

static void test_products(bool f64, bool checked, const char *cpu)
{
    struct kit t;
    struct trial trials[TRIALS];
    kit_open(&t, f64);
    t.g->check_bounds = checked;
    t.g->cpu = cpu;
    t.k.worker_bytes = 1 << 20;
    for (int i = 0; i < TRIALS; i++) make(&t, &trials[i], i);
    CHECK(kit_load(&t));
    for (uint32_t s = 0; s < kit_graph(&t)->storages.n; s++)
        for (int64_t e = 0; e < kit_graph(&t)->storages.at[s].elements; e++) {
            if (kit_graph(&t)->storages.at[s].size == 8) ((double *)kit_memory(&t, s))[e] = below(9) - 4;
            else ((float *)kit_memory(&t, s))[e] = (float)(below(9) - 4);
        }
    for (uint32_t i = 0; i < TRIALS && t.model; i++) {
        kit_run(&t, i);
        CHECK(agrees(&t, &trials[i]));
    }
    kit_close(&t);
}

/* A load that runs over its storage's end, or before its start, must be caught at the first byte. */
static void test_bounds(int64_t offset, int64_t byte)
{
    struct kit t;
    kit_open(&t, false);
    t.g->check_bounds = true;
    uint32_t x = kit_storage(&t, 100, 4), y = kit_storage(&t, 100, 4);
    struct kernel *k = kit_kernel(&t, 1, (int64_t[]){100});
    uint32_t value = kit_insn(&t, k, (struct insn){.kind = INSN_LOAD, .at = KIT_AT(x, offset, 1)});
    kit_insn(&t, k, (struct insn){.kind = INSN_STORE, .nargs = 1, .arg = {value}, .at = KIT_AT(y, 0, 1)});
    CHECK(kit_load(&t));
    kit_outside = UINT32_MAX, kit_byte = -1;
    if (!setjmp(kit_escape)) kit_run(&t, 0);
    CHECK(kit_outside == (byte == -1 ? UINT32_MAX : x));
    CHECK(kit_byte == byte);
    kit_close(&t);
}

/* What cannot be compiled is a diagnostic. */
static void test_errors(void)
{
    struct kit t;
    for (int i = 0; i < 3; i++) {
        kit_open(&t, false);
        t.g->cpu = i == 0 ? "haswel" : i == 1 ? "nehalem" : NULL;
        if (i == 2) { /* a product over its own operand */
            struct trial r;
            make(&t, &r, 0);
            struct kernel *k = &kit_graph(&t)->kernels.at[0];
            k->body.at[1].at.storage = r.a[0];
        }
        CHECK(!codegen_object(t.g, &t.k, &t.object));
        CHECK(diag_errors(t.g) >= 1);
        diag_rewind(t.g, 0);
        kit_close(&t);
    }
}

int main(void)
{
    test_products(false, false, NULL);
    test_products(true, false, NULL);
    test_products(false, true, NULL);
#ifdef __x86_64__
    test_products(false, false, "x86-64-v3");
#endif
    test_bounds(0, -1);
    test_bounds(3, 99 * 4 + 3 * 4);
    test_bounds(-2, -8);
    test_errors();
    return check_done();
}
