/* SPDX-License-Identifier: Apache-2.0 */
/* Counts the failed deliveries of each message, for the backoff. */
#include "pubsub-source/failures.h"

#include "base/str.h"

#include <string.h>
#include <uthash.h>

enum { MAX_ENTRIES = 10000 };

struct failure {
    char *id;
    int count;
    UT_hash_handle hh; /* keeps the order of insertion: the oldest is first */
};

static void remove_failure(struct failures *failures, struct failure *failure)
{
    HASH_DEL(failures->table, failure);
    free(failure->id);
    free(failure);
}

int failures_add(struct failures *failures, const char *id)
{
    struct failure *failure;
    HASH_FIND_STR(failures->table, id, failure);
    if (!failure) {
        if (HASH_COUNT(failures->table) == MAX_ENTRIES)
            remove_failure(failures, failures->table);
        failure = alloc_zeroed(sizeof(*failure));
        failure->id = str_copy(id);
        HASH_ADD_KEYPTR(hh, failures->table, failure->id, strlen(failure->id), failure);
    }
    return failure->count++;
}

void failures_forget(struct failures *failures, const char *id)
{
    struct failure *failure;
    HASH_FIND_STR(failures->table, id, failure);
    if (failure)
        remove_failure(failures, failure);
}

void failures_done(struct failures *failures)
{
    while (failures->table)
        remove_failure(failures, failures->table);
}
