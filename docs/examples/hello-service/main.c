/* SPDX-License-Identifier: Apache-2.0 */
/* hello-service: greets the sender of each event. The example of docs/development.md. */
#include "base/log.h"
#include "base/own.h"
#include "base/str.h"
#include "bridge/bridge.h"
#include "bridge/service_main.h"

static bool hello(const struct ce_event *event, struct ce_reply *reply, void *app, struct err *err)
{
    (void)app;
    OWN(gcp_message) struct gcp_message message = {0};
    if (!bridge_message_from_event(event, &message, err))
        return false;
    reply->text = str_format("Hello, %s", message.data ? message.data : "nobody");
    log_info("%s", reply->text);
    return true;
}

int main(int argc, char **argv)
{
    static const struct service_program program = {
        .name = "hello-service",
        .about = "Logs and answers a greeting for each event.\n",
        .handler = hello,
    };
    return service_main(argc, argv, &program);
}
