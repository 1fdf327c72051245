/* SPDX-License-Identifier: Apache-2.0 */
/* What the data plane reported last about each resource. */
#ifndef KN_LOCAL_CONTROLLERS_OBSERVED_STATUS_H
#define KN_LOCAL_CONTROLLERS_OBSERVED_STATUS_H

#include "kn-local/dataplane/runtime.h"

#include <pthread.h>

enum { OBSERVED_REASON_SIZE = 64, OBSERVED_MESSAGE_SIZE = 512 };

/* A resource's status. All zero: nothing was reported. */
struct observed_status {
    bool known;
    enum resource_ready ready;
    char reason[OBSERVED_REASON_SIZE], message[OBSERVED_MESSAGE_SIZE];
    unsigned replicas;
};

struct observed_status_map;

struct observed_status_map *observed_status_open(void);
void observed_status_close(struct observed_status_map *map);

/* Records a status; true when it differs from the last one. All calls may come from any thread. */
bool observed_status_record(struct observed_status_map *map, const struct resource_status *status);
struct observed_status observed_status_get(struct observed_status_map *map,
                                           const struct resource_id *id);
void observed_status_forget(struct observed_status_map *map, const struct resource_id *id);

#endif
