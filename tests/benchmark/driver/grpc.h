/* One gRPC call with a stream of responses, over HTTP/2 without TLS
 * (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, RFC 9113).
 *
 * The client's windows are as large as HTTP/2 allows, so that a server is never held up by this driver. Headers are not
 * decoded: the end of a call counts, its status does not. Not supported, because none of the servers measured sends it:
 * padded data, and compressed messages.
 */
#ifndef GRPC_H
#define GRPC_H

#include <stdbool.h>

#include "http.h"
#include "text.h"

struct grpc_call {
    struct text frames;   /* a frame that has not come whole yet */
    struct text messages; /* a message that has not come whole yet */
    uint64_t unreturned;  /* bytes of data since the windows were opened again */
    bool accepted;        /* the head of the response has come */
    bool ended;           /* ... and its end */
    bool garbled;
};

/* Add what opens the connection and begins the call with its only request. */
void grpc_add_call(struct text *out, int port, const char *path, const char *request, size_t length);

/* Read the next bytes; each message goes to the sink. What must be answered is added to `answer`. */
void grpc_feed(struct grpc_call *call, const char *bytes, size_t length, struct text *answer, body_sink *sink,
               void *context);

void grpc_reset(struct grpc_call *call);

#endif
