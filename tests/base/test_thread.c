/* SPDX-License-Identifier: Apache-2.0 */
/* Threads, timed waits, the heap, hashes. */
#include "base/hash.h"
#include "base/heap.h"
#include "base/thread.h"
#include "base/timestamp.h"
#include "tests/helpers/test.h"

#include <stdlib.h>

struct fixture {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ran, has_signal;
    char name[16];
};

static void *look_around(void *context)
{
    struct fixture *fixture = context;
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    pthread_mutex_lock(&fixture->lock);
    pthread_getname_np(pthread_self(), fixture->name, sizeof(fixture->name));
    fixture->has_signal = !sigismember(&blocked, SIGTERM) || !sigismember(&blocked, SIGHUP);
    fixture->ran = true;
    pthread_cond_signal(&fixture->changed);
    pthread_mutex_unlock(&fixture->lock);
    return NULL;
}

static bool wait_until_it_ran(struct fixture *fixture)
{
    int64_t until = timestamp_monotonic_ns() + 10 * NS_PER_SEC;
    pthread_mutex_lock(&fixture->lock);
    while (!fixture->ran && thread_cond_wait_until(&fixture->changed, &fixture->lock, until))
        ;
    pthread_mutex_unlock(&fixture->lock);
    return fixture->ran;
}

TEST(a_thread_has_its_name_and_takes_no_signals)
{
    struct fixture fixture = {.lock = PTHREAD_MUTEX_INITIALIZER};
    thread_cond_init(&fixture.changed);
    struct err err = {0};
    pthread_t thread;
    EXPECT(thread_start(&thread, "looker", look_around, &fixture, &err));
    EXPECT(wait_until_it_ran(&fixture));
    pthread_join(thread, NULL);
    EXPECT_STR(fixture.name, "looker");
    EXPECT(!fixture.has_signal);
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    EXPECT(!sigismember(&blocked, SIGTERM)); /* ours are as before */
}

TEST(a_detached_thread_runs)
{
    struct fixture fixture = {.lock = PTHREAD_MUTEX_INITIALIZER};
    thread_cond_init(&fixture.changed);
    struct err err = {0};
    EXPECT(thread_start_detached(256 << 10, "looker", look_around, &fixture, &err));
    EXPECT(wait_until_it_ran(&fixture));
}

TEST(a_timed_wait_ends_on_the_monotonic_clock)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t never;
    thread_cond_init(&never);
    int64_t until = timestamp_monotonic_ns() + 20 * NS_PER_MS;
    pthread_mutex_lock(&lock);
    while (thread_cond_wait_until(&never, &lock, until))
        ;
    pthread_mutex_unlock(&lock);
    EXPECT(timestamp_monotonic_ns() >= until);
}

TEST(a_heap_gives_the_smallest_key_first)
{
    enum { NODES = 200 };
    struct heap heap = {0};
    struct heap_node nodes[NODES] = {0};
    srandom(1);
    for (int turn = 0; turn < 3; turn++) /* also those that are in it already */
        for (int i = 0; i < NODES; i++)
            heap_set(&heap, &nodes[i], random() % 1000);
    for (int i = 0; i < NODES; i += 3)
        heap_remove(&heap, &nodes[i]);
    heap_remove(&heap, &nodes[0]); /* not in it: harmless */
    int64_t last = 0;
    size_t count = 0;
    for (struct heap_node *first; (first = heap_first(&heap)); count++) {
        EXPECT(first->key >= last && heap_contains(first) && (first - nodes) % 3 != 0);
        last = first->key;
        heap_remove(&heap, first);
    }
    EXPECT_INT(count, NODES - (NODES + 2) / 3);
    heap_done(&heap);
}

TEST(hashes_are_fnv_1a)
{
    EXPECT(hash_text(HASH_EMPTY, "") == HASH_EMPTY);
    EXPECT(hash_text(HASH_EMPTY, "foobar") == UINT64_C(0x85944171f73967e8));
    EXPECT(hash_text(hash_text(HASH_EMPTY, "foo"), "bar") == hash_text(HASH_EMPTY, "foobar"));
    EXPECT_INT(hash_text32("foobar"), 0xbf9cf968);
}
