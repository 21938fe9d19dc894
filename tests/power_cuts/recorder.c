/* A disk that remembers: record every change of the files of one folder, in order, for a process that is started with
 * LD_PRELOAD=recorder.so. From the record, power_cut.py builds what a disk may hold after the power failed at any moment.
 *
 *   DISK_FOLDER      the folder whose files are recorded; -shm files are not, since they are rebuilt after a crash
 *   DISK_RECORD      the file that is written; outside of DISK_FOLDER
 *   DISK_FAIL_SYNCS  of 1,000 calls of fsync and fdatasync, this many fail with EIO
 *   DISK_FAIL_SYNC   the number of the one sync that fails with EIO; the first is 1
 *   DISK_FAILING     a file; while it is there, each sync of a path that ends with the file's content fails with EIO
 *   DISK_FAIL_WRITE  the number of the one write that fails with EIO; the first is 1
 *   DISK_FAIL_READ   the number of the one read that fails with EIO
 *   DISK_SEED        chooses the calls that fail
 *
 * A record is a struct record, the path, and the payload. A sync of the folder itself is recorded too: it keeps names. A call and its record are one step: no other call of the process
 * comes between them. fsync and fdatasync do nothing else than to be recorded: a test needs no real disk. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { OPENED = 'o', WRITTEN = 'w', TRUNCATED = 't', SYNCED = 's', SYNC_FAILED = 'f', REMOVED = 'r', RENAMED = 'n' };
enum { DESCRIPTORS = 65536 };

struct __attribute__((packed)) record {
    uint8_t kind;
    uint64_t monotonic_ns;
    uint64_t offset; /* of a write, or the size after a truncation; else 0 */
    uint32_t path_bytes;
    uint32_t payload_bytes; /* what was written, or the new name */
};

static pthread_mutex_t one_step = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t loaded = PTHREAD_ONCE_INIT;
static char *paths[DESCRIPTORS];
static const char *folder;
static size_t folder_bytes;
static int record_fd = -1;
static const char *failing;
static long failing_syncs_per_1000, failing_sync, failing_write, failing_read, syncs, writes, reads;
static unsigned seed;

static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_read)(int, void *, size_t);
static ssize_t (*real_pread)(int, void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_unlink)(const char *);
static int (*real_rename)(const char *, const char *);

static long number(const char *name) {
    const char *text = getenv(name);
    return text == NULL ? 0 : atol(text);
}

