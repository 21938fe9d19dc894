/* One connection of a subscriber: what asks for the events, and the events in what comes back, whatever the protocol is. */
#ifndef WIRE_H
#define WIRE_H

#include "event.h"
#include "grpc.h"
#include "gunzip.h"
#include "http.h"
#include "options.h"
#include "sse.h"
#include "text.h"
#include "websocket.h"

enum wire_state {
    WIRE_WAITING,  /* for the head of the response */
    WIRE_OPEN,
    WIRE_COMPLETE, /* the server has ended the stream as the protocol has it */
    WIRE_REFUSED,  /* a status other than 200, or 101 for WebSocket */
    WIRE_GARBLED,
};

struct wire {
    const struct request *request;
    uint16_t port;
    struct response response;
    struct gunzip gunzip;
    struct event_stream stream;
    struct websocket websocket;
    struct grpc_call call;
};

/* Add the request of the subscriber with this number. */
void wire_add_request(const struct wire *wire, uint32_t index, struct text *out);

/* Read the next bytes; each event goes to the sink. What must be sent now is added to `answer`. */
void wire_feed(struct wire *wire, const char *bytes, size_t length, struct text *answer, event_sink *sink,
               void *context);

enum wire_state wire_state(const struct wire *wire);

/* The state after the connection has ended. An end within an event makes it garbled. */
enum wire_state wire_end(struct wire *wire);

/* The status of the response; 0: there is none. */
int wire_status(const struct wire *wire);

/* Be ready for the same request on a new connection. */
void wire_reset(struct wire *wire);

#endif
