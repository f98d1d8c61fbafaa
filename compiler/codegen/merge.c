/* merge.c: the objects of a module's parts (parts.c) as one relocatable object.
 *
 * No section is joined with another: the sections stand one after the other, those of the first part first. What is made anew are the table of
 * symbols, in which a part's undefined name is the symbol of the part that defines it, the names, and the numbers of sections and symbols in
 * relocations. The parts are LLVM's of this moment: what has another form than these is a bug, and said so. */
#include "codegen/parts.h"

#include "base/buffer.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

struct part {
    const char *bytes;
    Elf64_Ehdr header;
    Elf64_Shdr *sections;
    uint16_t *to_section;   /* the merged object's number of each, 0 where it is left out */
    Elf64_Sym *symbols;
    uint32_t *to_symbol;
    uint64_t symbol_count;
    uint64_t names, section_names; /* where its names begin among all names */
};

struct merging {
    struct arena *mem;
    struct part *parts;
    unsigned count;
    struct buffer out, names;
    VEC(Elf64_Shdr) sections;
    VEC(Elf64_Sym) symbols;
    uint32_t locals;
    const char *wrong;
};

static void read_part(struct merging *m, struct part *p, const struct object *o)
{
    p->bytes = o->bytes;
    memcpy(&p->header, o->bytes, sizeof p->header);
    uint32_t n = p->header.e_shnum;
    p->sections = NEW_ARRAY(m->mem, Elf64_Shdr, n + 1);
    p->to_section = NEW_ARRAY(m->mem, uint16_t, n + 1);
    memcpy(p->sections, o->bytes + p->header.e_shoff, n * sizeof(Elf64_Shdr));
    const Elf64_Shdr *s = &p->sections[p->header.e_shstrndx];
    p->section_names = p->names = m->names.length;
    buffer_bytes(&m->names, p->bytes + s->sh_offset, s->sh_size);
    for (uint32_t i = 0; i < n; i++) {
        s = &p->sections[i];
        if (s->sh_type != SHT_SYMTAB) continue;
        p->symbol_count = s->sh_size / sizeof(Elf64_Sym);
        p->symbols = NEW_ARRAY(m->mem, Elf64_Sym, p->symbol_count + 1);
        p->to_symbol = NEW_ARRAY(m->mem, uint32_t, p->symbol_count + 1);
        memcpy(p->symbols, p->bytes + s->sh_offset, s->sh_size);
        if (s->sh_link == p->header.e_shstrndx) continue;
        p->names = m->names.length;
        buffer_bytes(&m->names, p->bytes + p->sections[s->sh_link].sh_offset, p->sections[s->sh_link].sh_size);
    }
}

/* ---- sections ---- */

/* Tables of symbols and names are made anew; the mark of a stack that is not executable is needed once. */
static bool is_copied(const struct merging *m, const struct part *p, const Elf64_Shdr *s)
{
    bool mark = !strcmp(m->names.text + p->section_names + s->sh_name, ".note.GNU-stack");
    return s->sh_type != SHT_NULL && s->sh_type != SHT_SYMTAB && s->sh_type != SHT_STRTAB && !(mark && p != m->parts);
}

static void align(struct buffer *b, uint64_t to)
{
    static const char zeros[64];
    while (to > 1 && b->length % to) buffer_bytes(b, zeros, to - b->length % to < sizeof zeros ? to - b->length % to : sizeof zeros);
}

static void copy_sections(struct merging *m, struct part *p)
{
    for (uint32_t i = 0; i < p->header.e_shnum; i++) {
        Elf64_Shdr s = p->sections[i];
        if (!is_copied(m, p, &s)) continue;
        bool known = s.sh_type == SHT_PROGBITS || s.sh_type == SHT_NOBITS || s.sh_type == SHT_RELA || s.sh_type == SHT_X86_64_UNWIND;
        if (!known) m->wrong = "a section of an unknown kind";
        align(&m->out, s.sh_addralign);
        s.sh_name += (uint32_t)p->section_names;
        if (s.sh_type != SHT_NOBITS) buffer_bytes(&m->out, p->bytes + s.sh_offset, s.sh_size);
        s.sh_offset = m->out.length - (s.sh_type == SHT_NOBITS ? 0 : s.sh_size);
        p->to_section[i] = (uint16_t)m->sections.n;
        vec_push(m->mem, &m->sections, s);
    }
}

/* ---- symbols ---- */

static uint32_t add_symbol(struct merging *m, const struct part *p, const Elf64_Sym *from)
{
    Elf64_Sym s = *from;
    s.st_name = s.st_name ? s.st_name + (uint32_t)p->names : 0;
    if (s.st_shndx != SHN_UNDEF && s.st_shndx < SHN_LORESERVE) s.st_shndx = p->to_section[s.st_shndx];
    vec_push(m->mem, &m->symbols, s);
    return m->symbols.n - 1;
}

static void add_locals(struct merging *m, struct part *p)
{
    for (uint64_t i = 1; i < p->symbol_count; i++)
        if (ELF64_ST_BIND(p->symbols[i].st_info) == STB_LOCAL) p->to_symbol[i] = add_symbol(m, p, &p->symbols[i]);
}

