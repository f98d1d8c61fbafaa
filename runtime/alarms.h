/* alarms.h: what training looks like when it goes wrong, told while it does: `train --alarms`. The measures are those of looks.h; runtime/README.md has the
 * formulas. An alarm stays on for several looks and off for several, says one sentence when it begins and one when it ends, and stops nothing. */
#ifndef GANRT_ALARMS_H
#define GANRT_ALARMS_H

#include "json.h"

#include <stdint.h>

struct alarms;
struct training;

/* After the model's memory is there; --alarms is read. -1, or the exit status. Then, where a run is resumed, each line of its log in order. */
int alarms_begin(struct training *t, struct error *e);
void alarms_line(struct training *t, const struct json_value *line);
void alarms_end(struct training *t);
void alarms_again(struct training *t); /* nothing was seen yet: the lines of the log come once more */

void alarms_before(struct training *t);                  /* a pass: is it looked at? */
bool alarms_after(struct training *t, struct error *e);  /* it is done: what was seen is judged, and news are told on stderr */
void alarms_put(const struct training *t, struct json_out *line); /* what was seen at this step, as members of its line */
const char *alarms_word(const struct training *t);       /* "collapse G, pinned D": those that are on; "" */

#endif
