/* The limit: the least that a server can do. One thread, epoll, no checks, no log, no flow control.
 *
 * A subscriber (GET) gets a head and is kept. A publication (POST) is one event a line; all of one request become one run
 * of bytes, and each subscriber gets it with one write. A subscriber whose buffer is full is disconnected: the load driver
 * then reports what it lost, and the run does not count.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_DESCRIPTORS 65536
#define LONGEST_REQUEST (1 << 20)

struct request {
    char *bytes; /* NULL once it is a subscriber */
    size_t length;
};

static struct request *requests[MOST_DESCRIPTORS];
static int subscribers[MOST_DESCRIPTORS];
static int subscriber_count;
static unsigned long published;

static char frames[2 * LONGEST_REQUEST + 64];

_Noreturn static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void forget(int descriptor)
{
    for (int at = 0; at < subscriber_count; at++)
        if (subscribers[at] == descriptor)
            subscribers[at--] = subscribers[--subscriber_count];
    free(requests[descriptor]->bytes);
    free(requests[descriptor]);
    requests[descriptor] = NULL;
    close(descriptor);
}

static void answer(int descriptor, const char *text)
{
    if (write(descriptor, text, strlen(text)) < 0)
        fail("write");
}

static void subscribe(int descriptor)
{
    answer(descriptor, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    free(requests[descriptor]->bytes);
    requests[descriptor]->bytes = NULL;
    subscribers[subscriber_count++] = descriptor;
}

/* Write the lines as events in one chunk, and give where it begins: its size comes before it and is known after it. */
static char *frame(char *line, char *end, size_t *length)
{
    char *start = frames + 32, *at = start;
    while (line < end) {
        char *newline = memchr(line, '\n', (size_t)(end - line));
        char *stop = newline ? newline : end;
        at += sprintf(at, "id: %lu\nevent: order.shipped\ndata: ", ++published);
        at = mempcpy(at, line, (size_t)(stop - line));
        at = mempcpy(at, "\n\n", 2);
        line = stop + 1;
    }
    char size[32];
    int digits = snprintf(size, sizeof size, "%zx\r\n", (size_t)(at - start));
    memcpy(start - digits, size, (size_t)digits);
    at = mempcpy(at, "\r\n", 2);
    *length = (size_t)(at - start) + (size_t)digits;
    return start - digits;
}

static void publish(int descriptor, char *body, char *end)
{
    size_t length;
    const char *chunk = frame(body, end, &length);
    for (int at = 0; at < subscriber_count; at++)
        if (write(subscribers[at], chunk, length) != (ssize_t)length)
            shutdown(subscribers[at], SHUT_RDWR); /* epoll tells, and it is forgotten */
    requests[descriptor]->length = 0;
    answer(descriptor, "HTTP/1.1 204 No Content\r\n\r\n");
}

static void receive(int descriptor)
{
    struct request *request = requests[descriptor];
    if (!request->bytes) { /* a subscriber says nothing any more */
        forget(descriptor);
        return;
    }
    ssize_t length = read(descriptor, request->bytes + request->length, LONGEST_REQUEST - request->length);
    if (length <= 0) {
        forget(descriptor);
        return;
    }
    request->length += (size_t)length;
    request->bytes[request->length] = '\0';
    char *body = strstr(request->bytes, "\r\n\r\n");
    if (!body)
        return;
    body += 4;
    char *counted = strcasestr(request->bytes, "Content-Length:");
    if (request->bytes[0] == 'G') {
        subscribe(descriptor);
    } else if (counted) {
        char *end = body + strtoul(counted + 15, NULL, 10);
        if (end <= request->bytes + request->length)
            publish(descriptor, body, end);
    }
}

static void accept_all(int listener, int epoll)
{
    for (;;) {
        int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0 && errno == EAGAIN)
            return;
        if (descriptor < 0 || descriptor >= MOST_DESCRIPTORS)
            fail("accept");
        int yes = 1;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        requests[descriptor] = calloc(1, sizeof **requests);
        requests[descriptor]->bytes = malloc(LONGEST_REQUEST + 1);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
        epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
    }
}

int main(int count, char **arguments)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), epoll = epoll_create1(EPOLL_CLOEXEC);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)(count > 1 ? atoi(arguments[1]) : 0)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 2048) != 0)
        fail("listen");
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event events[256];
        int ready = epoll_wait(epoll, events, 256, -1);
        for (int at = 0; at < ready; at++) {
            if (events[at].data.fd == listener)
                accept_all(listener, epoll);
            else if (requests[events[at].data.fd])
                receive(events[at].data.fd);
        }
    }
}
