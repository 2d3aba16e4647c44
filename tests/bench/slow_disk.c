/* Preloaded into PostgreSQL: every fdatasync takes 1.5 ms longer, as on a disk that is not as near. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int fdatasync(int descriptor)
{
    struct timespec pause = {.tv_sec = 0, .tv_nsec = 1500000};

    nanosleep(&pause, NULL);
    return (int)syscall(SYS_fdatasync, descriptor);
}
