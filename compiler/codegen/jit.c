/* jit.c: an object loaded into this process: what a linker would do, for one relocatable ELF object of x86-64, the same bytes that the linker
 * would get. No LLVM: an object of the cache runs without it.
 *
 * One mapping holds three groups of pages: code, which ends in a stub for each function called outside; what is only read, which begins with the
 * table of those functions' addresses; data. Relocations are of the few kinds that position-independent code has, and any other is an error. The
 * runtime's services are given by address, so that nothing depends on which symbols this program exports; the C library's functions are looked
 * up in the process. Nothing in the object is trusted: it may come from a file. */
#define _GNU_SOURCE
#include "codegen/codegen.h"

#include "base/diag.h"
#include "base/times.h"

#include <dlfcn.h>
#include <elf.h>
#include <ganrt/model.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef __x86_64__
#error "jit.c knows the relocations of x86-64 only"
#endif

#define STUB 8 /* bytes: jmp *address(%rip), padded */

enum group { CODE, CONSTANT, DATA, GROUPS };

struct loader {
    struct ganc *g;
    const struct object *o;
    Elf64_Ehdr header;
    Elf64_Shdr *sections;
    uint64_t *at;              /* of each section: its offset in the mapping, 0 where it is not loaded */
    uint64_t symbols_at, symbol_count, names_at, names_length; /* in the file */
    uint32_t *entry;           /* of each symbol: 1 + its row of the table, 0 where it has none */
    uint32_t entries;
    uint64_t code, constant, data, end, stubs, table; /* offsets in the mapping */
    char *base;
};

static bool failed(struct loader *l, const char *why, const char *what)
{
    diag(l->g, E0855, (struct span){0}, what ? arena_format(l->g->mem, "%s %s", why, what) : why);
    return false;
}

static bool within(const struct loader *l, uint64_t at, uint64_t length)
{
    return at <= l->o->length && length <= l->o->length - at;
}

/* ---- the file ---- */

static bool read_sections(struct loader *l)
{
    const Elf64_Ehdr *h = &l->header;
    if (!within(l, 0, sizeof *h)) return failed(l, "it is cut short", NULL);
    memcpy(&l->header, l->o->bytes, sizeof *h);
    if (memcmp(h->e_ident, ELFMAG, SELFMAG) || h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_type != ET_REL || h->e_machine != EM_X86_64
        || h->e_shentsize != sizeof(Elf64_Shdr) || !within(l, h->e_shoff, (uint64_t)h->e_shnum * sizeof(Elf64_Shdr)))
        return failed(l, "it is no object of x86-64", NULL);
    l->sections = NEW_ARRAY(l->g->mem, Elf64_Shdr, h->e_shnum + 1);
    l->at = NEW_ARRAY(l->g->mem, uint64_t, h->e_shnum + 1);
    memcpy(l->sections, l->o->bytes + h->e_shoff, h->e_shnum * sizeof(Elf64_Shdr));
    for (uint32_t i = 0; i < h->e_shnum; i++) {
        const Elf64_Shdr *s = &l->sections[i];
        if (s->sh_type != SHT_NOBITS && !within(l, s->sh_offset, s->sh_size)) return failed(l, "a section is cut short", NULL);
        if (s->sh_type != SHT_SYMTAB) continue;
        if (s->sh_link >= h->e_shnum || s->sh_entsize != sizeof(Elf64_Sym)) return failed(l, "its table of symbols is damaged", NULL);
        l->symbols_at = s->sh_offset;
        l->symbol_count = s->sh_size / sizeof(Elf64_Sym);
        l->names_at = l->sections[s->sh_link].sh_offset;
        l->names_length = l->sections[s->sh_link].sh_size;
    }
    if (!l->names_length || !within(l, l->names_at, l->names_length) || l->o->bytes[l->names_at + l->names_length - 1])
        return failed(l, "its table of symbols is damaged", NULL);
    l->entry = NEW_ARRAY(l->g->mem, uint32_t, l->symbol_count + 1);
    return true;
}

static bool read_symbol(const struct loader *l, uint64_t i, Elf64_Sym *to)
{
    if (i >= l->symbol_count) return false;
    memcpy(to, l->o->bytes + l->symbols_at + i * sizeof *to, sizeof *to);
    return to->st_name < l->names_length;
}

static const char *symbol_name(const struct loader *l, const Elf64_Sym *s)
{
    return l->o->bytes + l->names_at + s->st_name;
}

/* ---- the relocations, one by one ---- */

typedef bool each_relocation(struct loader *l, uint32_t section, const Elf64_Rela *r, uint64_t symbol, const Elf64_Sym *s);

