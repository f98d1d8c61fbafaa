/* A whole training: the same bytes on 1 and on 4 threads, after a resume, after SIGKILL and after a broken checkpoint; statuses and messages. */
#include "check.h"
#include "runtime_model.h"

#include "../../runtime/safetensors.h"

#include <errno.h>

static char *read_file(const char *name, size_t *length) /* of the test's folder; NULL where there is none */
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    static char places[2][1 << 16];
    static int turn;
    char *text = places[turn = !turn];
    *length = fread(text, 1, (1 << 16) - 1, file);
    text[*length] = 0;
    fclose(file);
    return text;
}

static bool same(const char *a, const char *b)
{
    size_t n = 0, m = 0;
    const char *x = read_file(a, &n), *y = read_file(b, &m);
    return x && y && n > 0 && n == m && !memcmp(x, y, n);
}

/* The same lines but for their seconds. */
static bool same_metrics(const char *a, const char *b)
{
    size_t n = 0, m = 0;
    char *x = read_file(a, &n), *y = read_file(b, &m);
    if (!x || !y) return false;
    while (*x && *x == *y) {
        x++, y++;
        if (strncmp(x, "\"seconds\"", 9) || strncmp(y, "\"seconds\"", 9)) continue;
        x += strcspn(x, ","), y += strcspn(y, ",");
    }
    return !*x && !*y;
}

static bool log_has(const char *text)
{
    size_t n = 0;
    const char *log = read_file("log", &n);
    return log && strstr(log, text);
}

static bool exists(const char *name)
{
    size_t n;
    return read_file(name, &n) != NULL;
}

static void drop_log(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/log", folder);
    unlink(path);
}

static bool same_run(const char *other)
{
    char a[128], b[128];
    bool ok = true;
    static const char *const files[] = {"checkpoints/00000042.safetensors", "checkpoints/00000040.safetensors", "pictures/p-00000042.png",
                                        "run.json", "model.gan"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(a, sizeof a, "a/%s", files[i]);
        snprintf(b, sizeof b, "%s/%s", other, files[i]);
        if (!same(a, b)) ok = false, printf("%s differs from %s\n", b, a);
    }
    snprintf(b, sizeof b, "%s/metrics.jsonl", other);
    if (!same_metrics("a/metrics.jsonl", b)) ok = false, printf("%s differs\n", b);
    return ok;
}

#define FLAGS " --data @/points --checkpoint-every 5 --log-every 10"

static void check_same_bytes(void)
{
    size_t n;
    CHECK(trainer("--out @/a --threads 1" FLAGS) == 0); /* 30 steps, then 6 epochs of 2 */
    CHECK(exists("a/checkpoints/00000035.safetensors") && !exists("a/checkpoints/00000030.safetensors")); /* the newest three */
    const char *metrics = read_file("a/metrics.jsonl", &n);
    CHECK(metrics && strstr(metrics, "\"step\": 42") && strstr(metrics, "\"block\": \"second\"") && strstr(metrics, "\"epoch\": 6"));
    CHECK(metrics && strstr(metrics, "\"step\": 7,") && strstr(metrics, "\"mean\"")); /* a report by its own `every` */
    CHECK(trainer("train --out @/b --threads=4" FLAGS) == 0);
    CHECK(same_run("b"));
    CHECK(trainer("--out @/other --seed 2" FLAGS) == 0);
    CHECK(!same("a/checkpoints/00000042.safetensors", "other/checkpoints/00000042.safetensors"));
}

static void check_resume(void)
{
    CHECK(trainer("--out @/c --steps 20 --threads 3" FLAGS) == 0);
    CHECK(trainer("--out @/c --resume --steps 30 --checkpoint-every 5 --log-every 10") == 0); /* the data is known */
    CHECK(trainer("--out @/c --resume" FLAGS) == 0);
    CHECK(same_run("c"));
    drop_log();
    CHECK(trainer("--out @/c --resume" FLAGS) == 0);
    CHECK(log_has("all 42 steps are done"));
    CHECK(trainer("--out @/c --resume --steps 50" FLAGS) == 0); /* the last block runs on */
    CHECK(exists("c/checkpoints/00000050.safetensors"));
}

static void check_interruptions(void)
{
    event.signal = SIGKILL;
    for (event.tick = 1; event.tick <= 42; event.tick += 13) { /* 1, 14, 27, 40 */
        char line[256], name[16];
        snprintf(name, sizeof name, "kill%d", (int)event.tick);
        snprintf(line, sizeof line, "--out @/%s" FLAGS, name);
        CHECK(trainer(line) == -SIGKILL);
        uint64_t kept = event.tick;
        event.tick = 0;
        snprintf(line, sizeof line, "--resume --out @/%s" FLAGS, name);
        CHECK(trainer(line) == 0);
        CHECK(same_run(name));
        event.tick = kept;
    }
    event.tick = 23;
    event.signal = SIGINT;
    CHECK(trainer("--out @/int" FLAGS) == 130);
    CHECK(exists("int/checkpoints/00000023.safetensors"));
    event.signal = SIGTERM;
    event.tick = 33;
    CHECK(trainer("--out @/int --resume" FLAGS) == 143);
    CHECK(exists("int/checkpoints/00000033.safetensors"));
    event.tick = 0;
    CHECK(trainer("--out @/int --resume" FLAGS) == 0);
    CHECK(same_run("int"));
}

