/* tools_bounded.c: files of others that have very many of something are read, or refused, in a time like that of reading them: what took the square of
 * it once would not end here. */
#define _GNU_SOURCE
#include "check.h"

#include "checkpoint.h"
#include "curves.h"
#include "fuzz/model.h"
#include "safetensors.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define SECONDS 60 /* of each; it takes less than one */

enum { MANY = 200000 };

static const char *what;

static void too_long(int signal)
{
    (void)signal;
    dprintf(1, "%s: takes too long\n", what);
    _exit(1);
}

static void begin(const char *name)
{
    what = name;
    alarm(SECONDS);
}

/* A file of MANY empty tensors with names of this format. */
static char *many_tensors(const char *format)
{
    size_t room = 100 * (size_t)MANY + 200, used = 8;
    char *text = memory_take(room, 1);
    used += (size_t)sprintf(text + used, "{\"__metadata__\": {\"seed\": \"1\"}");
    for (int i = 0; i < MANY; i++) {
        used += (size_t)sprintf(text + used, ", \"");
        used += (size_t)sprintf(text + used, format, i);
        used += (size_t)sprintf(text + used, "\": {\"dtype\": \"U8\", \"shape\": [0], \"data_offsets\": [0, 0]}");
    }
    text[used++] = '}';
    for (int i = 0; i < 8; i++) text[i] = (char)((uint64_t)(used - 8) >> 8 * i);
    char *path = model_file("many", text, used);
    free(text);
    return path;
}

static void tensors(const char *format, const char *says)
{
    struct error e = {""};
    char *path = many_tensors(format);
    begin(format);
    struct safetensors *file = safetensors_read(path, &e);
    struct run *run = model_run();
    CHECK(file && file->ntensors == MANY);
    CHECK(file && !checkpoint_apply(run, file, true, false, &e) && strstr(e.text, says));
    if (file && !strstr(e.text, says)) printf("%s\n", e.text);
    run_free(run);
    safetensors_close(file);
    free(path);
}

static void metrics(void)
{
    struct error e = {""};
    struct curves c;
    size_t used = 0;
    char *text = memory_take(20 * (size_t)MANY + 100, 1);
    used += (size_t)sprintf(text, "{\"step\": 1, \"epoch\": 1, \"seconds\": 1");
    for (int i = 0; i < MANY; i++) used += (size_t)sprintf(text + used, ", \"m%d\": 1", i);
    used += (size_t)sprintf(text + used, "}\n");
    char *path = model_file("metrics.jsonl", text, used);
    begin("metrics of a line");
    CHECK(!curves_read(&c, path, &e) && strstr(e.text, "line 1: has more than 4096 metrics"));
    curves_free(&c);
    free(text);
    free(path);
}

int main(void)
{
    signal(SIGALRM, too_long);
    if (!freopen("/dev/null", "w", stderr)) return 1;
    tensors("N%d.W", "these 200003 differences"); /* of the model G is missing as a whole, and two states */
    tensors("N.%d", "these 4 differences");
    tensors("%d", "these 200003 differences");
    metrics();
    return check_done();
}
