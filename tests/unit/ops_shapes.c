/* The shape rules: the types they give, and the errors they report. A row is written as types: "[3, 4]", batched "B[3, 4]", two minibatches "2B[3, 4]". */
#include "base/buffer.h"
#include "base/diag.h"
#include "graph/graph.h"

#include "check.h"

#include <stdlib.h>

enum { BATCH = 6 };

static struct type type_read(const char **at)
{
    struct type t = {0};
    const char *p = *at;
    if (*p >= '1' && *p <= '9') t.batched = (uint8_t)strtoll(p, (char **)&p, 10);
    if (*p == 'B') t.batched = t.batched ? t.batched : 1, p++;
    for (p++; *p != ']';) {
        t.dim[t.rank++] = strtoll(p, (char **)&p, 10);
        while (*p == ',' || *p == ' ') p++;
    }
    for (p++; *p == ' ';) p++;
    *at = p;
    return t;
}

static void type_text(struct buffer *b, struct type t)
{
    if (t.batched > 1) buffer_put(b, "%d", t.batched);
    if (t.batched) buffer_put(b, "B");
    type_print(b, t);
}

struct row {
    enum op op;
    const char *operands; /* "[3] B[4]" */
    const char *want;     /* the type, or the error's id and text */
    struct node like;
    const char *to;       /* the node's own type, where that is free */
};

#define AXES(...) {.axes = {__VA_ARGS__}, .axis_count = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)}
#define OVER_BATCH(...) {.axes = {__VA_ARGS__}, .axis_count = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .over_batch = true}
#define TA {.ta = true}
#define TB {.tb = true}
#define TAB {.ta = true, .tb = true}

#define WINDOW(...) {.axes = {__VA_ARGS__}, .axis_count = 6} /* stride, before, after */
#define WINDOWS(...) {.axes = {__VA_ARGS__}, .axis_count = 8} /* and size */