static void check_broken(void)
{
    char path[128];
    CHECK(trainer("--out @/d --steps 33" FLAGS) == 0);
    snprintf(path, sizeof path, "%s/d/checkpoints/00000033.safetensors", folder);
    CHECK(truncate(path, 700) == 0);
    drop_log();
    CHECK(trainer("--out @/d --resume" FLAGS) == 0);
    CHECK(log_has("00000033") && log_has("resumed at step 30"));
    CHECK(same_run("d"));
}

/* A checkpoint as a later ganc would write it; and one without a number, as the first did. */
static void check_versions(void)
{
    char path[128];
    struct error e = {""};
    snprintf(path, sizeof path, "%s/a/checkpoints/00000042.safetensors", folder);
    struct safetensors *s = safetensors_read(path, &e);
    CHECK(s && s->npairs > 3 && !strcmp(s->metadata[2].key, "version"));
    if (!s) return;
    CHECK(trainer("--out @/v --steps 3" FLAGS) == 0);
    snprintf(path, sizeof path, "%s/v/checkpoints/00000042.safetensors", folder);
    s->metadata[2].value = "3";
    CHECK(safetensors_write(path, s->metadata + 2, s->npairs - 2, s->tensors, s->ntensors, &e)); /* without the checksums of before */
    drop_log();
    CHECK(trainer("--out @/v --resume" FLAGS) == 1);
    CHECK(log_has("00000042.safetensors': is a checkpoint of version 3, written by ganc 0.1; this trainer, by ganc 0.1, reads those up to version 2"));
    s->metadata[2].value = "-1";
    CHECK(safetensors_write(path, s->metadata + 2, s->npairs - 2, s->tensors, s->ntensors, &e));
    CHECK(trainer("--out @/v --resume" FLAGS) == 1 && log_has("its version is '-1', not a whole number"));
    CHECK(safetensors_write(path, s->metadata + 3, s->npairs - 3, s->tensors, s->ntensors, &e));
    CHECK(trainer("--out @/v --resume --steps 50" FLAGS) == 0);
    CHECK(trainer("--out @/c50 --steps 50" FLAGS) == 0 && same("v/checkpoints/00000050.safetensors", "c50/checkpoints/00000050.safetensors"));
    safetensors_close(s);
}

static void check_refusals(void)
{
    drop_log();
    CHECK(trainer("--out @/a" FLAGS) == 1);
    CHECK(log_has("is not empty"));
    CHECK(trainer("--out @/none --resume" FLAGS) == 1);
    CHECK(log_has("no run to resume"));
    CHECK(trainer("--out @/e") == 2);
    CHECK(log_has("points: no data was given; use --data PATH"));
    CHECK(trainer("--out @/e --batch 7" FLAGS) == 2);
    CHECK(log_has("ganc tiny.gan -D batch=7 -o tiny"));
    CHECK(trainer("--out @/e --sed 7" FLAGS) == 2);
    CHECK(log_has("did you mean --seed?"));
    CHECK(trainer("--out @/e --data @/points[0:4]") == 1);
    CHECK(log_has("4 items") && log_has("a minibatch takes 5") && !exists("e/run.json"));
    CHECK(trainer("--out @/c --resume --seed 9" FLAGS) == 1);
    CHECK(log_has("this run's seed is 1"));
    CHECK(trainer("smaple") == 2 && log_has("did you mean sample?"));
    CHECK(trainer("--help") == 0 && log_has("--rate X") && log_has("learning rate (default 0.1)"));
    CHECK(trainer("--version") == 0 && log_has("tiny (ganc 0.1)"));
    event.tick = 12;
    event.signal = 0;
    CHECK(trainer("--out @/nan" FLAGS) == 1);
    CHECK(log_has("step 12: the objective V is not a number") && !exists("nan/checkpoints/00000012.safetensors"));
    CHECK(exists("nan/checkpoints/00000010.safetensors"));
    event.tick = 0;
}

static void check_settings(void) /* --rate changes what follows from it, and only that */
{
    size_t n;
    CHECK(trainer("--out @/s --steps 10 --rate 0.25" FLAGS) == 0);
    CHECK(trainer("--out @/s --resume --steps 20" FLAGS) == 0);
    const char *record = read_file("s/run.json", &n);
    CHECK(record && strstr(record, "\"rate\": 0.25") && strstr(record, "\"other\": 0.5"));
    drop_log();
    CHECK(trainer("--out @/s --resume --steps 25 --rate 0.5" FLAGS) == 0);
    CHECK(log_has("rate is 0.5 from here on; the checkpoint was made with 0.25"));
    record = read_file("s/run.json", &n);
    CHECK(record && strstr(record, "\"other\": 1"));
}

int main(void)
{
    if (!folder_make()) return 1;
    check_same_bytes();
    check_resume();
    check_interruptions();
    check_broken();
    check_versions();
    check_refusals();
    check_settings();
    if (check_failures) printf("the runs are in %s\n", folder);
    else folder_remove();
    return check_done();
}
