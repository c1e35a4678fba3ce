#include "turn_threads.h"

#include <sched.h>

static void rest(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

uint32_t turn_shared_add(uint32_t *value, uint32_t addend) {
    return __atomic_fetch_add(value, addend, __ATOMIC_SEQ_CST);
}

void turn_shared_wait(const uint32_t *value, uint32_t target) {
    // some 100 us
    for (int turn = 0; turn < 8000; turn++) {
        if (__atomic_load_n(value, __ATOMIC_SEQ_CST) >= target) return;
        rest();
    }
    while (__atomic_load_n(value, __ATOMIC_SEQ_CST) < target) sched_yield();
}
