#include "gunzip.h"

#include <stdlib.h>
#include <string.h>

#include "fatal.h"

#if __has_include(<zlib.h>)
#include <zlib.h>

#define ONLY_GZIP (16 + MAX_WBITS)

static z_stream *opened(struct gunzip *gunzip)
{
    if (!gunzip->stream) {
        gunzip->stream = allocate(1, sizeof(z_stream));
        if (inflateInit2((z_stream *)gunzip->stream, ONLY_GZIP) != Z_OK)
            fatal("zlib cannot begin to decode.");
    }
    return gunzip->stream;
}

void gunzip_feed(struct gunzip *gunzip, const char *bytes, size_t length, body_sink *sink, void *context)
{
    static char plain[256 * 1024];
    z_stream *stream = opened(gunzip);
    stream->next_in = (Bytef *)(uintptr_t)bytes;
    stream->avail_in = (uInt)length;
    do {
        stream->next_out = (Bytef *)plain;
        stream->avail_out = sizeof plain;
        int status = inflate(stream, Z_SYNC_FLUSH);
        if (stream->avail_out < sizeof plain)
            sink(context, plain, sizeof plain - stream->avail_out);
        gunzip->ended = status == Z_STREAM_END;
        gunzip->garbled = status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR;
    } while (!gunzip->ended && !gunzip->garbled && stream->avail_out == 0);
    if (gunzip->ended && stream->avail_in > 0) /* bytes after the end */
        gunzip->garbled = true;
}

void gunzip_reset(struct gunzip *gunzip)
{
    if (gunzip->stream)
        inflateEnd((z_stream *)gunzip->stream);
    free(gunzip->stream);
    memset(gunzip, 0, sizeof *gunzip);
}

#else

void gunzip_feed(struct gunzip *gunzip, const char *bytes, size_t length, body_sink *sink, void *context)
{
    (void)gunzip, (void)bytes, (void)length, (void)sink, (void)context;
    fatal("This driver was compiled without zlib, so it cannot read gzip.");
}

void gunzip_reset(struct gunzip *gunzip)
{
    (void)gunzip;
}

#endif
