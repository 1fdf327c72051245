/* SPDX-License-Identifier: Apache-2.0 */
/* Turns: as many as there are cores may work at once, the others wait. For what takes a core and
 * much memory while it lasts. */
#ifndef GCP_LOCAL_API_CPU_SLOTS_H
#define GCP_LOCAL_API_CPU_SLOTS_H

#include <semaphore.h>

struct cpu_slots {
    sem_t free;
};

void cpu_slots_open(struct cpu_slots *cpu_slots);
void cpu_slots_close(struct cpu_slots *cpu_slots);

void cpu_slots_acquire(struct cpu_slots *cpu_slots); /* waits for one */
void cpu_slots_release(struct cpu_slots *cpu_slots);

#endif
