/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits for an event to be settled. */
#include "kn-local/dataplane/receipt.h"

#include "base/err.h"
#include "base/str.h"

enum { ACCEPTED = 202 };

struct budget *receipt_budget_new(size_t max)
{
    struct budget *budget = alloc_zeroed(sizeof(*budget));
    atomic_init(&budget->refs, 1);
    budget->max = max;
    return budget;
}

void receipt_budget_release(struct budget *budget)
{
    if (atomic_fetch_sub(&budget->refs, 1) == 1)
        free(budget);
}

void receipt_init(struct receipt *receipt,
                  void (*answer)(struct receipt *receipt, int status, const char *reason),
                  bool (*wanted)(struct receipt *receipt), void (*free)(struct receipt *receipt))
{
    *receipt = (struct receipt){.answer = answer, .wanted = wanted, .free = free};
    atomic_init(&receipt->open, 1);
    atomic_init(&receipt->status, ACCEPTED);
}

void receipt_open(struct receipt *receipt, unsigned parts)
{
    atomic_fetch_add(&receipt->open, parts);
}

void receipt_answer(struct receipt *receipt, int status, const char *reason)
{
    if (!atomic_exchange(&receipt->answered, true))
        receipt->answer(receipt, status, reason);
}

void receipt_settle(struct receipt *receipt, int status, const char *reason)
{
    if (status != ACCEPTED && !(receipt->async && status == ERR_INTERNAL)) {
        int accepted = ACCEPTED;
        const char *none = NULL;
        atomic_compare_exchange_strong(&receipt->reason, &none, reason);
        atomic_compare_exchange_strong(&receipt->status, &accepted, status);
    }
    if (atomic_fetch_sub(&receipt->open, 1) > 1)
        return;
    receipt_answer(receipt, atomic_load(&receipt->status), atomic_load(&receipt->reason));
    if (receipt->budget) {
        atomic_fetch_sub(&receipt->budget->used, receipt->bytes);
        receipt_budget_release(receipt->budget);
    }
    receipt->free(receipt);
}

bool receipt_is_wanted(struct receipt *receipt)
{
    return !receipt->wanted || atomic_load(&receipt->answered) || receipt->wanted(receipt);
}

bool receipt_charge(struct receipt *receipt, struct budget *budget, size_t bytes)
{
    size_t before = atomic_fetch_add(&budget->used, bytes);
    if (before && before + bytes > budget->max) {
        atomic_fetch_sub(&budget->used, bytes);
        return false;
    }
    atomic_fetch_add(&budget->refs, 1);
    receipt->budget = budget;
    receipt->bytes = bytes;
    return true;
}
