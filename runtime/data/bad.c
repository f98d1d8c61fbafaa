/* bad.c: items that cannot be decoded: which, the first few by name, and whether they are too many. */
#include "source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bad_begin(struct bad *b, int64_t items, double share)
{
    *b = (struct bad){.items = items, .share = share};
    pthread_mutex_init(&b->lock, NULL);
    b->is = memory_take((size_t)items, sizeof *b->is);
}

/* Keeps those that come first in the list, so that it does not matter which thread met them first. */
static void name(struct bad *b, int64_t item, const char *why)
{
    uint32_t at = b->nnamed;
    while (at > b->told && b->which[at - 1] > item) at--;
    if (at == BAD_NAMED) return;
    if (b->nnamed == BAD_NAMED) free(b->named[--b->nnamed]);
    for (uint32_t i = b->nnamed++; i > at; i--) b->named[i] = b->named[i - 1], b->which[i] = b->which[i - 1];
    b->named[at] = memory_format("%s", why);
    b->which[at] = item;
}

void bad_mark(struct bad *b, int64_t item, const char *why)
{
    pthread_mutex_lock(&b->lock);
    if (!b->is[item]) {
        b->is[item] = 1;
        b->count++;
        name(b, item, why);
        if (!b->failed && ((double)b->count > b->share * (double)b->items || b->count == b->items))
            b->failed = memory_format("%s", why);
    }
    pthread_mutex_unlock(&b->lock);
}

bool bad_failed(struct bad *b, const char *path, struct error *e)
{
    if (!b->is || !b->count) return false;
    pthread_mutex_lock(&b->lock);
    bool failed = b->failed != NULL;
    if (failed)
        error_set(e, "'%s': %lld of %lld images cannot be decoded, and %g %% may (--bad-share): %s", path, (long long)b->count, (long long)b->items,
                  b->share * 100, b->named[0]);
    pthread_mutex_unlock(&b->lock);
    return failed;
}

bool data_has_news(struct data_source *s)
{
    struct bad *b = &s->bad;
    if (!b->is || !b->count) return false;
    pthread_mutex_lock(&b->lock);
    bool news = b->failed || b->told < b->nnamed || (!b->counted && b->count > BAD_NAMED);
    pthread_mutex_unlock(&b->lock);
    return news;
}

bool data_complain(struct data_source *s, struct error *e)
{
    struct bad *b = &s->bad;
    if (!b->is || !b->count) return true;
    if (bad_failed(b, s->path, e)) return false;
    pthread_mutex_lock(&b->lock);
    for (; b->told < b->nnamed; b->told++) error_warning("%s; another takes its place", b->named[b->told]);
    if (!b->counted && b->count > BAD_NAMED) {
        b->counted = true;
        error_warning("'%s': so far %lld images cannot be decoded; further ones are only counted", s->path, (long long)b->count);
    }
    pthread_mutex_unlock(&b->lock);
    return true;
}

void bad_end(struct bad *b)
{
    if (!b->is) return;
    for (uint32_t i = 0; i < b->nnamed; i++) free(b->named[i]);
    free((void *)b->is);
    free(b->failed);
    pthread_mutex_destroy(&b->lock);
    *b = (struct bad){0};
}
