/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl, loaded at run time, so that a program without HTTPS calls does not load it and the 30
 * libraries that it needs. Private to net/client/. */
#ifndef NET_CLIENT_LIBCURL_H
#define NET_CLIENT_LIBCURL_H

#include "base/err.h"

#include <curl/curl.h>

/* The functions that we call; each member has the type of curl_<member>. */
#define LIBCURL_FUNCTIONS(X)                                                                       \
    X(global_init)                                                                                 \
    X(easy_init)                                                                                   \
    X(easy_cleanup)                                                                                \
    X(easy_reset)                                                                                  \
    X(easy_setopt)                                                                                 \
    X(easy_getinfo)                                                                                \
    X(easy_strerror)                                                                               \
    X(multi_init)                                                                                  \
    X(multi_cleanup)                                                                               \
    X(multi_setopt)                                                                                \
    X(multi_add_handle)                                                                            \
    X(multi_remove_handle)                                                                         \
    X(multi_socket_action)                                                                         \
    X(multi_info_read)

struct libcurl {
#define MEMBER(name) __typeof__(curl_##name) *name;
    LIBCURL_FUNCTIONS(MEMBER)
#undef MEMBER
};

/* Loads and initialises libcurl, once per process. NULL and err when it is not installed. */
const struct libcurl *libcurl_load(struct err *err);

#endif
