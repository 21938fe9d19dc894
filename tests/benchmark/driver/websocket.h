/* The client's side of a WebSocket connection, once the handshake is done (RFC 6455, section 5).
 *
 * Not supported, because none of the servers measured sends it: a message in several frames, and extensions.
 */
#ifndef WEBSOCKET_H
#define WEBSOCKET_H

#include <stdbool.h>

#include "http.h"
#include "text.h"

struct websocket {
    struct text pending;
    bool ended; /* the server has sent the last frame */
    bool garbled;
};

/* Read the next bytes; the payload of each text message goes to the sink. What must be answered is added to `answer`. */
void websocket_feed(struct websocket *websocket, const char *bytes, size_t length, struct text *answer, body_sink *sink,
                    void *context);

/* Add a text message as a client sends it. */
void websocket_add_message(struct text *out, const char *payload, size_t length);

void websocket_reset(struct websocket *websocket);

#endif
