/* font.c: a font of strokes, drawn for this program: ASCII, Greek letters (names of models have them), and a box for all else.
 *
 * A glyph is strokes with a blank between them; a stroke is points, each two digits to base 36, x then y. y is 0 at the top of capitals, 4 at that of
 * small letters, c at the baseline, g where descenders end. A glyph is as wide as its strokes reach, and then comes a gap. */
#include "drawing.h"

#include "json.h"

#include <string.h>

enum { GAP = 3, BLANK = 5, DIGIT = 9 };

static const char *const ascii[95] = {
    /*   */ "",
    /* ! */ "1018 1b1c",
    /* " */ "0003 3033",
    /* # */ "412b 815b 1494 0888",
    /* $ */ "8361210304155577888a6b2b09 404d",
    /* % */ "910b 103041443515040110 6787989b8c6c5b5867",
    /* & */ "9c23213050616317090a2c5c97",
    /* ' */ "0003",
    /* ( */ "301204083a4c",
    /* ) */ "103244483a1c",
    /* * */ "3036 0165 0561",
    /* + */ "434b 0787",
    /* , */ "1b1c0e",
    /* - */ "0747",
    /* . */ "1b1c",
    /* / */ "600e",
    /* 0 */ "3050727a5c3c1a1230",
    /* 1 */ "23404c",
    /* 2 */ "12305072741c7c",
    /* 3 */ "1230507274563656787a5c3c1a",
    /* 4 */ "5c500888",
    /* 5 */ "7020153454767a5c3c1a",
    /* 6 */ "725030131a3c5c7a78563618",
    /* 7 */ "10703c",
    /* 8 */ "305072745636141230 56787a5c3c1a1836",
    /* 9 */ "1a3c5c797250301214365674",
    /* : */ "1415 1b1c",
    /* ; */ "1415 1b1c0e",
    /* < */ "83078b",
    /* = */ "0585 0989",
    /* > */ "03870b",
    /* ? */ "02204062643638 3b3c",
    /* @ */ "886949374463848899a8a591704012061a4c8c",
    /* A */ "0c408c 1979",
    /* B */ "0c00507274560656787a5c0c",
    /* C */ "82603003093c6c8a",
    /* D */ "000c5c89835000",
    /* E */ "70000c7c 0666",
    /* F */ "70000c 0666",
    /* G */ "82603003093c6c8a8757",
    /* H */ "000c 808c 0686",
    /* I */ "000c",
    /* J */ "606a4c2c0a",
    /* K */ "000c 8007 348c",
    /* L */ "000c7c",
    /* M */ "0c0058a0ac",
    /* N */ "0c008c80",
    /* O */ "306093996c3c090330",
    /* P */ "0c005072755707",
    /* Q */ "306093996c3c090330 699d",
    /* R */ "0c005072755707 478c",
    /* S */ "82602002042666888a6c2c0a",
    /* T */ "0080 404c",
    /* U */ "00093c5c8980",
    /* V */ "004c80",
    /* W */ "003c609cc0",
    /* X */ "008c 800c",
    /* Y */ "004680 464c",
    /* Z */ "00800c8c",
    /* [ */ "30000e3e",
    /* \ */ "006e",
    /* ] */ "00303e0e",
    /* ^ */ "043064",
    /* _ */ "0e8e",
    /* ` */ "0022",
    /* a */ "646c 664424060a2c4c6a",
    /* b */ "000c 062444666a4c2c0a",
    /* c */ "664424060a2c4c6a",
    /* d */ "606c 664424060a2c4c6a",
    /* e */ "0868664424060a2c4c6b",
    /* f */ "5030222c 0444",
    /* g */ "646e4g2g0f 664424060a2c4c6a",
    /* h */ "000c 062444666c",
    /* i */ "040c 0001",
    /* j */ "242e0g 2021",
    /* k */ "000c 5409 276c",
    /* l */ "000b1c",
    /* m */ "040c 062434565c 567484a6ac",
    /* n */ "040c 062444666c",
    /* o */ "2444666a4c2c0a0624",
    /* p */ "040g 062444666a4c2c0a",
    /* q */ "646g 664424060a2c4c6a",
    /* r */ "040c 072444",
    /* s */ "6544240617596a4c2c0b",
    /* t */ "202a3c4c 0444",
    /* u */ "040a2c4c6a 646c",
    /* v */ "043c64",
    /* w */ "042c548ca4",
    /* x */ "046c 640c",
    /* y */ "043c 642f0g",
    /* z */ "04640c6c",
    /* { */ "40212507292d4e",
    /* | */ "000f",
    /* } */ "00212547292d0e",
    /* ~ */ "08265876",
};

