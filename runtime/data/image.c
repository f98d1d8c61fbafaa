/* image.c: which kind of image some bytes are, and what is common to all kinds: limits, memory, transparency. */
#include "image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    bool (*decode)(struct image *to, const unsigned char *bytes, size_t length, const char *name, struct error *e);
} kinds[IMAGE_KINDS] = {[IMAGE_NONE] = {"", NULL}, [IMAGE_PNG] = {"PNG", image_png}, [IMAGE_JPEG] = {"JPEG", image_jpeg}, [IMAGE_WEBP] = {"WebP", image_webp}};

enum image_kind image_kind_of(const unsigned char *head, size_t length)
{
    if (length >= 8 && !memcmp(head, "\x89PNG\r\n\x1a\n", 8)) return IMAGE_PNG;
    if (length >= 3 && !memcmp(head, "\xff\xd8\xff", 3)) return IMAGE_JPEG;
    if (length >= 12 && !memcmp(head, "RIFF", 4) && !memcmp(head + 8, "WEBP", 4)) return IMAGE_WEBP;
    return IMAGE_NONE;
}

const char *image_kind_name(enum image_kind kind)
{
    return kinds[kind].name;
}

bool image_named(const char *name)
{
    static const char *const endings[] = {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp"};
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t n = strlen(endings[i]);
        if (length > n && !strcasecmp(name + length - n, endings[i])) return true;
    }
    return false;
}

bool image_room(struct image *to, int64_t h, int64_t w, int channels, const char *name, struct error *e)
{
    if (h < 1 || w < 1) return error_set(e, "'%s': an image of %lld x %lld pixels", name, (long long)h, (long long)w);
    if (h > IMAGE_SIDE_MOST || w > IMAGE_SIDE_MOST || h * w > IMAGE_PIXELS_MOST)
        return error_set(e, "'%s': says that it has %lld x %lld pixels; what can be read has at most %lld, and %d a side", name, (long long)h, (long long)w,
                         (long long)IMAGE_PIXELS_MOST, IMAGE_SIDE_MOST);
    size_t bytes = (size_t)(h * w) * (size_t)channels;
    if (bytes > to->room) {
        free(to->pixels);
        to->pixels = malloc(bytes);
        to->room = to->pixels ? bytes : 0;
        if (!to->pixels) return error_set(e, "'%s': no memory for its %lld x %lld pixels", name, (long long)h, (long long)w);
    }
    to->h = h, to->w = w, to->channels = channels;
    return true;
}

void image_blend(struct image *to, int channels)
{
    int colours = channels - 1;
    const unsigned char *from = to->pixels;
    unsigned char *out = to->pixels;
    to->alpha = false;
    for (int64_t i = 0; i < to->h * to->w; i++, from += channels, out += colours) {
        int alpha = from[colours];
        to->alpha |= alpha != 255;
        for (int c = 0; c < colours; c++) out[c] = (unsigned char)((from[c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
    to->channels = colours;
}

bool image_decode(struct image *to, const unsigned char *bytes, size_t length, const char *name, struct error *e)
{
    to->kind = image_kind_of(bytes, length);
    to->alpha = false;
    if (kinds[to->kind].decode) return kinds[to->kind].decode(to, bytes, length, name, e);
    if (!length) return error_set(e, "'%s' is empty", name);
    char text[16] = "";
    for (size_t i = 0; i < length && i < 4; i++) snprintf(text + 3 * i, sizeof text - 3 * i, " %02x", bytes[i]);
    return error_set(e, "'%s' is no PNG, JPEG or WebP: it begins with%s", name, text);
}

void image_free(struct image *to)
{
    free(to->pixels);
    *to = (struct image){0};
}
