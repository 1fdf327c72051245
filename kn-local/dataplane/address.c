/* SPDX-License-Identifier: Apache-2.0 */
/* Where events go, and what the data plane's addresses mean. */
#include "kn-local/dataplane/address.h"

#include "base/str.h"
#include "net/url.h"

#include <string.h>

static const char CHANNEL_SUFFIX[] = "-kn-channel";

/* Cuts the suffix off; false when text does not end in it. */
static bool cut_end(char *text, const char *suffix)
{
    if (!str_ends(text, suffix))
        return false;
    text[strlen(text) - strlen(suffix)] = '\0';
    return true;
}

/* A host without its port and final dot, in lower case. */
static char *plain_host(const char *host)
{
    char *plain = str_copy_bytes((struct bytes){host, strcspn(host, ":")});
    str_lower(plain);
    cut_end(plain, ".");
    return plain;
}

static bool parse_host(const char *host, struct address *address)
{
    if (str_starts(host, "127."))
        return false; /* the usual case: our own address, not a name */
    OWN(free) char *name = plain_host(host);
    if (!cut_end(name, ".svc.cluster.local") && !cut_end(name, ".svc") &&
        !cut_end(name, ".localhost"))
        return false;
    char *dot = strchr(name, '.');
    if (!dot || dot == name || !dot[1] || strchr(dot + 1, '.'))
        return false;
    *dot = '\0';
    address->to = cut_end(name, CHANNEL_SUFFIX) ? DESTINATION_CHANNEL : DESTINATION_SERVICE;
    address->ns = str_copy(dot + 1);
    address->name = str_copy(name);
    return true;
}

/* The segment of a path after the slash that path points at; moves path to its end. */
static struct bytes segment(const char **path)
{
    if (**path != '/')
        return (struct bytes){0};
    const char *begin = *path + 1;
    *path = begin + strcspn(begin, "/?");
    return (struct bytes){begin, (size_t)(*path - begin)};
}

static void parse_path(const char *path, struct address *address)
{
    struct bytes ns = segment(&path), kind = segment(&path), name = segment(&path);
    bool channel = bytes_equal(kind, bytes_of("channels"));
    if (!ns.len || !name.len || (!channel && !bytes_equal(kind, bytes_of("services"))))
        return;
    address->to = channel ? DESTINATION_CHANNEL : DESTINATION_SERVICE;
    address->ns = str_copy_bytes(ns);
    address->name = str_copy_bytes(name);
    address->path = path;
}

/* Whether a URL is at the data plane's own port: a connection to ourselves would be one too many.
 */
static bool is_own_port(const struct url *url, const char *root)
{
    OWN(url) struct url own = {0};
    return url_parse(root, &own) && url->port == own.port &&
           (str_equal(url->host, own.host) || str_equal(url->host, "localhost"));
}

/* A URL that names a channel or service of ours, by its host or by our own port and a path, means
 * for that. False when it does not. address and url own what found borrows. */
static bool is_ours(const struct runtime_destination *target, const char *root,
                    struct address *address, struct url *url, struct runtime_destination *found)
{
    if (target->to != DESTINATION_URL || !url_parse(target->url, url) || url->tls)
        return false;
    const char *rest = url->target;
    if (!parse_host(url->host, address)) {
        if (!is_own_port(url, root))
            return false;
        parse_path(url->target, address);
        rest = address->path;
    }
    if (address->to == DESTINATION_NONE)
        return false;
    *found = (struct runtime_destination){.ns = address->ns, .name = address->name};
    found->to = address->to == DESTINATION_CHANNEL ? DESTINATION_CHANNEL : DESTINATION_SERVICE;
    found->url = str_empty(rest) || str_equal(rest, "/") ? NULL : rest;
    return true;
}

static char *plain_url(const struct runtime_destination *target, const char *root)
{
    if (target->to == DESTINATION_NONE)
        return NULL;
    if (target->to == DESTINATION_URL)
        return str_copy(target->url);
    const char *path = target->url ? target->url : "";
    return str_format("%s/%s/%s/%s%s%s", root, target->ns,
                      target->to == DESTINATION_CHANNEL ? "channels" : "services", target->name,
                      *path && *path != '/' && *path != '?' ? "/" : "", path);
}

char *address_url(const struct runtime_destination *target, const char *root)
{
    OWN(address) struct address address = {0};
    OWN(url) struct url url = {0};
    struct runtime_destination found;
    return plain_url(is_ours(target, root, &address, &url, &found) ? &found : target, root);
}

void address_resolve(const struct runtime_destination *from, const char *root,
                     struct resolved_address *to)
{
    OWN(address) struct address address = {0};
    OWN(url) struct url url = {0};
    struct runtime_destination found;
    if (is_ours(from, root, &address, &url, &found))
        from = &found;
    *to = (struct resolved_address){
        .to = (int)from->to,
        .ns = str_copy(from->ns),
        .name = str_copy(from->name),
        .url = plain_url(from, root),
    };
    const char *path = from->to == DESTINATION_SERVICE && from->url ? from->url : "";
    to->path = str_format("%s%s", *path == '/' ? "" : "/", path);
}

void address_resolved_done(struct resolved_address *target)
{
    free(target->ns);
    free(target->name);
    free(target->path);
    free(target->url);
    *target = (struct resolved_address){0};
}

void address_parse(const char *host, const char *path, struct address *address)
{
    *address = (struct address){.path = path};
    if (!host || !parse_host(host, address))
        parse_path(path, address);
}

void address_done(struct address *address)
{
    free(address->ns);
    free(address->name);
    *address = (struct address){0};
}
