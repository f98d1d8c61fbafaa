/* flags.c: fuzz target: any words, a line each, as the command line of a trainer: which command, and its flags by its own table. What must hold: no crash, no
 * leak; a wrong one is status 2; what is taken is what its table allows. No command goes on to work: options_parse is wrapped by the linker, and says stop; train
 * looks which flags go together, too, and then finds a model without train blocks.
 *
 * Words are made by grammar, too: the wrapper learns each command's table, and the mutator puts in --NAME=VALUE with values of its kind, or nearly so. */
#define _GNU_SOURCE
#include "model.h"
#include "options.h"
#include "threads.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int __real_options_parse(struct run *run, const struct options_command *command, int argc, char **argv, struct options_rest *rest);
int __wrap_options_parse(struct run *run, const struct options_command *command, int argc, char **argv, struct options_rest *rest);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t most) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t most, unsigned seed);

enum { WORDS = 64, OPTIONS = 64 };

static const char *const commands[] = {"train", "sample", "data", "plot", "info", "bench", "parzen", "replay"};

static struct { /* what the commands' tables have */
    char *name;
    enum option_kind kind;
} known[OPTIONS];
static uint32_t nknown;

static void learn(const struct options_command *command)
{
    for (uint32_t i = 0; i < command->count && nknown < OPTIONS; i++) {
        bool is_known = false;
        for (uint32_t k = 0; k < nknown; k++) is_known |= !strcmp(known[k].name, command->table[i].name);
        if (is_known) continue;
        known[nknown].name = memory_format("%s", command->table[i].name);
        known[nknown++].kind = command->table[i].kind;
    }
}

/* An option's value as it was, where it is numbers or one text. */
union value {
    int64_t whole[2];
    double number;
    const char *text;
    struct option_every every;
};

static union value value_of(const struct option *o)
{
    union value v = {{0, 0}};
    switch (o->kind) {
    case OPTION_INTEGER:
    case OPTION_BYTES:
    case OPTION_NUMBER: memcpy(&v, o->to, 8); break;
    case OPTION_PAIR: memcpy(&v, o->to, 16); break;
    case OPTION_TEXT: memcpy(&v, o->to, sizeof v.text); break;
    case OPTION_EVERY: v.every = *(struct option_every *)o->to; break;
    default: break;
    }
    return v;
}

static bool lies(double x, const struct option *o)
{
    return x >= o->low && x <= o->high;
}

static void check(const struct option *o, union value was)
{
    union value v = value_of(o);
    bool same = !memcmp(&v, &was, sizeof v), ok = true;
    switch (o->kind) {
    case OPTION_INTEGER:
    case OPTION_BYTES: ok = same || lies((double)v.whole[0], o); break;
    case OPTION_NUMBER: ok = same || lies(v.number, o); break;
    case OPTION_EVERY: ok = same || (v.every.steps >= 1 && v.every.seconds == 0) || (v.every.steps == 0 && v.every.seconds >= 1); break;
    case OPTION_TEXT: ok = same || v.text[0]; break;
    case OPTION_PAIR: ok = same || (lies((double)v.whole[0], o) && lies((double)v.whole[1], o)); break;
    case OPTION_NUMBERS: {
        const struct option_numbers *list = o->to;
        for (uint32_t i = 0; i < list->count; i++) ok = ok && lies(list->at[i], o);
        break;
    }
    case OPTION_TEXTS: {
        const struct options_rest *list = o->to;
        for (uint32_t i = 0; i < list->count; i++) ok = ok && list->at[i][0];
        break;
    }
    default: break;
    }
    must(ok, o->name);
}

int __wrap_options_parse(struct run *run, const struct options_command *command, int argc, char **argv, struct options_rest *rest)
{
    union value was[OPTIONS];
    learn(command);
    must(command->count <= OPTIONS, "a command has more options than this target has room for");
    for (uint32_t i = 0; i < command->count; i++) was[i] = value_of(&command->table[i]);
    int status = __real_options_parse(run, command, argc, argv, rest);
    must(status == -1 || status == 0 || status == 2, "options_parse: an unknown status");
    if (status != -1) return status;
    for (uint32_t i = 0; i < command->count; i++) check(&command->table[i], was[i]);
    must(run->nthreads >= 1 && run->nthreads <= THREADS_MOST, "--threads");
    for (uint32_t i = 0; i < model.nsettings; i++) must(isfinite(run->frame.settings[i]), "a setting is no number");
    for (uint32_t i = 0; rest && i < rest->count; i++) must(rest->at[i] != NULL, "a word is none");
    return strcmp(command->name, "train") ? 0 : -1;
}

