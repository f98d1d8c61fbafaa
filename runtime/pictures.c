/* pictures.c: writes the model's pictures while it trains: pictures/NAME-STEP8.png, or .csv where the value is no image. */
#include "picture.h"
#include "train.h"

#include <inttypes.h>
#include <stdlib.h>

char *picture_path(const struct training *t, uint32_t i)
{
    const struct ganrt_picture *p = &t->run->model->pictures[i];
    return memory_format("%s/pictures/%s-%08" PRIu64 ".%s", t->out, p->name, t->total, p->image ? "png" : "csv");
}

static bool write_one(const struct training *t, uint32_t i, struct error *e)
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
    struct picture_tile tile = {p->rank, p->dims, p->low, p->high, p->any != 0};
    char *path = picture_path(t, i);
    bool ok = p->image ? picture_png(path, &tile, p->rows, p->columns, count, run->model->f64, values, e)
                       : picture_csv(path, count, elements, run->model->f64, values, e);
    free(path);
    return ok;
}

bool pictures_write(struct training *t, bool all, struct error *e)
{
    const struct ganrt_model *model = t->run->model;
    for (uint32_t i = 0; i < model->npictures; i++) {
        double every = t->flags.pictures_every ? (double)t->flags.pictures_every
                       : model->pictures[i].every ? floor(model->pictures[i].every(&t->run->frame))
                                                  : 0;
        if ((all || (every >= 1 && fmod((double)t->total, every) == 0)) && !write_one(t, i, e)) return false;
    }
    return true;
}
