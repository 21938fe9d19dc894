#define _GNU_SOURCE
#include "http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fatal.h"

#define LONGEST_HEAD 16384

enum framing { UNTIL_CLOSE, LENGTH, CHUNKED };
enum chunk { CHUNK_SIZE, CHUNK_EXTENSION, CHUNK_DATA, CHUNK_END, TRAILER_START, TRAILER };

void response_reset(struct response *response)
{
    free(response->head);
    memset(response, 0, sizeof *response);
}

bool response_end(struct response *response)
{
    if (response->state == RESPONSE_BODY && response->framing == UNTIL_CLOSE)
        response->state = RESPONSE_COMPLETE;
    return response->state == RESPONSE_COMPLETE;
}

/* The value of a header field in a head that ends with NUL, or NULL. */
static const char *field(const char *head, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':')
            return line + length + 1 + strspn(line + length + 1, " \t");
    }
    return NULL;
}

static bool value_has(const char *value, const char *word)
{
    if (!value)
        return false;
    const char *end = strstr(value, "\r\n");
    const char *found = strcasestr(value, word);
    return found && (!end || found < end);
}

static void read_head(struct response *response)
{
    const char *head = response->head;
    if (strncmp(head, "HTTP/1.", 7) != 0 || strlen(head) < 12) {
        response->state = RESPONSE_GARBLED;
        return;
    }
    response->status = (uint16_t)atoi(head + 9);
    response->closes = value_has(field(head, "Connection"), "close");
    response->gzip = value_has(field(head, "Content-Encoding"), "gzip");
    response->state = RESPONSE_BODY;
    const char *length = field(head, "Content-Length");
    if (response->status == 204 || response->status == 304) {
        response->state = RESPONSE_COMPLETE;
    } else if (value_has(field(head, "Transfer-Encoding"), "chunked")) {
        response->framing = CHUNKED;
    } else if (length) {
        response->framing = LENGTH;
        response->left = strtoull(length, NULL, 10);
        if (response->left == 0)
            response->state = RESPONSE_COMPLETE;
    }
}

/* Collect the head; return how many bytes belong to it. */
static size_t feed_head(struct response *response, const char *bytes, size_t length)
{
    if (response->head_length + length > LONGEST_HEAD)
        length = LONGEST_HEAD - response->head_length;
    uint32_t before = response->head_length;
    response->head = reallocate(response->head, before + length + 1, 1);
    memcpy(response->head + before, bytes, length);
    response->head[before + length] = '\0';
    response->head_length += (uint32_t)length;
    char *end = memmem(response->head, response->head_length, "\r\n\r\n", 4);
    if (!end) {
        if (response->head_length >= LONGEST_HEAD)
            response->state = RESPONSE_GARBLED;
        return length;
    }
    size_t head_length = (size_t)(end - response->head) + 4;
    end[2] = '\0';
    read_head(response);
    free(response->head);
    response->head = NULL;
    return head_length - before;
}

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* One byte of what surrounds the data of chunks. */
static void feed_chunk_byte(struct response *response, char byte)
{
    switch (response->chunk) {
    case CHUNK_SIZE:
        if (hex_digit(byte) >= 0 && response->left < (1ULL << 40)) {
            response->left = 16 * response->left + (uint64_t)hex_digit(byte);
            response->digits = true;
            return;
        }
        if (!response->digits || (byte != '\r' && byte != ';' && byte != ' ')) {
            response->state = RESPONSE_GARBLED;
            return;
        }
        response->digits = false;
        response->chunk = CHUNK_EXTENSION;
        return;
    case CHUNK_EXTENSION:
        if (byte == '\n')
            response->chunk = response->left ? CHUNK_DATA : TRAILER_START;
        return;
    case CHUNK_END:
        if (byte == '\n')
            response->chunk = CHUNK_SIZE;
        else if (byte != '\r')
            response->state = RESPONSE_GARBLED;
        return;
    case TRAILER_START:
        if (byte == '\n')
            response->state = RESPONSE_COMPLETE;
        else if (byte != '\r')
            response->chunk = TRAILER;
        return;
    case TRAILER:
        if (byte == '\n')
            response->chunk = TRAILER_START;
        return;
    }
}

static size_t feed_counted(struct response *response, const char *bytes, size_t length, body_sink *sink, void *context)
{
    size_t used = length < response->left ? length : (size_t)response->left;
    sink(context, bytes, used);
    response->left -= used;
    return used;
}

static size_t feed_body(struct response *response, const char *bytes, size_t length, body_sink *sink, void *context)
{
    if (response->framing == UNTIL_CLOSE) {
        sink(context, bytes, length);
        return length;
    }
    if (response->framing == LENGTH) {
        size_t used = feed_counted(response, bytes, length, sink, context);
        if (response->left == 0)
            response->state = RESPONSE_COMPLETE;
        return used;
    }
    if (response->chunk != CHUNK_DATA) {
        feed_chunk_byte(response, *bytes);
        return 1;
    }
    size_t used = feed_counted(response, bytes, length, sink, context);
    if (response->left == 0)
        response->chunk = CHUNK_END;
    return used;
}

void response_feed(struct response *response, const char *bytes, size_t length, body_sink *sink, void *context)
{
    while (length > 0 && response->state < RESPONSE_COMPLETE) {
        size_t used = response->state == RESPONSE_HEAD ? feed_head(response, bytes, length)
                                                       : feed_body(response, bytes, length, sink, context);
        bytes += used;
        length -= used;
    }
    if (length > 0) /* bytes after the end of a response that nobody asked for */
        response->state = RESPONSE_GARBLED;
}
