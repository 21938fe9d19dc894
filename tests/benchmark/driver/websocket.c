#include "websocket.h"

#include <stdlib.h>
#include <string.h>

#include "records.h"

#define FINAL 0x80
#define MASKED 0x80
enum opcode { TEXT_MESSAGE = 1, CLOSE = 8, PING = 9, PONG = 10 };

/* What `take_frame` works with. */
struct reading {
    struct websocket *websocket;
    struct text *answer;
    body_sink *sink;
    void *context;
};

/* A client masks what it sends; a key of zeros leaves the payload as it is. */
static void add_frame(struct text *out, enum opcode opcode, const char *payload, size_t length)
{
    char head[8] = {(char)(FINAL | opcode), (char)(MASKED | length)};
    size_t head_length = 2;
    if (length > 125) {
        head[1] = (char)(MASKED | 126);
        head[2] = (char)(length >> 8);
        head[3] = (char)length;
        head_length = 4;
    }
    text_add_bytes(out, head, head_length + 4);
    text_add_bytes(out, payload, length);
}

static void handle(const struct reading *reading, int first, const char *payload, size_t length)
{
    switch (first) {
    case FINAL | TEXT_MESSAGE: reading->sink(reading->context, payload, length); break;
    case FINAL | PING: add_frame(reading->answer, PONG, payload, length); break;
    case FINAL | PONG: break;
    case FINAL | CLOSE: reading->websocket->ended = true; break;
    default: reading->websocket->garbled = true;
    }
}

static size_t take_frame(void *context, const char *bytes, size_t length)
{
    const struct reading *reading = context;
    if (length < 2)
        return 0;
    uint64_t size = (unsigned char)bytes[1]; /* with the bit of a mask, which no server sets, it is beyond 127 */
    size_t head = size == 126 ? 4 : size == 127 ? 10 : 2;
    if (size > 127)
        reading->websocket->garbled = true;
    if (length < head || reading->websocket->garbled)
        return 0;
    if (head > 2)
        size = big_endian(bytes + 2, (int)head - 2);
    if (length - head < size)
        return 0;
    handle(reading, (unsigned char)bytes[0], bytes + head, size);
    return head + size;
}

void websocket_feed(struct websocket *websocket, const char *bytes, size_t length, struct text *answer, body_sink *sink,
                    void *context)
{
    struct reading reading = {websocket, answer, sink, context};
    records_feed(&websocket->pending, bytes, length, take_frame, &reading);
}

void websocket_add_message(struct text *out, const char *payload, size_t length)
{
    add_frame(out, TEXT_MESSAGE, payload, length);
}

void websocket_reset(struct websocket *websocket)
{
    free(websocket->pending.bytes);
    memset(websocket, 0, sizeof *websocket);
}
