/* program.c: fuzz target: any text as a program of the stages graph, grad or opt. What must hold: no crash, no leak, bounded time and memory;
 * a text that is read is verified, and printing it and reading that gives the same text. */
#include "stages.h"

static void must_read_back(struct ganc *g, const struct program *p)
{
    struct buffer once = {0}, twice = {0};
    program_print(&once, g, p);
    uint32_t file;
    source_add(g, "printed.ir", once.text, once.length, &file);
    struct program *again = program_parse(g, file);
    must(again, "a printed program is not read", &once);
    program_print(&twice, g, again);
    must(once.length == twice.length && !memcmp(once.text, twice.text, once.length), "printing and reading are not inverse", &twice);
    buffer_free(&once);
    buffer_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!program_is_text((const char *)data, size)) return -1;
    struct ganc *g = ganc_new();
    uint32_t file;
    source_add(g, "program.ir", (const char *)data, size, &file);
    struct program *p = program_parse(g, file);
    if (p && !diag_errors(g)) {
        must_read_back(g, p);
        later_stages(g, p);
    }
    print_diagnostics(g);
    ganc_free(g);
    return 0;
}
