#define _GNU_SOURCE
#include "event.h"

#include <string.h>

static bool read_number(const char *text, int digits, uint64_t *number)
{
    uint64_t value = 0;
    for (int at = 0; at < digits; at++) {
        unsigned digit = (unsigned)(text[at] - '0');
        if (digit > 9)
            return false;
        value = 10 * value + digit;
    }
    *number = value;
    return true;
}

void event_read_mark(struct event *event, const char *data, size_t length)
{
    const char *mark = memmem(data, length, MARK, MARK_LENGTH);
    size_t needed = MARK_LENGTH + SEQUENCE_DIGITS + 1 + STAMP_DIGITS;
    if (!mark || (size_t)(data + length - mark) < needed)
        return;
    const char *sequence = mark + MARK_LENGTH, *stamp = sequence + SEQUENCE_DIGITS + 1;
    uint64_t nanoseconds;
    if (read_number(sequence, SEQUENCE_DIGITS, &event->sequence) && read_number(stamp, STAMP_DIGITS, &nanoseconds)) {
        event->stamp = (int64_t)nanoseconds;
        event->marked = true;
    }
}

void event_read_id(struct event *event, const char *value, size_t length)
{
    if (length > LONGEST_ID)
        length = LONGEST_ID;
    memcpy(event->id, value, length);
    event->id_length = (uint8_t)length;
}

void event_clear(struct event *event)
{
    event->marked = event->has_data = false;
    event->id_length = 0;
}
