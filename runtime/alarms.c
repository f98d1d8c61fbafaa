/* alarms.c: see alarms.h.
 *
 * Alarms follow from the measures of all looks so far, and these stand in metrics.jsonl: a resumed run reads them back, and goes on as if it had not been
 * interrupted. What counts as bad is a rule of each alarm (the functions below). */
#include "alarms.h"

#include "looks.h"
#include "options.h"
#include "train.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define EVERY 500 /* steps between looks */
#define REST 2  /* looks that end an alarm; so many begin it as its rule holds */

#define COLLAPSED 0.25        /* of the distance of data, or of the largest that samples had where that is less */
#define COLLAPSED_ALONE 0.05  /* of the largest alone, where data is made by the model: nobody knows its distance */
#define FAR 0.5               /* of the distance of data: samples that were never so far apart cannot have come together, before so many looks: */
#define LATE 20
#define PINNED 0.995
#define VANISHED 1e-4         /* of the largest norm so far */
#define EXPLODED 100          /* times the median of the first EXPLODED_LOOKS */
#define EXPLODED_LOOKS 8
#define COSINE_LOOKS 12
#define COSINE_LEAST (-0.05)
#define CLIPPED 0.98          /* of a net's weights */

struct series {
    double *at;
    uint32_t n, room;
};

struct state {
    uint32_t bad, good;
    bool on;
};

struct judged { /* a net, and all that was ever seen of it */
    struct series seen[MEASURES];
};

struct rule {
    const char *name;
    enum measure measure;
    uint32_t hold; /* looks */
    bool (*bad)(const struct judged *j, double x, char *why, size_t size);
    const char *advice;
};

struct alarms {
    int64_t every;
    struct looks *looks;
    uint32_t nnets;
    struct judged *nets;
    struct state (*states)[8]; /* by net, by rule */
    char word[256];
    bool looking, fresh;
};

static double latest(const struct judged *j, enum measure m) { return j->seen[m].n ? j->seen[m].at[j->seen[m].n - 1] : NAN; }

