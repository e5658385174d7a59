/* A wall clock that is NEXUS_TEST_SHIFT seconds off; clocks that only measure are left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int outcome = real(clock, now);
    const char *shift = getenv("NEXUS_TEST_SHIFT");
    if (outcome == 0 && clock == CLOCK_REALTIME && shift)
        now->tv_sec += atol(shift);
    return outcome;
}
