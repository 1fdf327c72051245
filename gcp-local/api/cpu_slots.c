/* SPDX-License-Identifier: Apache-2.0 */
/* A semaphore with one slot for each CPU core. */
#include "gcp-local/api/cpu_slots.h"

#include <stdlib.h>
#include <unistd.h>

void cpu_slots_open(struct cpu_slots *slots)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (sem_init(&slots->semaphore, 0, cores > 1 ? (unsigned)cores : 1) != 0)
        abort(); /* fails only for too large a count */
}

void cpu_slots_close(struct cpu_slots *slots)
{
    sem_destroy(&slots->semaphore);
}

void cpu_slots_acquire(struct cpu_slots *slots)
{
    while (sem_wait(&slots->semaphore) != 0)
        ; /* interrupted by a signal */
}

void cpu_slots_release(struct cpu_slots *slots)
{
    sem_post(&slots->semaphore);
}
