/* tool_parzen.c: `trainer parzen`: the log-likelihood of test data under a Parzen window of samples, as Goodfellow et al. 2014 report it.
 *
 * Their procedure, from their script: 10,000 samples; sigma among ten values from 0.1 to 1, evenly spaced in the logarithm, the best mean on
 * the first 1,000 validation images; mean over the test images, standard error beside it. Values are mapped from the model's range onto [0, 1],
 * so that sigma means the same for a generator that ends in tanh. */
#include "tool.h"

#include "data.h"
#include "json.h"
#include "parzen.h"
#include "threads.h"

#include <stdio.h>
#include <stdlib.h>

#define VALIDATION "[50000:51000]" /* of MNIST's training images: the first 1,000 of the last 10,000 */

struct estimate {
    struct run *run;
    int64_t nsamples;
    const char *net, *folder, *checkpoint, *valid, *test;
    struct option_numbers sigmas;
    bool json;
    const struct ganrt_data *data;
    char *valid_path, *test_path;
    double *means; /* of the validation images, for each sigma */
    uint32_t best;
    int64_t nvalid, ntest;
    double mean, error; /* of the test images */
    uint64_t step;
};

static void run_body(void *self, uint32_t task, uint32_t worker)
{
    void **pair = self;
    parzen_body *body;
    (void)worker;
    memcpy(&body, pair[0], sizeof body);
    body(pair[1], task);
}

static void parallel(void *context, parzen_body *body, void *self, uint32_t tasks)
{
    void *pair[2] = {&body, self};
    threads_run(context, run_body, pair, tasks);
}

/* From the data's range onto [0, 1]; data `in any` stays as it is. */
static float normalised(const struct ganrt_data *d, double x)
{
    return (float)(d->any ? x : (x - d->low) / (d->high - d->low));
}

/* The images of a path, [count, elements]; free() them. */
static float *read_images(const struct estimate *s, const char *path, int64_t *count, struct error *e)
{
    struct ganrt_data field = *s->data;
    field.sliced = 0; /* the model's own slice is of its training images */
    struct data_source *source = data_open(&field, 1, path, &data_defaults, e);
    if (!source) return NULL;
    *count = data_count(source);
    float *images = malloc((size_t)*count * (size_t)field.elements * sizeof *images);
    double *item = memory_take((size_t)field.elements, sizeof *item);
    if (!images) error_set(e, "no memory for %lld images", (long long)*count);
    for (int64_t i = 0; images && i < *count; i++) {
        data_fetch(source, 0, i, true, item);
        for (int64_t k = 0; k < field.elements; k++) images[i * field.elements + k] = normalised(&field, item[k]);
    }
    free(item);
    data_close(source);
    return images;
}

/* The generator's samples as images are: floats on [0, 1]. */
static float *make_samples(const struct estimate *s, int32_t net, struct error *e)
{
    int64_t count = s->nsamples * s->data->elements;
    bool f64 = s->run->model->f64 != 0;
    void *values = tool_samples(s->run, net, s->nsamples, e);
    float *samples = values ? malloc((size_t)count * sizeof *samples) : NULL;
    if (values && !samples) error_set(e, "no memory for %lld samples", (long long)s->nsamples);
    for (int64_t i = 0; samples && i < count; i++) {
        samples[i] = normalised(s->data, f64 ? ((double *)values)[i] : (double)((float *)values)[i]);
        if (isfinite(samples[i])) continue;
        error_set(e, "net %s: sample %lld holds a number that is not finite", s->run->model->nets[net].name, (long long)(i / s->data->elements));
        free(samples);
        samples = NULL;
    }
    free(values);
    return samples;
}

/* Where validation and test images are, where the flags do not say: in the folder of MNIST's files that --data names, or one of the files. */
static bool find_paths(struct estimate *s, struct error *e)
{
    const char *given = s->run->sources[s->data->source].path;
    char *folder = memory_format("%s", given ? given : ""), *bracket = strrchr(folder, '[');
    char path[4096];
    if (bracket && folder[strlen(folder) - 1] == ']') *bracket = 0; /* --data's own range is of what was trained on */
    char *slash = strrchr(folder, '/');
    if (*folder && !data_mnist_images(folder, "train", path, sizeof path)) {
        if (slash) *slash = 0;
        else strcpy(folder, ".");
    }
    bool ok = true;
    if (s->valid) s->valid_path = memory_format("%s", s->valid);
    else if (*folder && data_mnist_images(folder, "train", path, sizeof path)) s->valid_path = memory_format("%s%s", path, VALIDATION);
    else ok = error_set(e, "no validation images: give --valid PATH[FIRST:END], or --data with a folder of MNIST's files");
    if (ok && s->test) s->test_path = memory_format("%s", s->test);
    else if (ok && *folder && data_mnist_images(folder, "t10k", path, sizeof path)) s->test_path = memory_format("%s", path);
    else if (ok) ok = error_set(e, "no test images: give --test PATH, or --data with a folder of MNIST's files");
    free(folder);
    return ok;
}

