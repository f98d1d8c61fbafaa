/* image_webp.c: WebP by libwebp: what LSUN's files hold. Moving pictures are refused by the library. */
#include "image.h"
#include "library.h"

#include <webp/decode.h>

static __typeof__(WebPGetFeaturesInternal) *get_features;
static __typeof__(WebPDecodeRGBInto) *decode_rgb;
static __typeof__(WebPDecodeRGBAInto) *decode_rgba;

static const struct library_symbol symbols[] = {
    {"WebPGetFeaturesInternal", (void **)&get_features},
    {"WebPDecodeRGBInto", (void **)&decode_rgb},
    {"WebPDecodeRGBAInto", (void **)&decode_rgba},
};
static struct library libwebp = {{"libwebp.so.7", NULL, NULL}, "WebP images", "libwebp7", symbols, sizeof symbols / sizeof *symbols,
                                 PTHREAD_MUTEX_INITIALIZER, false, NULL};

bool image_webp(struct image *to, const unsigned char *bytes, size_t length, const char *name, struct error *e)
{
    WebPBitstreamFeatures is;
    if (!library_load(&libwebp, name, e)) return false;
    if (get_features(bytes, length, &is, WEBP_DECODER_ABI_VERSION) != VP8_STATUS_OK) return error_set(e, "'%s' is a damaged WebP", name);
    if (is.has_animation) return error_set(e, "'%s' is a WebP of several pictures", name);
    int channels = is.has_alpha ? 4 : 3;
    if (!image_room(to, is.height, is.width, channels, name, e)) return false;
    size_t bytes_out = (size_t)is.height * (size_t)is.width * (size_t)channels;
    uint8_t *done =
        is.has_alpha ? decode_rgba(bytes, length, to->pixels, bytes_out, is.width * 4) : decode_rgb(bytes, length, to->pixels, bytes_out, is.width * 3);
    if (!done) return error_set(e, "'%s' is a damaged WebP, or cut short", name);
    if (is.has_alpha) image_blend(to, 4);
    return true;
}
