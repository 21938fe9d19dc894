/* The one JSON object that the driver prints. */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>

#include "options.h"
#include "subscribers.h"
#include "usage.h"

struct run {
    struct usage before;    /* no subscriber yet */
    struct usage connected; /* each has its first bytes */
    struct usage settled;
    struct usage idle; /* after the time without events */
    struct usage opened; /* the window of measurement */
    struct usage closed;
    uint64_t events; /* published in the window */
    uint64_t deliveries;
    int64_t first_read; /* from the first connect to the last event, in mode read */
    bool stalled;
};

void report_write(const struct options *options, const struct run *run, const struct group *live,
                  const struct group *replayers);

#endif
