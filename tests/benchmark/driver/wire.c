#include "wire.h"

#include "messages.h"

/* What the steps of decoding hand each other. */
struct reading {
    struct wire *wire;
    struct text *answer;
    event_sink *sink;
    void *context;
};

static void read_lines(void *context, const char *bytes, size_t length)
{
    struct reading *reading = context;
    event_stream_feed(&reading->wire->stream, bytes, length, reading->sink, reading->context);
}

static void read_json(void *context, const char *message, size_t length)
{
    struct reading *reading = context;
    json_events(message, length, reading->sink, reading->context);
}

static void read_protobuf(void *context, const char *message, size_t length)
{
    struct reading *reading = context;
    protobuf_events(message, length, reading->sink, reading->context);
}

static bool is_accepted(const struct wire *wire)
{
    return wire->response.status == (wire->request->protocol == WEBSOCKET ? 101 : 200);
}

static void read_body(void *context, const char *bytes, size_t length)
{
    struct reading *reading = context;
    struct wire *wire = reading->wire;
    if (!is_accepted(wire))
        return;
    if (wire->request->protocol == WEBSOCKET)
        websocket_feed(&wire->websocket, bytes, length, reading->answer, read_json, reading);
    else if (wire->response.gzip)
        gunzip_feed(&wire->gunzip, bytes, length, read_lines, reading);
    else
        read_lines(reading, bytes, length);
}

void wire_add_request(const struct wire *wire, uint32_t index, struct text *out)
{
    const struct request *request = wire->request;
    if (request->protocol == GRPC) {
        grpc_add_call(out, wire->port, request->path, request->message.bytes, request->message.length);
        return;
    }
    text_add(out, "GET ");
    text_add_template(out, request->path, "$index", index);
    text_add(out, " HTTP/1.1\r\n");
    text_add_headers(out, wire->port, &request->headers);
    if (request->own_headers.count > 0) {
        text_add(out, request->own_headers.each[index % request->own_headers.count]);
        text_add(out, "\r\n");
    }
    text_add(out, "\r\n");
}

void wire_feed(struct wire *wire, const char *bytes, size_t length, struct text *answer, event_sink *sink,
               void *context)
{
    struct reading reading = {wire, answer, sink, context};
    if (wire->request->protocol == GRPC) {
        grpc_feed(&wire->call, bytes, length, answer, read_protobuf, &reading);
        return;
    }
    bool was_waiting = wire->response.status == 0;
    response_feed(&wire->response, bytes, length, read_body, &reading);
    const struct message *message = &wire->request->message;
    if (was_waiting && is_accepted(wire) && message->length > 0)
        websocket_add_message(answer, message->bytes, message->length);
}

static enum wire_state call_state(const struct grpc_call *call)
{
    if (call->garbled)
        return WIRE_GARBLED;
    if (call->ended)
        return WIRE_COMPLETE;
    return call->accepted ? WIRE_OPEN : WIRE_WAITING;
}

enum wire_state wire_state(const struct wire *wire)
{
    if (wire->request->protocol == GRPC)
        return call_state(&wire->call);
    if (wire->response.state == RESPONSE_GARBLED || wire->gunzip.garbled || wire->websocket.garbled)
        return WIRE_GARBLED;
    if (wire->response.state == RESPONSE_HEAD)
        return WIRE_WAITING;
    if (!is_accepted(wire))
        return WIRE_REFUSED;
    if (wire->response.state != RESPONSE_COMPLETE && !wire->websocket.ended)
        return WIRE_OPEN;
    return wire->response.gzip && !wire->gunzip.ended ? WIRE_GARBLED : WIRE_COMPLETE;
}

static bool is_within_event(const struct wire *wire)
{
    const struct text *parts[] = {&wire->websocket.pending, &wire->call.frames, &wire->call.messages};
    for (size_t at = 0; at < sizeof parts / sizeof *parts; at++)
        if (parts[at]->length > 0)
            return true;
    return event_stream_is_within_event(&wire->stream);
}

enum wire_state wire_end(struct wire *wire)
{
    response_end(&wire->response);
    return is_within_event(wire) ? WIRE_GARBLED : wire_state(wire);
}

int wire_status(const struct wire *wire)
{
    return wire->response.status;
}

void wire_reset(struct wire *wire)
{
    response_reset(&wire->response);
    gunzip_reset(&wire->gunzip);
    event_stream_reset(&wire->stream);
    websocket_reset(&wire->websocket);
    grpc_reset(&wire->call);
}
