/* Server-sent events, parsed as they arrive
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation).
 *
 * Of the data only the mark that this driver put there is read: "bench.SEQUENCE.STAMP", wherever it stands. Not supported,
 * because none of the servers measured sends it: a lone CR as the end of a line, and a mark that is split over two lines.
 */
#ifndef SSE_H
#define SSE_H

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

struct event_stream {
    char *partial; /* a line whose end has not come yet */
    uint32_t partial_length;
    uint32_t partial_capacity;
    struct event event; /* as far as it has come */
};

/* Parse the next bytes of a stream; each complete event that has data goes to the sink. */
void event_stream_feed(struct event_stream *stream, const char *bytes, size_t length, event_sink *sink, void *context);

/* Whether the stream stands within an event. */
bool event_stream_is_within_event(const struct event_stream *stream);

void event_stream_reset(struct event_stream *stream);

#endif
