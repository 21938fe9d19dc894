/* What processes have used: the server's tree, this driver, and everybody else on the machine. */
#ifndef USAGE_H
#define USAGE_H

#include <stdint.h>
#include <sys/types.h>

struct usage {
    int64_t at;          /* nanoseconds of the monotonic clock */
    int64_t server_cpu;  /* nanoseconds, user and system, of all threads of the tree */
    double server_user;  /* seconds, in ticks of 10 ms */
    double server_system;
    int64_t server_bytes; /* resident */
    int64_t driver_cpu;
    double machine_busy; /* seconds of all cores, in ticks of 10 ms */
    double machine_stolen;
};

/* Read it now; a server of 0 has no figures. */
struct usage usage_read(pid_t server);

#endif
