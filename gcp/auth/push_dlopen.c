/* SPDX-License-Identifier: Apache-2.0 */
/* gcp_push_... for a program that does not link libgcp: loaded only when PUSH_AUDIENCE is set. */
#include "gcp/auth/push_dlopen.h"

#include "base/env.h"
#include "base/str.h"

#include <dlfcn.h>
#include <limits.h>
#include <string.h>

struct gcp_push;

struct push_dlopen {
    void *library;
    struct gcp_push *push;
    bool (*open)(struct gcp_push **push, struct err *err);
    bool (*check)(struct gcp_push *push, const char *authorization, struct err *err);
    void (*close)(struct gcp_push *push);
};

/* Sets *function, a pointer to a function. ISO C has no conversion for it. */
static bool find(void *library, const char *name, void *function, struct err *err)
{
    void *symbol = dlsym(library, name);
    if (!symbol)
        return err_set(err, ERR_INTERNAL, "libgcp.so.0 has no %s: another version?", name);
    memcpy(function, &symbol, sizeof(symbol));
    return true;
}

/* Beside the program, or where it was installed with it, or where the system looks. */
static void *open_library(void)
{
    static const char *const places[] = {"", "../lib/"};
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program));
    while (len > 0 && program[len - 1] != '/')
        len--;
    for (size_t i = 0; len > 0 && i < ARRAY_SIZE(places); i++) {
        OWN(free) char *path = str_format("%.*s%slibgcp.so.0", (int)len, program, places[i]);
        void *library = access(path, F_OK) == 0 ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
        if (library)
            return library;
    }
    return dlopen("libgcp.so.0", RTLD_NOW | RTLD_LOCAL);
}

static bool load(struct push_dlopen *lazy, struct err *err)
{
    lazy->library = open_library();
    if (!lazy->library)
        return err_set(err, ERR_INTERNAL, "PUSH_AUDIENCE is set, which needs libgcp: %s",
                       dlerror());
    return find(lazy->library, "gcp_push_open", &lazy->open, err) &&
           find(lazy->library, "gcp_push_check", &lazy->check, err) &&
           find(lazy->library, "gcp_push_close", &lazy->close, err) && lazy->open(&lazy->push, err);
}

bool push_dlopen_open(struct push_dlopen **lazy, struct err *err)
{
    *lazy = NULL;
    if (!env_str("PUSH_AUDIENCE", NULL))
        return true;
    struct push_dlopen *opened = alloc_zeroed(sizeof(*opened));
    if (load(opened, err)) {
        *lazy = opened;
        return true;
    }
    push_dlopen_close(opened);
    return false;
}

bool push_dlopen_check(struct push_dlopen *lazy, const char *authorization, struct err *err)
{
    return lazy->check(lazy->push, authorization, err);
}

void push_dlopen_close(struct push_dlopen *lazy)
{
    if (!lazy)
        return;
    if (lazy->push)
        lazy->close(lazy->push);
    /* the library stays loaded: curl and OpenSSL leave handlers behind that run at exit */
    free(lazy);
}
