/* SPDX-License-Identifier: Apache-2.0 */
/* Who got which event, in a file that outlives every process that writes there. */
#ifndef TESTS_HELPERS_ARRIVAL_LOG_H
#define TESTS_HELPERS_ARRIVAL_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ARRIVAL_LOG_READERS = 2, ARRIVAL_LOG_EVENTS = 20000 };

struct arrival_log {
    atomic_uchar arrived[ARRIVAL_LOG_READERS][ARRIVAL_LOG_EVENTS];
    atomic_uint published;
};

/* Maps the file, which is made when missing; for munmap. Ends the program when that does not work.
 */
struct arrival_log *arrival_log_map(const char *path);

/* Notes that a reader got the event whose number the text is; false when it is none. */
bool arrival_log_record(struct arrival_log *ledger, size_t reader, const char *text);

/* How many have not arrived, over all readers. */
unsigned arrival_log_missing(const struct arrival_log *ledger);

/* Something that events travel through, while parts of it are killed. */
struct crash_test {
    void *(*publish_all)(void *scene); /* all events; run by several threads at once, each of which
                                        * counts in `published` what it has got rid of */
    void (*kill_one)(void *scene, unsigned number); /* chosen by a random number */
    void *scene;
};

/* Has all events published while parts are killed at random moments, and waits until each has
 * arrived; the runner's time limit decides when that is hopeless. */
void crash_test_run(struct arrival_log *ledger, const struct crash_test *trial);

#endif
