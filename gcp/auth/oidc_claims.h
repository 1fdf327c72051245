/* SPDX-License-Identifier: Apache-2.0 */
/* What the claims of Google's OIDC token must say. */
#ifndef GCP_AUTH_OIDC_CLAIMS_H
#define GCP_AUTH_OIDC_CLAIMS_H

#include "base/json/jread.h"

struct oidc_expected {
    const char *audience;
    const char *email; /* NULL = any account's */
    int64_t now_sec;
};

/* False with ERR_UNAUTHORIZED: not from Google, not for us, or not now; ERR_FORBIDDEN: of somebody
 * who may not. */
bool oidc_claims_check(const json_t *claims, const struct oidc_expected *want, struct err *err);

#endif