static void add_global(struct merging *m, struct part *p, uint64_t i)
{
    const Elf64_Sym *s = &p->symbols[i];
    const char *name = m->names.text + p->names + s->st_name;
    for (uint32_t k = m->locals; k < m->symbols.n; k++) {
        Elf64_Sym *other = &m->symbols.at[k];
        if (strcmp(m->names.text + other->st_name, name)) continue;
        p->to_symbol[i] = k;
        if (s->st_shndx == SHN_UNDEF) return;
        if (other->st_shndx != SHN_UNDEF) m->wrong = "a symbol that two parts define";
        uint32_t last = add_symbol(m, p, s); /* what defines it replaces it */
        m->symbols.at[k] = m->symbols.at[last];
        m->symbols.n--;
        return;
    }
    p->to_symbol[i] = add_symbol(m, p, s);
}

static void add_globals(struct merging *m, struct part *p)
{
    for (uint64_t i = 1; i < p->symbol_count; i++)
        if (ELF64_ST_BIND(p->symbols[i].st_info) != STB_LOCAL) add_global(m, p, i);
}

/* ---- relocations ---- */

static void renumber(struct merging *m, const struct part *p, uint32_t symbol_table)
{
    for (uint32_t i = 0; i < p->header.e_shnum; i++) {
        if (!p->to_section[i] || p->sections[i].sh_type != SHT_RELA) continue;
        Elf64_Shdr *s = &m->sections.at[p->to_section[i]];
        s->sh_link = symbol_table;
        s->sh_info = p->to_section[p->sections[i].sh_info];
        for (uint64_t at = s->sh_offset; at < s->sh_offset + s->sh_size; at += sizeof(Elf64_Rela)) {
            Elf64_Rela r;
            memcpy(&r, m->out.text + at, sizeof r);
            r.r_info = ELF64_R_INFO((uint64_t)p->to_symbol[ELF64_R_SYM(r.r_info)], ELF64_R_TYPE(r.r_info));
            memcpy(m->out.text + at, &r, sizeof r);
        }
    }
}

/* ---- the whole ---- */

static uint32_t add_table(struct merging *m, Elf64_Shdr s, const void *bytes, uint64_t length)
{
    align(&m->out, s.sh_addralign);
    s.sh_offset = m->out.length;
    s.sh_size = length;
    buffer_bytes(&m->out, bytes, length);
    vec_push(m->mem, &m->sections, s);
    return m->sections.n - 1;
}

static void write_tables(struct merging *m)
{
    uint32_t symbols = m->sections.n, names = symbols + 1, name = (uint32_t)m->names.length;
    buffer_bytes(&m->names, ".symtab\0.strtab", sizeof ".symtab\0.strtab");
    for (unsigned i = 0; i < m->count; i++) renumber(m, &m->parts[i], symbols);
    Elf64_Shdr s = {.sh_name = name, .sh_type = SHT_SYMTAB, .sh_link = names, .sh_info = m->locals, .sh_addralign = 8, .sh_entsize = sizeof(Elf64_Sym)};
    add_table(m, s, m->symbols.at, m->symbols.n * sizeof(Elf64_Sym));
    s = (Elf64_Shdr){.sh_name = name + sizeof ".symtab", .sh_type = SHT_STRTAB, .sh_addralign = 1};
    add_table(m, s, m->names.text, m->names.length);
    align(&m->out, 8);
    Elf64_Ehdr h = m->parts[0].header;
    h.e_shoff = m->out.length;
    h.e_shnum = (Elf64_Half)m->sections.n;
    h.e_shstrndx = (Elf64_Half)names;
    buffer_bytes(&m->out, (const char *)m->sections.at, m->sections.n * sizeof(Elf64_Shdr));
    memcpy(m->out.text, &h, sizeof h);
    if (m->sections.n >= SHN_LORESERVE) m->wrong = "too many sections";
}

const char *objects_merge(const struct object *parts, unsigned count, struct object *out)
{
    struct arena *mem = arena_new();
    struct merging m = {.mem = mem, .parts = NEW_ARRAY(mem, struct part, count), .count = count};
    Elf64_Ehdr room = {0};
    buffer_bytes(&m.out, (const char *)&room, sizeof room);
    buffer_bytes(&m.names, "", 1);
    vec_push(mem, &m.sections, (Elf64_Shdr){0});
    vec_push(mem, &m.symbols, (Elf64_Sym){0});
    for (unsigned i = 0; i < count; i++) read_part(&m, &m.parts[i], &parts[i]);
    for (unsigned i = 0; i < count; i++) copy_sections(&m, &m.parts[i]);
    for (unsigned i = 0; i < count; i++) add_locals(&m, &m.parts[i]);
    m.locals = m.symbols.n;
    for (unsigned i = 0; i < count; i++) add_globals(&m, &m.parts[i]);
    write_tables(&m);
    *out = (struct object){m.out.text, m.out.length};
    buffer_free(&m.names);
    arena_free(mem);
    return m.wrong;
}
