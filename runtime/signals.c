/* signals.c: an end that was asked for. The first SIGINT or SIGTERM is noted, and the loop ends after the step; from then on both have their
 * usual effect again, so that a second one ends the process at once. */
#define _GNU_SOURCE
#include "train.h"

#include <signal.h>

static volatile sig_atomic_t caught;

static void note(int number)
{
    caught = number;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

void signals_catch(void)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    caught = 0;
    sigaction(SIGINT, &action, NULL); /* even where a script's & had it ignored: who sends it to a trainer means it */
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* nobody reads the messages any more: no reason to lose a run */
}

int signals_caught(void)
{
    return caught;
}
