/* SPDX-License-Identifier: Apache-2.0 */
/* The path of the network's weights. */
#include "base/env.h"
#include "base/str.h"
#include "gcp-local/vision/network/network.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

static const char default_path[] = ".local/centernet.bin";

/* Looks in the folders above the program, which may be the project's build/. */
static char *find_above_program(void)
{
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
    program[len > 0 ? len : 0] = '\0';
    for (char *slash; (slash = strrchr(program, '/')) && slash != program;) {
        *slash = '\0';
        OWN(free) char *path = str_format("%s/%s", program, default_path);
        if (access(path, R_OK) == 0)
            return move_ptr(&path);
    }
    return NULL;
}

char *network_path(const char *given)
{
    const char *path = given ? given : env_str("VISION_MODEL", NULL);
    if (path)
        return str_copy(path);
    char *found = access(default_path, R_OK) == 0 ? NULL : find_above_program();
    return found ? found : str_copy(default_path);
}
