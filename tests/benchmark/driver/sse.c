#define _GNU_SOURCE
#include "sse.h"

#include <stdlib.h>
#include <string.h>

#include "fatal.h"

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

static void read_mark(struct event *event, const char *data, size_t length)
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

static void read_id(struct event *event, const char *value, size_t length)
{
    if (length > LONGEST_ID)
        length = LONGEST_ID;
    memcpy(event->id, value, length);
    event->id_length = (uint8_t)length;
}

static void clear(struct event *event)
{
    event->marked = event->has_data = false;
    event->id_length = 0;
}

static void feed_line(struct event_stream *stream, const char *line, size_t length, event_sink *sink, void *context)
{
    struct event *event = &stream->event;
    if (length > 0 && line[length - 1] == '\r')
        length--;
    if (length == 0) {
        if (event->has_data)
            sink(context, event);
        clear(event);
    } else if (length >= 5 && memcmp(line, "data:", 5) == 0) {
        event->has_data = true;
        if (!event->marked)
            read_mark(event, line + 5, length - 5);
    } else if (length >= 3 && memcmp(line, "id:", 3) == 0) {
        size_t start = length > 3 && line[3] == ' ' ? 4 : 3;
        read_id(event, line + start, length - start);
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
