/* weights_layout.c: layouts in maps of weights (weights.h): which axis of a file's tensor is which of the model's. */
#include "weights.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *word, *means;
} layouts[] = {
    {"transpose", "rows columns -> columns rows"}, /* of PyTorch's Linear */
    {"OIHW", "o i h w -> h w i o"},                /* of its Conv2d */
    {"IOHW", "i o h w -> h w i o"},                /* of its ConvTranspose2d */
};

struct axis {
    const char *name;
    size_t length;
    int64_t size; /* 0: not known yet */
    bool placed;  /* it stands in the model's side too */
};

struct parser {
    const char *at;
    struct axis axes[SAFETENSORS_RANK]; /* in the file's order */
    uint32_t naxes;
    uint32_t group[SAFETENSORS_RANK + 1], ngroups; /* group i of the file's side: axes group[i] to group[i + 1] - 1 */
    uint32_t order[SAFETENSORS_RANK], norder;      /* of the model's side */
    uint32_t to[SAFETENSORS_RANK + 1], nto;        /* its groups, over order[] */
    struct error *e;
};

void weights_shape(char *text, size_t room, uint32_t rank, const int64_t *dims)
{
    size_t used = (size_t)snprintf(text, room, "[");
    for (uint32_t i = 0; i < rank && used < room; i++) used += (size_t)snprintf(text + used, room - used, "%s%lld", i ? ", " : "", (long long)dims[i]);
    if (used < room) snprintf(text + used, room - used, "]");
}

static void skip(struct parser *p)
{
    while (isblank((unsigned char)*p->at)) p->at++;
}

static bool accept(struct parser *p, const char *sign)
{
    skip(p);
    if (strncmp(p->at, sign, strlen(sign))) return false;
    p->at += strlen(sign);
    return true;
}

static size_t word(struct parser *p, const char **name)
{
    skip(p);
    *name = p->at;
    if (!isalpha((unsigned char)*p->at)) return 0;
    while (isalnum((unsigned char)*p->at) || *p->at == '_') p->at++;
    return (size_t)(p->at - *name);
}

static struct axis *find(struct parser *p, const char *name, size_t length)
{
    for (uint32_t i = 0; i < p->naxes; i++)
        if (p->axes[i].length == length && !memcmp(p->axes[i].name, name, length)) return &p->axes[i];
    return NULL;
}

static bool file_axis(struct parser *p, const char *name, size_t length)
{
    if (find(p, name, length)) return error_set(p->e, "axis '%.*s' stands twice before ->", (int)length, name);
    if (p->naxes == SAFETENSORS_RANK) return error_set(p->e, "more than %d axes", SAFETENSORS_RANK);
    p->axes[p->naxes++] = (struct axis){.name = name, .length = length};
    return true;
}

static bool model_axis(struct parser *p, const char *name, size_t length)
{
    struct axis *a = find(p, name, length);
    if (!a) return error_set(p->e, "axis '%.*s' does not stand before ->", (int)length, name);
    if (a->placed) return error_set(p->e, "axis '%.*s' stands twice after ->", (int)length, name);
    a->placed = true;
    p->order[p->norder++] = (uint32_t)(a - p->axes);
    return true;
}

/* Axes, each a group by itself but for those in ( ), up to what is neither. */
static bool side(struct parser *p, bool model)
{
    uint32_t *starts = model ? p->to : p->group, *groups = model ? &p->nto : &p->ngroups, *n = model ? &p->norder : &p->naxes;
    bool inside = false;
    for (;;) {
        const char *name;
        size_t length;
        if (!inside && accept(p, "(")) {
            if (*groups == SAFETENSORS_RANK) return error_set(p->e, "more than %d axes", SAFETENSORS_RANK);
            starts[(*groups)++] = *n;
            inside = true;
        } else if (inside && accept(p, ")")) {
            inside = false;
        } else if ((length = word(p, &name))) {
            if (model && !inside && accept(p, "=")) { /* a size: the axes end before it */
                p->at = name;
                break;
            }
            if (!inside && *groups == SAFETENSORS_RANK) return error_set(p->e, "more than %d axes", SAFETENSORS_RANK);
            if (!inside) starts[(*groups)++] = *n;
            if (!(model ? model_axis : file_axis)(p, name, length)) return false;
        } else {
            break;
        }
    }
    starts[*groups] = *n;
    return !inside || error_set(p->e, "a ( without its )");
}

static bool sizes(struct parser *p)
{
    const char *name;
    for (size_t length; (length = word(p, &name));) {
        struct axis *a = find(p, name, length);
        if (!a) return error_set(p->e, "there is no axis '%.*s'", (int)length, name);
        if (!accept(p, "=")) return error_set(p->e, "the size of axis '%.*s' is missing", (int)length, name);
        skip(p);
        char *end;
        size_t digits = strspn(p->at, "0123456789");
        a->size = digits && digits < 16 ? strtoll(p->at, &end, 10) : 0;
        if (a->size < 1) return error_set(p->e, "the size of axis '%.*s' is no whole number from 1", (int)length, name);
        p->at += digits;
    }
    skip(p);
    return !*p->at || error_set(p->e, "'%s' is no layout: a layout is transpose, OIHW, IOHW, or axes such as (c h w) n -> (h w c) n c=8 h=4", p->at);
}

