#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#include "fatal.h"

static void insert_hole(struct ledger *ledger, uint32_t at, struct hole hole)
{
    if (ledger->hole_count == ledger->hole_capacity) {
        ledger->hole_capacity = ledger->hole_capacity ? 2 * ledger->hole_capacity : 4;
        ledger->holes = reallocate(ledger->holes, ledger->hole_capacity, sizeof hole);
    }
    memmove(ledger->holes + at + 1, ledger->holes + at, (ledger->hole_count - at) * sizeof hole);
    ledger->holes[at] = hole;
    ledger->hole_count++;
}

static void remove_hole(struct ledger *ledger, uint32_t at)
{
    ledger->hole_count--;
    memmove(ledger->holes + at, ledger->holes + at + 1, (ledger->hole_count - at) * sizeof *ledger->holes);
}

/* Take one place out of a hole: its ends move, or it splits. */
static void fill(struct ledger *ledger, uint32_t at, uint64_t place)
{
    struct hole hole = ledger->holes[at];
    struct hole before = {hole.from, place};
    struct hole after = {place + 1, hole.to};
    remove_hole(ledger, at);
    if (after.from < after.to)
        insert_hole(ledger, at, after);
    if (before.from < before.to)
        insert_hole(ledger, at, before);
}

enum verdict ledger_record(struct ledger *ledger, uint64_t place)
{
    if (place == ledger->next) {
        ledger->next++;
        return IN_ORDER;
    }
    if (place > ledger->next) {
        insert_hole(ledger, ledger->hole_count, (struct hole){ledger->next, place});
        ledger->next = place + 1;
        return AHEAD;
    }
    for (uint32_t at = 0; at < ledger->hole_count; at++) {
        if (place >= ledger->holes[at].from && place < ledger->holes[at].to) {
            fill(ledger, at, place);
            return LATE;
        }
    }
    return DUPLICATE;
}

uint64_t ledger_missing(const struct ledger *ledger, uint64_t end)
{
    uint64_t missing = end > ledger->next ? end - ledger->next : 0;
    for (uint32_t at = 0; at < ledger->hole_count; at++)
        missing += ledger->holes[at].to - ledger->holes[at].from;
    return missing;
}

void ledger_clear(struct ledger *ledger)
{
    free(ledger->holes);
    memset(ledger, 0, sizeof *ledger);
}