static const struct {
    uint32_t code;
    const char *strokes;
} others[] = {
    {0xb1, "424a 0686 0c8c"},                        /* plus or minus */
    {0xb7, "1718"},                                  /* middle dot */
    {0xd7, "155b 511b"},                             /* times */
    {0x393, "70000c"},                               /* Gamma */
    {0x394, "400c8c40"},                             /* Delta */
    {0x398, "306093996c3c090330 3666"},              /* Theta */
    {0x39b, "0c408c"},                               /* Lambda */
    {0x39e, "0080 2666 0c8c"},                       /* Xi */
    {0x3a0, "0c00808c"},                             /* Pi */
    {0x3a3, "8000560c8c"},                           /* Sigma */
    {0x3a6, "226284886a2a080422 404c"},              /* Phi */
    {0x3a8, "010538588581 404c"},                   /* Psi */
    {0x3a9, "0c3c3a0703305083875a5c8c"},             /* Omega */
    {0x3b1, "845b3c1c0a061434558c"},                 /* alpha */
    {0x3b2, "0g0220406263452545676a4c2c0a"},         /* beta */
    {0x3b3, "043c64 3c3g"},                          /* gamma */
    {0x3b4, "61402122676a4c2c0a072545"},             /* delta */
    {0x3b5, "55442405071838 18090b2c4c5b"},          /* epsilon */
    {0x3b6, "1060070a2c5c6e4g"},                     /* zeta */
    {0x3b7, "040c 062444666g"},                      /* eta */
    {0x3b8, "2040626a4c2c0a0220 0666"},              /* theta */
    {0x3b9, "040a1c"},                               /* iota */
    {0x3ba, "040c 5409 276c"},                       /* kappa */
    {0x3bb, "00106c 350c"},                          /* lambda */
    {0x3bc, "040g 0a2c4c6a 646c"},                   /* mu */
    {0x3bd, "043c64"},                               /* nu */
    {0x3be, "5010022444 2406092b4c5e3g"},            /* xi */
    {0x3bf, "2444666a4c2c0a0624"},                   /* omicron */
    {0x3c0, "0474 241c 545b6c"},                     /* pi */
    {0x3c1, "0g062444666a4c2c0a"},                   /* rho */
    {0x3c3, "7424060a2c4c6a6644"},                   /* sigma */
    {0x3c4, "0464 343a4c5c"},                        /* tau */
    {0x3c5, "040a2c4c6a64"},                         /* upsilon */
    {0x3c6, "313g 2444666a4c2c0a0624"},              /* phi */
    {0x3c7, "046g 640g"},                            /* chi */
    {0x3c8, "04082b4b6864 323g"},                    /* psi */
    {0x3c9, "14070a1c3c4a47 4a5c7c8a8774"},          /* omega */
    {0x2212, "0787"},                                /* minus */
    {0x2026, "1b1c 4b4c 7b7c"},                      /* three dots */
};

uint32_t font_code(const char **text)
{
    const unsigned char *s = (const unsigned char *)*text;
    if (!*s) return 0;
    size_t n = json_utf8(*text, strlen(*text));
    *text += n ? n : 1;
    return n == 1   ? s[0]
           : n == 2 ? (s[0] & 31u) << 6 | (s[1] & 63u)
           : n == 3 ? (s[0] & 15u) << 12 | (s[1] & 63u) << 6 | (s[2] & 63u)
           : n == 4 ? (s[0] & 7u) << 18 | (s[1] & 63u) << 12 | (s[2] & 63u) << 6 | (s[3] & 63u)
                    : 0xfffd;
}

const char *font_glyph(uint32_t code)
{
    if (code >= 32 && code < 127) return ascii[code - 32];
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i].code == code) return others[i].strokes;
    return "00707c0c00";
}

double font_advance(uint32_t code)
{
    if (code == ' ') return BLANK;
    if (code >= '0' && code <= '9') return DIGIT; /* so that numbers under one another line up */
    int most = 0;
    for (const char *g = font_glyph(code); *g; g++) {
        if (*g == ' ') continue;
        int x = *g <= '9' ? *g - '0' : *g - 'a' + 10;
        if (x > most) most = x;
        g++;
    }
    return most + GAP;
}

double font_width(const char *text, double size)
{
    double sum = 0;
    for (uint32_t code; (code = font_code(&text));) sum += font_advance(code);
    return sum > 0 ? (sum - GAP) * FONT_UNIT * size : 0;
}
