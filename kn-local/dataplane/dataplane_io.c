/* SPDX-License-Identifier: Apache-2.0 */
/* Counts what is under way in the data plane. */
#include "kn-local/dataplane/dataplane_io.h"

#include "base/thread.h"

void dataplane_io_begin(struct dataplane_io *io)
{
    atomic_fetch_add_explicit(&io->inflight.count, 1, memory_order_relaxed);
}

void dataplane_io_end(struct dataplane_io *io)
{
    size_t count = atomic_load(&io->inflight.count);
    while (count > 1)
        if (atomic_compare_exchange_weak(&io->inflight.count, &count, count - 1))
            return;
    pthread_mutex_lock(
        &io->inflight.lock); /* dataplane_io_wait_idle may return, and all this be freed */
    if (atomic_fetch_sub(&io->inflight.count, 1) == 1)
        pthread_cond_broadcast(&io->inflight.ended);
    pthread_mutex_unlock(&io->inflight.lock);
}

bool dataplane_io_wait_idle(struct dataplane_io *io, int64_t until_ns)
{
    pthread_mutex_lock(&io->inflight.lock);
    while (atomic_load(&io->inflight.count) &&
           thread_cond_wait_until(&io->inflight.ended, &io->inflight.lock, until_ns))
        ;
    bool idle = !atomic_load(&io->inflight.count);
    pthread_mutex_unlock(&io->inflight.lock);
    return idle;
}
