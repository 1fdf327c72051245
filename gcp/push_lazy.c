/* gcp_push_... for a program that does not link libgcp: loaded only when PUSH_AUDIENCE is set. */
#include "gcp/push_lazy.h"

#include "base/env.h"
#include "base/str.h"

#include <dlfcn.h>
#include <string.h>

struct gcp_push;

struct push_lazy {
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

static bool load(struct push_lazy *lazy, struct err *err)
{
    lazy->library = dlopen("libgcp.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!lazy->library)
        return err_set(err, ERR_INTERNAL, "PUSH_AUDIENCE is set, which needs libgcp: %s",
                       dlerror());
    return find(lazy->library, "gcp_push_open", &lazy->open, err) &&
           find(lazy->library, "gcp_push_check", &lazy->check, err) &&
           find(lazy->library, "gcp_push_close", &lazy->close, err) && lazy->open(&lazy->push, err);
}

bool push_lazy_open(struct push_lazy **lazy, struct err *err)
{
    *lazy = NULL;
    if (!env_str("PUSH_AUDIENCE", NULL))
        return true;
    struct push_lazy *opened = must_alloc(sizeof(*opened));
    if (load(opened, err)) {
        *lazy = opened;
        return true;
    }
    push_lazy_close(opened);
    return false;
}

bool push_lazy_check(struct push_lazy *lazy, const char *authorization, struct err *err)
{
    return lazy->check(lazy->push, authorization, err);
}

void push_lazy_close(struct push_lazy *lazy)
{
    if (!lazy)
        return;
    if (lazy->push)
        lazy->close(lazy->push);
    /* the library stays loaded: curl and OpenSSL leave handlers behind that run at exit */
    free(lazy);
}
