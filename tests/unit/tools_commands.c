/* tools_commands.c: sample, parzen, bench and info on a model written by hand: a generator of 2x2 images, W + uniform noise. */
#include "check.h"

#include "../../runtime/json.h"
#include "../../runtime/parzen.h"
#include "../../runtime/safetensors.h"

#include <fcntl.h>
#include <ganrt/model.h>
#include <ganrt/random.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH = 3, ELEMENTS = 4, VALUES = 64 }; /* the net's value stands at byte VALUES of the arena, W at 0 */

/* One example a task. */
static void draw(struct ganrt_frame *f, uint32_t task, uint32_t worker)
{
    (void)worker;
    for (uint32_t k = 0; k < ELEMENTS; k++)
        ((float *)(f->arena + VALUES))[task * ELEMENTS + k] =
            ((float *)f->arena)[k] + (float)((ganrt_random_word(f->seed, f->tick, 0, task, k) >> 8) * 0x1p-24);
}

static void run_net(struct ganrt_frame *f)
{
    ganrt_begin(f, 0);
    ganrt_parallel(f, draw, BATCH, 0);
}

static void run_step(struct ganrt_frame *f)
{
    ganrt_begin(f, 1);
    for (int k = 0; k < ELEMENTS; k++) ((float *)f->arena)[k] += ((float *)(f->arena + 192))[k]; /* of the minibatch */
    f->results[0] = 1;
}

static double steps(struct ganrt_frame *f)
{
    return 10 * f->settings[0];
}

static void defaults(struct ganrt_frame *f, const uint8_t *given)
{
    if (!given[0]) f->settings[0] = 2;
}

static const int64_t image_dims[] = {2, 2}, noise_dims[] = {2};
static const uint32_t net_tensors[] = {0};
static const struct ganrt_setting settings[] = {{.name = "k", .doc = "how long"}};
static const struct ganrt_data data[] = {{.name = "digits", .rank = 2, .dims = image_dims, .elements = ELEMENTS, .low = -1, .high = 1}};
static const struct ganrt_prior priors[] = {{"noise", "uniform(0, 1)", 1, noise_dims}};
static const struct ganrt_tensor tensors[] = {{"G.W", GANRT_PARAMETER, 2, image_dims, ELEMENTS, 4, 0, 0, 0}};
static const struct ganrt_net_input z = {"z", 1, noise_dims, 2, 0, -1}, x = {"x", 2, image_dims, ELEMENTS, -1, 0};
static const struct ganrt_net nets[] = {{"D", 1, &x, 0, NULL, 1, 0, NULL, -1}, {"G", 1, &z, 2, image_dims, ELEMENTS, 1, net_tensors, 0}};
static const struct ganrt_output net_output = {"G", 3, 0, VALUES, BATCH *ELEMENTS, -1};
static const struct ganrt_batch step_batch = {GANRT_BATCH_DATA, 0, 0, 192, BATCH *ELEMENTS};
static const struct ganrt_kernel_info kernels[] = {{.name = "draw", .line = 7, .flop = 24, .bytes = 96, .tasks = BATCH}};
static const struct ganrt_graph graphs[] = {
    {.name = "net G", .kind = GANRT_NET, .batch = BATCH, .run = run_net, .noutputs = 1, .outputs = &net_output, .nkernels = 1, .kernels = kernels},
    {.name = "maximize V over D", .kind = GANRT_STEP, .batch = BATCH, .run = run_step, .nbatches = 1, .batches = &step_batch},
};

static void pass(struct ganrt_frame *f)
{
    graphs[1].run(f);
    graphs[0].run(f);
}

static const struct ganrt_train trains[] = {{.name = "train", .batch = BATCH, .steps = steps, .pass = pass, .epoch_data = 0}};
static const char *const results[] = {"V"};
static const struct ganrt_model model = {
    .abi = GANRT_ABI,
    .name = "tiny",
    .source = "",
    .cpu = "any",
    .features = "",
    .compiler = "test",
    .tensor_bytes = 64,
    .arena_bytes = 256,
    .defaults = defaults,
    .nsettings = 1,
    .ndata = 1,
    .npriors = 1,
    .ntensors = 1,
    .nnets = 2,
    .ngraphs = 2,
    .nresults = 1,
    .ntrains = 1,
    .settings = settings,
    .data = data,
    .priors = priors,
    .tensors = tensors,
    .nets = nets,
    .graphs = graphs,
    .results = results,
    .trains = trains,
};

