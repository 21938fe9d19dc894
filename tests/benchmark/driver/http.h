/* HTTP/1.1 responses, decoded as they arrive: head, then a body that is chunked, of known length, or ends with the
 * connection (RFC 9112, section 6). */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum response_state {
    RESPONSE_HEAD,
    RESPONSE_BODY,
    RESPONSE_COMPLETE,
    RESPONSE_GARBLED, /* not HTTP, or not as it said it would be */
};

struct response {
    uint8_t state;   /* enum response_state */
    uint8_t framing; /* private to http.c, as what follows */
    uint8_t chunk;
    bool digits;
    bool gzip;   /* the body is coded with it */
    bool closes; /* the server said that it closes the connection after this response */
    uint16_t status;
    uint64_t left; /* bytes of the chunk, or of the body */
    char *head;
    uint32_t head_length;
};

/* Takes the next bytes of a body. */
typedef void body_sink(void *context, const char *bytes, size_t length);

/* Decode what was received; what of it is body goes to the sink. */
void response_feed(struct response *response, const char *bytes, size_t length, body_sink *sink, void *context);

/* The connection has ended: whether the response was complete by then. */
bool response_end(struct response *response);

/* Be ready for the next response on the same connection. */
void response_reset(struct response *response);

#endif
