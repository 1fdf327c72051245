/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl, loaded when it is first needed and kept until the process ends. */
#include "net/client/libcurl.h"

#include <dlfcn.h>
#include <pthread.h>

static struct libcurl functions;
static struct err failure; /* of loading */

static void load(void)
{
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        err_set(&failure, ERR_INTERNAL, "cannot load libcurl: %s", dlerror());
        return;
    }
#define FIND(name)                                                                                 \
    *(void **)&functions.name = dlsym(library, "curl_" #name);                                     \
    if (!functions.name)                                                                           \
        err_set(&failure, ERR_INTERNAL, "libcurl lacks %s", "curl_" #name);
    LIBCURL_FUNCTIONS(FIND)
#undef FIND
    if (failure.status == 0 && functions.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        err_set(&failure, ERR_INTERNAL, "cannot initialise libcurl");
}

const struct libcurl *libcurl_load(struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    if (failure.status == 0)
        return &functions;
    err_set(err, failure.status, "%s", failure.text);
    return NULL;
}
