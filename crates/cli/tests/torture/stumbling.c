/* A process that stumbles: loaded before the C library (LD_PRELOAD), it waits for the n-th operation of one kind on a path
 * that holds a word, in each process by itself, and does something to the process there.
 *
 *   STUMBLE_OP     openr, openw, stat, rename, renamed, link, linked, fsync, mkdir, unlink, unlinkat, thread; the past
 *                  forms come after the operation has succeeded. A thread has no path.
 *   STUMBLE_MATCH  the word
 *   STUMBLE_AT     the number of the operation, from 1; with 0 every one
 *   STUMBLE_HOW    "stop", "kill", "sleep" and milliseconds, or the number of the error with which the operation fails
 *   STUMBLE_MARK   a file that gets a line with the process and the path
 *
 * With STUMBLE_BOOT the system has another boot identity, which is in that file: a machine of the same name.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static atomic_int seen;

/* The error with which the operation is to fail, or 0. */
static int stumble(const char *op, const char *path) {
    const char *wanted = getenv("STUMBLE_OP"), *word = getenv("STUMBLE_MATCH"), *at = getenv("STUMBLE_AT");
    const char *how = getenv("STUMBLE_HOW"), *mark = getenv("STUMBLE_MARK");
    if (!wanted || !word || !how || !path || strcmp(wanted, op) != 0 || !strstr(path, word)) return 0;
    if (mark && strcmp(path, mark) == 0) return 0;
    int turn = at ? atoi(at) : 1, now = atomic_fetch_add(&seen, 1) + 1;
    if (turn != 0 && now != turn) return 0;
    if (mark) {
        int fd = REAL(open)(mark, O_CREAT | O_WRONLY | O_APPEND, 0644);
        if (fd >= 0) {
            dprintf(fd, "%d %s\n", getpid(), path);
            close(fd);
        }
    }
    if (strcmp(how, "stop") == 0) return raise(SIGSTOP), 0;
    if (strcmp(how, "kill") == 0) return kill(getpid(), SIGKILL), 0;
    if (strncmp(how, "sleep", 5) == 0) return usleep(1000 * atoi(how + 5)), 0;
    return atoi(how);
}

static const char *path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return NULL;
    path[length] = 0;
    return path;
}

#define FAIL(op, path) \
    do { \
        int error = stumble(op, path); \
        if (error) return errno = error, -1; \
    } while (0)
#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        const char *boot = getenv("STUMBLE_BOOT"); \
        if (boot && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0) path = boot; \
        FAIL(flags & (O_WRONLY | O_RDWR | O_CREAT) ? "openw" : "openr", path); \
        return REAL(name)(path, flags, mode); \
    }
#define NAMING(name, done) \
    int name(const char *from, const char *to) { \
        FAIL(#name, to); \
        int result = REAL(name)(from, to), error = errno; \
        if (result == 0) FAIL(done, to); \
        errno = error; \
        return result; \
    }

OPEN(open)
OPEN(open64)
NAMING(rename, "renamed")
NAMING(link, "linked")

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    FAIL("link", to);
    int result = REAL(linkat)(from_folder, from, to_folder, to, flags), error = errno;
    if (result == 0) FAIL("linked", to);
    errno = error;
    return result;
}

int mkdir(const char *path, mode_t mode) {
    FAIL("mkdir", path);
    return REAL(mkdir)(path, mode);
}

int unlink(const char *path) {
    FAIL("unlink", path);
    return REAL(unlink)(path);
}

int unlinkat(int folder, const char *path, int flags) {
    char whole[PATH_MAX];
    FAIL("unlinkat", path[0] == '/' ? path : path_of(folder, whole));
    return REAL(unlinkat)(folder, path, flags);
}

int fsync(int fd) {
    char path[PATH_MAX];
    FAIL("fsync", path_of(fd, path));
    return REAL(fsync)(fd);
}

int statx(int folder, const char *restrict path, int flags, unsigned wanted, struct statx *restrict found) {
    if (path && path[0]) FAIL("stat", path);
    return REAL(statx)(folder, path, flags, wanted, found);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *with, void *(*start)(void *), void *argument) {
    int error = stumble("thread", "");
    return error ? error : REAL(pthread_create)(thread, with, start, argument);
}
