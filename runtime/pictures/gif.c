/* gif.c: animated GIFs (CompuServe: Graphics Interchange Format, version 89a): header, one image block a frame, its indices compressed by LZW. */
#include "bitmap.h"

#include <stdlib.h>
#include <string.h>

enum { CODES = 4096, SLOTS = 8192 }; /* codes have at most 12 bits */

static void add_byte(struct bytes *b, unsigned x)
{
    bytes_add(b, &(unsigned char){(unsigned char)x}, 1);
}

static void add_two(struct bytes *b, unsigned x)
{
    add_byte(b, x & 255);
    add_byte(b, x >> 8 & 255);
}

/* Codes as a stream of bits, the lowest first, in blocks of at most 255 bytes with their length before them. */
struct codes {
    struct bytes *to;
    uint32_t bits, count; /* not yet written, and how many */
    unsigned char block[255];
    unsigned used;
};

static void end_block(struct codes *c)
{
    if (!c->used) return;
    add_byte(c->to, c->used);
    bytes_add(c->to, c->block, c->used);
    c->used = 0;
}

static void put_code(struct codes *c, uint32_t code, uint32_t width)
{
    c->bits |= code << c->count;
    c->count += width;
    for (; c->count >= 8; c->count -= 8, c->bits >>= 8) {
        c->block[c->used++] = c->bits & 255;
        if (c->used == sizeof c->block) end_block(c);
    }
}

struct strings {         /* (code of a string, the index after it) -> code of the longer string; open addressing */
    uint32_t key[SLOTS]; /* code << 8 | index, + 1; 0: free */
    uint16_t code[SLOTS];
};

static uint32_t slot_of(const struct strings *s, uint32_t key)
{
    uint32_t at = key * 2654435761u >> 19;
    while (s->key[at] && s->key[at] != key + 1) at = (at + 1) % SLOTS;
    return at;
}

/* Appendix F: codes begin one bit wider than the indices, grow as the table does, and the table starts anew when it is full. */
static void compress(struct bytes *to, const unsigned char *indices, size_t n, uint32_t bits)
{
    struct codes c = {.to = to};
    struct strings *s = memory_take(1, sizeof *s);
    uint32_t clear = 1u << bits, next = clear + 2, width = bits + 1, prefix = indices[0];
    add_byte(to, bits);
    put_code(&c, clear, width);
    for (size_t k = 1; k < n; k++) {
        uint32_t key = prefix << 8 | indices[k], at = slot_of(s, key);
        if (s->key[at]) {
            prefix = s->code[at];
            continue;
        }
        put_code(&c, prefix, width);
        prefix = indices[k];
        if (next < CODES) {
            s->key[at] = key + 1;
            s->code[at] = (uint16_t)next;
            if (next++ == 1u << width) width++;
        } else {
            put_code(&c, clear, width);
            memset(s->key, 0, sizeof s->key);
            next = clear + 2;
            width = bits + 1;
        }
    }
    put_code(&c, prefix, width);
    if (next == 1u << width && width < 12) width++; /* as the reader, which adds a string for the last code, too */
    put_code(&c, clear + 1, width);
    if (c.count) put_code(&c, 0, 8 - c.count);
    end_block(&c);
    add_byte(to, 0);
    free(s);
}

bool gif_begin(struct gif *g, int64_t width, int64_t height, struct error *e)
{
    if (width < 1 || height < 1 || width > 65535 || height > 65535) return error_set(e, "a GIF has at most 65535 pixels a side");
    *g = (struct gif){.width = width, .height = height};
    bytes_add(&g->bytes, "GIF89a", 6);
    add_two(&g->bytes, (unsigned)width);
    add_two(&g->bytes, (unsigned)height);
    add_byte(&g->bytes, 0xf7); /* 256 colours for all frames, of 8 bits */
    add_two(&g->bytes, 0);
    for (unsigned k = 0; k < 256; k++)
        for (int c = 0; c < 3; c++) add_byte(&g->bytes, k);
    bytes_add(&g->bytes, "\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0", 19); /* for ever */
    return true;
}

void gif_frame(struct gif *g, const struct bitmap *i, uint32_t hundredths)
{
    struct bytes *b = &g->bytes;
    size_t n = (size_t)(i->width * i->height);
    unsigned char colours[256][3] = {{0}}, *own = i->channels == 3 ? memory_take(n, 1) : NULL;
    uint32_t count = own ? palette_choose(i, colours, own) : 256, bits = 2;
    while (1u << bits < count) bits++;
    bytes_add(b, "\x21\xf9\x04", 3);
    add_byte(b, 1 << 2); /* it stays until the next one covers it */
    add_two(b, hundredths);
    add_two(b, 0);
    add_byte(b, 0x2c);
    add_two(b, 0);
    add_two(b, 0);
    add_two(b, (unsigned)i->width);
    add_two(b, (unsigned)i->height);
    add_byte(b, own ? 0x80 | (bits - 1) : 0);
    if (own) bytes_add(b, colours, (size_t)3 << bits);
    compress(b, own ? own : i->pixels, n, bits);
    free(own);
}

void gif_end(struct gif *g)
{
    add_byte(&g->bytes, 0x3b);
}