static bool relocations(struct loader *l, each_relocation *each)
{
    for (uint32_t i = 0; i < l->header.e_shnum; i++) {
        const Elf64_Shdr *table = &l->sections[i];
        if (table->sh_type == SHT_REL) return failed(l, "it has relocations of another kind", NULL);
        if (table->sh_type != SHT_RELA || table->sh_info >= l->header.e_shnum || !(l->sections[table->sh_info].sh_flags & SHF_ALLOC)) continue;
        for (uint64_t k = 0; k < table->sh_size / sizeof(Elf64_Rela); k++) {
            Elf64_Rela r;
            Elf64_Sym s;
            memcpy(&r, l->o->bytes + table->sh_offset + k * sizeof r, sizeof r);
            if (!read_symbol(l, ELF64_R_SYM(r.r_info), &s)) return failed(l, "a relocation names no symbol", NULL);
            uint64_t room = ELF64_R_TYPE(r.r_info) == R_X86_64_64 ? 8 : 4, size = l->sections[table->sh_info].sh_size;
            if (size < room || r.r_offset > size - room) return failed(l, "a relocation is out of its section", NULL);
            if (!each(l, table->sh_info, &r, ELF64_R_SYM(r.r_info), &s)) return false;
        }
    }
    return true;
}

static bool by_table(uint32_t type)
{
    return type == R_X86_64_GOTPCREL || type == R_X86_64_GOTPCRELX || type == R_X86_64_REX_GOTPCRELX;
}

/* Which symbols need a row of the table: those outside that code calls, and those whose address code reads there. */
static bool count_entry(struct loader *l, uint32_t section, const Elf64_Rela *r, uint64_t symbol, const Elf64_Sym *s)
{
    (void)section;
    uint32_t type = ELF64_R_TYPE(r->r_info);
    if (by_table(type) || (s->st_shndx == SHN_UNDEF && type == R_X86_64_PLT32))
        if (!l->entry[symbol]) l->entry[symbol] = ++l->entries;
    return true;
}

/* ---- the mapping ---- */

static enum group group_of(const Elf64_Shdr *s)
{
    return s->sh_flags & SHF_EXECINSTR ? CODE : s->sh_flags & SHF_WRITE ? DATA : CONSTANT;
}

static uint64_t round_up(uint64_t x, uint64_t to)
{
    return (x + to - 1) / to * to;
}

/* Places the sections of a group from *at on; false where a size cannot be. */
static bool place_group(struct loader *l, enum group group, uint64_t *at)
{
    for (uint32_t i = 0; i < l->header.e_shnum; i++) {
        const Elf64_Shdr *s = &l->sections[i];
        if (!(s->sh_flags & SHF_ALLOC) || group_of(s) != group) continue;
        uint64_t align = s->sh_addralign ? s->sh_addralign : 1;
        if (align > 4096 || align & (align - 1) || s->sh_size > (1u << 30) || *at > (1u << 30)) return failed(l, "a section's size cannot be", NULL);
        *at = round_up(*at, align);
        l->at[i] = *at;
        *at += s->sh_size;
    }
    return true;
}

static bool map_sections(struct loader *l)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), at = l->code = page; /* the first page stays empty: no section is at 0 */
    if (!place_group(l, CODE, &at)) return false;
    l->stubs = round_up(at, STUB);
    l->constant = l->table = round_up(l->stubs + (uint64_t)l->entries * STUB, page);
    at = l->table + (uint64_t)l->entries * 8;
    if (!place_group(l, CONSTANT, &at)) return false;
    l->data = at = round_up(at, page);
    if (!place_group(l, DATA, &at)) return false;
    l->end = round_up(at + 1, page);
    l->base = mmap(NULL, l->end, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (l->base == MAP_FAILED) {
        l->base = NULL;
        return failed(l, "no memory", NULL);
    }
    for (uint32_t i = 0; i < l->header.e_shnum; i++)
        if (l->at[i] && l->sections[i].sh_type != SHT_NOBITS) memcpy(l->base + l->at[i], l->o->bytes + l->sections[i].sh_offset, l->sections[i].sh_size);
    return true;
}

/* ---- symbols ---- */

#define SERVICE(name) {#name, (uint64_t)(uintptr_t)name}

static uint64_t outside(const char *name)
{
    const struct {
        const char *name;
        uint64_t address;
    } services[] = {SERVICE(ganrt_begin), SERVICE(ganrt_parallel), SERVICE(ganrt_serial),
                    SERVICE(ganrt_sgemm), SERVICE(ganrt_dgemm),    SERVICE(ganrt_bounds)};
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        if (!strcmp(name, services[i].name)) return services[i].address;
    return (uint64_t)(uintptr_t)dlsym(RTLD_DEFAULT, name);
}