static const struct row rows[] = {
    {OP_add, "[3, 4] [4]", "[3, 4]", {0}, 0},
    {OP_add, "B[3, 1] [2, 1, 4]", "B[2, 3, 4]", {0}, 0},
    {OP_add, "[784] B[]", "B[784]", {0}, 0},
    {OP_add, "[784] [10]", "E0220 cannot broadcast [784] with [10]: axis -1 is 784 in the first, 10 in the second", {0}, 0},
    {OP_add, "[5, 4] [2, 3, 4]", "E0220 cannot broadcast [5, 4] with [2, 3, 4]: axis -2 is 5 in the first, 3 in the second", {0}, 0},
    {OP_where, "[3, 1] B[4] [2, 1, 1]", "B[2, 3, 4]", {0}, 0},
    {OP_where, "[3] [3] [4]", "E0220 cannot broadcast [3] with [4]", {0}, 0},
    {OP_add, "2B[3, 1] [4]", "2B[3, 4]", {0}, 0},
    {OP_add, "2B[3] B[3]", "E0656 cannot broadcast [3] with [3]: one is of 2 minibatches, the other of 1", {0}, 0},
    {OP_stack, "B[3] 2B[3]", "3B[3]", {0}, 0},
    {OP_stack, "B[3] [3]", "E0653 cannot stack the minibatches of [3] and [3]", {0}, 0},
    {OP_stack, "[3] [3]", "E0653", {0}, 0},
    {OP_stack, "B[3] B[4]", "E0653 cannot stack the minibatches of [3] and [4]", {0}, 0},
    {OP_stack, "200B[3] 200B[3]", "E0654 cannot stack 400 minibatches: 255 is the most", {0}, 0},
    {OP_unstack, "3B[3]", "2B[3]", AXES(1, 2), 0},
    {OP_unstack, "3B[3]", "E0655 cannot take 2 minibatches from number 2 on out of 3", AXES(2, 2), 0},
    {OP_unstack, "3B[3]", "E0655", AXES(INT64_MAX, 1), 0},
    {OP_unstack, "3B[3]", "E0655", AXES(1, 0), 0},
    {OP_unstack, "[3]", "E0655", AXES(0, 1), 0},
    {OP_sum, "2B[3, 4]", "[3]", OVER_BATCH(1), 0},
    {OP_sum, "B[3, 4, 5]", "B[4]", AXES(0, 2), 0},
    {OP_sum, "B[3, 4]", "[3]", OVER_BATCH(1), 0},
    {OP_sum, "B[]", "[]", {.over_batch = true}, 0},
    {OP_sum, "[3]", "E0224 sum cannot run over the batch of [3]", OVER_BATCH(0), 0},
    {OP_sum, "[3]", "E0221 [3] has no axis 1", AXES(1), 0},
    {OP_sum, "[3, 4]", "E0222", AXES(1, 0), 0},
    {OP_sum, "[3, 4]", "E0222", AXES(1, 1), 0},
    {OP_sum, "[3]", "E0223 sum needs an axis", {0}, 0},
    {OP_max_over, "B[3, 4]", "B[3]", AXES(1), 0},
    {OP_max_over, "B[3, 4]", "E0224", OVER_BATCH(1), 0},
    {OP_max_over, "B[3, 4]", "E0221 [3, 4] has no axis -1", AXES(-1), 0},
    {OP_argmax, "B[3, 4]", "B[4]", AXES(0), 0},
    {OP_argmax, "[]", "E0221", AXES(0), 0},
    {OP_reshape, "B[3, 4]", "B[2, 6]", {0}, "B[2, 6]"},
    {OP_reshape, "[1, 1]", "[]", {0}, "[]"},
    {OP_reshape, "B[3, 4]", "E0225 cannot reshape [3, 4] to [5]: 12 elements are not 5", {0}, "B[5]"},
    {OP_reshape, "B[3, 4]", "E0240", {0}, "[12]"},
    {OP_expand, "[3, 1]", "B[2, 3, 4]", {0}, "B[2, 3, 4]"},
    {OP_expand, "B[3]", "E0226 cannot broadcast [3] to [3]", {0}, "[3]"},
    {OP_expand, "[3]", "E0226", {0}, "[1]"},
    {OP_expand, "[2]", "E0226 cannot broadcast [2] to [3]", {0}, "[3]"},
    {OP_transpose, "B[2, 3, 4]", "B[4, 2, 3]", AXES(2, 0, 1), 0},
    {OP_transpose, "[2, 3]", "E0227 the transpose of [2, 3] names axis 1 twice", AXES(1, 1), 0},
    {OP_transpose, "[2, 3]", "E0221", AXES(0, 2), 0},
    {OP_slice, "B[5, 6]", "B[2, 3]", AXES(3, 0), "B[2, 3]"},
    {OP_slice, "[5]", "E0229 a window [3] that starts at 3 on axis 0 does not lie inside [5]", AXES(3), "[3]"},
    {OP_slice, "[5]", "E0229", AXES(-1), "[3]"},
    {OP_slice, "[5]", "E0229", AXES(INT64_MAX), "[3]"},
    {OP_slice, "B[5]", "E0228", AXES(0), "[3]"},
    {OP_slice, "[5]", "E0228", AXES(0, 0), "[3, 1]"},
    {OP_pad, "B[2, 3]", "B[5, 6]", AXES(3, 1), "B[5, 6]"},
    {OP_pad, "[3]", "E0229", AXES(3), "[5]"},
    {OP_concat, "B[2, 3] B[4, 3] B[1, 3]", "B[7, 3]", AXES(0), 0},
    {OP_concat, "[2]", "[2]", AXES(0), 0},
    {OP_concat, "[2, 3] [2, 4]", "E0232 cannot join [2, 3] and [2, 4] along axis 0: axis 1 is 3 in the first, 4 in the second", AXES(0), 0},
    {OP_concat, "[2, 3] [3]", "E0230", AXES(0), 0},
    {OP_concat, "B[2] [2]", "E0231", AXES(0), 0},
    {OP_concat, "[2] [2]", "E0221", AXES(1), 0},
    {OP_as_tensor, "B[2, 3]", "[6, 2, 3]", {0}, 0},
    {OP_as_tensor, "B[]", "[6]", {0}, 0},
    {OP_as_tensor, "2B[3]", "[12, 3]", {0}, 0},
    {OP_as_batch, "[12, 3]", "2B[3]", {0}, 0},
    {OP_as_tensor, "[2]", "E0233", {0}, 0},
    {OP_as_tensor, "B[1, 1, 1, 1, 1, 1, 1, 2]", "E0233", {0}, 0},
    {OP_as_batch, "[6, 2]", "B[2]", {0}, 0},
    {OP_as_batch, "[6]", "B[]", {0}, 0},
    {OP_as_batch, "[5, 2]", "E0234 cannot make [5, 2] a batch: its first axis must be 6", {0}, 0},
    {OP_as_batch, "B[6, 2]", "E0234", {0}, 0},
    {OP_as_batch, "[]", "E0234", {0}, 0},
    {OP_matmul, "B[2, 3] [3, 4]", "B[2, 4]", {0}, 0},
    {OP_matmul, "B[3] [3, 4]", "B[4]", {0}, 0},
    {OP_matmul, "[3] [3, 4]", "[4]", {0}, 0},
    {OP_matmul, "[2, 3] [3, 4]", "[2, 4]", {0}, 0},
    {OP_matmul, "B[3] [4, 3]", "B[4]", TB, 0},
    {OP_matmul, "B[3] B[4]", "[3, 4]", TA, 0},
    {OP_matmul, "B[2, 3] B[2, 4]", "[3, 4]", TA, 0},
    {OP_matmul, "B[3] [6, 4]", "[3, 4]", TA, 0},
    {OP_matmul, "[2, 6, 3] B[2, 4]", "[3, 4]", TA, 0},
    {OP_matmul, "[3] [4]", "[3, 4]", TA, 0},
    {OP_matmul, "[2, 3] [4, 2]", "[3, 4]", TAB, 0},
    {OP_matmul, "[2, 3] [4, 5]", "E0235 cannot multiply [2, 3] by [4, 5]: the axis summed is 3 in the first, 4 in the second", {0}, 0},
    {OP_matmul, "[2, 3] [3, 4]", "E0235", TB, 0},
    {OP_matmul, "B[3] [5, 4]", "E0235", TA, 0},
    {OP_matmul, "B[3] B[3, 4]", "E0236", {0}, 0},
    {OP_matmul, "[3] [3]", "E0236", {0}, 0},
    {OP_matmul, "[2, 3] [3, 2, 2]", "E0236", {0}, 0},
    {OP_matmul, "B[3] [4, 6]", "E0236", TAB, 0},
    {OP_matmul, "[] [3, 4]", "E0237", {0}, 0},
    {OP_conv2d, "B[8, 7, 2] [3, 3, 2, 5]", "B[4, 4, 5]", WINDOW(2, 2, 0, 1, 1, 1), 0},
    {OP_conv2d, "[8, 7, 2] [8, 7, 2, 5]", "[1, 1, 5]", WINDOW(9, 9, 0, 0, 0, 0), 0},
    {OP_conv2d, "[8, 7] [3, 3, 2, 5]", "E0241 conv2d takes an image of shape [rows, columns, channels], not [8, 7]", WINDOW(1, 1, 0, 0, 0, 0), 0},
    {OP_conv2d, "[8, 7, 2] B[3, 3, 2, 5]", "E0242", WINDOW(1, 1, 0, 0, 0, 0), 0},
    {OP_conv2d, "[8, 7, 2] [3, 3, 2]", "E0242", WINDOW(1, 1, 0, 0, 0, 0), 0},
    {OP_conv2d, "[8, 7, 2] [3, 3, 5, 2]", "E0243 conv2d: the image [8, 7, 2] has 2 channels, but the weights [3, 3, 5, 2] are for 5", WINDOW(1, 1, 0, 0, 0, 0), 0},
    {OP_conv2d, "[8, 7, 2] [3, 9, 2, 5]", "E0244 conv2d: a window of 9 columns does not fit into 8, padding included", WINDOW(1, 1, 0, 1, 0, 0), 0},
    {OP_conv2d, "[8, 7, 2] [3, 3, 2, 5]", "E0245 conv2d: windows 2 apart do not fill the 8 rows", WINDOW(2, 2, 0, 0, 0, 0), 0},
    {OP_conv2d, "B[1, 1, 1] [1, 1, 1, 1]", "E0621", WINDOW(1, 1, 1 << 20, 1 << 20, 0, 0), 0}, /* its image with padding */
    {OP_conv2d_transpose, "B[4, 4, 5] [3, 3, 2, 5]", "B[8, 7, 2]", WINDOW(2, 2, 0, 1, 1, 1), 0},
    {OP_conv2d_transpose, "B[4, 4, 2] [3, 3, 2, 5]", "E0243", WINDOW(2, 2, 0, 1, 1, 1), 0},
    {OP_conv2d_transpose, "[1, 1, 5] [3, 3, 2, 5]", "E0246 conv2d_transpose: cutting 1 and 2 columns leaves nothing of the 3", WINDOW(2, 2, 0, 1, 0, 2), 0},
    {OP_conv2d_transpose, "[2, 2, 1] [1, 1, 1, 1]", "E0621", WINDOW((int64_t)1 << 40, 1, 0, 0, 0, 0), 0},
    {OP_conv2d_kernel, "B[8, 7, 2] B[4, 4, 5]", "[3, 3, 2, 5]", WINDOW(2, 2, 0, 1, 1, 1), 0},
    {OP_conv2d_kernel, "B[8, 7, 2] [4, 4, 5]", "E0247", WINDOW(2, 2, 0, 1, 1, 1), 0},
    {OP_conv2d_kernel, "B[8, 7, 2] B[9, 4, 5]", "E0245", WINDOW(1, 1, 0, 0, 0, 0), 0},
    {OP_windows, "B[8, 7, 2]", "B[4, 4, 3, 2, 2]", WINDOWS(2, 2, 0, 1, 1, 0, 3, 2), 0},
    {OP_windows, "B[8, 7]", "E0241", WINDOWS(2, 2, 0, 1, 1, 1, 3, 2), 0},
    {OP_windows_sum, "B[4, 4, 3, 2, 2]", "B[8, 7, 2]", WINDOWS(2, 2, 0, 1, 1, 0, 3, 2), 0},
    {OP_windows_sum, "B[4, 4, 2, 3, 2]", "E0248 windows_sum takes windows of shape [..., ..., 3, 2, channels], not [4, 4, 2, 3, 2]", WINDOWS(2, 2, 0, 1, 1, 0, 3, 2), 0},
    {OP_iota, "", "[5]", {0}, "[5]"},
    {OP_iota, "", "E0239 iota cannot be a value of type unbatched [5, 2]", {0}, "[5, 2]"},
    {OP_iota, "", "E0239", {0}, "B[5]"},
    {OP_tensor, "", "[5, 2]", {0}, "[5, 2]"},
    {OP_tensor, "", "E0239", {0}, "B[5]"},
    {OP_data, "", "B[5]", {0}, "B[5]"},
    {OP_data, "", "E0239 data cannot be a value of type batched [5]", {0}, "2B[5]"},
    {OP_data, "", "E0239 data cannot be a value of type unbatched [5]", {0}, "[5]"},
    {OP_data_mean, "", "E0239", {0}, "B[5]"},
    {OP_rand_normal, "", "B[5]", {0}, "B[5]"},
    {OP_rand_normal, "", "[5]", {0}, "[5]"},
    {OP_grad, "B[] [3, 4]", "[3, 4]", {0}, 0},
};

