#include "grpc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "records.h"

#define FRAME_HEAD 9
#define PREFIX 5 /* of a message: a flag and its length */
#define CALL 1   /* the number of the only stream */
#define LARGEST_WINDOW 0x7fffffffU
#define FIRST_WINDOW 65535U /* of a connection, whatever the settings are */

enum frame_type { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE };
enum flag { ACK = 1, END_STREAM = 1, END_HEADERS = 4, PADDED = 8 };

/* What `take_frame` and `take_message` work with. */
struct reading {
    struct grpc_call *call;
    struct text *answer;
    body_sink *sink;
    void *context;
};

static void add_number(struct text *out, uint64_t number, int bytes)
{
    for (int at = bytes - 1; at >= 0; at--)
        text_add_bytes(out, (char[]){(char)(number >> (8 * at))}, 1);
}

static void add_frame(struct text *out, enum frame_type type, int flags, uint32_t stream, const char *payload,
                      size_t length)
{
    add_number(out, length, 3);
    add_number(out, (uint64_t)type, 1);
    add_number(out, (uint64_t)flags, 1);
    add_number(out, stream, 4);
    text_add_bytes(out, payload, length);
}

static void add_window(struct text *out, uint32_t stream, uint32_t bytes)
{
    struct text payload = {0};
    add_number(&payload, bytes, 4);
    add_frame(out, WINDOW_UPDATE, 0, stream, payload.bytes, payload.length);
    free(payload.bytes);
}

/* A field that is in no table and written as it is (RFC 7541, section 6.2.2); up to 126 bytes. */
static void add_field(struct text *out, const char *name, const char *value)
{
    add_number(out, 0, 1);
    add_number(out, strlen(name), 1);
    text_add(out, name);
    add_number(out, strlen(value), 1);
    text_add(out, value);
}

void grpc_add_call(struct text *out, int port, const char *path, const char *request, size_t length)
{
    struct text payload = {0};
    text_add(out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    add_number(&payload, 4, 2); /* the setting of the first window of each stream */
    add_number(&payload, LARGEST_WINDOW, 4);
    add_frame(out, SETTINGS, 0, 0, payload.bytes, payload.length);
    add_window(out, 0, LARGEST_WINDOW - FIRST_WINDOW);

    char authority[32];
    snprintf(authority, sizeof authority, "127.0.0.1:%d", port);
    payload.length = 0;
    add_field(&payload, ":method", "POST");
    add_field(&payload, ":scheme", "http");
    add_field(&payload, ":path", path);
    add_field(&payload, ":authority", authority);
    add_field(&payload, "content-type", "application/grpc");
    add_field(&payload, "te", "trailers");
    add_frame(out, HEADERS, END_HEADERS, CALL, payload.bytes, payload.length);

    payload.length = 0;
    add_number(&payload, 0, 1);
    add_number(&payload, length, 4);
    text_add_bytes(&payload, request, length);
    add_frame(out, DATA, END_STREAM, CALL, payload.bytes, payload.length);
    free(payload.bytes);
}

static size_t take_message(void *context, const char *bytes, size_t length)
{
    const struct reading *reading = context;
    if (length < PREFIX)
        return 0;
    if (bytes[0] != 0)
        reading->call->garbled = true;
    uint64_t size = big_endian(bytes + 1, 4);
    if (length - PREFIX < size || reading->call->garbled)
        return 0;
    reading->sink(reading->context, bytes + PREFIX, size);
    return PREFIX + size;
}

static void take_data(struct reading *reading, int flags, const char *payload, size_t length)
{
    struct grpc_call *call = reading->call;
    if (flags & PADDED)
        call->garbled = true;
    else
        records_feed(&call->messages, payload, length, take_message, reading);
    call->unreturned += length;
    if (call->unreturned > LARGEST_WINDOW / 2) {
        add_window(reading->answer, 0, (uint32_t)call->unreturned);
        add_window(reading->answer, CALL, (uint32_t)call->unreturned);
        call->unreturned = 0;
    }
}

static void handle(struct reading *reading, int type, int flags, const char *payload, size_t length)
{
    struct grpc_call *call = reading->call;
    if (type == DATA)
        take_data(reading, flags, payload, length);
    else if (type == HEADERS)
        call->accepted = true;
    else if (type == RST_STREAM)
        call->ended = true;
    else if ((type == SETTINGS || type == PING) && !(flags & ACK))
        add_frame(reading->answer, (enum frame_type)type, ACK, 0, payload, type == PING ? length : 0);
    if ((type == DATA || type == HEADERS) && (flags & END_STREAM))
        call->ended = true;
}

static size_t take_frame(void *context, const char *bytes, size_t length)
{
    if (length < FRAME_HEAD)
        return 0;
    size_t size = big_endian(bytes, 3);
    if (length - FRAME_HEAD < size)
        return 0;
    handle(context, (unsigned char)bytes[3], (unsigned char)bytes[4], bytes + FRAME_HEAD, size);
    return FRAME_HEAD + size;
}

void grpc_feed(struct grpc_call *call, const char *bytes, size_t length, struct text *answer, body_sink *sink,
               void *context)
{
    struct reading reading = {call, answer, sink, context};
    records_feed(&call->frames, bytes, length, take_frame, &reading);
}

void grpc_reset(struct grpc_call *call)
{
    free(call->frames.bytes);
    free(call->messages.bytes);
    memset(call, 0, sizeof *call);
}