static void load(void) {
    real_open = dlsym(RTLD_NEXT, "open64");
    real_openat = dlsym(RTLD_NEXT, "openat64");
    real_close = dlsym(RTLD_NEXT, "close");
    real_read = dlsym(RTLD_NEXT, "read");
    real_pread = dlsym(RTLD_NEXT, "pread64");
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_rename = dlsym(RTLD_NEXT, "rename");
    folder = getenv("DISK_FOLDER");
    folder_bytes = folder == NULL ? 0 : strlen(folder);
    failing_syncs_per_1000 = number("DISK_FAIL_SYNCS");
    failing_sync = number("DISK_FAIL_SYNC");
    failing = getenv("DISK_FAILING");
    failing_write = number("DISK_FAIL_WRITE");
    failing_read = number("DISK_FAIL_READ");
    seed = (unsigned)number("DISK_SEED");
    if (getenv("DISK_RECORD") != NULL)
        record_fd = real_open(getenv("DISK_RECORD"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int is_recorded(const char *path) {
    size_t bytes = strlen(path);
    if (folder_bytes == 0 || strncmp(path, folder, folder_bytes) != 0 || path[folder_bytes] != '/') return 0;
    return bytes < 4 || strcmp(path + bytes - 4, "-shm") != 0;
}

static int is_folder(const char *path) { return folder_bytes > 0 && strcmp(path, folder) == 0; }

static const char *path_of(int fd) { return fd >= 0 && fd < DESCRIPTORS ? paths[fd] : NULL; }

static void put(const void *bytes, size_t count) {
    const char *rest = bytes;
    while (count > 0) {
        ssize_t written = real_write(record_fd, rest, count);
        if (written <= 0) {
            if (errno == EINTR) continue;
            abort(); /* a record with a hole would accuse the server of what the test did */
        }
        rest += written;
        count -= (size_t)written;
    }
}

static void record(uint8_t kind, const char *path, uint64_t offset, const void *payload, size_t payload_bytes) {
    struct timespec now;
    if (record_fd < 0) return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct record head = {kind, (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec, offset,
                          (uint32_t)strlen(path), (uint32_t)payload_bytes};
    put(&head, sizeof head);
    put(path, head.path_bytes);
    put(payload, payload_bytes);
}

/* --- calls that name a file --- */

static int opened(int fd, const char *path, int flags) {
    if (fd < 0 || fd >= DESCRIPTORS || !(is_recorded(path) || is_folder(path))) return fd;
    free(paths[fd]);
    paths[fd] = strdup(path);
    if (is_folder(path)) return fd;
    if (flags & (O_CREAT | O_TRUNC)) record(OPENED, path, 0, "", 0);
    if (flags & O_TRUNC) record(TRUNCATED, path, 0, "", 0);
    return fd;
}

static int open_recorded(int directory, const char *path, int flags, mode_t mode) {
    pthread_once(&loaded, load);
    pthread_mutex_lock(&one_step);
    int fd = directory == AT_FDCWD ? real_open(path, flags, mode) : real_openat(directory, path, flags, mode);
    int error = errno;
    fd = opened(fd, path, flags);
    pthread_mutex_unlock(&one_step);
    errno = error;
    return fd;
}

#define MODE(flags, mode)                                \
    mode_t mode = 0;                                     \
    if ((flags) & (O_CREAT | O_TMPFILE)) {               \
        va_list rest;                                    \
        va_start(rest, flags);                           \
        mode = (mode_t)va_arg(rest, int);                \
        va_end(rest);                                    \
    }

int open(const char *path, int flags, ...) {
    MODE(flags, mode)
    return open_recorded(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    MODE(flags, mode)
    return open_recorded(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...) {
    MODE(flags, mode)
    return open_recorded(directory, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...) {
    MODE(flags, mode)
    return open_recorded(directory, path, flags, mode);
}

int close(int fd) {
    pthread_once(&loaded, load);
    pthread_mutex_lock(&one_step);
    if (path_of(fd) != NULL) {
        free(paths[fd]);
        paths[fd] = NULL;
    }
    int result = real_close(fd);
    pthread_mutex_unlock(&one_step);
    return result;
}

int unlink(const char *path) {
    pthread_once(&loaded, load);
    pthread_mutex_lock(&one_step);
    int result = real_unlink(path);
    if (result == 0 && is_recorded(path)) record(REMOVED, path, 0, "", 0);
    pthread_mutex_unlock(&one_step);
    return result;
}

int rename(const char *from, const char *to) {
    pthread_once(&loaded, load);
    pthread_mutex_lock(&one_step);
    int result = real_rename(from, to);
    if (result == 0 && is_recorded(from)) record(RENAMED, from, 0, to, strlen(to));
    pthread_mutex_unlock(&one_step);
    return result;
}

/* --- calls that change a file --- */

static ssize_t write_at(int fd, const void *bytes, size_t count, off_t offset, int is_positioned) {
    pthread_once(&loaded, load);
    if (path_of(fd) == NULL) return is_positioned ? real_pwrite(fd, bytes, count, offset) : real_write(fd, bytes, count);
    pthread_mutex_lock(&one_step);
    ssize_t written = -1;
    if (++writes == failing_write) {
        errno = EIO;
    } else {
        if (!is_positioned) {
            int flags = fcntl(fd, F_GETFL);
            offset = lseek(fd, 0, flags >= 0 && (flags & O_APPEND) ? SEEK_END : SEEK_CUR);
        }
        written = is_positioned ? real_pwrite(fd, bytes, count, offset) : real_write(fd, bytes, count);
        if (written > 0) record(WRITTEN, paths[fd], (uint64_t)offset, bytes, (size_t)written);
    }
    pthread_mutex_unlock(&one_step);
    return written;
}

ssize_t write(int fd, const void *bytes, size_t count) { return write_at(fd, bytes, count, 0, 0); }
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) { return write_at(fd, bytes, count, offset, 1); }
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) { return write_at(fd, bytes, count, offset, 1); }

int ftruncate(int fd, off_t bytes) {
    pthread_once(&loaded, load);
    pthread_mutex_lock(&one_step);
    int result = real_ftruncate(fd, bytes);
    if (result == 0 && path_of(fd) != NULL) record(TRUNCATED, paths[fd], (uint64_t)bytes, "", 0);
    pthread_mutex_unlock(&one_step);
    return result;
}

int ftruncate64(int fd, off64_t bytes) { return ftruncate(fd, bytes); }

static int is_failing(const char *path) {
    char suffix[64];
    int fd = failing == NULL ? -1 : real_open(failing, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t bytes = real_read(fd, suffix, sizeof suffix);
    real_close(fd);
    size_t path_bytes = strlen(path);
    return bytes >= 0 && (size_t)bytes <= path_bytes &&
           memcmp(path + path_bytes - (size_t)bytes, suffix, (size_t)bytes) == 0;
}

static int sync_recorded(int fd) {
    pthread_once(&loaded, load);
    if (path_of(fd) == NULL) return real_fsync(fd);
    pthread_mutex_lock(&one_step);
    int fails = (long)(rand_r(&seed) % 1000) < failing_syncs_per_1000;
    if (++syncs == failing_sync || is_failing(paths[fd])) fails = 1;
    record(fails ? SYNC_FAILED : SYNCED, paths[fd], 0, "", 0);
    pthread_mutex_unlock(&one_step);
    errno = EIO;
    return fails ? -1 : 0;
}

int fsync(int fd) { return sync_recorded(fd); }
int fdatasync(int fd) { return sync_recorded(fd); }

/* --- calls that read a file --- */

static int read_fails(int fd) {
    if (path_of(fd) == NULL || __atomic_add_fetch(&reads, 1, __ATOMIC_SEQ_CST) != failing_read) return 0;
    errno = EIO;
    return 1;
}

ssize_t read(int fd, void *bytes, size_t count) {
    pthread_once(&loaded, load);
    return read_fails(fd) ? -1 : real_read(fd, bytes, count);
}

ssize_t pread(int fd, void *bytes, size_t count, off_t offset) {
    pthread_once(&loaded, load);
    return read_fails(fd) ? -1 : real_pread(fd, bytes, count, offset);
}

ssize_t pread64(int fd, void *bytes, size_t count, off64_t offset) { return pread(fd, bytes, count, offset); }
