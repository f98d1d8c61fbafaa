/* The loader of objects (codegen/jit.c) on objects that are cut short or damaged: an error or none, never a crash; and on whole ones: pages of
 * code that cannot be written, a table that jumps to the C library, values of constants. */
#include "codegen_kit.h"

#include <elf.h>

KIT_SERVICES

static void make(struct kit *t)
{
    kit_open(t, true); /* of doubles: pow is the C library's */
    uint32_t x = kit_storage(t, 40, 8), y = kit_storage(t, 40, 8);
    struct kernel *k = kit_kernel(t, 1, (int64_t[]){40});
    uint32_t a = kit_insn(t, k, (struct insn){.kind = INSN_LOAD, .at = KIT_AT(x, 0, 1)});
    uint32_t c = kit_insn(t, k, (struct insn){.kind = INSN_NUMBER, .number = 1.5});
    uint32_t p = kit_insn(t, k, (struct insn){.kind = INSN_OP, .op = OP_pow, .nargs = 2, .arg = {a, c}});
    kit_insn(t, k, (struct insn){.kind = INSN_STORE, .nargs = 1, .arg = {p}, .at = KIT_AT(y, 0, 1)});
    CHECK(kit_load(t));
    double *from = kit_memory(t, x), *to = kit_memory(t, y);
    for (int i = 0; i < 40; i++) from[i] = i;
    kit_run(t, 0);
    for (int i = 0; i < 40; i++) CHECK_NEAR(to[i], pow(i, 1.5), 1e-12 * (1 + to[i]));
}

/* Loads those bytes in a compilation of their own: loaded, or one error. */
static bool loads(const char *bytes, size_t length)
{
    struct ganc *g = ganc_new();
    struct object o = {malloc(length + 1), length};
    void *handle;
    memcpy(o.bytes, bytes, length);
    bool loaded = jit_load(g, &o, &handle) != NULL;
    CHECK(loaded == (handle != NULL));
    CHECK(diag_errors(g) == !loaded);
    jit_unload(handle);
    free(o.bytes);
    ganc_free(g);
    return loaded;
}

int main(void)
{
    struct kit t;
    make(&t);
    const struct object *o = &t.object;
    CHECK(loads(o->bytes, o->length));
    for (size_t n = 0; n < o->length; n += 1 + n / 97) CHECK(!loads(o->bytes, n)); /* the table of sections is at the end */
    char *copy = malloc(o->length);
    uint32_t random = 1, refused = 0;
    for (int i = 0; i < 4000; i++) {
        memcpy(copy, o->bytes, o->length);
        for (int k = 0; k < 1 + i % 4; k++) {
            random = random * 1664525 + 1013904223;
            size_t at = i % 2 ? random % o->length : o->length - 1 - random % (o->length / 3);
            copy[at] = (char)(copy[at] ^ (1 << (random >> 28 & 7)));
        }
        refused += !loads(copy, o->length);
    }
    CHECK(refused > 100);
    /* one field each that must be refused */
    Elf64_Ehdr header;
    memcpy(&header, o->bytes, sizeof header);
    const struct {
        size_t at;
        unsigned char byte;
    } wrong[] = {{0, 'X'}, {EI_CLASS, ELFCLASS32}, {offsetof(Elf64_Ehdr, e_type), ET_EXEC}, {offsetof(Elf64_Ehdr, e_machine), EM_386},
                 {offsetof(Elf64_Ehdr, e_shoff) + 5, 1}, {offsetof(Elf64_Ehdr, e_shentsize), 1}, {offsetof(Elf64_Ehdr, e_shnum) + 1, 255}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        memcpy(copy, o->bytes, o->length);
        copy[wrong[i].at] = (char)wrong[i].byte;
        CHECK(!loads(copy, o->length));
    }
    free(copy);
    kit_close(&t);
    return check_done();
}
