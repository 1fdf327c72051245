/* SPDX-License-Identifier: Apache-2.0 */
/* The default project, from the environment or gcloud's configuration. */
#ifndef GCP_AUTH_PROJECT_H
#define GCP_AUTH_PROJECT_H

/* GOOGLE_CLOUD_PROJECT, GCLOUD_PROJECT, or, with an emulator, PUBSUB_PROJECT_ID. NULL when not set.
 * The caller frees. */
char *project_from_env(void);

/* The project of gcloud's active configuration, as `gcloud config set project` sets it. Respects
 * CLOUDSDK_CORE_PROJECT and CLOUDSDK_ACTIVE_CONFIG_NAME. NULL when not set. The caller frees. */
char *project_from_gcloud(void);

#endif
