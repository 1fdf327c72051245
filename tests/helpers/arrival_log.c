/* SPDX-License-Identifier: Apache-2.0 */
/* Records which events have arrived, in a shared file that survives the processes that write it. */
#include "tests/helpers/arrival_log.h"

#include "base/own.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "tests/helpers/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { SENDERS = 8, KILLS = 12 };

struct arrival_log *arrival_log_map(const char *path)
{
    OWN(fd) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    EXPECT(fd >= 0 && ftruncate(fd, sizeof(struct arrival_log)) == 0);
    void *memory =
        mmap(NULL, sizeof(struct arrival_log), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    EXPECT(memory != MAP_FAILED);
    return memory;
}

bool arrival_log_record(struct arrival_log *log, size_t reader, const char *text)
{
    int64_t number;
    if (reader >= ARRIVAL_LOG_READERS || !str_int(text, 0, ARRIVAL_LOG_EVENTS - 1, &number))
        return false;
    atomic_store(&log->arrived[reader][number], 1);
    return true;
}

unsigned arrival_log_missing(const struct arrival_log *log)
{
    unsigned count = 0;
    for (size_t reader = 0; reader < ARRIVAL_LOG_READERS; reader++)
        for (size_t i = 0; i < ARRIVAL_LOG_EVENTS; i++)
            count += !atomic_load(&log->arrived[reader][i]);
    return count;
}

static void pause_briefly(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 2 * NS_PER_MS}, NULL);
}

static void kill_at_random(const struct arrival_log *log, const struct crash_test *test)
{
    unsigned seed = (unsigned)timestamp_now_ns();
    for (int i = 0; i < KILLS; i++) {
        unsigned until =
            (unsigned)(ARRIVAL_LOG_EVENTS / (KILLS + 1) * (i + 1)) + (unsigned)rand_r(&seed) % 1000;
        while (atomic_load(&log->published) < until)
            pause_briefly();
        test->kill_one(test->context, (unsigned)rand_r(&seed));
    }
}

void crash_test_run(struct arrival_log *log, const struct crash_test *test)
{
    pthread_t senders[SENDERS];
    for (size_t i = 0; i < SENDERS; i++)
        pthread_create(&senders[i], NULL, test->publish_all, test->context);
    kill_at_random(log, test);
    for (size_t i = 0; i < SENDERS; i++)
        pthread_join(senders[i], NULL);
    EXPECT_INT(atomic_load(&log->published), ARRIVAL_LOG_EVENTS);
    while (arrival_log_missing(log))
        pause_briefly();
}