static bool symbol_address(struct loader *l, const Elf64_Sym *s, uint64_t *address)
{
    if (s->st_shndx == SHN_UNDEF) {
        *address = s->st_name ? outside(symbol_name(l, s)) : 0;
        return *address || failed(l, "there is no function", symbol_name(l, s));
    }
    if (s->st_shndx >= l->header.e_shnum || !l->at[s->st_shndx] || s->st_value > l->sections[s->st_shndx].sh_size)
        return failed(l, "there is no place for", symbol_name(l, s));
    *address = (uint64_t)(uintptr_t)l->base + l->at[s->st_shndx] + s->st_value;
    return true;
}

static bool fill_table(struct loader *l)
{
    for (uint64_t i = 0; i < l->symbol_count; i++) {
        if (!l->entry[i]) continue;
        Elf64_Sym s;
        uint64_t address, row = l->entry[i] - 1, stub = l->stubs + row * STUB, at = l->table + row * 8;
        if (!read_symbol(l, i, &s) || !symbol_address(l, &s, &address)) return false;
        memcpy(l->base + at, &address, 8);
        int32_t distance = (int32_t)(at - (stub + 6));
        memcpy(l->base + stub, "\xff\x25", 2); /* jmp *distance(%rip) */
        memcpy(l->base + stub + 2, &distance, 4);
    }
    return true;
}

static bool relocate(struct loader *l, uint32_t section, const Elf64_Rela *r, uint64_t symbol, const Elf64_Sym *s)
{
    char *place = l->base + l->at[section] + r->r_offset;
    uint32_t type = ELF64_R_TYPE(r->r_info);
    uint64_t value, here = (uint64_t)(uintptr_t)place, base = (uint64_t)(uintptr_t)l->base;
    bool stub = type == R_X86_64_PLT32 && s->st_shndx == SHN_UNDEF;
    if (by_table(type)) value = base + l->table + (uint64_t)(l->entry[symbol] - 1) * 8;
    else if (stub) value = base + l->stubs + (uint64_t)(l->entry[symbol] - 1) * STUB;
    else if (!symbol_address(l, s, &value)) return false;
    value += (uint64_t)r->r_addend;
    if (type == R_X86_64_64) {
        memcpy(place, &value, 8);
        return true;
    }
    if (type != R_X86_64_PC32 && type != R_X86_64_PLT32 && !by_table(type)) return failed(l, "it has relocations of another kind", NULL);
    int64_t distance = (int64_t)(value - here);
    int32_t word = (int32_t)distance;
    if (word != distance) return failed(l, "too far away:", symbol_name(l, s));
    memcpy(place, &word, 4);
    return true;
}

static const void *find_model(struct loader *l)
{
    for (uint64_t i = 0; i < l->symbol_count; i++) {
        Elf64_Sym s;
        uint64_t address;
        if (!read_symbol(l, i, &s) || s.st_shndx == SHN_UNDEF || strcmp(symbol_name(l, &s), "ganrt_model")) continue;
        if (s.st_size < sizeof(struct ganrt_model) || !symbol_address(l, &s, &address)) break;
        return (const void *)(uintptr_t)address;
    }
    failed(l, "there is no", "ganrt_model");
    return NULL;
}

struct loaded {
    char *base;
    size_t length;
};

const void *jit_load(struct ganc *g, const struct object *o, void **handle)
{
    struct timing timing;
    struct loader l = {.g = g, .o = o};
    *handle = NULL;
    time_begin(g, &timing);
    const void *model = NULL;
    if (read_sections(&l) && relocations(&l, count_entry) && map_sections(&l) && fill_table(&l) && relocations(&l, relocate)) model = find_model(&l);
    if (model && (mprotect(l.base + l.code, l.constant - l.code, PROT_READ | PROT_EXEC) || mprotect(l.base + l.constant, l.data - l.constant, PROT_READ))) {
        failed(&l, "its pages cannot be protected", NULL);
        model = NULL;
    }
    if (model) {
        struct loaded *kept = NEW(g->mem, struct loaded);
        *kept = (struct loaded){l.base, l.end};
        *handle = kept;
    } else if (l.base) munmap(l.base, l.end);
    time_end(g, &timing, "load");
    return model;
}

void jit_unload(void *handle)
{
    const struct loaded *kept = handle;
    if (kept) munmap(kept->base, kept->length);
}
