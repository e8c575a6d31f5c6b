/* A disk that breaks: loaded before the C library (LD_PRELOAD), it counts the operations that change files below a
 * folder, over all processes, and breaks the one whose turn it is.
 *
 *   FAULT_UNDER    the folder
 *   FAULT_COUNTER  a file of 8 bytes that counts
 *   FAULT_AT       the number of the operation that breaks, from 1; 0 breaks none and only counts
 *   FAULT_HOW      "once": it fails with ENOSPC; "from": it and all later ones do; "kill": the process dies instead
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static _Atomic long *counter;

static _Atomic long *count(void) {
    if (counter) return counter;
    const char *path = getenv("FAULT_COUNTER");
    if (!path) return NULL;
    int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
    int fd = real(path, O_RDWR);
    if (fd < 0) return NULL;
    void *page = mmap(NULL, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return counter = page == MAP_FAILED ? NULL : page;
}

static int below(const char *path) {
    const char *folder = getenv("FAULT_UNDER");
    char whole[PATH_MAX];
    if (!folder || !path) return 0;
    if (path[0] != '/') {
        if (!getcwd(whole, sizeof whole)) return 0;
        strncat(whole, "/", sizeof whole - strlen(whole) - 1);
        strncat(whole, path, sizeof whole - strlen(whole) - 1);
        path = whole;
    }
    return strncmp(path, folder, strlen(folder)) == 0;
}

static int open_below(int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return below(path);
}

/* Whether the operation is to fail. */
static int breaks(void) {
    _Atomic long *number = count();
    if (!number) return 0;
    long now = atomic_fetch_add(number, 1) + 1, at = atol(getenv("FAULT_AT"));
    const char *how = getenv("FAULT_HOW");
    if (at == 0 || now < at || (now > at && strcmp(how, "from") != 0)) return 0;
    if (strcmp(how, "kill") == 0) kill(getpid(), SIGKILL);
    errno = ENOSPC;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define WRAP(type, name, parameters, arguments, condition) \
    type name parameters { \
        if ((condition) && breaks()) return -1; \
        return REAL(name) arguments; \
    }
#define WRITES (O_WRONLY | O_RDWR | O_CREAT)
#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        if (flags & WRITES && below(path) && breaks()) return -1; \
        return REAL(name)(path, flags, mode); \
    }

OPEN(open)
OPEN(open64)
WRAP(ssize_t, write, (int fd, const void *from, size_t size), (fd, from, size), open_below(fd))
WRAP(ssize_t, writev, (int fd, const struct iovec *parts, int number), (fd, parts, number), open_below(fd))
WRAP(int, fsync, (int fd), (fd), open_below(fd))
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), open_below(fd))
WRAP(int, chmod, (const char *path, mode_t mode), (path, mode), below(path))
WRAP(int, rename, (const char *from, const char *to), (from, to), below(to))
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), below(path))
WRAP(int, unlink, (const char *path), (path), below(path))
WRAP(int, rmdir, (const char *path), (path), below(path))
WRAP(int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags), path[0] == '/' ? below(path) : open_below(folder))
