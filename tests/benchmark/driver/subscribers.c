#define _GNU_SOURCE
#include "subscribers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "fatal.h"
#include "identifiers.h"
#include "ledger.h"
#include "loop.h"
#include "text.h"
#include "wire.h"

#define READ_BYTES (256 * 1024)
#define BACKGROUND_READ_BYTES (64 * 1024) /* a fraction of a millisecond of parsing, before others are looked at again */
#define ADDRESSES 64 /* source addresses in turn: each has some 28,000 ports, and closed ones rest for a minute */

struct subscriber {
    struct source source; /* first: the loop hands it back */
    struct group *group;
    uint32_t index;
    bool requested;
    bool ready;
    bool counted; /* among those that have been ready once */
    struct wire wire;
    struct ledger ledger;
    uint8_t last_id_length;
    char last_id[LONGEST_ID];
};

static int64_t read_at; /* every event of one read has the time of that read */

static void open_connection(struct subscriber *subscriber);

static void check_id(struct subscriber *subscriber, const struct event *event)
{
    struct tally *tally = &subscriber->group->tally;
    if (event->id_length == 0) {
        tally->id_missing++;
        return;
    }
    enum id_verdict verdict = identifiers_check(event->sequence, event->id, event->id_length);
    tally->id_changed += verdict == ID_CHANGED;
    tally->id_shared += verdict == ID_SHARED;
    if (subscriber->group->ids == IDS_UNIQUE)
        return;
    if (subscriber->last_id_length &&
        !id_precedes(subscriber->last_id, subscriber->last_id_length, event->id, event->id_length))
        tally->id_disordered++;
    memcpy(subscriber->last_id, event->id, event->id_length);
    subscriber->last_id_length = event->id_length;
}

static void become_ready(struct subscriber *subscriber)
{
    if (subscriber->ready)
        return;
    subscriber->group->open++;
    subscriber->group->ready += !subscriber->counted;
    subscriber->ready = subscriber->counted = true;
}

static void receive_event(void *context, const struct event *event)
{
    struct subscriber *subscriber = context;
    struct group *group = subscriber->group;
    struct tally *tally = &group->tally;
    become_ready(subscriber);
    if (!event->marked) {
        tally->others++;
        return;
    }
    uint64_t distance = event->sequence - group->first - group->offset * subscriber->index;
    if (event->sequence >= *group->end || distance % group->stride != 0 || distance > *group->end) {
        tally->foreign++;
        return;
    }
    enum verdict verdict = ledger_record(&subscriber->ledger, distance / group->stride);
    if (group->ids != IDS_NONE)
        check_id(subscriber, event);
    tally->duplicated += verdict == DUPLICATE;
    tally->disordered += verdict == LATE;
    tally->deliveries += verdict != DUPLICATE;
    if (event->sequence >= group->measured_from)
        histogram_add(&group->latency, read_at - event->stamp);
}

static void forget_connection(struct subscriber *subscriber)
{
    close(subscriber->source.descriptor);
    subscriber->source.descriptor = -1;
    if (subscriber->ready)
        subscriber->group->open--;
    wire_reset(&subscriber->wire);
    subscriber->requested = false;
}

static void refuse(struct group *group, int status)
{
    group->tally.refused++;
    group->tally.refused_with = status;
}

/* A replay is complete when it had all that was stored when it began; then the next one begins. */
static void end_replay(struct subscriber *subscriber)
{
    struct group *group = subscriber->group;
    group->tally.replays++;
    group->tally.missing += ledger_missing(&subscriber->ledger, group->least);
    ledger_clear(&subscriber->ledger);
    subscriber->last_id_length = 0;
    if (group->left)
        return;
    subscriber->ready = false;
    open_connection(subscriber);
}

static void end_connection(struct subscriber *subscriber)
{
    struct group *group = subscriber->group;
    enum wire_state state = wire_end(&subscriber->wire);
    if (!subscriber->ready)
        refuse(group, wire_status(&subscriber->wire));
    else if (state == WIRE_GARBLED)
        group->tally.garbled++;
    else if (state != WIRE_COMPLETE || !group->ends)
        group->tally.cut++;
    bool was_replay = subscriber->ready && group->replays;
    forget_connection(subscriber);
    if (was_replay)
        end_replay(subscriber);
}

