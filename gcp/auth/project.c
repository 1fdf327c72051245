/* SPDX-License-Identifier: Apache-2.0 */
/* The default project, from the environment or gcloud's configuration. */
#include "gcp/auth/project.h"

#include "base/env.h"
#include "base/str.h"
#include "gcp/auth/credentials.h"

#include <ctype.h>
#include <string.h>

char *project_from_env(void)
{
    const char *emulated = env_str("PUBSUB_EMULATOR_HOST", NULL);
    const char *fallback = emulated ? env_str("PUBSUB_PROJECT_ID", NULL) : NULL;
    return str_copy(env_str("GOOGLE_CLOUD_PROJECT", env_str("GCLOUD_PROJECT", fallback)));
}

/* Removes white space at both ends, in place. */
static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t len = strlen(text);
    while (len && isspace((unsigned char)text[len - 1]))
        text[--len] = '\0';
    return text;
}

/* The value of `project = NAME` in section [core]. */
static char *read_config(FILE *file)
{
    char line[1024];
    bool in_core = false;
    while (fgets(line, sizeof(line), file)) {
        char *text = trim(line);
        char *equals = strchr(text, '=');
        if (*text == '[') {
            in_core = str_equal(text, "[core]");
        } else if (in_core && equals) {
            *equals = '\0';
            const char *value = trim(equals + 1);
            if (str_equal(trim(text), "project") && *value)
                return str_copy(value);
        }
    }
    return NULL;
}

/* The name of the active configuration. */
static char *active_config(void)
{
    const char *name = env_str("CLOUDSDK_ACTIVE_CONFIG_NAME", NULL);
    if (name)
        return str_copy(name);
    OWN(free) char *path = credentials_gcloud_file("active_config");
    OWN(file) FILE *file = path ? fopen(path, "re") : NULL;
    char line[256];
    bool read = file && fgets(line, sizeof(line), file);
    return str_copy(read && *trim(line) ? trim(line) : "default");
}

char *project_from_gcloud(void)
{
    const char *project = env_str("CLOUDSDK_CORE_PROJECT", NULL);
    if (project)
        return str_copy(project);
    OWN(free) char *name = active_config();
    OWN(free) char *config = str_format("configurations/config_%s", name);
    OWN(free) char *path = credentials_gcloud_file(config);
    OWN(file) FILE *file = path ? fopen(path, "re") : NULL;
    return file ? read_config(file) : NULL;
}
