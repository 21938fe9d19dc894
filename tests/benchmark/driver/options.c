#define _GNU_SOURCE
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fatal.h"

enum kind { TEXT, WHOLE, SEQUENCE, DECIMAL, FLAG, HEADER, LINES, MESSAGE };

struct row {
    const char *name;
    enum kind kind;
    size_t offset;
};

#define ROW(name, kind, member) {name, kind, offsetof(struct options, member)}

static const struct row rows[] = {
    ROW("port", WHOLE, port),
    ROW("stream-port", WHOLE, stream_port),
    ROW("server", WHOLE, server),
    ROW("subscribers", WHOLE, subscribers),
    ROW("path", TEXT, request.path),
    ROW("header", HEADER, request.headers),
    ROW("own-headers", LINES, request.own_headers),
    ROW("message", MESSAGE, request.message),
    ROW("ready-by-event", FLAG, ready_by_event),
    ROW("spread", FLAG, spread),
    ROW("connecting", WHOLE, connecting),
    ROW("replayers", WHOLE, replayers),
    ROW("replayer-path", TEXT, replayer_path),
    ROW("history", SEQUENCE, history),
    ROW("publish-path", TEXT, publish_path),
    ROW("publish-header", HEADER, publish_headers),
    ROW("event", TEXT, event),
    ROW("open", TEXT, open),
    ROW("separator", TEXT, separator),
    ROW("close", TEXT, close),
    ROW("batch", WHOLE, batch),
    ROW("burst", WHOLE, burst),
    ROW("in-flight", WHOLE, in_flight),
    ROW("events", SEQUENCE, events),
    ROW("warm-up-seconds", DECIMAL, warm_up_seconds),
    ROW("rate", DECIMAL, rate),
    ROW("seconds", DECIMAL, seconds),
    ROW("idle-seconds", DECIMAL, idle_seconds),
    ROW("settle-seconds", DECIMAL, settle_seconds),
    ROW("linger-seconds", DECIMAL, linger_seconds),
    ROW("connect-seconds", DECIMAL, connect_seconds),
    ROW("stall-seconds", DECIMAL, stall_seconds),
};

#define ROWS (sizeof rows / sizeof *rows)
#define MODE_OPTION 1000
#define IDS_OPTION 1001
#define PROTOCOL_OPTION 1002
#define CHOICES 3

static const char *const modes[] = {"lockstep", "rate", "publish", "read", NULL};
static const char *const ids[] = {"none", "unique", "ordered", NULL};
static const char *const protocols[] = {"sse", "websocket", "grpc", NULL};

static int choice(const char *name, const char *text, const char *const *choices)
{
    for (int at = 0; choices[at]; at++)
        if (strcmp(text, choices[at]) == 0)
            return at;
    fatal("--%s cannot be \"%s\".", name, text);
}

static double number(const char *name, const char *text)
{
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (end == text || *end || errno || !(value >= 0 && value <= 1e15))
        fatal("--%s needs a number that is not negative, not \"%s\".", name, text);
    return value;
}

static void add_header(struct headers *headers, const char *line)
{
    if (headers->count == MOST_HEADERS)
        fatal("There is room for %d headers; \"%s\" is one too many.", MOST_HEADERS, line);
    headers->lines[headers->count++] = line;
}

static void read_lines(struct lines *lines, const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        fatal("%s cannot be read: %s.", path, strerror(errno));
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        lines->each = reallocate(lines->each, lines->count + 1, sizeof *lines->each);
        lines->each[lines->count++] = line;
        line = NULL;
    }
    fclose(file);
}

static void read_message(struct message *message, const char *text)
{
    message->bytes = allocate(strlen(text) / 2 + 1, 1);
    for (message->length = 0; *text; text += 2) {
        unsigned byte;
        if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]) || sscanf(text, "%2x", &byte) != 1)
            fatal("--message needs bytes in hexadecimal, not \"%s\".", text);
        message->bytes[message->length++] = (char)byte;
    }
}

static void set(struct options *options, const struct row *row, const char *text)
{
    char *place = (char *)options + row->offset;
    switch (row->kind) {
    case TEXT: *(const char **)place = text; break;
    case WHOLE: *(int *)place = (int)number(row->name, text); break;
    case SEQUENCE: *(uint64_t *)place = (uint64_t)number(row->name, text); break;
    case DECIMAL: *(double *)place = number(row->name, text); break;
    case FLAG: *(bool *)place = true; break;
    case HEADER: add_header((struct headers *)place, text); break;
    case LINES: read_lines((struct lines *)place, text); break;
    case MESSAGE: read_message((struct message *)place, text); break;
    }
}

static void check(const struct options *options)
{
    if (!options->port)
        fatal("--port is missing.");
    if (options->mode != READ && !options->publish_path)
        fatal("--publish-path is missing: this mode publishes.");
    if (options->mode == RATE && !(options->rate > 0 && options->seconds > 0))
        fatal("--mode rate needs --rate and --seconds.");
    if (options->mode == READ && !options->events)
        fatal("--mode read needs --events: how many there are to be read.");
    if (!options->events && !(options->seconds > 0))
        fatal("Give --events or --seconds, or it has no end.");
    if (options->batch < 1 || options->burst < 1 || options->in_flight < 1 || options->connecting < 1)
        fatal("--batch, --burst, --in-flight and --connecting are at least 1.");
}

struct options options_read(int count, char **arguments)
{
    struct options options = {
        .request.path = "/", .connecting = 128, .ids = IDS_NONE, .replayer_path = "/", .event = "$mark", .open = "",
        .separator = "\n", .close = "", .batch = 1, .burst = 1, .in_flight = 1, .settle_seconds = 0.5,
        .linger_seconds = 0.1, .connect_seconds = 120, .stall_seconds = 30,
    };
    struct option long_options[ROWS + CHOICES + 1] = {
        {"mode", required_argument, NULL, MODE_OPTION},
        {"ids", required_argument, NULL, IDS_OPTION},
        {"protocol", required_argument, NULL, PROTOCOL_OPTION},
    };
    for (size_t at = 0; at < ROWS; at++)
        long_options[at + CHOICES] =
            (struct option){rows[at].name, rows[at].kind == FLAG ? no_argument : required_argument, NULL, (int)at};
    int given;
    while ((given = getopt_long(count, arguments, "", long_options, NULL)) != -1) {
        if (given == MODE_OPTION)
            options.mode = (enum mode)choice("mode", optarg, modes);
        else if (given == IDS_OPTION)
            options.ids = (enum ids)choice("ids", optarg, ids);
        else if (given == PROTOCOL_OPTION)
            options.request.protocol = (enum protocol)choice("protocol", optarg, protocols);
        else if (given == '?')
            exit(2);
        else
            set(&options, &rows[given], optarg);
    }
    if (optind < count)
        fatal("\"%s\" is no option.", arguments[optind]);
    check(&options);
    if (!options.stream_port)
        options.stream_port = options.port;
    return options;
}
