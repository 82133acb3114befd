/* A disk that is slow, or that stops the process which writes to the store.

   SYNC_SECONDS: how long each fsync and fdatasync of the store takes.
   STOP_AT_WRITE: the number of the call, counted from 1, before which the process stops itself. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int calls;

static long setting(const char *name) {
    const char *value = getenv(name);
    return value ? atol(value) : 0;
}

static int is_store(const char *path) { return strstr(path, "/balance.db") != NULL; }

static int writes_store(int descriptor) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return is_store(path);
}

static void before_write(void) {
    if (++calls == setting("STOP_AT_WRITE"))
        kill(getpid(), SIGSTOP);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void before_sync(int descriptor) {
    if (!writes_store(descriptor))
        return;
    before_write();
    sleep(setting("SYNC_SECONDS"));
}

int fsync(int descriptor) {
    before_sync(descriptor);
    return NEXT(fsync)(descriptor);
}

int fdatasync(int descriptor) {
    before_sync(descriptor);
    return NEXT(fdatasync)(descriptor);
}

ssize_t pwrite(int descriptor, const void *data, size_t size, off_t offset) {
    if (writes_store(descriptor))
        before_write();
    return NEXT(pwrite)(descriptor, data, size, offset);
}

ssize_t pwrite64(int descriptor, const void *data, size_t size, off64_t offset) {
    if (writes_store(descriptor))
        before_write();
    return NEXT(pwrite64)(descriptor, data, size, offset);
}

int unlink(const char *path) {
    if (is_store(path))
        before_write();
    return NEXT(unlink)(path);
}
