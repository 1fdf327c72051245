/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the claims of an OIDC token from Google. */
#ifndef GCP_AUTH_OIDC_CLAIMS_H
#define GCP_AUTH_OIDC_CLAIMS_H

#include "base/json/jread.h"

struct oidc_expected {
    const char *audience;
    const char *email; /* of the service account; NULL = any */
    int64_t now_sec;
};

/* ERR_UNAUTHORIZED: wrong issuer or audience, or not valid now; ERR_FORBIDDEN: wrong account. */
bool oidc_claims_check(const json_t *claims, const struct oidc_expected *want, struct err *err);

#endif
