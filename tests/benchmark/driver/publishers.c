#define _GNU_SOURCE
#include "publishers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "fatal.h"
#include "http.h"
#include "loop.h"
#include "event.h"
#include "text.h"

#define SHOWN_BYTES 200 /* of the body of a refusal */

struct publisher {
    struct source source; /* first: the loop hands it back */
    bool busy;
    int events;
    int64_t sent_at;
    struct text out;
    size_t sent;
    struct response response;
    char body[SHOWN_BYTES + 1];
    size_t body_length;
};

uint64_t publishers_next;
uint64_t publishers_acknowledged;
uint64_t publishers_requests;
int publishers_busy;
struct histogram publishers_latency;

static const struct options *options;
static struct publisher *publishers;

static void serve(struct source *source, uint32_t events);

static void connect_publisher(struct publisher *publisher)
{
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)options->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&to, sizeof to) != 0)
        fatal("A publisher cannot connect to port %d: %s.", options->port, strerror(errno));
    int yes = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    publisher->source = (struct source){descriptor, serve};
    loop_add(&publisher->source, EPOLLIN, false);
}

static void disconnect(struct publisher *publisher)
{
    close(publisher->source.descriptor);
    publisher->source.descriptor = -1;
}

static void keep_body(void *context, const char *bytes, size_t length)
{
    struct publisher *publisher = context;
    size_t room = SHOWN_BYTES - publisher->body_length;
    size_t kept = length < room ? length : room;
    memcpy(publisher->body + publisher->body_length, bytes, kept);
    publisher->body_length += kept;
}

static void acknowledge(struct publisher *publisher)
{
    publisher->body[publisher->body_length] = '\0';
    if (publisher->response.status < 200 || publisher->response.status > 299)
        fatal("Publishing was answered with %d: %s", publisher->response.status, publisher->body);
    histogram_add(&publishers_latency, now() - publisher->sent_at);
    publishers_acknowledged += (uint64_t)publisher->events;
    publisher->busy = false;
    publishers_busy--;
    bool closes = publisher->response.closes;
    response_reset(&publisher->response);
    if (closes)
        disconnect(publisher);
}

static void flush(struct publisher *publisher)
{
    struct text *out = &publisher->out;
    ssize_t sent =
        send(publisher->source.descriptor, out->bytes + publisher->sent, out->length - publisher->sent, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
        fatal("The server cut a publisher's connection: %s.", strerror(errno));
    bool was_blocked = publisher->sent > 0;
    publisher->sent += sent > 0 ? (size_t)sent : 0;
    bool is_blocked = publisher->sent < out->length;
    if (is_blocked || was_blocked)
        loop_change(&publisher->source, is_blocked ? EPOLLIN | EPOLLOUT : EPOLLIN, false);
}

static void receive(struct publisher *publisher)
{
    static char buffer[256 * 1024];
    ssize_t length = recv(publisher->source.descriptor, buffer, sizeof buffer, 0);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (length <= 0 && !publisher->busy) { /* the server does not keep idle connections for ever */
        disconnect(publisher);
        return;
    }
    if (length <= 0)
        fatal("The server closed a publisher's connection and did not answer.");
    response_feed(&publisher->response, buffer, (size_t)length, keep_body, publisher);
    if (publisher->response.state == RESPONSE_GARBLED || !publisher->busy)
        fatal("The server's answer to publishing is not HTTP.");
    if (publisher->response.state == RESPONSE_COMPLETE)
        acknowledge(publisher);
}

static void serve(struct source *source, uint32_t events)
{
    struct publisher *publisher = (struct publisher *)source;
    if (source->descriptor >= 0 && (events & EPOLLOUT))
        flush(publisher);
    if (source->descriptor >= 0 && (events & ~(uint32_t)EPOLLOUT))
        receive(publisher);
}

static void add_event(struct text *text, uint64_t sequence, int64_t stamp)
{
    const char *template = options->event;
    for (const char *place = strchr(template, '$'); place; place = strchr(template, '$')) {
        text_add_bytes(text, template, (size_t)(place - template));
        template = place + 1;
        if (strncmp(place, "$mark", 5) == 0) {
            text_add(text, MARK);
            text_add_number(text, sequence, SEQUENCE_DIGITS);
            text_add(text, ".");
            text_add_number(text, (uint64_t)stamp, STAMP_DIGITS);
            template = place + 5;
        } else if (strncmp(place, "$order", 6) == 0) {
            text_add_number(text, sequence % (uint64_t)(options->subscribers ? options->subscribers : 1), 1);
            template = place + 6;
        } else {
            text_add(text, "$");
        }
    }
    text_add(text, template);
}

static void write_request(struct text *out, int events, int64_t due)
{
    static struct text body;
    body.length = 0;
    text_add(&body, options->open);
    for (int at = 0; at < events; at++) {
        if (at > 0)
            text_add(&body, options->separator);
        add_event(&body, publishers_next++, due);
    }
    text_add(&body, options->close);
    out->length = 0;
    text_add(out, "POST ");
    text_add(out, options->publish_path);
    text_add(out, " HTTP/1.1\r\n");
    text_add_headers(out, options->port, &options->publish_headers);
    text_add(out, "Content-Length: ");
    text_add_number(out, body.length, 1);
    text_add(out, "\r\n\r\n");
    text_add_bytes(out, body.bytes, body.length);
}

void publishers_open(const struct options *given)
{
    options = given;
    publishers_next = given->history;
    publishers = allocate((size_t)given->in_flight, sizeof *publishers);
    for (int at = 0; at < given->in_flight; at++)
        publishers[at].source.descriptor = -1;
}

bool publishers_publish(int events, int64_t due)
{
    /* The first that is free: connections beyond those that are needed stay unused, and none goes stale unnoticed. */
    int at = 0;
    while (at < options->in_flight && publishers[at].busy)
        at++;
    if (at == options->in_flight)
        return false;
    struct publisher *publisher = &publishers[at];
    write_request(&publisher->out, events, due);
    if (publisher->source.descriptor < 0)
        connect_publisher(publisher);
    publisher->busy = true;
    publisher->events = events;
    publisher->sent = 0;
    publisher->body_length = 0;
    publisher->sent_at = now();
    publishers_busy++;
    publishers_requests++;
    flush(publisher);
    return true;
}