static bool choose_sigma(struct estimate *s, const struct parzen *p, struct error *e)
{
    float *images = read_images(s, s->valid_path, &s->nvalid, e);
    if (!images) return false;
    double error, *all = memory_take((size_t)s->nvalid * s->sigmas.count, sizeof *all);
    bool ok = parzen_loglik(p, images, s->nvalid, s->sigmas.at, s->sigmas.count, all) || error_set(e, "no memory for the estimate");
    s->means = memory_take(s->sigmas.count, sizeof *s->means);
    for (uint32_t i = 0; i < s->sigmas.count && ok; i++) {
        parzen_mean(all + (int64_t)i * s->nvalid, s->nvalid, &s->means[i], &error);
        if (s->means[i] > s->means[s->best]) s->best = i;
    }
    free(all);
    free(images);
    return ok;
}

static bool test_sigma(struct estimate *s, const struct parzen *p, struct error *e)
{
    float *images = read_images(s, s->test_path, &s->ntest, e);
    if (!images) return false;
    double *all = memory_take((size_t)s->ntest, sizeof *all);
    bool ok = parzen_loglik(p, images, s->ntest, &s->sigmas.at[s->best], 1, all) || error_set(e, "no memory for the estimate");
    if (ok) parzen_mean(all, s->ntest, &s->mean, &s->error);
    free(all);
    free(images);
    return ok;
}

static void print_result(const struct estimate *s)
{
    const struct ganrt_data *d = s->data;
    char a[32], b[32];
    json_shortest(a, d->low);
    json_shortest(b, d->high);
    printf("%s, step %llu: %lld samples%s", s->run->model->name, (unsigned long long)s->step, (long long)s->nsamples,
           d->any || (d->low == 0 && d->high == 1) ? "\n" : ", values mapped ");
    if (!d->any && (d->low != 0 || d->high != 1)) printf("from [%s, %s] onto [0, 1]\n", a, b);
    printf("\n     sigma   mean log-likelihood of %lld validation images\n", (long long)s->nvalid);
    for (uint32_t i = 0; i < s->sigmas.count; i++) printf("%10.4f   %.2f%s\n", s->sigmas.at[i], s->means[i], i == s->best ? "   chosen" : "");
    printf("\ntest: %.2f +- %.2f nats (%lld images, sigma %.4f)\n", s->mean, s->error, (long long)s->ntest, s->sigmas.at[s->best]);
}

static void print_json(const struct estimate *s)
{
    struct json_out o = {.pretty = true};
    json_open(&o, '{');
    json_key(&o, "model"), json_string(&o, s->run->model->name);
    json_key(&o, "step"), json_integer(&o, (int64_t)s->step);
    json_key(&o, "samples"), json_integer(&o, s->nsamples);
    json_key(&o, "validation_images"), json_integer(&o, s->nvalid);
    json_key(&o, "validation"), json_open(&o, '[');
    for (uint32_t i = 0; i < s->sigmas.count; i++) {
        json_open(&o, '{');
        json_key(&o, "sigma"), json_number(&o, s->sigmas.at[i]);
        json_key(&o, "mean"), json_number(&o, s->means[i]);
        json_close(&o);
    }
    json_close(&o);
    json_key(&o, "sigma"), json_number(&o, s->sigmas.at[s->best]);
    json_key(&o, "test_images"), json_integer(&o, s->ntest);
    json_key(&o, "mean"), json_number(&o, s->mean);
    json_key(&o, "standard_error"), json_number(&o, s->error);
    json_close(&o);
    puts(o.text);
    json_done(&o);
}

