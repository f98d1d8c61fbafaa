/* bench_print.c: what `trainer bench` says: each kernel beside the limit that binds it (the roofline), as a table and as JSON.
 *
 * A kernel cannot be faster than its multiply-adds at the processor's peak, nor than its bytes from the nearest memory that holds them; the
 * larger of the two times is its limit, and the limit's part of the measured time its share. What the limits do not know (divisions, roots and
 * exponentials, which are slower than a multiply-add; bytes that stand farther away than they could) makes the share smaller, not wrong. */
#include "bench.h"

#include "data.h"
#include "json.h"
#include "train.h"

#include <stdio.h>

static const struct ganrt_kernel_info *info_of(const struct bench *b, const struct bench_timing *t)
{
    return &b->run->model->graphs[t->graph].kernels[t->kernel];
}

struct limit {
    double seconds; /* of one call, at least; 0: not known */
    const char *by;
};

static struct limit limit_of(const struct bench *b, const struct ganrt_kernel_info *k)
{
    const struct machine *m = &b->machine;
    if (!(m->flops > 0)) return (struct limit){0, ""};
    enum machine_level level;
    double seconds = machine_read_seconds(m, k->bytes, &level);
    struct limit compute = {k->flop / m->flops, "fma"}, memory = {seconds, machine_level_name(level)};
    return compute.seconds > memory.seconds ? compute : memory;
}

/* Of an iteration: useful floating-point operations, seconds in kernels, and seconds that the kernels' limits add up to. */
struct totals {
    double flop, seconds, limit;
};

static struct totals totals(const struct bench *b)
{
    struct totals sum = {0, 0, 0};
    for (uint32_t i = 0; i < b->ntimings; i++) {
        const struct bench_timing *t = &b->timings[i];
        double calls = (double)t->calls / (double)b->profile_steps;
        sum.flop += info_of(b, t)->flop * calls;
        sum.limit += limit_of(b, info_of(b, t)).seconds * calls;
        sum.seconds += t->seconds / (double)b->profile_steps;
    }
    return sum;
}

static double data_total(const struct bench *b)
{
    double bytes = 0;
    for (uint32_t i = 0; i < b->run->nsources; i++)
        if (b->run->sources[i].data) bytes += (double)data_bytes(b->run->sources[i].data);
    return bytes;
}

static void print_head(const struct bench *b, const struct totals *sum)
{
    const struct ganrt_model *model = b->run->model;
    const struct machine *m = &b->machine;
    printf("%s%s%s: %.4g iterations/s (%.4g ms), %.4g GFLOP/s; %lld iterations on %u threads\n", model->name, b->name ? ", " : "", b->name ? b->name : "",
           1 / b->rate_seconds, b->rate_seconds * 1e3, sum->flop / b->rate_seconds * 1e-9, (long long)b->steps, b->run->nthreads);
    if (!b->data && model->ndata) printf("(the data is made up: no --data)\n");
    if (!(m->flops > 0)) {
        printf("(the limits of this processor cannot be measured: it has neither AVX2 nor AVX-512)\n");
        return;
    }
    printf("limits of this machine, %u bits wide at %.2f GHz: %.4g GFLOP/s (fma); reads of %.4g GB/s (L1), %.4g (L2), %.4g (memory)\n", m->bits,
           m->clock * 1e-9, m->flops * 1e-9, m->read[MACHINE_L1] * 1e-9, m->read[MACHINE_L2] * 1e-9, m->read[MACHINE_MEMORY] * 1e-9);
    printf("an iteration is %.1f%% of fma; its kernels' limits add up to %.4g ms, %.1f%% of it\n", sum->flop / b->rate_seconds / m->flops * 100,
           sum->limit * 1e3, sum->limit / b->rate_seconds * 100);
}

void bench_table(const struct bench *b)
{
    struct totals sum = totals(b);
    print_head(b, &sum);
    printf("\n  share        ms   calls   GFLOP/s      GB/s  of limit       line  kernel\n");
    for (uint32_t i = 0; i < b->ntimings && i < b->top; i++) {
        const struct bench_timing *t = &b->timings[i];
        const struct ganrt_kernel_info *k = info_of(b, t);
        if (!t->calls) break;
        double calls = (double)t->calls, passes = (double)b->profile_steps, rate = t->seconds > 0 ? calls / t->seconds * 1e-9 : 0;
        struct limit limit = limit_of(b, k);
        printf("%6.1f%% %9.4f %7.4g %9.2f %9.2f ", t->seconds / passes / b->profile_seconds * 100, t->seconds / passes * 1e3, calls / passes, k->flop * rate,
               k->bytes * rate);
        printf("%6.1f%% %-6s %6u  %s\n", limit.seconds * rate * 1e11, limit.by, k->line, k->name);
    }
    printf("%6.1f%% %9.4f                                                  outside kernels (minibatches, schedule, clock)\n",
           (1 - sum.seconds / b->profile_seconds) * 100, (b->profile_seconds - sum.seconds) * 1e3);
}