static char folder[64], output[100000];
static struct error why;

/* Runs a command line (words apart by spaces; @ stands for the folder); what it says on stdout is in output. */
static int command(const char *line)
{
    char text[1024] = "", *argv[32] = {NULL}, name[96];
    size_t at = 0;
    int argc = 0;
    for (; *line; line++) at += (size_t)snprintf(text + at, sizeof text - at, *line == '@' ? "%s" : "%.1s", *line == '@' ? folder : line);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) argv[argc++] = word;
    snprintf(name, sizeof name, "%s/output", folder);
    fflush(stdout);
    int out = dup(1), err = dup(2), file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600), nothing = open("/dev/null", O_WRONLY);
    dup2(file, 1), dup2(nothing, 2);
    int status = ganrt_main(&model, argc, argv);
    fflush(stdout);
    dup2(out, 1), dup2(err, 2);
    ssize_t n = pread(file, output, sizeof output - 1, 0);
    output[n > 0 ? n : 0] = 0;
    close(out), close(err), close(file), close(nothing);
    unlink(name);
    return status;
}

static size_t load(const char *name, void *to, size_t most)
{
    char path[96];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(to, 1, most, f) : 0;
    if (f) fclose(f);
    return n;
}

static double number(const struct json_value *v, const char *key)
{
    v = json_get(v, key);
    return v && v->kind == JSON_NUMBER ? v->number : NAN;
}

static void sample(void)
{
    static unsigned char few[128 + 4 * 16], many[128 + 8 * 16], other[128 + 4 * 16];
    char line[160];
    CHECK(command("t sample -n 4 --out @/few.npy --checkpoint @/file --seed 5") == 0);
    CHECK(command("t sample --count=8 --out @/many.npy --checkpoint @/file --seed 5 --threads 1") == 0);
    CHECK(command("t sample -n4 --out @/other.npy --checkpoint @/file --seed 6") == 0);
    CHECK(load("few.npy", few, sizeof few) == sizeof few && load("many.npy", many, sizeof many) == sizeof many &&
          load("other.npy", other, sizeof other) == sizeof other);
    CHECK(!memcmp(few + 128, many + 128, 4 * 16)); /* 4 samples are the first of 8, over batches of 3 */
    CHECK(memcmp(few + 128, other + 128, 4 * 16));
    float first;
    memcpy(&first, few + 128, 4);
    CHECK(first >= 0.5f && first < 1.5f); /* W[0] = 0.5 */
    CHECK(command("t sample --out @/x.png --checkpoint @/file") == 0 && load("x.png", few, 8) == 8 && !memcmp(few, "\x89PNG", 4));
    CHECK(command("t sample --out @/x.csv -n 2 --checkpoint @/file") == 0);
    CHECK(command("t sample") == 2 && command("t sample -n 0 --out @/x.csv") == 2 && command("t sample --out @/x.jpg --checkpoint @/file") == 1);
    CHECK(command("t sample --out @/x.csv --net D --checkpoint @/file") == 1 && command("t sample --out @/x.csv --checkpoint @/none") == 1);
    CHECK(command("t sample --help") == 0 && strstr(output, "--out"));
    static const char *const files[] = {"few.npy", "many.npy", "other.npy", "x.png", "x.csv"};
    for (int i = 0; i < 5; i++) snprintf(line, sizeof line, "%s/%s", folder, files[i]), unlink(line);
}

static void save_images(const char *name, int count)
{
    char path[120];
    unsigned char header[16] = {0, 0, 8, 3, 0, 0, (unsigned char)(count >> 8), (unsigned char)count, 0, 0, 0, 2, 0, 0, 0, 2};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    fwrite(header, 1, 16, f);
    for (int i = 0; i < count * ELEMENTS; i++) fputc(i * 37 % 256, f);
    fclose(f);
}

