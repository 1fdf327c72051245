/* SPDX-License-Identifier: Apache-2.0 */
/* A semaphore with one slot for each CPU core: limits work that needs a core and much memory. */
#ifndef GCP_LOCAL_API_CPU_SLOTS_H
#define GCP_LOCAL_API_CPU_SLOTS_H

#include <semaphore.h>

struct cpu_slots {
    sem_t semaphore;
};

void cpu_slots_open(struct cpu_slots *slots);
void cpu_slots_close(struct cpu_slots *slots);

void cpu_slots_acquire(struct cpu_slots *slots); /* waits for a free slot */
void cpu_slots_release(struct cpu_slots *slots);

#endif
