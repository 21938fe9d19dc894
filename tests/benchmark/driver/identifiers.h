/* The ids of events: one event has one id, whoever receives it, and no two events share one. */
#ifndef IDENTIFIERS_H
#define IDENTIFIERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum id_verdict {
    ID_GOOD,
    ID_CHANGED, /* this event had another id on another connection */
    ID_SHARED,  /* another event has this id */
};

/* Hold the id of the event with this sequence number to what was seen of it before. */
enum id_verdict identifiers_check(uint64_t sequence, const char *id, size_t length);

/* Whether `left` comes before `right`, where runs of digits compare as numbers: a-9 < a-10, 1700000000:9 < 1700000001:0. */
bool id_precedes(const char *left, size_t left_length, const char *right, size_t right_length);

#endif
