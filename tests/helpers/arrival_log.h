/* SPDX-License-Identifier: Apache-2.0 */
/* Records which events have arrived, in a shared file that survives the processes that write it. */
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

/* Maps the file, creating it when missing; for munmap. Fails the test on an error. */
struct arrival_log *arrival_log_map(const char *path);

/* Records that a reader received the event whose number is in text; false when it is not valid. */
bool arrival_log_record(struct arrival_log *log, size_t reader, const char *text);

/* The number of events that have not arrived, over all readers. */
unsigned arrival_log_missing(const struct arrival_log *log);

/* A system that transports events while parts of it are killed. */
struct crash_test {
    void *(*publish_all)(void *context); /* run by several threads, which count what they have
                                          * published in `published` */
    void (*kill_one)(void *context, unsigned number); /* the part is chosen by a random number */
    void *context;
};

/* Publishes all events while parts are killed at random times, and waits until all have arrived.
 * The time limit of the test runner ends a wait that does not succeed. */
void crash_test_run(struct arrival_log *log, const struct crash_test *test);

#endif
