/* image_jpeg.c: JPEG by libjpeg-turbo (slow integer transform, fancy upsampling: its defaults, and those of other programs). CMYK becomes
 * colour by the simple product. Progressive files of very many scans, which cost time out of proportion, are refused. */
#include "image.h"
#include "library.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#define SCANS_MOST 100
#define WORK_MOST ((int64_t)1 << 30)   /* scans times pixels */
#define MEMORY_MOST (1L << 30) /* bytes libjpeg may take for one image: coefficients of progressive ones */

static __typeof__(jpeg_std_error) *std_error;
static __typeof__(jpeg_CreateDecompress) *create_decompress;
static __typeof__(jpeg_mem_src) *mem_src;
static __typeof__(jpeg_read_header) *read_header;
static __typeof__(jpeg_start_decompress) *start_decompress;
static __typeof__(jpeg_read_scanlines) *read_scanlines;
static __typeof__(jpeg_finish_decompress) *finish_decompress;
static __typeof__(jpeg_destroy_decompress) *destroy_decompress;

static const struct library_symbol symbols[] = {
    {"jpeg_std_error", (void **)&std_error},
    {"jpeg_CreateDecompress", (void **)&create_decompress},
    {"jpeg_mem_src", (void **)&mem_src},
    {"jpeg_read_header", (void **)&read_header},
    {"jpeg_start_decompress", (void **)&start_decompress},
    {"jpeg_read_scanlines", (void **)&read_scanlines},
    {"jpeg_finish_decompress", (void **)&finish_decompress},
    {"jpeg_destroy_decompress", (void **)&destroy_decompress},
};
static struct library libjpeg = {{"libjpeg.so.62", NULL, NULL}, "JPEG images", "libjpeg62-turbo", symbols, sizeof symbols / sizeof *symbols,
                                 PTHREAD_MUTEX_INITIALIZER, false, NULL};

/* What must be there after a longjmp stands here, not in locals. */
struct reading {
    struct jpeg_error_mgr errors; /* first: libjpeg gives its address */
    struct jpeg_progress_mgr progress;
    struct jpeg_decompress_struct jpeg;
    jmp_buf jump;
    struct image *to;
    const char *name;
    struct error *e;
    unsigned char *line; /* CMYK */
};

static void fail(j_common_ptr jpeg)
{
    struct reading *r = (struct reading *)jpeg->err;
    char text[JMSG_LENGTH_MAX] = "";
    jpeg->err->format_message(jpeg, text);
    error_set(r->e, "'%s' is a damaged JPEG: %s", r->name, text);
    longjmp(r->jump, 1);
}

/* libjpeg goes on after warnings and fills with grey what is missing; a part of an image is no image. */
static void emit(j_common_ptr jpeg, int level)
{
    int code = jpeg->err->msg_code;
    if (level < 0 && (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE || code == JWRN_ARITH_BAD_CODE)) fail(jpeg);
}

static void ignore(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void watch(j_common_ptr jpeg)
{
    struct reading *r = (struct reading *)jpeg->err;
    j_decompress_ptr d = (j_decompress_ptr)jpeg;
    int64_t pixels = (int64_t)d->image_height * d->image_width, most = WORK_MOST / (pixels > 0 ? pixels : 1);
    if (most > SCANS_MOST) most = SCANS_MOST;
    if (d->input_scan_number <= most) return;
    error_set(r->e, "'%s' is a JPEG of more than %lld scans, of %lld x %lld pixels", r->name, (long long)most, (long long)r->to->h, (long long)r->to->w);
    longjmp(r->jump, 1);
}

/* Adobe writes CMYK inverted: 255 is no ink. */
static void from_cmyk(const unsigned char *cmyk, int64_t w, bool inverted, unsigned char *to)
{
    for (int64_t x = 0; x < w; x++, cmyk += 4)
        for (int c = 0; c < 3; c++) {
            int ink = inverted ? cmyk[c] : 255 - cmyk[c], black = inverted ? cmyk[3] : 255 - cmyk[3];
            *to++ = (unsigned char)((ink * black + 127) / 255);
        }
}

static bool read_pixels(struct reading *r, const unsigned char *bytes, size_t length)
{
    struct jpeg_decompress_struct *jpeg = &r->jpeg;
    mem_src(jpeg, bytes, (unsigned long)length);
    read_header(jpeg, TRUE);
    int64_t h = jpeg->image_height, w = jpeg->image_width;
    bool grey = jpeg->jpeg_color_space == JCS_GRAYSCALE, cmyk = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
    if (!image_room(r->to, h, w, grey ? 1 : 3, r->name, r->e)) return false;
    jpeg->out_color_space = grey ? JCS_GRAYSCALE : cmyk ? JCS_CMYK : JCS_RGB;
    jpeg->dct_method = JDCT_ISLOW;
    start_decompress(jpeg);
    if (cmyk && !(r->line = malloc((size_t)w * 4))) return error_set(r->e, "'%s': no memory for a row", r->name);
    while (jpeg->output_scanline < jpeg->output_height) {
        unsigned char *row = r->to->pixels + (size_t)jpeg->output_scanline * (size_t)(w * r->to->channels);
        JSAMPROW into = cmyk ? r->line : row;
        read_scanlines(jpeg, &into, 1);
        if (cmyk) from_cmyk(r->line, w, jpeg->saw_Adobe_marker, row);
    }
    finish_decompress(jpeg);
    return true;
}

static bool guarded(struct reading *r, const unsigned char *bytes, size_t length)
{
    if (setjmp(r->jump)) return false;
    create_decompress(&r->jpeg, JPEG_LIB_VERSION, sizeof r->jpeg);
    r->jpeg.mem->max_memory_to_use = MEMORY_MOST;
    r->progress.progress_monitor = watch;
    r->jpeg.progress = &r->progress;
    return read_pixels(r, bytes, length);
}

bool image_jpeg(struct image *to, const unsigned char *bytes, size_t length, const char *name, struct error *e)
{
    if (!library_load(&libjpeg, name, e)) return false;
    struct reading *r = memory_take(1, sizeof *r);
    r->to = to, r->name = name, r->e = e;
    r->jpeg.err = std_error(&r->errors);
    r->errors.error_exit = fail;
    r->errors.emit_message = emit;
    r->errors.output_message = ignore;
    bool ok = guarded(r, bytes, length);
    destroy_decompress(&r->jpeg);
    free(r->line);
    free(r);
    return ok;
}
