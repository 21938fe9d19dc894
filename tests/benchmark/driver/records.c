#include "records.h"

#include <string.h>

static size_t take_all(const char *bytes, size_t length, take_record *take, void *context)
{
    size_t taken = 0, record;
    while (taken < length && (record = take(context, bytes + taken, length - taken)) > 0)
        taken += record;
    return taken;
}

void records_feed(struct text *pending, const char *bytes, size_t length, take_record *take, void *context)
{
    if (pending->length == 0) {
        size_t taken = take_all(bytes, length, take, context);
        text_add_bytes(pending, bytes + taken, length - taken);
        return;
    }
    text_add_bytes(pending, bytes, length);
    size_t taken = take_all(pending->bytes, pending->length, take, context);
    pending->length -= taken;
    memmove(pending->bytes, pending->bytes + taken, pending->length);
}

uint64_t big_endian(const char *bytes, int count)
{
    uint64_t number = 0;
    for (int at = 0; at < count; at++)
        number = number << 8 | (unsigned char)bytes[at];
    return number;
}
