/* text.h: what printing and reading a program's text have in common: the words of the format, and how names are written.
 * The format itself is compiler/docs/ir.md. */
#ifndef GANC_GRAPH_TEXT_H
#define GANC_GRAPH_TEXT_H

#include "graph/program.h"

#define TEXT_VERSION 1

/* In the order of their enums in graph.h and program.h. */
extern const char *const text_stages[3];
extern const char *const text_graph_kinds[5];
extern const char *const text_output_kinds[7];
extern const char *const text_tensor_kinds[5];
extern const char *const text_roles[4]; /* enum role of base/ganc.h */

/* What a name may stand for. Two lists may hold the same name; each has its own space. */
enum name_space {
    NAME_SETTING,
    NAME_DATA, /* mnist, or mnist.image for a field of a record */
    NAME_PRIOR,
    NAME_TENSOR,
    NAME_NET,
    NAME_COUNTER,
    NAME_RESULT,
    NAME_SPACES
};
extern const char *const text_spaces[NAME_SPACES]; /* "setting", ...: the line that declares one starts so */

bool text_word_starts(unsigned char c); /* letters, _ and all of UTF-8 beyond ASCII */
bool text_word_goes_on(unsigned char c); /* these, digits, '.' and primes */
bool text_is_word(const char *name);
bool text_is_reserved(const char *name); /* means something else in an expression of the schedule */

/* Does a text begin with the line of that stage, `ganc STAGE ...`? Comments may come before it. */
bool text_is_stage(const char *text, size_t length, const char *stage);

/* A name, in quotes where it is not a word; NULL prints as "". */
void text_name(struct buffer *to, const char *name);
/* Which entries of a program's lists their names tell apart; of the lists as they are now. */
struct text_names {
    const struct program *program;
    bool *apart[NAME_SPACES]; /* by entry */
};
struct text_names *text_names_new(struct arena *mem, const struct program *p);
/* Of n names: those that no other equals. */
bool *text_apart(struct arena *mem, const char *const *name, uint32_t n);
/* Names entry `index` of a list: by its name where that tells it apart, else as &index. */
void text_reference(struct buffer *to, const struct text_names *names, enum name_space space, uint32_t index);
void text_sexpr(struct buffer *to, const struct text_names *names, const struct sexpr *e); /* graph/sexpr.c */
/* The number of entries, and an entry's name; field is NULL but for fields of records. */
uint32_t text_count(const struct program *p, enum name_space space);
const char *text_entry(const struct program *p, enum name_space space, uint32_t index, const char **field);

#endif
