#define _GNU_SOURCE
#include "usage.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "fatal.h"

#define MOST_PROCESSES 65536
#define MOST_IN_TREE 256

struct process {
    pid_t id;
    pid_t parent;
    double user;
    double system;
};

/* proc(5): /proc/PID/stat. The name of the program may hold anything, so fields count from its closing bracket. */
static bool read_process(pid_t id, struct process *process)
{
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)id);
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    size_t length = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[length] = '\0';
    const char *rest = strrchr(line, ')');
    int parent;
    unsigned long user, system;
    if (!rest || sscanf(rest + 2, "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &parent, &user, &system) != 3)
        return false;
    double ticks = (double)sysconf(_SC_CLK_TCK);
    *process = (struct process){id, (pid_t)parent, (double)user / ticks, (double)system / ticks};
    return true;
}

/* All descendants of the root, itself included. Processes that ended before are not counted. */
static int read_tree(pid_t root, struct process *tree)
{
    static struct process all[MOST_PROCESSES];
    int count = 0, size = 0;
    DIR *folder = opendir("/proc");
    if (!folder)
        return 0;
    for (struct dirent *entry = readdir(folder); entry && count < MOST_PROCESSES; entry = readdir(folder))
        if (isdigit((unsigned char)entry->d_name[0]) && read_process((pid_t)atoi(entry->d_name), &all[count]))
            count++;
    closedir(folder);
    for (int at = 0; at < count; at++)
        if (all[at].id == root)
            tree[size++] = all[at];
    for (int parent = 0; parent < size; parent++)
        for (int at = 0; at < count && size < MOST_IN_TREE; at++)
            if (all[at].parent == tree[parent].id)
                tree[size++] = all[at];
    return size;
}

static int64_t resident_bytes(pid_t id)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/statm", (int)id);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    long pages = 0;
    if (fscanf(file, "%*d %ld", &pages) != 1)
        pages = 0;
    fclose(file);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

/* CPU time of a whole process, ended threads included, in nanoseconds, where /proc only counts ticks. */
static int64_t cpu_time(pid_t id)
{
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid(id, &clock) != 0 || clock_gettime(clock, &time) != 0)
        return 0;
    return (int64_t)time.tv_sec * NANOSECONDS + time.tv_nsec;
}

static void read_machine(struct usage *usage)
{
    FILE *file = fopen("/proc/stat", "r");
    if (!file)
        return;
    unsigned long user, nice, system, idle, wait, hard, soft, stolen;
    if (fscanf(file, "cpu %lu %lu %lu %lu %lu %lu %lu %lu", &user, &nice, &system, &idle, &wait, &hard, &soft,
               &stolen) == 8) {
        double ticks = (double)sysconf(_SC_CLK_TCK);
        usage->machine_busy = (double)(user + nice + system + hard + soft) / ticks;
        usage->machine_stolen = (double)stolen / ticks;
    }
    fclose(file);
}

struct usage usage_read(pid_t server)
{
    struct process tree[MOST_IN_TREE];
    struct usage usage = {0};
    int size = server ? read_tree(server, tree) : 0;
    if (server && !size)
        fatal("The server (process %d) is gone.", (int)server);
    read_machine(&usage);
    for (int at = 0; at < size; at++) {
        usage.server_user += tree[at].user;
        usage.server_system += tree[at].system;
        usage.server_bytes += resident_bytes(tree[at].id);
        usage.server_cpu += cpu_time(tree[at].id);
    }
    struct timespec own;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    usage.driver_cpu = (int64_t)own.tv_sec * NANOSECONDS + own.tv_nsec;
    usage.at = now();
    return usage;
}