static bool at_edge(const struct estimate *s)
{
    bool least = true, most = true;
    for (uint32_t i = 0; i < s->sigmas.count; i++) {
        if (s->sigmas.at[i] < s->sigmas.at[s->best]) least = false;
        if (s->sigmas.at[i] > s->sigmas.at[s->best]) most = false;
    }
    return s->sigmas.count > 1 && (least || most);
}

/* The data that the samples are compared with: of as many elements an example, and with a range that can be undone. */
static bool find_data(struct estimate *s, const struct ganrt_net *net, struct error *e)
{
    char shape[160];
    tool_shape(shape, sizeof shape, net->rank, net->dims);
    s->data = tool_data_like(s->run, net->elements);
    if (!s->data) return error_set(e, "%s has no data of the shape of %s, %s", s->run->model->name, net->name, shape);
    return s->data->any || s->data->high > s->data->low || error_set(e, "%s: its range is empty", s->data->name);
}

static bool estimate_run(struct estimate *s, struct error *e)
{
    int32_t net = tool_generator(s->run, s->net, e);
    if (net < 0 || !find_data(s, &s->run->model->nets[net], e) || !find_paths(s, e)) return false;
    if (!tool_load(s->run, s->folder, s->checkpoint, &s->step, e)) return false;
    float *samples = make_samples(s, net, e);
    struct parzen p = {samples, s->nsamples, s->data->elements, parallel, s->run->threads};
    bool ok = samples && choose_sigma(s, &p, e) && test_sigma(s, &p, e);
    free(samples);
    return ok;
}

/* The authors' grid: numpy.logspace(-1, 0, 10). */
static void usual_sigmas(struct option_numbers *sigmas)
{
    sigmas->count = 10;
    sigmas->at = memory_take(sigmas->count, sizeof *sigmas->at);
    for (uint32_t i = 0; i < sigmas->count; i++) sigmas->at[i] = pow(10, -1 + i / 9.0);
}

int tool_parzen(struct run *run, int argc, char **argv)
{
    struct estimate s = {.run = run, .nsamples = 10000};
    struct error e = {""};
    const struct option table[] = {
        {"data", OPTION_DATA, NULL, 0, 0, "PATH", "a folder of MNIST's files, for both that follow", NULL},
        {"valid", OPTION_TEXT, &s.valid, 0, 0, "PATH", "images that choose sigma (default: training images [50000:51000])", NULL},
        {"test", OPTION_TEXT, &s.test, 0, 0, "PATH", "images that are scored (default: the t10k images)", NULL},
        {"samples", OPTION_INTEGER, &s.nsamples, 1, 1e8, "N", "samples in the window (default 10000)", NULL},
        {"sigmas", OPTION_NUMBERS, &s.sigmas, 1e-6, 1e6, "A,B,...", "widths to try (default: ten from 0.1 to 1, log-spaced)", NULL},
        {"net", OPTION_TEXT, &s.net, 0, 0, "NAME", "the net (default: the first whose inputs all come from priors)", NULL},
        {"run", OPTION_TEXT, &s.folder, 0, 0, "DIR", "the run's folder (default runs/MODEL): its newest checkpoint", NULL},
        {"checkpoint", OPTION_TEXT, &s.checkpoint, 0, 0, "FILE", "this checkpoint instead", NULL},
        {"seed", OPTION_SEED, NULL, 0, 0, "N", "which samples (default: the seed of the run)", NULL},
        {"json", OPTION_FLAG, &s.json, 0, 0, NULL, "print it as JSON", NULL},
        {"threads", OPTION_THREADS, NULL, 0, 0, "N", "threads (default: one a processor)", NULL},
    };
    const char *summary = "Estimates the log-likelihood of test images under a Parzen window of samples (Goodfellow et al. 2014).";
    const struct options_command command = {"parzen", summary, NULL, table, sizeof table / sizeof *table, true};
    int status = options_parse(run, &command, argc, argv, NULL);
    if (status < 0) {
        if (!s.sigmas.count) usual_sigmas(&s.sigmas);
        bool ok = estimate_run(&s, &e);
        status = ok ? 0 : error_line("%s", e.text);
        if (ok && s.json) print_json(&s);
        else if (ok) print_result(&s);
        if (ok && at_edge(&s)) error_warning("sigma %.4f lies at the edge of those tried: a better one may lie beyond; see --sigmas", s.sigmas.at[s.best]);
    }
    free(s.sigmas.at);
    free(s.means);
    free(s.valid_path);
    free(s.test_path);
    return status;
}
