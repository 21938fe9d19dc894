/* A body with `Content-Encoding: gzip`, decoded as it arrives. */
#ifndef GUNZIP_H
#define GUNZIP_H

#include <stdbool.h>

#include "http.h"

struct gunzip {
    void *stream; /* of zlib; NULL before the first byte */
    bool ended;
    bool garbled;
};

/* Decode the next bytes, and hand what they stand for to the sink. */
void gunzip_feed(struct gunzip *gunzip, const char *bytes, size_t length, body_sink *sink, void *context);

void gunzip_reset(struct gunzip *gunzip);

#endif