/* The diagnostics so far as text, "E0220 message". */
static char *reported(struct ganc *g)
{
    char *text = NULL, *message;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    diag_print(g, f, COLOR_NEVER);
    fclose(f);
    message = strstr(text, "[E");
    if (message) { /* error[E0220]: message */
        memmove(text, message + 1, strlen(message));
        if ((message = strstr(text, "]: "))) memmove(message, message + 2, strlen(message + 2) + 1);
    }
    return text;
}

static void check_row(struct ganc *g, const struct row *r)
{
    struct graph graph = {.batch = BATCH};
    struct node *args[4], like = r->like;
    uint32_t n = 0;
    for (const char *at = r->operands; *at;)
        args[n++] = graph_node(g, &graph, OP_input, 0, NULL, &(struct node){.type = type_read(&at)}, (struct span){0});
    if (r->to) {
        const char *at = r->to;
        like.type = type_read(&at);
    }
    struct node *y = graph_node(g, &graph, r->op, n, args, &like, (struct span){0});
    struct buffer b = {0};
    char *text = reported(g);
    if (y) type_text(&b, y->type);
    bool good = y ? !strcmp(b.text, r->want) && !*text : !strncmp(text, r->want, strlen(r->want));
    CHECK(good);
    if (!good) printf("%s %s: %s, not %s\n", op_info[r->op].name, r->operands, y ? b.text : text, r->want);
    buffer_free(&b);
    free(text);
}

int main(void)
{
    struct ganc *g = ganc_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) check_row(g, &rows[i]);
    ganc_free(g);
    return check_done();
}
