#include "report.h"

#include <inttypes.h>
#include <stdio.h>

#include "clock.h"
#include "publishers.h"

static const double fractions[] = {0,    0.01, 0.05, 0.1,  0.2,  0.3,  0.4,   0.5,   0.6,    0.7,   0.75,
                                   0.8,  0.85, 0.9,  0.93, 0.95, 0.97, 0.98,  0.99,  0.995,  0.998, 0.999,
                                   0.9995, 0.9999, 1};

static void write_histogram(const char *name, const struct histogram *histogram)
{
    printf("\"%s\": {\"count\": %" PRIu64 ", \"mean_ms\": %.6f, \"quantiles_ms\": [", name, histogram->count,
           histogram->count ? histogram->sum / (double)histogram->count / 1e6 : 0.0);
    for (size_t at = 0; histogram->count && at < sizeof fractions / sizeof *fractions; at++)
        printf("%s[%g, %.6f]", at ? ", " : "", fractions[at],
               (double)histogram_quantile(histogram, fractions[at]) / 1e6);
    printf("]}");
}

/* What was used between two readings. */
static void write_span(const char *name, const struct usage *from, const struct usage *to)
{
    double span = seconds(to->at - from->at);
    double server = seconds(to->server_cpu - from->server_cpu), driver = seconds(to->driver_cpu - from->driver_cpu);
    double others = to->machine_busy - from->machine_busy - server - driver;
    printf("\"%s\": {\"seconds\": %.6f, \"server_cpu_seconds\": %.6f, \"server_user_seconds\": %.2f, "
           "\"server_system_seconds\": %.2f, \"driver_cpu_seconds\": %.6f, \"others_cpu_seconds\": %.2f, "
           "\"stolen_seconds\": %.2f, \"driver_utilisation\": %.4f, \"server_utilisation\": %.4f}",
           name, span, server, to->server_user - from->server_user, to->server_system - from->server_system, driver,
           others > 0 ? others : 0.0, to->machine_stolen - from->machine_stolen, span > 0 ? driver / span : 0.0,
           span > 0 ? server / span : 0.0);
}

static void write_faults(const struct tally *tally)
{
    const struct {
        const char *name;
        uint64_t count;
    } faults[] = {
        {"missing", tally->missing},       {"duplicated", tally->duplicated}, {"disordered", tally->disordered},
        {"foreign", tally->foreign},       {"id_missing", tally->id_missing}, {"id_changed", tally->id_changed},
        {"id_shared", tally->id_shared},   {"id_disordered", tally->id_disordered},
        {"refused", tally->refused},       {"cut", tally->cut},               {"garbled", tally->garbled},
    };
    printf("\"faults\": {");
    for (size_t at = 0; at < sizeof faults / sizeof *faults; at++)
        printf("%s\"%s\": %" PRIu64, at ? ", " : "", faults[at].name, faults[at].count);
    printf("}");
}

static void write_group(const char *name, const struct group *group)
{
    const struct tally *tally = &group->tally;
    printf("\"%s\": {\"count\": %d, \"ready\": %d, \"deliveries\": %" PRIu64 ", \"other_events\": %" PRIu64
           ", \"reads\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"replays\": %" PRIu64 ", ",
           name, group->count, group->ready, tally->deliveries, tally->others, tally->reads, tally->bytes,
           tally->replays);
    write_faults(tally);
    printf(", ");
    write_histogram("latency", &group->latency);
    printf("}");
}

void report_write(const struct options *options, const struct run *run, const struct group *live,
                  const struct group *replayers)
{
    static const char *const modes[] = {"lockstep", "rate", "publish", "read"};
    printf("{\"mode\": \"%s\", \"stalled\": %s, \"events\": %" PRIu64 ", \"deliveries\": %" PRIu64
           ", \"last_sequence\": %" PRIu64 ", ",
           modes[options->mode], run->stalled ? "true" : "false", run->events, run->deliveries, publishers_next);
    printf("\"memory\": {\"before_bytes\": %" PRId64 ", \"settled_bytes\": %" PRId64 ", \"idle_bytes\": %" PRId64
           ", \"closed_bytes\": %" PRId64 "}, ",
           run->before.server_bytes, run->settled.server_bytes, run->idle.server_bytes, run->closed.server_bytes);
    write_span("connecting", &run->before, &run->connected);
    printf(", ");
    write_span("accepting", &run->before, &run->settled);
    printf(", ");
    write_span("idle", &run->settled, &run->idle);
    printf(", ");
    write_span("window", &run->opened, &run->closed);
    printf(", \"last_event_seconds\": %.6f, ", live->tally.last_at ? seconds(live->tally.last_at - run->opened.at) : 0);
    printf("\"publishing\": {\"requests\": %" PRIu64 ", \"acknowledged\": %" PRIu64 ", ", publishers_requests,
           publishers_acknowledged);
    write_histogram("latency", &publishers_latency);
    printf("}, ");
    write_group("subscribers", live);
    printf(", ");
    write_group("replayers", replayers);
    printf("}\n");
}
