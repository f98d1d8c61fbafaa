/* pictures.c: writes the model's pictures while it trains: pictures/NAME-STEP8.png; .csv where the value is no image, and of points in the plane both. */
#include "picture.h"
#include "train.h"

#include "durable.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static char *path_of(const struct training *t, uint32_t i, const char *ending)
{
    return memory_format("%s/pictures/%s-%08" PRIu64 ".%s", t->out, t->run->model->pictures[i].name, t->total, ending);
}

char *picture_path(const struct training *t, uint32_t i)
{
    const struct ganrt_picture *p = &t->run->model->pictures[i];
    return path_of(t, i, p->image || picture_points(p->rank, p->dims) ? "png" : "csv");
}

static bool write_table(const struct training *t, uint32_t i, int64_t count, int64_t elements, const void *values, struct error *e)
{
    char *path = path_of(t, i, "csv");
    bool ok = picture_csv(path, count, elements, t->run->model->f64 != 0, values, e);
    free(path);
    return ok;
}

/* A grid, or points: into the folder, and to those who follow the training. */
static bool write_image(struct training *t, uint32_t i, int64_t count, const void *values, struct error *e)
{
    const struct ganrt_picture *p = &t->run->model->pictures[i];
    bool f64 = t->run->model->f64 != 0, drawn;
    struct picture_tile tile = {p->rank, p->dims, p->low, p->high, p->any != 0};
    char *path = path_of(t, i, "png"), title[96];
    struct bitmap image;
    struct bytes png = {0};
    struct error why = {""};
    if (p->image) {
        drawn = picture_grid(&image, &tile, p->rows, p->columns, count, f64, values, &why);
    } else {
        struct picture_box box = picture_no_box;
        picture_extend(&box, count, f64, values);
        snprintf(title, sizeof title, "%.40s, step %" PRIu64, p->name, t->total);
        drawn = picture_scatter(&image, &box, title, count, f64, values, &why);
    }
    bool ok = drawn && bitmap_png(&image, &png, &why);
    if (!ok) error_set(e, "cannot write '%s': %s", path, why.text);
    ok = ok && durable_text(path, (const char *)png.at, png.length, e) && tensorboard_image(t, p->name, &image, &png, e);
    if (drawn) bitmap_free(&image);
    free(png.at);
    free(path);
    return ok;
}

static bool write_one(struct training *t, uint32_t i, struct error *e)
{
    struct run *run = t->run;
    const struct ganrt_picture *p = &run->model->pictures[i];
    const struct ganrt_graph *graph = &run->model->graphs[p->graph];
    run_graph(run, p->graph, 0); /* the same draws each time: what changes is the model */
    const struct ganrt_output *output = NULL;
    for (uint32_t k = 0; k < graph->noutputs && !output; k++)
        if (graph->outputs[k].kind == 2) output = &graph->outputs[k];
    if (!output) return true;
    const void *values = run_at(run, output->offset);
    int64_t elements = 1;
    for (uint32_t d = 0; d < p->rank; d++) elements *= p->dims[d];
    int64_t count = elements > 0 ? output->elements / elements : 0;
    if (!p->image && !write_table(t, i, count, elements, values, e)) return false;
    return (!p->image && !picture_points(p->rank, p->dims)) || write_image(t, i, count, values, e);
}

bool pictures_write(struct training *t, bool all, struct error *e)
{
    const struct ganrt_model *model = t->run->model;
    for (uint32_t i = 0; i < model->npictures; i++) {
        double every = t->flags.pictures_every    ? (double)t->flags.pictures_every
                       : model->pictures[i].every ? floor(model->pictures[i].every(&t->run->frame))
                                                  : 0;
        if ((all || (every >= 1 && fmod((double)t->total, every) == 0)) && !write_one(t, i, e)) return false;
    }
    return true;
}