/* Against the estimate made here from the same samples. */
static void parzen(void)
{
    static unsigned char bytes[128 + 7 * 16];
    float samples[7 * ELEMENTS], images[20 * ELEMENTS];
    double sigmas[] = {0.2, 0.5}, all[40], mean[2], error;
    char path[96];
    save_images("t10k-images-idx3-ubyte", 20);
    save_images("train-images-idx3-ubyte", 51000); /* count's low 16 bits are enough: it is below 65536 */
    CHECK(command("t sample -n 7 --out @/s.npy --checkpoint @/file") == 0 && load("s.npy", bytes, sizeof bytes) == sizeof bytes);
    memcpy(samples, bytes + 128, sizeof samples);
    for (int i = 0; i < 7 * ELEMENTS; i++) samples[i] = (float)(((double)samples[i] + 1) / 2); /* [-1, 1] onto [0, 1] */
    for (int i = 0; i < 20 * ELEMENTS; i++) images[i] = (float)(i * 37 % 256 / 255.0);
    struct parzen p = {samples, 7, ELEMENTS, NULL, NULL};
    CHECK(parzen_loglik(&p, images, 20, sigmas, 2, all));
    CHECK(command("t parzen --data @ --samples 7 --sigmas 0.2,0.5 --checkpoint @/file --json --threads 2") == 0);
    struct json_value *v = json_parse(output, strlen(output), &why);
    int best = number(v, "sigma") == 0.5;
    parzen_mean(all + best * 20, 20, &mean[0], &error);
    CHECK(number(v, "samples") == 7 && number(v, "validation_images") == 1000 && number(v, "test_images") == 20);
    CHECK_NEAR(number(v, "mean"), mean[0], 1e-4);
    CHECK_NEAR(number(v, "standard_error"), error, 1e-4);
    json_free(v);
    CHECK(command("t parzen --valid @/t10k-images-idx3-ubyte --test @/t10k-images-idx3-ubyte[:10] --samples 7 --checkpoint @/file") == 0);
    CHECK(strstr(output, "10 images") && strstr(output, "0.2154"));
    CHECK(command("t parzen --checkpoint @/file") == 1 && command("t parzen --samples 0") == 2);
    static const char *const files[] = {"t10k-images-idx3-ubyte", "train-images-idx3-ubyte", "s.npy"};
    for (int i = 0; i < 3; i++) snprintf(path, sizeof path, "%s/%s", folder, files[i]), unlink(path);
}

static void bench_and_info(void)
{
    CHECK(command("t bench --steps 5 --json --threads 1") == 0);
    struct json_value *v = json_parse(output, strlen(output), &why);
    const struct json_value *k = json_get(v, "kernels");
    CHECK(number(v, "iterations") == 5 && number(v, "iterations_per_second") > 0 && k && k->count == 1);
    CHECK(k && number(k->first, "line") == 7 && number(k->first, "calls") == 1 && number(k->first, "tasks") == BATCH);
    json_free(v);
    CHECK(command("t bench --steps 3") == 0 && strstr(output, "draw"));
    CHECK(command("t info --json --k 7") == 0);
    v = json_parse(output, strlen(output), &why);
    CHECK(v && json_get(v, "nets")->count == 2);
    CHECK(number(json_get(v, "train")->first, "steps") == 70 && number(json_get(v, "memory"), "tensors") == 64);
    json_free(v);
    CHECK(command("t info --checkpoint @/file") == 0);
    CHECK(strstr(output, "net G(z : [2] ~ noise) -> [2, 2]: 4 parameters") && strstr(output, "20 steps"));
}

int main(void)
{
    const char *base = getenv("TMPDIR");
    char path[96];
    snprintf(folder, sizeof folder, "%s/ganc-tools-XXXXXX", base && strlen(base) < 40 ? base : "/tmp");
    if (!mkdtemp(folder)) return 1;
    snprintf(path, sizeof path, "%s/file", folder);
    static const float w[ELEMENTS] = {0.5f, 0, -0.25f, 0.125f};
    struct safetensors_tensor t = {"G.W", SAFETENSORS_F32, 2, {2, 2}, w, sizeof w};
    CHECK(safetensors_write(path, NULL, 0, &t, 1, &why));
    sample();
    parzen();
    bench_and_info();
    unlink(path);
    CHECK(rmdir(folder) == 0);
    return check_done();
}
