/* SPDX-License-Identifier: Apache-2.0 */
/* What all pods share. */
#include "kn-local/serving/pod_manager.h"

#include "base/thread.h"

void pod_manager_init(struct pod_manager *manager)
{
    pthread_mutex_init(&manager->lock, NULL);
    thread_cond_init(&manager->none_running);
}

void pod_manager_done(struct pod_manager *manager)
{
    pthread_cond_destroy(&manager->none_running);
    pthread_mutex_destroy(&manager->lock);
}

void pod_manager_started(struct pod_manager *manager)
{
    pthread_mutex_lock(&manager->lock);
    manager->running++;
    pthread_mutex_unlock(&manager->lock);
}

void pod_manager_exited(struct pod_manager *manager)
{
    pthread_mutex_lock(&manager->lock);
    if (--manager->running == 0)
        pthread_cond_broadcast(&manager->none_running);
    pthread_mutex_unlock(&manager->lock);
}

void pod_manager_wait(struct pod_manager *manager, int64_t until_ns)
{
    pthread_mutex_lock(&manager->lock);
    while (manager->running &&
           thread_cond_wait_until(&manager->none_running, &manager->lock, until_ns))
        ;
    pthread_mutex_unlock(&manager->lock);
}
