/* Subscribers: connections that read an event stream, hold it to what was published, and take its latency. */
#ifndef SUBSCRIBERS_H
#define SUBSCRIBERS_H

#include "histogram.h"
#include "options.h"

struct tally {
    uint64_t deliveries; /* events received, each counted once */
    uint64_t others;     /* events without our mark: the server's own */
    uint64_t reads;
    uint64_t bytes;
    uint64_t replays;    /* streams that ended as they should, and were opened again */
    uint64_t missing;
    uint64_t duplicated;
    uint64_t disordered;
    uint64_t foreign;    /* marked, but not published for this subscriber */
    uint64_t id_missing;
    uint64_t id_changed; /* one event, two ids */
    uint64_t id_shared;  /* two events, one id */
    uint64_t id_disordered;
    uint64_t refused;    /* no stream */
    int refused_with;    /* the status, or 0 where there was none */
    uint64_t cut;        /* ended before its time */
    uint64_t garbled;    /* not the protocol, or an end within an event */
    int64_t last_at;     /* when the last event was read */
};

struct subscriber;

struct group {
    int count;
    struct request request;
    uint16_t port;
    enum ids ids;
    bool ready_by_event;
    int connecting;
    bool background;        /* may wait for the others */
    bool ends;              /* the server ends these streams, when it has sent what it has */
    bool replays;           /* ... and then they are opened again */
    bool left;              /* ... but no more */
    uint64_t first;         /* the sequence number that subscriber 0 gets first */
    uint64_t offset;        /* how far that of the next subscriber is from it */
    uint64_t stride;        /* from one event of a subscriber to its next one */
    uint64_t least;         /* events that a stream has at least when it ends */
    const uint64_t *end;    /* the sequence number after the newest one published */
    uint64_t measured_from; /* latency is taken from here on */

    struct subscriber *subscribers;
    int opened;
    int ready;
    int open; /* ready and not ended */
    struct tally tally;
    struct histogram latency;
};

/* Open all of them, and wait until each is ready, or the deadline has come. */
void subscribers_open(struct group *group, int64_t deadline);

/* Add up what never came, of all that was published. */
void subscribers_settle(struct group *group);

/* Let the replays under way be the last ones. */
void subscribers_leave(struct group *group);

uint64_t tally_faults(const struct tally *tally);

#endif
