/* SPDX-License-Identifier: Apache-2.0 */
/* How often each message has failed, so that it comes again later each time. */
#include "pubsub-source/failures.h"

#include "base/str.h"

#include <string.h>
#include <uthash.h>

enum { MAX_ENTRIES = 10000 };

struct failure {
    char *id;
    int count;
    UT_hash_handle hh; /* keeps the order of arrival: the oldest comes first */
};

static void forget(struct failures *failures, struct failure *failure)
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
            forget(failures, failures->table);
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
        forget(failures, failure);
}

void failures_done(struct failures *failures)
{
    while (failures->table)
        forget(failures, failures->table);
}