static int call(char *text, size_t length)
{
    static struct ganrt_model untrained;
    char *argv[WORDS + 2] = {"tiny"};
    int argc = 1;
    untrained = model;
    untrained.ntrains = 0;
    for (char *word = text; word < text + length && argc <= WORDS; word += strlen(word) + 1) argv[argc++] = word;
    return ganrt_main(&untrained, argc, argv);
}

static void learn_all(void)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char text[32];
        int length = snprintf(text, sizeof text, "%s%c--help", commands[i], 0);
        must(call(text, (size_t)length) == 0, commands[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (!nknown) learn_all();
    char *text = memory_take(size + 1, 1);
    for (size_t i = 0; i < size; i++) text[i] = bytes[i] == '\n' ? 0 : (char)bytes[i];
    int status = call(text, size);
    must(status >= 0 && status <= 2, "an unknown status");
    free(text);
    return 0;
}

static const char *made_value(enum option_kind kind, unsigned *x)
{
    static const char *const numbers[] = {"0", "1", "8", "256", "257", "-1", "0.5", "1e3", "1e309", "9000000000000000", "9223372036854775808", "18446744073709551615",
                                          "18446744073709551616", "00", ".", "1.", "+1", "0x1", "nan", ""};
    static const char *const sizes[] = {"500M", "8G", "1k", "1T", "9000T", "10000T", "M", "1e2k", "-1k", "kk"};
    static const char *const times[] = {"90s", "10min", "2h", "1.5h", "0.5s", "1e3s", "0min", "1e9h", "s", ".s", "5d"};
    static const char *const lists[] = {"0.1,0.2,0.4", ",", "1,,2", "1,2,", "nan,1", "8x8", "0x0", "8x", "x8", "8x8x8", "99999999999999999999x1"};
    static const char *const texts[] = {"a", "a=b", "points=a", "pairs=b[0:5]", "points=", "=", "rate=1", "warm=true", "batch=3", "true", "a.png", "--", "-", "/dev/null"};
    unsigned n = *x >> 8;
    *x = *x * 1664525u + 1013904223u;
    if (n % 5 == 0) kind = (enum option_kind)(n / 5 % (OPTION_DATA + 1)); /* of another kind */
    switch (kind) {
    case OPTION_FLAG: return "";
    case OPTION_BYTES: return sizes[n % (sizeof sizes / sizeof *sizes)];
    case OPTION_EVERY: return times[n % (sizeof times / sizeof *times)];
    case OPTION_NUMBERS:
    case OPTION_PAIR: return lists[n % (sizeof lists / sizeof *lists)];
    case OPTION_TEXT:
    case OPTION_TEXTS:
    case OPTION_DATA: return texts[n % (sizeof texts / sizeof *texts)];
    default: return numbers[n % (sizeof numbers / sizeof *numbers)];
    }
}

/* A flag with its value is put in at the end of some line. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t most, unsigned seed)
{
    unsigned x = seed * 2654435761u + 1;
    if (x >> 8 & 1 || !nknown) return LLVMFuzzerMutate(bytes, size, most);
    x = x * 1664525u + 1013904223u;
    static const char *const others[] = {"help", "version", "set", "rate", "slow-rate", "slow_rate", "warm", "batch"};
    unsigned n = (x >> 8) % (nknown + 8);
    const char *name = n < nknown ? known[n].name : others[n - nknown];
    x = x * 1664525u + 1013904223u;
    const char *value = made_value(n < nknown ? known[n].kind : OPTION_NUMBER, &x);
    char word[128];
    int length = snprintf(word, sizeof word, "%s--%s%s%s\n", size && bytes[size - 1] != '\n' ? "\n" : "", name, *value ? x >> 9 & 1 ? "=" : "\n" : "", value);
    size_t at = size ? (x >> 10) % (size + 1) : 0;
    while (at < size && at && bytes[at - 1] != '\n') at++;
    if (size + (size_t)length > most) return LLVMFuzzerMutate(bytes, size, most);
    memmove(bytes + at + length, bytes + at, size - at);
    memcpy(bytes + at, word, (size_t)length);
    return size + (size_t)length;
}
