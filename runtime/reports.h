/* reports.h: the model's reports (reports.c). A struct reports owns its sums and borrows the run, whose data must be open. */
#ifndef GANRT_REPORTS_H
#define GANRT_REPORTS_H

#include "run.h"

struct reports {
    struct run *run;
    double *sums; /* room for those of one report; owned */
};

void reports_begin(struct reports *r, struct run *run);
void reports_run(struct reports *r, uint32_t report, uint64_t tick); /* leaves the number in frame.results; tick: which random numbers it draws */
void reports_end(struct reports *r);

#endif
