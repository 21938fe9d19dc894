/* Server-sent events, parsed as they arrive
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation).
 *
 * Not supported, because none of the servers measured sends it: a lone CR as the end of a line, and a mark that is split over
 * two lines.
 */
#ifndef SSE_H
#define SSE_H

#include "event.h"

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
