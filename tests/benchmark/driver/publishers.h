/* Publishers: keep-alive connections that post marked events, and take how long the acknowledgement needs. */
#ifndef PUBLISHERS_H
#define PUBLISHERS_H

#include "histogram.h"
#include "options.h"

extern uint64_t publishers_next;         /* the sequence number after the newest one published */
extern uint64_t publishers_acknowledged; /* events */
extern uint64_t publishers_requests;
extern int publishers_busy; /* requests under way */
extern struct histogram publishers_latency;

void publishers_open(const struct options *options);

/* Publish the next events in one request, stamped with the time at which they are due; false: all are busy.
 * A refusal by the server ends the program: what is not published cannot be measured. */
bool publishers_publish(int events, int64_t due);

#endif
