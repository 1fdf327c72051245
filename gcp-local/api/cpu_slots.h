/* Turns: as many as there are cores may work at once, the others wait. For what takes a core and
 * much memory while it lasts. */
#ifndef GCP_LOCAL_API_CPU_SLOTS_H
#define GCP_LOCAL_API_CPU_SLOTS_H

#include <semaphore.h>

struct turns {
    sem_t free;
};

void turns_open(struct turns *turns);
void turns_close(struct turns *turns);

void turns_take(struct turns *turns); /* waits for one */
void turns_give(struct turns *turns);

#endif
