/* The command line, as values. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MOST_HEADERS 8

enum mode { LOCKSTEP, RATE, PUBLISH, READ };
enum ids { IDS_NONE, IDS_UNIQUE, IDS_ORDERED };

enum protocol { SSE, WEBSOCKET, GRPC };

struct headers {
    const char *lines[MOST_HEADERS];
    int count;
};

/* The message by which a WebSocket client subscribes, or the request of a gRPC call. */
struct message {
    char *bytes;
    size_t length;
};

/* The lines of a file. */
struct lines {
    char **each;
    size_t count;
};

/* What a subscriber asks for. */
struct request {
    enum protocol protocol;
    const char *path; /* $index stands for the number of the subscriber */
    struct headers headers;
    struct lines own_headers; /* one more for each subscriber, in turn */
    struct message message;
};

struct options {
    enum mode mode;
    int port;        /* of HTTP; events are published there */
    int stream_port; /* ... and read there, unless this is given */
    pid_t server; /* whose process tree is measured; 0: none is */

    int subscribers;
    struct request request;
    enum ids ids;
    bool ready_by_event; /* not by the head alone */
    bool spread;         /* event n goes to subscriber n modulo their number, and to no other */
    int connecting;      /* most connections that wait for their first bytes at a time */

    int replayers;
    const char *replayer_path;
    uint64_t history; /* events that the server has stored: a replay is at least these */

    const char *publish_path;
    struct headers publish_headers;
    const char *event; /* $mark, $order */
    const char *open;  /* what stands before, between and after the events of one request */
    const char *separator;
    const char *close;
    int batch;     /* events in one request */
    int burst;     /* events of one wake-up in lockstep */
    int in_flight; /* most requests under way */

    uint64_t events; /* in all; 0: as many as the time allows */
    double rate;
    double seconds;
    double warm_up_seconds; /* in lockstep, before the measurement */
    double idle_seconds;
    double settle_seconds;
    double linger_seconds;
    double connect_seconds; /* until all must be ready */
    double stall_seconds;   /* without any progress, until the rest is given up */
};

/* Read them, or end with one line that says what is wrong. */
struct options options_read(int count, char **arguments);

#endif
