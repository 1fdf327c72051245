/* Who got which event, in a file that outlives every process that writes there. */
#ifndef TESTS_HELPERS_LEDGER_H
#define TESTS_HELPERS_LEDGER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEDGER_READERS = 2, LEDGER_EVENTS = 20000 };

struct ledger {
    atomic_uchar arrived[LEDGER_READERS][LEDGER_EVENTS];
    atomic_uint published;
};

/* Maps the file, which is made when missing; for munmap. Ends the program when that does not work.
 */
struct ledger *ledger_map(const char *path);

/* Notes that a reader got the event whose number the text is; false when it is none. */
bool ledger_note(struct ledger *ledger, size_t reader, const char *text);

/* How many have not arrived, over all readers. */
unsigned ledger_missing(const struct ledger *ledger);

/* Something that events travel through, while parts of it are killed. */
struct trial {
    void *(*publish_all)(void *scene); /* all events; run by several threads at once, each of which
                                        * counts in `published` what it has got rid of */
    void (*kill_one)(void *scene, unsigned number); /* chosen by a random number */
    void *scene;
};

/* Has all events published while parts are killed at random moments, and waits until each has
 * arrived; the runner's time limit decides when that is hopeless. */
void ledger_try(struct ledger *ledger, const struct trial *trial);

/* A port that nobody listens on just now. */
uint16_t free_port(void);

#endif
