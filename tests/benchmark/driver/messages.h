/* Messages that hold events: of this server's WebSocket as JSON, of its gRPC as protobuf; the peers send the same forms, with
 * one event a message. A message without events is handed over as one event without a mark. */
#ifndef MESSAGES_H
#define MESSAGES_H

#include "event.h"

/* The events of a JSON message: each begins with "id":"...", and nothing else in it is called id. */
void json_events(const char *message, size_t length, event_sink *sink, void *context);

/* The events of a protobuf message: field 1 of its field 1, repeated; the id is field 1 of each. */
void protobuf_events(const char *message, size_t length, event_sink *sink, void *context);

#endif
