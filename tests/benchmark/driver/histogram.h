/* Counts of durations, in buckets of at most 0.8 % width, so that quantiles of many millions cost a few kilobytes. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEPS 128 /* buckets for each power of two */
#define HISTOGRAM_BUCKETS (HISTOGRAM_STEPS * 58)

struct histogram {
    uint64_t buckets[HISTOGRAM_BUCKETS];
    uint64_t count;
    int64_t least;
    int64_t most;
    double sum;
};

void histogram_add(struct histogram *histogram, int64_t nanoseconds);

/* The duration, in nanoseconds, that this fraction of all does not exceed; 0 for an empty histogram. */
int64_t histogram_quantile(const struct histogram *histogram, double fraction);

#endif
