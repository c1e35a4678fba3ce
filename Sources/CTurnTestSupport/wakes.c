// Counts the tasks that each thread makes ready to run, by the hook that Swift's runtime has for executors of one's own.

#define _GNU_SOURCE

#include "turn_test_support.h"

#include <dlfcn.h>
#include <stddef.h>

#if defined(__has_attribute)
#if __has_attribute(swiftcall)
#define TURN_SWIFTCALL __attribute__((swiftcall))
#endif
#endif

#if defined(TURN_SWIFTCALL)

typedef TURN_SWIFTCALL void (*turn_enqueue)(void *job);
typedef TURN_SWIFTCALL void (*turn_enqueue_hook)(void *job, turn_enqueue original);

static _Thread_local uint64_t wake_count;

static TURN_SWIFTCALL void count_and_enqueue(void *job, turn_enqueue original) {
    wake_count++;
    original(job);
}

bool turn_count_wakes(void) {
    turn_enqueue_hook *hook = (turn_enqueue_hook *)dlsym(RTLD_DEFAULT, "swift_task_enqueueGlobal_hook");
    if (hook == NULL || (*hook != NULL && *hook != count_and_enqueue)) {
        return false;
    }
    *hook = count_and_enqueue;
    return true;
}

uint64_t turn_wake_count(void) { return wake_count; }

#else

bool turn_count_wakes(void) { return false; }
uint64_t turn_wake_count(void) { return 0; }

#endif
