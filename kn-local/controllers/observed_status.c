/* SPDX-License-Identifier: Apache-2.0 */
/* What the data plane reported last about each resource. */
#include "kn-local/controllers/observed_status.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <uthash.h>

struct entry {
    char *key;
    struct observed_status status;
    UT_hash_handle hh;
};

struct observed_status_map {
    pthread_mutex_t lock; /* guards the table */
    struct entry *table;
};

static char *key_of(const struct resource_id *id)
{
    return str_format("%d/%s/%s", (int)id->kind, id->ns, id->name);
}

static struct entry *find(struct observed_status_map *map, const struct resource_id *id)
{
    OWN(free) char *key = key_of(id);
    struct entry *entry = NULL;
    HASH_FIND_STR(map->table, key, entry);
    return entry;
}

static void drop(struct observed_status_map *map, struct entry *entry)
{
    HASH_DEL(map->table, entry);
    free(entry->key);
    free(entry);
}

struct observed_status_map *observed_status_open(void)
{
    struct observed_status_map *map = alloc_zeroed(sizeof(*map));
    pthread_mutex_init(&map->lock, NULL);
    return map;
}

void observed_status_close(struct observed_status_map *map)
{
    if (!map)
        return;
    struct entry *entry = NULL;
    struct entry *next = NULL;
    HASH_ITER(hh, map->table, entry, next)
    {
        drop(map, entry);
    }
    pthread_mutex_destroy(&map->lock);
    free(map);
}

bool observed_status_record(struct observed_status_map *map, const struct resource_status *status)
{
    struct observed_status observed;
    memset(&observed, 0, sizeof(observed)); /* compared byte by byte */
    observed.known = true;
    observed.ready = status->ready;
    observed.replicas = status->replicas;
    snprintf(observed.reason, sizeof(observed.reason), "%s", status->reason);
    snprintf(observed.message, sizeof(observed.message), "%s", status->message);

    pthread_mutex_lock(&map->lock);
    struct entry *entry = find(map, &status->id);
    if (!entry) {
        entry = alloc_zeroed(sizeof(*entry));
        entry->key = key_of(&status->id);
        HASH_ADD_KEYPTR(hh, map->table, entry->key, strlen(entry->key), entry);
    }
    bool differs = memcmp(&entry->status, &observed, sizeof(observed)) != 0;
    memcpy(&entry->status, &observed, sizeof(observed));
    pthread_mutex_unlock(&map->lock);
    return differs;
}

struct observed_status observed_status_get(struct observed_status_map *map,
                                           const struct resource_id *id)
{
    pthread_mutex_lock(&map->lock);
    const struct entry *entry = find(map, id);
    struct observed_status observed = entry ? entry->status : (struct observed_status){0};
    pthread_mutex_unlock(&map->lock);
    return observed;
}

void observed_status_forget(struct observed_status_map *map, const struct resource_id *id)
{
    pthread_mutex_lock(&map->lock);
    struct entry *entry = find(map, id);
    if (entry)
        drop(map, entry);
    pthread_mutex_unlock(&map->lock);
}
