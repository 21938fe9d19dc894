/* Records that arrive in pieces: frames, and messages with a length before them. */
#ifndef RECORDS_H
#define RECORDS_H

#include <stddef.h>

#include "text.h"

/* Take the record at the start of the bytes; return its length, or 0 if it is not whole yet. */
typedef size_t take_record(void *context, const char *bytes, size_t length);

/* Hand over every record that is whole now; what is left of the bytes waits in `pending` for the rest of its record. */
void records_feed(struct text *pending, const char *bytes, size_t length, take_record *take, void *context);

/* The number in big-endian bytes. */
uint64_t big_endian(const char *bytes, int count);

#endif
