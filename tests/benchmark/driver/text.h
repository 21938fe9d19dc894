/* Text that is put together: requests and their bodies. */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "options.h"

struct text {
    char *bytes;
    size_t length;
    size_t capacity;
};

void text_add(struct text *text, const char *more);
void text_add_bytes(struct text *text, const char *more, size_t length);

/* Add a number in decimal, with leading zeros up to this many digits. */
void text_add_number(struct text *text, uint64_t number, int digits);

/* Add the template; a number stands in place of each occurrence of the name. */
void text_add_template(struct text *text, const char *template, const char *name, uint64_t number);

/* Add the lines of a request's head that follow the request line, without the empty one. */
void text_add_headers(struct text *text, int port, const struct headers *headers);

#endif
