#ifndef TURN_THREADS_H
#define TURN_THREADS_H

#include <stdint.h>

#pragma clang assume_nonnull begin

// Numbers that threads share, without a lock. Sequentially consistent.

/// Adds to `value`; what it was before.
uint32_t turn_shared_add(uint32_t *value, uint32_t addend);

/// Waits until `value` is `target` or more: at first without sleeping, since a wait of some microseconds is meant, then
/// giving way to other threads.
void turn_shared_wait(const uint32_t *value, uint32_t target);

#pragma clang assume_nonnull end

#endif
