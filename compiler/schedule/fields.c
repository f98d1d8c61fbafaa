/* fields.c: see fields.h. */
#include "schedule/fields.h"

#include "base/buffer.h"

#include <inttypes.h>
#include <stddef.h>

enum field_kind { I64, U32, BOOL, PAIR };

#define ALWAYS INT64_MIN
#define MOST_BYTES ((int64_t)1 << 47)

struct field {
    enum fields_of of;
    const char *word;
    enum field_kind kind;
    size_t at;
    int64_t usual, least, most;
};

static const struct field fields[] = {
#define FIELD(of, word, member, kind, usual, least, most) {OF_##of, word, kind, offsetof(struct of, member), usual, least, most},
#include "schedule/fields.def"
#undef FIELD
};
#define FIELDS (sizeof fields / sizeof *fields)

static int64_t get(const struct field *f, const void *of, int which)
{
    const char *at = (const char *)of + f->at;
    switch (f->kind) {
    case I64: return *(const int64_t *)at;
    case U32: return *(const uint32_t *)at;
    case BOOL: return *(const bool *)at;
    case PAIR: return ((const int64_t *)at)[which];
    }
    return 0;
}

static void set(const struct field *f, void *of, int which, int64_t x)
{
    char *at = (char *)of + f->at;
    switch (f->kind) {
    case I64: *(int64_t *)at = x; break;
    case U32: *(uint32_t *)at = (uint32_t)x; break;
    case BOOL: *(bool *)at = x != 0; break;
    case PAIR: ((int64_t *)at)[which] = x; break;
    }
}

void fields_print(struct buffer *to, enum fields_of kind, const void *of)
{
    for (size_t i = 0; i < FIELDS; i++) {
        const struct field *f = &fields[i];
        int64_t x = f->of == kind ? get(f, of, 0) : 0, y = f->of == kind ? get(f, of, 1) : 0;
        if (f->of != kind || (x == f->usual && y == f->usual)) continue;
        buffer_put(to, " %s", f->word);
        if (f->kind == PAIR) buffer_put(to, " [%" PRId64 ", %" PRId64 "]", x, y);
        else if (f->kind != BOOL) buffer_put(to, " %" PRId64, x);
    }
}

static int64_t read_value(struct parse *s, const struct field *f)
{
    return parse_integer(s, f->word, f->least, f->most);
}

void fields_read(struct parse *s, enum fields_of kind, void *of)
{
    for (size_t i = 0; i < FIELDS; i++) {
        const struct field *f = &fields[i];
        if (f->of != kind) continue;
        if (f->usual == ALWAYS) parse_expect_word(s, f->word);
        else if (!parse_accept_word(s, f->word)) {
            for (int which = 0; which <= (f->kind == PAIR); which++) set(f, of, which, f->usual);
            continue;
        }
        if (f->kind == PAIR) parse_expect(s, '[');
        set(f, of, 0, f->kind == BOOL ? 1 : read_value(s, f));
        if (f->kind != PAIR) continue;
        parse_expect(s, ',');
        set(f, of, 1, read_value(s, f));
        parse_expect(s, ']');
    }
}
