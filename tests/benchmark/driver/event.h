/* An event of a stream, as far as this driver reads it: its id, and the mark that the driver itself put into the data,
 * "bench.SEQUENCE.STAMP", wherever it stands. */
#ifndef EVENT_H
#define EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MARK "bench."
#define MARK_LENGTH 6
#define SEQUENCE_DIGITS 10
#define STAMP_DIGITS 20
#define LONGEST_ID 128

struct event {
    uint64_t sequence;
    int64_t stamp; /* nanoseconds of the monotonic clock at which it was due to be published */
    bool marked;   /* the two above are there */
    bool has_data;
    uint8_t id_length; /* 0: no id */
    char id[LONGEST_ID];
};

typedef void event_sink(void *context, const struct event *event);

/* Find the mark in data. */
void event_read_mark(struct event *event, const char *data, size_t length);

void event_read_id(struct event *event, const char *value, size_t length);

/* Make it an event of which nothing has come yet. */
void event_clear(struct event *event);

#endif
