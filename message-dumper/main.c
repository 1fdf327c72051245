/* SPDX-License-Identifier: Apache-2.0 */
/* message-dumper: logs each event, as received and decoded. */
#include "bridge/service_main.h"
#include "message-dumper/message-dumper.h"

int main(int argc, char **argv)
{
    static const struct service_program message_dumper = {
        .name = "message-dumper",
        .about = "Logs each event that is posted to it, as received and decoded: CloudEvents in\n"
                 "any mode and version, Pub/Sub messages in any envelope, plain text.\n",
        .paths = "  GET /events     the last events as JSON\n",
        .settings = "  HISTORY_EVENTS      maximum number of events in GET /events (100)\n"
                    "  HISTORY_BYTES       maximum size of these events in bytes (1048576)\n",
        .open = message_dumper_open,
        .close = message_dumper_close,
        .get = message_dumper_get,
        .handler = message_dumper_on_event,
    };
    return service_main(argc, argv, &message_dumper);
}
