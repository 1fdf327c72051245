/* What the data plane told last about each thing. */
#ifndef KN_LOCAL_CONTROLLERS_OBSERVED_STATUS_H
#define KN_LOCAL_CONTROLLERS_OBSERVED_STATUS_H

#include "kn-local/dataplane/runtime.h"

#include <pthread.h>

enum { FACT_REASON = 64, FACT_MESSAGE = 512 };

/* How a thing is; all zero is: nothing known. */
struct fact {
    bool known;
    enum runtime_ready ready;
    char reason[FACT_REASON], message[FACT_MESSAGE];
    unsigned replicas;
};

struct facts;

struct facts *facts_open(void);
void facts_close(struct facts *facts);

/* Notes a status; true when it differs from the last. From any thread. */
bool facts_note(struct facts *facts, const struct runtime_status *status);
struct fact facts_get(struct facts *facts, const struct runtime_id *id);
void facts_forget(struct facts *facts, const struct runtime_id *id);

#endif
