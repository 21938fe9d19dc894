#define _GNU_SOURCE
#include "messages.h"

#include <string.h>

#define ID "\"id\":\""
#define ID_LENGTH 6

static void hand_over_none(event_sink *sink, void *context)
{
    static const struct event unmarked;
    sink(context, &unmarked);
}

void json_events(const char *message, size_t length, event_sink *sink, void *context)
{
    static struct event event;
    const char *end = message + length;
    const char *id = memmem(message, length, ID, ID_LENGTH);
    if (!id)
        hand_over_none(sink, context);
    while (id) {
        id += ID_LENGTH;
        const char *next = memmem(id, (size_t)(end - id), ID, ID_LENGTH);
        const char *event_end = next ? next : end;
        const char *quote = memchr(id, '"', (size_t)(event_end - id));
        event_clear(&event);
        if (quote) {
            event_read_id(&event, id, (size_t)(quote - id));
            event_read_mark(&event, quote, (size_t)(event_end - quote));
        }
        sink(context, &event);
        id = next;
    }
}

static bool read_varint(const char **at, const char *end, uint64_t *number)
{
    *number = 0;
    for (int shift = 0; shift < 64 && *at < end; shift += 7) {
        unsigned char byte = (unsigned char)*(*at)++;
        *number |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return true;
    }
    return false;
}

/* Read the next field, if it is one with a length; NULL: there is none. Others are not in these messages before field 1. */
static const char *read_field(const char **at, const char *end, uint64_t *number, uint64_t *length)
{
    uint64_t key;
    if (!read_varint(at, end, &key) || (key & 7) != 2 || !read_varint(at, end, length) || *length > (uint64_t)(end - *at))
        return NULL;
    const char *value = *at;
    *number = key >> 3;
    *at += *length;
    return value;
}

static void read_event(const char *at, uint64_t length, event_sink *sink, void *context)
{
    static struct event event;
    const char *end = at + length;
    uint64_t number, id_length;
    event_clear(&event);
    const char *id = read_field(&at, end, &number, &id_length);
    if (id && number == 1) {
        event_read_id(&event, id, id_length);
        event_read_mark(&event, at, (size_t)(end - at));
    }
    sink(context, &event);
}

void protobuf_events(const char *message, size_t length, event_sink *sink, void *context)
{
    uint64_t number, page_length, event_length;
    const char *page = read_field(&message, message + length, &number, &page_length);
    if (!page || number != 1) {
        hand_over_none(sink, context);
        return;
    }
    const char *end = page + page_length;
    for (const char *event; (event = read_field(&page, end, &number, &event_length));)
        if (number == 1)
            read_event(event, event_length, sink, context);
}
