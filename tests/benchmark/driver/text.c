#include "text.h"

#include <stdio.h>
#include <string.h>

#include "fatal.h"

void text_add_bytes(struct text *text, const char *more, size_t length)
{
    if (text->length + length > text->capacity) {
        text->capacity = 2 * (text->length + length);
        text->bytes = reallocate(text->bytes, text->capacity, 1);
    }
    memcpy(text->bytes + text->length, more, length);
    text->length += length;
}

void text_add(struct text *text, const char *more)
{
    text_add_bytes(text, more, strlen(more));
}

void text_add_number(struct text *text, uint64_t number, int digits)
{
    char decimal[24];
    int at = sizeof decimal;
    while (number > 0 || digits > 0 || at == sizeof decimal) {
        decimal[--at] = (char)('0' + number % 10);
        number /= 10;
        digits--;
    }
    text_add_bytes(text, decimal + at, sizeof decimal - (size_t)at);
}

void text_add_template(struct text *text, const char *template, const char *name, uint64_t number)
{
    for (const char *place = strstr(template, name); place; place = strstr(template, name)) {
        text_add_bytes(text, template, (size_t)(place - template));
        text_add_number(text, number, 1);
        template = place + strlen(name);
    }
    text_add(text, template);
}

void text_add_headers(struct text *text, int port, const struct headers *headers)
{
    char host[64];
    snprintf(host, sizeof host, "Host: 127.0.0.1:%d\r\n", port);
    text_add(text, host);
    for (int at = 0; at < headers->count; at++) {
        text_add(text, headers->lines[at]);
        text_add(text, "\r\n");
    }
}
