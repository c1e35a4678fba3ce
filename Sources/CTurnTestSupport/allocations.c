// Counts the allocations of each thread by taking the place of malloc and its kin, in the programs that link this.
// glibc calls the symbols of the program before its own, and keeps its own under other names.

#include "turn_test_support.h"

#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define TURN_SANITIZED 1
#endif
#endif

#if defined(__GLIBC__) && !defined(TURN_SANITIZED)

#include <errno.h>

static _Thread_local uint64_t allocation_count;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

void *malloc(size_t size) {
    allocation_count++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    allocation_count++;
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    allocation_count++;
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    allocation_count++;
    return __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size) {
    allocation_count++;
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    allocation_count++;
    void *result = __libc_memalign(alignment, size);
    if (result == NULL) {
        return ENOMEM;
    }
    *memory = result;
    return 0;
}

void free(void *memory) { __libc_free(memory); }

bool turn_allocations_are_counted(void) { return true; }
uint64_t turn_allocation_count(void) { return allocation_count; }

#else

bool turn_allocations_are_counted(void) { return false; }
uint64_t turn_allocation_count(void) { return 0; }

#endif

bool turn_is_sanitized(void) {
#if defined(TURN_SANITIZED)
    return true;
#else
    return false;
#endif
}

uint64_t turn_resident_size(void) {
#if defined(__linux__)
    unsigned long long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL) {
        return 0;
    }
    int fields = fscanf(file, "%llu %llu", &total, &resident);
    fclose(file);
    return fields == 2 ? (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
#else
    return 0;
#endif
}

uint64_t turn_heap_size(void) {
#if defined(__GLIBC__) && !defined(TURN_SANITIZED)
    struct mallinfo2 info = mallinfo2();
    return (uint64_t)info.uordblks + (uint64_t)info.hblkhd;
#else
    return 0;
#endif
}

void turn_trim_heap(void) {
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}