static void json_machine(struct json_out *o, const struct machine *m)
{
    json_key(o, "machine"), json_open(o, '{');
    json_key(o, "bits"), json_integer(o, m->bits);
    json_key(o, "clock_ghz"), json_number(o, m->clock * 1e-9);
    json_key(o, "gflop_per_second"), json_number(o, m->flops * 1e-9);
    for (int level = 0; level < MACHINE_LEVELS; level++) {
        char key[40];
        snprintf(key, sizeof key, "%s_gb_per_second", machine_level_name((enum machine_level)level));
        json_key(o, key), json_number(o, m->read[level] * 1e-9);
    }
    json_close(o);
}

static void json_kernel(struct json_out *o, const struct bench *b, const struct bench_timing *t)
{
    const struct ganrt_kernel_info *k = info_of(b, t);
    double calls = (double)t->calls, rate = t->seconds > 0 ? calls / t->seconds : 0;
    struct limit limit = limit_of(b, k);
    json_open(o, '{');
    json_key(o, "name"), json_string(o, k->name);
    json_key(o, "line"), json_integer(o, k->line);
    json_key(o, "graph"), json_string(o, b->run->model->graphs[t->graph].name);
    json_key(o, "tasks"), json_integer(o, k->tasks);
    json_key(o, "calls"), json_number(o, calls / (double)b->profile_steps);
    json_key(o, "milliseconds"), json_number(o, t->seconds / (double)b->profile_steps * 1e3);
    json_key(o, "share"), json_number(o, t->seconds / (double)b->profile_steps / b->profile_seconds);
    json_key(o, "flop"), json_number(o, k->flop);
    json_key(o, "bytes"), json_number(o, k->bytes);
    json_key(o, "gflop_per_second"), json_number(o, k->flop * rate * 1e-9);
    json_key(o, "gb_per_second"), json_number(o, k->bytes * rate * 1e-9);
    if (limit.seconds > 0) {
        json_key(o, "limit"), json_string(o, limit.by);
        json_key(o, "share_of_limit"), json_number(o, limit.seconds * rate);
    }
    json_close(o);
}

void bench_json(const struct bench *b)
{
    struct totals sum = totals(b);
    struct json_out o = {.pretty = true};
    json_open(&o, '{');
    json_key(&o, "model"), json_string(&o, b->run->model->name);
    if (b->name) json_key(&o, "graph"), json_string(&o, b->name);
    json_key(&o, "threads"), json_integer(&o, b->run->nthreads);
    json_key(&o, "iterations"), json_integer(&o, b->steps);
    json_key(&o, "iterations_per_second"), json_number(&o, 1 / b->rate_seconds);
    json_key(&o, "milliseconds"), json_number(&o, b->rate_seconds * 1e3);
    json_key(&o, "gflop"), json_number(&o, sum.flop * 1e-9);
    json_key(&o, "gflop_per_second"), json_number(&o, sum.flop / b->rate_seconds * 1e-9);
    json_key(&o, "profiled_milliseconds"), json_number(&o, b->profile_seconds * 1e3);
    json_key(&o, "kernel_milliseconds"), json_number(&o, sum.seconds * 1e3);
    json_key(&o, "limit_milliseconds"), json_number(&o, sum.limit * 1e3);
    json_key(&o, "peak_bytes"), json_number(&o, b->peak_bytes);
    json_key(&o, "data_bytes"), json_number(&o, data_total(b));
    if (b->machine.flops > 0) json_machine(&o, &b->machine);
    json_key(&o, "kernels"), json_open(&o, '[');
    for (uint32_t i = 0; i < b->ntimings && b->timings[i].calls; i++) json_kernel(&o, b, &b->timings[i]);
    json_close(&o);
    json_close(&o);
    puts(o.text);
    json_done(&o);
}
