/* The token of another identity provider that workload identity federation exchanges. */
#ifndef GCP_SUBJECT_H
#define GCP_SUBJECT_H

#include "gcp/credentials.h"
#include "gcp/outside.h"

/* Reads it from its file or URL, each time anew: others renew it. The caller frees. */
char *subject_token(const struct outside *outside, const struct credentials *credentials,
                    struct err *err);

#endif
