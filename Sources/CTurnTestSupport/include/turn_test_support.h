#ifndef TURN_TEST_SUPPORT_H
#define TURN_TEST_SUPPORT_H

#include <stdbool.h>
#include <stdint.h>

/// Whether this is built for Thread or Address Sanitizer: everything is slow then.
bool turn_is_sanitized(void);

/// Whether turn_allocation_count() counts: on Linux with glibc, without a sanitizer.
bool turn_allocations_are_counted(void);

/// Calls of malloc, calloc, realloc and the aligned ones by this thread so far.
uint64_t turn_allocation_count(void);

/// Has tasks counted from now on that become ready to run on Swift's own threads; false where that cannot be done.
bool turn_count_wakes(void);

/// Tasks that this thread made ready to run so far: started, or woken from waiting.
uint64_t turn_wake_count(void);

/// Bytes of physical memory of this process; 0 where that is not known.
uint64_t turn_resident_size(void);

/// Has the C library give free memory back to the system, where it can.
void turn_trim_heap(void);

/// Bytes that were allocated and not freed; 0 where that is not known.
uint64_t turn_heap_size(void);

#endif
