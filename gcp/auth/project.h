/* SPDX-License-Identifier: Apache-2.0 */
/* Which project, when nobody said. */
#ifndef GCP_AUTH_PROJECT_H
#define GCP_AUTH_PROJECT_H

/* From GOOGLE_CLOUD_PROJECT, GCLOUD_PROJECT, or PUBSUB_PROJECT_ID with an emulator. NULL when none
 * is set. The caller frees. */
char *project_from_env(void);

/* From gcloud's active configuration, as `gcloud config set project` wrote it;
 * CLOUDSDK_CORE_PROJECT and CLOUDSDK_ACTIVE_CONFIG_NAME count. NULL when it names none. The caller
 * frees. */
char *project_from_gcloud(void);

#endif
