/* One thread, one epoll. What must be read at once is served first; what may wait (background) one read at a time,
 * between rounds of the rest, so that it does not add to the latency that is measured. */
#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* The first member of everything that has a descriptor in the loop. */
struct source {
    int descriptor;
    void (*ready)(struct source *source, uint32_t events);
};

void loop_open(void);
void loop_add(struct source *source, uint32_t events, bool background);
void loop_change(struct source *source, uint32_t events, bool background);

/* Wait until something is ready or the deadline (of the monotonic clock) has come, and serve it. */
void loop_run_once(int64_t deadline);

#endif
