/* A load driver and checker for event streams (server-sent events, plain or gzip, and WebSocket over HTTP/1.1; gRPC).
 *
 * It opens subscribers, waits until each is ready, publishes marked events over HTTP itself, and holds every connection to
 * what was published: count, order, ids. It measures the CPU time and the memory of the server's process tree, and latency
 * from the mark in each event to the read that brought it. One JSON object comes out.
 *
 * Modes: lockstep  publish a burst, wait until every subscriber has all of it, publish the next one
 *        rate      publish at a steady rate, whatever the server makes of it; latency counts from when an event was due
 *        publish   publish as fast as acknowledgements come, with a number of requests under way
 *        read      publish nothing, read what is stored
 *
 * What the figures hold: on loopback the kernel does the receiver's part of TCP within the sender's call, so the server's
 * system time includes it. Latency ends at the read of this driver, so it includes waiting for this driver's core.
 *
 * Exit status: 0 every event came once, in order, with its id; 1 not so, and "faults" tells; 2 nothing was measured.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "clock.h"
#include "fatal.h"
#include "loop.h"
#include "options.h"
#include "publishers.h"
#include "report.h"
#include "subscribers.h"

#define LOOK_AROUND (NANOSECONDS / 100) /* how often deadlines are looked at while nothing happens */

static struct options options;
static struct group live, replayers;
static struct run run;
static uint64_t end_of_events; /* what the subscribers may have seen: publishers_next, or what is stored */

static int64_t after(double more_seconds)
{
    return now() + (int64_t)(more_seconds * NANOSECONDS);
}

static void pass(double time)
{
    int64_t until = after(time);
    while (now() < until)
        loop_run_once(until);
}

static uint64_t expected_deliveries(void)
{
    uint64_t copies = options.spread ? 1 : (uint64_t)options.subscribers;
    return options.subscribers ? (end_of_events - live.first) * copies : 0;
}

/* Run the loop until this much is delivered and acknowledged; give up when nothing has come for too long. */
static void wait_for_deliveries(void)
{
    uint64_t last_progress = 0;
    int64_t give_up_at = after(options.stall_seconds);
    while (publishers_busy || live.tally.deliveries < expected_deliveries()) {
        loop_run_once(now() + LOOK_AROUND);
        uint64_t progress = live.tally.deliveries + publishers_acknowledged;
        if (progress != last_progress)
            give_up_at = after(options.stall_seconds);
        last_progress = progress;
        if (now() >= give_up_at || (options.mode == READ && !live.open)) {
            run.stalled = live.tally.deliveries < expected_deliveries() || publishers_busy;
            return;
        }
    }
}

static void publish(int events, int64_t due)
{
    while (!publishers_publish(events, due ? due : now()))
        loop_run_once(now() + LOOK_AROUND);
    end_of_events = publishers_next;
}

static void lockstep(uint64_t events, int64_t until)
{
    uint64_t end = events ? end_of_events + events : UINT64_MAX;
    while (end_of_events < end && now() < until && !run.stalled) {
        uint64_t burst = end - end_of_events < (uint64_t)options.burst ? end - end_of_events : (uint64_t)options.burst;
        for (int left = (int)burst; left > 0; left -= options.batch)
            publish(left < options.batch ? left : options.batch, 0);
        wait_for_deliveries();
    }
}

static void publish_at_rate(void)
{
    int64_t start = now();
    for (int64_t at = 0; at < (int64_t)(options.rate * options.seconds); at++) {
        int64_t due = start + (int64_t)((double)at / options.rate * NANOSECONDS);
        while (now() < due)
            loop_run_once(due);
        publish(options.batch, due);
    }
    wait_for_deliveries();
}

static void publish_all(uint64_t events, int64_t until)
{
    uint64_t end = events ? end_of_events + events : UINT64_MAX;
    while (end_of_events < end && now() < until)
        publish(end - end_of_events < (uint64_t)options.batch ? (int)(end - end_of_events) : options.batch, 0);
    wait_for_deliveries();
}

static void set_up_groups(void)
{
    live = (struct group){
        .count = options.subscribers, .request = options.request, .port = (uint16_t)options.stream_port,
        .ids = options.ids, .ready_by_event = options.ready_by_event, .connecting = options.connecting,
        .ends = options.mode == READ, .first = options.mode == READ ? 0 : options.history,
        .offset = options.spread ? 1 : 0, .stride = options.spread ? (uint64_t)options.subscribers : 1,
        .end = &end_of_events, .measured_from = UINT64_MAX,
    };
    replayers = live;
    replayers.count = options.replayers;
    replayers.request.path = options.replayer_path;
    replayers.background = replayers.ends = replayers.replays = true;
    replayers.first = replayers.offset = 0;
    replayers.stride = 1;
    replayers.least = options.history;
}

static void open_group(struct group *group)
{
    subscribers_open(group, after(options.connect_seconds));
    if (group->ready < group->count)
        fatal("Only %d of %d subscribers got their first bytes within %g s; %d were refused (status %d).",
              group->ready, group->count, options.connect_seconds, (int)group->tally.refused,
              group->tally.refused_with);
}

static void measure(void)
{
    double most = options.seconds > 0 ? options.seconds : 1e6;
    uint64_t events = end_of_events, deliveries = live.tally.deliveries;
    live.measured_from = events;
    run.opened = usage_read(options.server);
    switch (options.mode) {
    case LOCKSTEP: lockstep(options.events, after(most)); break;
    case RATE: publish_at_rate(); break;
    case PUBLISH: publish_all(options.events, after(most)); break;
    case READ:
        events = 0;
        open_group(&live);
        wait_for_deliveries();
        break;
    }
    run.closed = usage_read(options.server);
    run.events = end_of_events - events;
    run.deliveries = live.tally.deliveries - deliveries;
}

int main(int count, char **arguments)
{
    signal(SIGPIPE, SIG_IGN);
    options = options_read(count, arguments);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    loop_open();
    publishers_open(&options);
    set_up_groups();
    end_of_events = options.mode == READ ? options.events : options.history;

    run.before = usage_read(options.server);
    if (options.mode != READ)
        open_group(&live);
    run.connected = usage_read(options.server);
    pass(options.settle_seconds);
    run.settled = usage_read(options.server);
    pass(options.idle_seconds);
    run.idle = usage_read(options.server);
    open_group(&replayers);
    if (options.warm_up_seconds > 0)
        lockstep(0, after(options.warm_up_seconds));
    measure();
    subscribers_leave(&replayers);
    pass(options.linger_seconds);
    subscribers_settle(&live);
    subscribers_settle(&replayers);
    report_write(&options, &run, &live, &replayers);
    return run.stalled || tally_faults(&live.tally) + tally_faults(&replayers.tally) > 0;
}
