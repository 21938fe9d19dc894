#define _GNU_SOURCE
#include "loop.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "fatal.h"

#define READY_AT_ONCE 512

static int urgent;
static int waiting;
static struct source background;
static struct source timer; /* epoll counts in milliseconds, which is too coarse for a publisher */
static int64_t timer_at;

static void serve_background(struct source *source, uint32_t events)
{
    (void)source;
    (void)events;
    struct epoll_event event;
    if (epoll_wait(waiting, &event, 1, 0) == 1) {
        struct source *ready = event.data.ptr;
        ready->ready(ready, event.events);
    }
}

static void timer_passed(struct source *source, uint32_t events)
{
    (void)events;
    uint64_t times;
    if (read(source->descriptor, &times, sizeof times) > 0)
        timer_at = 0;
}

static void control(int epoll, int operation, struct source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    if (epoll_ctl(epoll, operation, source->descriptor, &event) != 0)
        fatal("epoll refuses a descriptor: %s.", strerror(errno));
}

void loop_open(void)
{
    urgent = epoll_create1(EPOLL_CLOEXEC);
    waiting = epoll_create1(EPOLL_CLOEXEC);
    timer = (struct source){timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), timer_passed};
    if (urgent < 0 || waiting < 0 || timer.descriptor < 0)
        fatal("The event loop cannot be set up: %s.", strerror(errno));
    background = (struct source){waiting, serve_background};
    control(urgent, EPOLL_CTL_ADD, &background, EPOLLIN);
    control(urgent, EPOLL_CTL_ADD, &timer, EPOLLIN);
}

void loop_add(struct source *source, uint32_t events, bool in_background)
{
    control(in_background ? waiting : urgent, EPOLL_CTL_ADD, source, events);
}

void loop_change(struct source *source, uint32_t events, bool in_background)
{
    control(in_background ? waiting : urgent, EPOLL_CTL_MOD, source, events);
}

static void set_timer(int64_t deadline)
{
    if (timer_at && timer_at <= deadline)
        return; /* it wakes the loop early enough */
    timer_at = deadline;
    struct itimerspec at = {.it_value = {deadline / NANOSECONDS, deadline % NANOSECONDS}};
    timerfd_settime(timer.descriptor, TFD_TIMER_ABSTIME, &at, NULL);
}

void loop_run_once(int64_t deadline)
{
    static struct epoll_event events[READY_AT_ONCE];
    set_timer(deadline);
    int count = epoll_wait(urgent, events, READY_AT_ONCE, -1);
    if (count < 0 && errno != EINTR)
        fatal("epoll_wait fails: %s.", strerror(errno));
    for (int at = 0; at < count; at++) {
        struct source *source = events[at].data.ptr;
        source->ready(source, events[at].events);
    }
}
