/* tool_replay.c: `trainer replay FILE`: a step that made a value that is not finite, run again from the file that train left: which operation it was, and, by
 * --kernels, what each kernel of its graph leaves. The data set is not needed. */
#include "checkpoint.h"
#include "safetensors.h"
#include "tool.h"
#include "trace_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static bool load(struct training *t, struct follow *f, const char *path, struct error *e)
{
    struct safetensors *file = safetensors_read(path, e);
    if (!file) return false;
    const char *epoch = safetensors_value(file, "epoch");
    bool ok = trace_file_is(file) || error_set(e, "'%s' is no file that train left where a value was not finite (nan-STEP.safetensors)", path);
    ok = ok && checkpoint_place(t, file, e) && checkpoint_apply(t->run, file, true, false, e) && trace_file_minibatches(file, f, e);
    t->trace.epoch = epoch ? strtod(epoch, NULL) : 1;
    safetensors_close(file);
    return ok;
}

static bool replay(struct training *t, struct follow *f, const struct trace *trace, bool kernels, struct error *e)
{
    f->fed = true;
    if (!trace_begin(t, e)) return false;
    follow_begin(f, t->run, trace, t->trace.may);
    training_pass(t);
    follow_end(f);
    if (!f->found) return error_set(e, "step %" PRIu64 " left nothing that is not finite", t->total);
    char *text = trace_say(trace, t->run, t->total, &f->fault);
    printf("%s\n", text);
    free(text);
    if (kernels) printf("\n"), trace_print_kernels(trace, t->run, &f->start);
    return true;
}

int tool_replay(struct run *run, int argc, char **argv)
{
    struct training t = {.run = run, .metrics = -1, .tensorboard.fd = -1};
    struct follow f = {0};
    struct error e = {""};
    struct options_rest files = {0};
    bool kernels = false;
    const struct option table[] = {
        {"kernels", OPTION_FLAG, &kernels, 0, 0, NULL, "what each kernel of the graph leaves, too", NULL},
        {"threads", OPTION_THREADS, NULL, 0, 0, "N", "threads (default: one a processor); the result is the same", NULL},
    };
    const struct options_command command = {"replay", "Runs a step again that made a value that is not finite, and says which operation made it.",
                                            "FILE",   table, sizeof table / sizeof *table, true};
    int status = options_parse(run, &command, argc, argv, &files);
    if (status < 0 && files.count != 1) status = error_usage("replay: name one file, as runs/MODEL/nan-STEP.safetensors");
    if (status < 0) {
        struct trace *trace = trace_read(run->model, &e);
        bool ok = trace && run_allocate(run, &e) && load(&t, &f, files.at[0], &e) && replay(&t, &f, trace, kernels, &e);
        status = ok ? 0 : error_line("%s", e.text);
        trace_free(trace);
    }
    trace_end(&t);
    follow_free(&f);
    free(files.at);
    return status;
}
