/* One clock for everything: stamps in events and the times at which they are read come from the same process. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <time.h>

#define NANOSECONDS 1000000000LL

/* Nanoseconds of the monotonic clock. */
static inline int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * NANOSECONDS + time.tv_nsec;
}

static inline double seconds(int64_t nanoseconds)
{
    return (double)nanoseconds / NANOSECONDS;
}

#endif
