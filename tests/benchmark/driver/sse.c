#include "sse.h"

#include <stdlib.h>
#include <string.h>

#include "fatal.h"

static void feed_line(struct event_stream *stream, const char *line, size_t length, event_sink *sink, void *context)
{
    struct event *event = &stream->event;
    if (length > 0 && line[length - 1] == '\r')
        length--;
    if (length == 0) {
        if (event->has_data)
            sink(context, event);
        event_clear(event);
    } else if (length >= 5 && memcmp(line, "data:", 5) == 0) {
        event->has_data = true;
        if (!event->marked)
            event_read_mark(event, line + 5, length - 5);
    } else if (length >= 3 && memcmp(line, "id:", 3) == 0) {
        size_t start = length > 3 && line[3] == ' ' ? 4 : 3;
        event_read_id(event, line + start, length - start);
    }
}

static void keep(struct event_stream *stream, const char *bytes, size_t length)
{
    size_t needed = stream->partial_length + length;
    if (needed > stream->partial_capacity) {
        stream->partial_capacity = (uint32_t)(needed < 256 ? 256 : 2 * needed);
        stream->partial = reallocate(stream->partial, stream->partial_capacity, 1);
    }
    memcpy(stream->partial + stream->partial_length, bytes, length);
    stream->partial_length = (uint32_t)needed;
}

void event_stream_feed(struct event_stream *stream, const char *bytes, size_t length, event_sink *sink, void *context)
{
    const char *end = bytes + length;
    if (stream->partial_length > 0) {
        const char *newline = memchr(bytes, '\n', length);
        keep(stream, bytes, (size_t)((newline ? newline : end) - bytes));
        if (!newline)
            return;
        bytes = newline + 1;
        size_t line_length = stream->partial_length;
        stream->partial_length = 0;
        feed_line(stream, stream->partial, line_length, sink, context);
    }
    while (bytes < end) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        if (!newline) {
            keep(stream, bytes, (size_t)(end - bytes));
            return;
        }
        feed_line(stream, bytes, (size_t)(newline - bytes), sink, context);
        bytes = newline + 1;
    }
}

bool event_stream_is_within_event(const struct event_stream *stream)
{
    return stream->partial_length > 0 || stream->event.has_data;
}

void event_stream_reset(struct event_stream *stream)
{
    free(stream->partial);
    memset(stream, 0, sizeof *stream);
}