/* Requests and answers are short: the kernel takes them at once, or the connection has ended. */
static bool send_all(const struct subscriber *subscriber, const struct text *text)
{
    return text->length == 0 || send(subscriber->source.descriptor, text->bytes, text->length, MSG_NOSIGNAL) ==
                                    (ssize_t)text->length;
}

static void receive(struct subscriber *subscriber)
{
    static char buffer[READ_BYTES];
    static struct text answer;
    struct group *group = subscriber->group;
    size_t most = group->background ? BACKGROUND_READ_BYTES : READ_BYTES;
    ssize_t length = recv(subscriber->source.descriptor, buffer, most, 0);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (length <= 0) {
        end_connection(subscriber);
        return;
    }
    read_at = now();
    group->tally.reads++;
    group->tally.bytes += (uint64_t)length;
    uint64_t before = group->tally.deliveries;
    answer.length = 0;
    wire_feed(&subscriber->wire, buffer, (size_t)length, &answer, receive_event, subscriber);
    if (group->tally.deliveries != before)
        group->tally.last_at = read_at;
    enum wire_state state = wire_state(&subscriber->wire);
    if (state > WIRE_OPEN || !send_all(subscriber, &answer))
        end_connection(subscriber);
    else if (state == WIRE_OPEN && !group->ready_by_event)
        become_ready(subscriber);
}

static void request(struct subscriber *subscriber)
{
    static struct text text;
    struct group *group = subscriber->group;
    text.length = 0;
    wire_add_request(&subscriber->wire, subscriber->index, &text);
    if (!send_all(subscriber, &text)) {
        end_connection(subscriber);
        return;
    }
    subscriber->requested = true;
    loop_change(&subscriber->source, EPOLLIN, group->background);
}

static void serve(struct source *source, uint32_t events)
{
    struct subscriber *subscriber = (struct subscriber *)source;
    if (source->descriptor < 0)
        return; /* ended earlier in this round */
    if (!subscriber->requested && (events & EPOLLOUT))
        request(subscriber);
    else
        receive(subscriber);
}

static void open_connection(struct subscriber *subscriber)
{
    struct group *group = subscriber->group;
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        fatal("No socket for subscriber %u: %s. Raise the limit of open files (ulimit -n).", subscriber->index,
              strerror(errno));
    int yes = 1;
    setsockopt(descriptor, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + subscriber->index % ADDRESSES)};
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(group->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(descriptor, (struct sockaddr *)&from, sizeof from) != 0)
        fatal("Subscriber %u gets no address: %s.", subscriber->index, strerror(errno));
    if (connect(descriptor, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)
        fatal("Subscriber %u cannot connect to port %d: %s.", subscriber->index, group->port, strerror(errno));
    subscriber->source = (struct source){descriptor, serve};
    loop_add(&subscriber->source, EPOLLOUT, group->background);
}

void subscribers_open(struct group *group, int64_t deadline)
{
    group->subscribers = allocate((size_t)group->count, sizeof *group->subscribers);
    int refused = 0;
    while (group->ready + refused < group->count && now() < deadline) {
        while (group->opened < group->count && group->opened - group->ready - refused < group->connecting) {
            struct subscriber *subscriber = &group->subscribers[group->opened];
            subscriber->group = group;
            subscriber->index = (uint32_t)group->opened++;
            subscriber->wire.request = &group->request;
            subscriber->wire.port = group->port;
            open_connection(subscriber);
        }
        loop_run_once(deadline);
        refused = (int)group->tally.refused;
    }
}

void subscribers_leave(struct group *group)
{
    group->left = true;
}

/* The number of events among those published that are for this subscriber. */
static uint64_t expected(const struct group *group, const struct subscriber *subscriber)
{
    uint64_t first = group->first + group->offset * subscriber->index;
    return *group->end > first ? (*group->end - first + group->stride - 1) / group->stride : 0;
}

void subscribers_settle(struct group *group)
{
    for (int at = 0; at < group->opened; at++) {
        struct subscriber *subscriber = &group->subscribers[at];
        /* A replay that is under way has no end yet: what counts is that it has no holes so far. */
        uint64_t end = group->replays ? 0 : expected(group, subscriber);
        group->tally.missing += ledger_missing(&subscriber->ledger, end);
    }
}

uint64_t tally_faults(const struct tally *tally)
{
    return tally->missing + tally->duplicated + tally->disordered + tally->foreign + tally->id_missing +
           tally->id_changed + tally->id_shared + tally->id_disordered + tally->refused + tally->cut + tally->garbled;
}
