/* What one subscriber has received: each event of a run once and in order, or exactly what is wrong with it.
 *
 * Events are named by their place in what this subscriber should get: 0, 1, 2, ... While all is well a place costs one
 * comparison; only what was skipped is kept, as holes.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <stdint.h>

struct hole {
    uint64_t from; /* the first place that is missing */
    uint64_t to;   /* the first one after it that is not */
};

struct ledger {
    uint64_t next; /* all before it came, but for the holes */
    struct hole *holes;
    uint32_t hole_count;
    uint32_t hole_capacity;
};

enum verdict {
    IN_ORDER,
    AHEAD, /* the places before it are missing now */
    LATE,  /* it fills a hole */
    DUPLICATE,
};

enum verdict ledger_record(struct ledger *ledger, uint64_t place);

/* How many of the places before `end` never came. */
uint64_t ledger_missing(const struct ledger *ledger, uint64_t end);

void ledger_clear(struct ledger *ledger);

#endif