/* Sizes of the axes from the file's shape: of each group one may be left open. */
static bool measure(struct parser *p, const struct safetensors_tensor *from)
{
    char shape[160];
    weights_shape(shape, sizeof shape, from->rank, from->dims);
    if (p->ngroups != from->rank)
        return error_set(p->e, "%s is %s: the layout names %u axes of it, and there are %u", from->name, shape, p->ngroups, from->rank);
    for (uint32_t i = 0; i < p->ngroups; i++) {
        struct axis *open = NULL;
        int64_t known = 1;
        for (uint32_t k = p->group[i]; k < p->group[i + 1]; k++) {
            struct axis *a = &p->axes[k];
            if (!a->size && open)
                return error_set(p->e, "the sizes of axes '%.*s' and '%.*s' are both left open: give one, as in %.*s=4", (int)open->length, open->name,
                                 (int)a->length, a->name, (int)open->length, open->name);
            if (!a->size) open = a;
            else if (__builtin_mul_overflow(known, a->size, &known)) known = INT64_MAX;
        }
        if (open) open->size = from->dims[i] % known == 0 ? from->dims[i] / known : 0;
        if (open ? open->size < 1 : known != from->dims[i])
            return error_set(p->e, "%s is %s: its axis of %lld is not as the layout parts it", from->name, shape, (long long)from->dims[i]);
    }
    return true;
}

static void arrange(const struct parser *p, struct weights_order *order)
{
    int64_t stride[SAFETENSORS_RANK], all = 1;
    for (uint32_t i = p->naxes; i-- > 0; all *= p->axes[i].size) stride[i] = all;
    order->rank = p->norder;
    for (uint32_t i = 0; i < p->norder; i++) order->dim[i] = p->axes[p->order[i]].size, order->stride[i] = stride[p->order[i]];
}

static bool fits(const struct parser *p, const struct safetensors_tensor *from, const struct ganrt_tensor *to)
{
    int64_t dims[SAFETENSORS_RANK];
    bool same = p->nto == to->rank;
    for (uint32_t i = 0; i < p->nto; i++) {
        dims[i] = 1;
        for (uint32_t k = p->to[i]; k < p->to[i + 1]; k++) dims[i] *= p->axes[p->order[k]].size;
        same = same && dims[i] == to->dims[i];
    }
    if (same) return true;
    char has[160], gives[160], wants[160];
    weights_shape(has, sizeof has, from->rank, from->dims);
    weights_shape(gives, sizeof gives, p->nto, dims);
    weights_shape(wants, sizeof wants, to->rank, to->dims);
    return error_set(p->e, "%s is %s, and %s, %s, comes of it as %s", to->name, wants, from->name, has, gives);
}

/* As it is: the same shape. */
static bool plain(const struct safetensors_tensor *from, const struct ganrt_tensor *to, struct weights_order *order, struct error *e)
{
    bool same = from->rank == to->rank;
    for (uint32_t i = 0; i < to->rank && same; i++) same = from->dims[i] == to->dims[i];
    *order = (struct weights_order){.rank = 1, .dim = {to->elements}, .stride = {1}};
    if (same) return true;
    char has[160], wants[160];
    weights_shape(has, sizeof has, from->rank, from->dims);
    weights_shape(wants, sizeof wants, to->rank, to->dims);
    bool turned = from->rank == 2 && to->rank == 2 && from->dims[0] == to->dims[1] && from->dims[1] == to->dims[0];
    return error_set(e, "%s is %s, and %s is %s%s", to->name, wants, from->name, has, turned ? ": it fits with the layout transpose" : "");
}

bool weights_layout(const char *text, const struct safetensors_tensor *from, const struct ganrt_tensor *to, struct weights_order *order, struct error *e)
{
    if (!*text) return plain(from, to, order, e);
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        if (!strcmp(text, layouts[i].word)) text = layouts[i].means;
    struct parser p = {.at = text, .e = e};
    if (!side(&p, false)) return false;
    if (!accept(&p, "->")) return error_set(e, "'%s' is no layout: a layout is transpose, OIHW, IOHW, or axes such as (c h w) n -> (h w c) n c=8 h=4", text);
    if (!side(&p, true) || !sizes(&p)) return false;
    for (uint32_t i = 0; i < p.naxes; i++)
        if (!p.axes[i].placed) return error_set(e, "axis '%.*s' does not stand after ->", (int)p.axes[i].length, p.axes[i].name);
    if (!measure(&p, from) || !fits(&p, from, to)) return false;
    arrange(&p, order);
    return true;
}
