/* SPDX-License-Identifier: Apache-2.0 */
/* Turns: as many as there are cores may work at once. */
#include "gcp-local/api/cpu_slots.h"

#include <stdlib.h>
#include <unistd.h>

void cpu_slots_open(struct cpu_slots *cpu_slots)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (sem_init(&cpu_slots->free, 0, cores > 1 ? (unsigned)cores : 1) != 0)
        abort(); /* only a count that is too large gets here */
}

void cpu_slots_close(struct cpu_slots *cpu_slots)
{
    sem_destroy(&cpu_slots->free);
}

void cpu_slots_acquire(struct cpu_slots *cpu_slots)
{
    while (sem_wait(&cpu_slots->free) != 0)
        ; /* a signal came: wait on */
}

void cpu_slots_release(struct cpu_slots *cpu_slots)
{
    sem_post(&cpu_slots->free);
}
