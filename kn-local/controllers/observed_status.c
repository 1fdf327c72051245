/* SPDX-License-Identifier: Apache-2.0 */
/* What the data plane told last about each thing. */
#include "kn-local/controllers/observed_status.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <uthash.h>

struct entry {
    char *key;
    struct observed_status fact;
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

static struct entry *find(struct observed_status_map *facts, const struct resource_id *id)
{
    OWN(free) char *key = key_of(id);
    struct entry *entry = NULL;
    HASH_FIND_STR(facts->table, key, entry);
    return entry;
}

static void drop(struct observed_status_map *facts, struct entry *entry)
{
    HASH_DEL(facts->table, entry);
    free(entry->key);
    free(entry);
}

struct observed_status_map *observed_status_open(void)
{
    struct observed_status_map *facts = alloc_zeroed(sizeof(*facts));
    pthread_mutex_init(&facts->lock, NULL);
    return facts;
}

void observed_status_close(struct observed_status_map *facts)
{
    if (!facts)
        return;
    struct entry *entry = NULL;
    struct entry *next = NULL;
    HASH_ITER(hh, facts->table, entry, next)
    {
        drop(facts, entry);
    }
    pthread_mutex_destroy(&facts->lock);
    free(facts);
}

bool observed_status_record(struct observed_status_map *facts, const struct resource_status *status)
{
    struct observed_status fact;
    memset(&fact, 0, sizeof(fact)); /* compared byte by byte */
    fact.known = true;
    fact.ready = status->ready;
    fact.replicas = status->replicas;
    snprintf(fact.reason, sizeof(fact.reason), "%s", status->reason);
    snprintf(fact.message, sizeof(fact.message), "%s", status->message);

    pthread_mutex_lock(&facts->lock);
    struct entry *entry = find(facts, &status->id);
    if (!entry) {
        entry = alloc_zeroed(sizeof(*entry));
        entry->key = key_of(&status->id);
        HASH_ADD_KEYPTR(hh, facts->table, entry->key, strlen(entry->key), entry);
    }
    bool differs = memcmp(&entry->fact, &fact, sizeof(fact)) != 0;
    memcpy(&entry->fact, &fact, sizeof(fact));
    pthread_mutex_unlock(&facts->lock);
    return differs;
}

struct observed_status observed_status_get(struct observed_status_map *facts,
                                           const struct resource_id *id)
{
    pthread_mutex_lock(&facts->lock);
    const struct entry *entry = find(facts, id);
    struct observed_status fact = entry ? entry->fact : (struct observed_status){0};
    pthread_mutex_unlock(&facts->lock);
    return fact;
}

void observed_status_forget(struct observed_status_map *facts, const struct resource_id *id)
{
    pthread_mutex_lock(&facts->lock);
    struct entry *entry = find(facts, id);
    if (entry)
        drop(facts, entry);
    pthread_mutex_unlock(&facts->lock);
}
