/* SPDX-License-Identifier: Apache-2.0 */
/* Where the network's weights are. */
#include "base/env.h"
#include "base/str.h"
#include "gcp-local/vision/network/network.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

static const char usual[] = ".local/centernet.bin";

/* Looks in the folders above the program: it may run from the project's build/ or from elsewhere.
 */
static char *beside_program(void)
{
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
    program[len > 0 ? len : 0] = '\0';
    for (char *slash; (slash = strrchr(program, '/')) && slash != program;) {
        *slash = '\0';
        OWN(free) char *path = str_format("%s/%s", program, usual);
        if (access(path, R_OK) == 0)
            return move_ptr(&path);
    }
    return NULL;
}

char *network_path(const char *named)
{
    const char *path = named ? named : env_str("VISION_MODEL", NULL);
    if (path)
        return str_copy(path);
    char *beside = access(usual, R_OK) == 0 ? NULL : beside_program();
    return beside ? beside : str_copy(usual);
}