static double largest(const struct series *s)
{
    double most = 0;
    for (uint32_t i = 0; i < s->n; i++) most = fmax(most, s->at[i]);
    return most;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(const double *x, uint32_t n)
{
    double *sorted = memory_take(n, sizeof *sorted);
    memcpy(sorted, x, n * sizeof *x);
    qsort(sorted, n, sizeof *sorted, by_value);
    double middle = sorted[n / 2];
    free(sorted);
    return middle;
}

/* ---- the rules ---- */

static bool collapses(const struct judged *j, double x, char *why, size_t size)
{
    double data = latest(j, MEASURE_DATA_DISTANCE), most = largest(&j->seen[MEASURE_DISTANCE]), whole = fmin(most, isnan(data) ? INFINITY : data);
    snprintf(why, size, "samples of the same draws lie %.3g apart on average, %.0f %% of %.3g, %s", x, 100 * x / whole, whole,
             whole < most ? "the distance of data" : "the most there was");
    if (isnan(data)) return x < COLLAPSED_ALONE * whole;
    return x < COLLAPSED * whole && (most > FAR * data || j->seen[MEASURE_DISTANCE].n > LATE);
}

static bool pins(const struct judged *j, double x, char *why, size_t size)
{
    (void)j;
    snprintf(why, size, "it judges %.1f %% of data and samples rightly", 100 * x);
    return x > PINNED || x < 1 - PINNED;
}

static bool vanishes(const struct judged *j, double x, char *why, size_t size)
{
    double most = largest(&j->seen[MEASURE_GRADIENT]);
    snprintf(why, size, "the norm of its gradient is %.3g, and was up to %.3g", x, most);
    return x <= VANISHED * most;
}

static bool explodes(const struct judged *j, double x, char *why, size_t size)
{
    const struct series *s = &j->seen[MEASURE_GRADIENT];
    if (s->n <= EXPLODED_LOOKS) return false;
    double usual = median(s->at, EXPLODED_LOOKS);
    snprintf(why, size, "the norm of its gradient is %.3g, and was %.3g at first (the median of %d looks)", x, usual, EXPLODED_LOOKS);
    return x > EXPLODED * usual;
}

static bool goes_back(const struct judged *j, double x, char *why, size_t size)
{
    const struct series *s = &j->seen[MEASURE_COSINE];
    double sum = 0;
    (void)x;
    if (s->n < COSINE_LOOKS) return false;
    for (uint32_t i = s->n - COSINE_LOOKS; i < s->n; i++) sum += s->at[i];
    snprintf(why, size, "the cosine between its step and its gradient is %.3f, the mean of %d looks", sum / COSINE_LOOKS, COSINE_LOOKS);
    return sum / COSINE_LOOKS < COSINE_LEAST;
}

static bool sticks(const struct judged *j, double x, char *why, size_t size)
{
    (void)j;
    snprintf(why, size, "%.1f %% of its weights stand at the clip", 100 * x);
    return x > CLIPPED;
}

static const struct rule rules[] = {
    {"collapse", MEASURE_DISTANCE, 3, collapses, "it makes few different samples: train it less for each step of its opponent, or at a lower rate"},
    {"pinned", MEASURE_ACCURACY, 10, pins, "its opponent learns little from that: weaken it (noise, dropout, a lower rate), or take a Wasserstein value"},
    {"vanishing", MEASURE_GRADIENT, 3, vanishes, "it learns no more: a value that does not saturate, or a weaker opponent, leaves a gradient"},
    {"exploding", MEASURE_GRADIENT, 3, explodes, "bound it (a gradient penalty, clipping, spectral normalisation), or lower the rate"},
    {"momentum", MEASURE_COSINE, 3, goes_back, "it steps against its gradient: take less momentum (beta1=0, or rmsprop; Arjovsky et al. 2017, section 4)"},
    {"clip", MEASURE_CLIPPED, 3, sticks, "the net can say little more: widen the clip, or take a gradient penalty"},
};
enum { RULES = sizeof rules / sizeof rules[0] };
_Static_assert(RULES <= 8, "alarms.states has room");

/* ---- looks ---- */

static void push(struct series *s, double x)
{
    if (s->n == s->room) s->at = memory_grow(s->at, s->room = s->room ? 2 * s->room : 64, sizeof *s->at);
    s->at[s->n++] = x;
}

static void list(const struct training *t)
{
    struct alarms *a = t->alarms;
    size_t used = 0;
    a->word[0] = 0;
    for (uint32_t i = 0; i < a->nnets; i++)
        for (int r = 0; r < RULES; r++) {
            if (!a->states[i][r].on || used + 40 > sizeof a->word) continue;
            int n = snprintf(a->word + used, sizeof a->word - used, "%s%s %.24s", used ? ", " : "", rules[r].name, t->run->model->nets[i].name);
            used += n > 0 ? (size_t)n : 0;
        }
}

/* What one look saw of a net, NaN where it saw nothing. loud: it is news. */
static void judge(struct training *t, uint32_t net, const double *seen, bool loud)
{
    struct alarms *a = t->alarms;
    struct judged *j = &a->nets[net];
    for (int m = 0; m < MEASURES; m++)
        if (!isnan(seen[m])) push(&j->seen[m], seen[m]);
    for (int r = 0; r < RULES; r++) {
        struct state *s = &a->states[net][r];
        const char *name = t->run->model->nets[net].name;
        char why[200] = "";
        if (isnan(seen[rules[r].measure])) continue;
        bool bad = rules[r].bad(j, seen[rules[r].measure], why, sizeof why);
        s->bad = bad ? s->bad + 1 : 0;
        s->good = bad ? 0 : s->good + 1;
        bool on = s->on ? s->good < REST : s->bad >= rules[r].hold;
        if (on == s->on) continue;
        s->on = on;
        if (!loud) continue;
        progress_clear(t);
        if (on) error_warning("step %" PRIu64 ": %s %s: %s; %s", t->total, rules[r].name, name, why, rules[r].advice);
        else error_line("step %" PRIu64 ": %s %s is over: %s", t->total, rules[r].name, name, why);
    }
}

int alarms_begin(struct training *t, struct error *e)
{
    const char *text = t->flags.alarms;
    int64_t every = EVERY;
    if (text && !strcmp(text, "off")) return -1;
    if (text) {
        char *end;
        every = strtoll(text, &end, 10);
        if (*end || every < 1 || text[0] < '0' || text[0] > '9') return error_usage("--alarms: '%s' is neither a number of steps nor off", text);
    }
    struct alarms *a = t->alarms = memory_take(1, sizeof *a);
    a->every = every;
    a->nnets = t->run->model->nnets;
    a->nets = memory_take(a->nnets, sizeof *a->nets);
    a->states = memory_take(a->nnets, sizeof *a->states);
    a->looks = looks_new(t->run, e);
    if (!a->looks) return 1;
    t->run->looks = a->looks;
    return -1;
}

void alarms_end(struct training *t)
{
    struct alarms *a = t->alarms;
    if (!a) return;
    for (uint32_t i = 0; i < a->nnets; i++)
        for (int m = 0; m < MEASURES; m++) free(a->nets[i].seen[m].at);
    t->run->looks = NULL;
    looks_free(a->looks);
    free(a->nets);
    free(a->states);
    free(a);
    t->alarms = NULL;
}

void alarms_again(struct training *t)
{
    struct alarms *a = t->alarms;
    for (uint32_t i = 0; a && i < a->nnets; i++) {
        for (int m = 0; m < MEASURES; m++) a->nets[i].seen[m].n = 0;
        memset(a->states[i], 0, sizeof a->states[i]);
    }
}

static void key_of(const struct training *t, uint32_t net, enum measure m, char *key, size_t size)
{
    snprintf(key, size, "alarms.%s.%s", measure_names[m], t->run->model->nets[net].name);
}

void alarms_line(struct training *t, const struct json_value *line)
{
    struct alarms *a = t->alarms;
    char key[256];
    for (uint32_t i = 0; a && i < a->nnets; i++) {
        double seen[MEASURES];
        for (int m = 0; m < MEASURES; m++) {
            key_of(t, i, (enum measure)m, key, sizeof key);
            const struct json_value *v = json_get(line, key);
            seen[m] = v && v->kind == JSON_NUMBER ? v->number : NAN;
        }
        judge(t, i, seen, false);
    }
    if (a) list(t);
}

/* At the first line of the log in each `every` steps. */
void alarms_before(struct training *t)
{
    struct alarms *a = t->alarms;
    if (!a) return;
    a->looking = false;
    if (t->trace.again) return;
    uint64_t step = t->total + 1, line = (uint64_t)t->flags.log_every, every = (uint64_t)a->every;
    a->fresh = false;
    a->looking = step % line == 0 && step / every != (step - line) / every;
    if (a->looking) looks_begin(a->looks);
}

bool alarms_after(struct training *t, struct error *e)
{
    struct alarms *a = t->alarms;
    if (!a || !a->looking) return true;
    a->looking = false;
    if (!looks_end(a->looks, e)) return false;
    for (uint32_t i = 0; i < a->nnets; i++) {
        double seen[MEASURES];
        for (int m = 0; m < MEASURES; m++) seen[m] = looks_value(a->looks, i, (enum measure)m);
        judge(t, i, seen, true);
    }
    a->fresh = true;
    list(t);
    return true;
}

void alarms_put(const struct training *t, struct json_out *line)
{
    const struct alarms *a = t->alarms;
    char key[256];
    if (!a || !a->fresh) return;
    for (uint32_t i = 0; i < a->nnets; i++)
        for (int m = 0; m < MEASURES; m++) {
            double x = looks_value(a->looks, i, (enum measure)m);
            if (isnan(x)) continue;
            key_of(t, i, (enum measure)m, key, sizeof key);
            json_key(line, key);
            json_number(line, x);
        }
    if (!a->word[0]) return;
    json_key(line, "alarms");
    json_string(line, a->word);
}

const char *alarms_word(const struct training *t)
{
    return t->alarms ? t->alarms->word : "";
}
