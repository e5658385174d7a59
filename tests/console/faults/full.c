/* A disk that is full while the file NEXUS_TEST_FULL names exists: what is there can be written over, nothing can grow. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int refuses(int file, off_t end)
{
    const char *mark = getenv("NEXUS_TEST_FULL");
    struct stat state;
    /* The server's log is on another disk. */
    if (!mark || file == 2 || access(mark, F_OK) != 0)
        return 0;
    return fstat(file, &state) == 0 && S_ISREG(state.st_mode) && end > state.st_size;
}

static off_t length(const struct iovec *parts, int count)
{
    off_t sum = 0;
    for (int part = 0; part < count; part++)
        sum += parts[part].iov_len;
    return sum;
}

#define REAL(type, name) \
    static type real; \
    if (!real) \
        real = (type)dlsym(RTLD_NEXT, name)

typedef ssize_t (*pwrite_t)(int, const void *, size_t, off_t);
typedef ssize_t (*pwritev_t)(int, const struct iovec *, int, off_t);
typedef ssize_t (*write_t)(int, const void *, size_t);
typedef int (*fallocate_t)(int, off_t, off_t);

#define PWRITE(name) \
    ssize_t name(int file, const void *bytes, size_t size, off_t at) \
    { \
        REAL(pwrite_t, #name); \
        if (refuses(file, at + (off_t)size)) { \
            errno = ENOSPC; \
            return -1; \
        } \
        return real(file, bytes, size, at); \
    }

#define PWRITEV(name) \
    ssize_t name(int file, const struct iovec *parts, int count, off_t at) \
    { \
        REAL(pwritev_t, #name); \
        if (refuses(file, at + length(parts, count))) { \
            errno = ENOSPC; \
            return -1; \
        } \
        return real(file, parts, count, at); \
    }

#define FALLOCATE(name) \
    int name(int file, off_t at, off_t size) \
    { \
        REAL(fallocate_t, #name); \
        return refuses(file, at + size) ? ENOSPC : real(file, at, size); \
    }

PWRITE(pwrite)
PWRITE(pwrite64)
PWRITEV(pwritev)
PWRITEV(pwritev64)
FALLOCATE(posix_fallocate)
FALLOCATE(posix_fallocate64)

ssize_t write(int file, const void *bytes, size_t size)
{
    REAL(write_t, "write");
    if (refuses(file, lseek(file, 0, SEEK_CUR) + (off_t)size)) {
        errno = ENOSPC;
        return -1;
    }
    return real(file, bytes, size);
}
