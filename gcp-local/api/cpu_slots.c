/* Turns: as many as there are cores may work at once. */
#include "gcp-local/api/cpu_slots.h"

#include <stdlib.h>
#include <unistd.h>

void turns_open(struct turns *turns)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (sem_init(&turns->free, 0, cores > 1 ? (unsigned)cores : 1) != 0)
        abort(); /* only a count that is too large gets here */
}

void turns_close(struct turns *turns)
{
    sem_destroy(&turns->free);
}

void turns_take(struct turns *turns)
{
    while (sem_wait(&turns->free) != 0)
        ; /* a signal came: wait on */
}

void turns_give(struct turns *turns)
{
    sem_post(&turns->free);
}
