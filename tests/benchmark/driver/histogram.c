#include "histogram.h"

/* Below 2 * STEPS a bucket is one nanosecond; above, STEPS buckets span each power of two. */
static unsigned bucket_of(uint64_t value)
{
    if (value < 2 * HISTOGRAM_STEPS)
        return (unsigned)value;
    unsigned shift = (unsigned)(63 - __builtin_clzll(value)) - 7;
    unsigned bucket = shift * HISTOGRAM_STEPS + (unsigned)(value >> shift);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static int64_t middle_of(unsigned bucket)
{
    if (bucket < 2 * HISTOGRAM_STEPS)
        return bucket;
    unsigned shift = bucket / HISTOGRAM_STEPS - 1;
    int64_t low = (int64_t)(HISTOGRAM_STEPS + bucket % HISTOGRAM_STEPS) << shift;
    return low + (1LL << shift) / 2;
}

void histogram_add(struct histogram *histogram, int64_t nanoseconds)
{
    if (nanoseconds < 0)
        nanoseconds = 0;
    if (!histogram->count || nanoseconds < histogram->least)
        histogram->least = nanoseconds;
    if (nanoseconds > histogram->most)
        histogram->most = nanoseconds;
    histogram->buckets[bucket_of((uint64_t)nanoseconds)]++;
    histogram->sum += (double)nanoseconds;
    histogram->count++;
}

int64_t histogram_quantile(const struct histogram *histogram, double fraction)
{
    uint64_t wanted = (uint64_t)(fraction * (double)histogram->count + 0.5);
    if (wanted < 1)
        return histogram->least;
    uint64_t seen = 0;
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += histogram->buckets[bucket];
        if (seen < wanted)
            continue;
        int64_t middle = middle_of(bucket);
        return middle > histogram->most ? histogram->most : middle;
    }
    return histogram->most;
}
