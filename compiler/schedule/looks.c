/* looks.c: which kernels only make what the runtime sees when it looks (OUTPUT_LOOK): they are left out of any other run of their graph. */
#include "schedule/internal.h"

static bool stores_needed(const struct kernels *k, const struct kernel *kernel, const bool *needed)
{
    for (uint32_t i = 0; i < kernel->body.n; i++) {
        const struct insn *in = &kernel->body.at[i];
        if (in->kind == INSN_STORE && (in->at.storage < k->tensors.n || needed[in->at.storage - k->tensors.n])) return true;
    }
    return false;
}

static void need(const struct kernels *k, const struct kernel *kernel, bool *needed)
{
    for (uint32_t i = 0; i < kernel->body.n; i++) {
        const struct insn *in = &kernel->body.at[i];
        if (in->kind == INSN_LOAD && in->at.storage >= k->tensors.n) needed[in->at.storage - k->tensors.n] = true;
    }
    for (uint32_t i = 0; i < kernel->products.n; i++) {
        const struct product *p = &kernel->products.at[i];
        if (p->a.storage >= k->tensors.n) needed[p->a.storage - k->tensors.n] = true;
        if (p->b.storage >= k->tensors.n) needed[p->b.storage - k->tensors.n] = true;
    }
}

void looks_mark(struct scheduling *s)
{
    const struct kernels *k = s->k;
    bool *needed = NEW_ARRAY(s->mem, bool, s->kg->storages.n + 1), any = false;
    for (uint32_t i = 0; i < s->kg->outputs.n; i++) {
        const struct kernel_output *o = &s->kg->outputs.at[i];
        if (o->output->kind == OUTPUT_LOOK) any = true;
        else if (o->storage >= k->tensors.n) needed[o->storage - k->tensors.n] = true;
    }
    for (uint32_t i = s->kg->kernels.n; any && i-- > 0;) { /* whatever a kernel reads is made before */
        struct kernel *kernel = &s->kg->kernels.at[i];
        kernel->look = !stores_needed(k, kernel, needed);
        if (!kernel->look) need(k, kernel, needed);
    }
}
