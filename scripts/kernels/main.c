// Checks the sets named on the command line, emulated or not, each in all its variants, and says how many comparisons
// passed.
#include <stdio.h>
#include <string.h>

#include "turn_kernel_checks.h"
#include "internal.h"

static int failures = 0;

static void report(void *context, const char *line) {
    (void)context;
    failures++;
    printf("FAILED %s\n", line);
}

int main(int count, char **names) {
    static const turn_kernels *const sets[] = {
#if defined(__x86_64__)
        &turn_kernels__avx512vnni, &turn_kernels__avx512vnni_unpaired, &turn_kernels__avxvnni, &turn_kernels__avx2,
#elif defined(__aarch64__)
        &turn_kernels__neon_i8mm, &turn_kernels__neon_dotprod, &turn_kernels__neon,
#endif
        &turn_kernels__scalar,
    };
    size_t known = sizeof(sets) / sizeof(sets[0]);
    for (int i = 1; i < count; i++) {
        int found = 0;
        for (size_t j = 0; j < known; j++) {
            if (strcmp(names[i], sets[j]->name) != 0) continue;
            size_t kernels = turn_check_kernels(sets[j], &turn_kernels__scalar, report, NULL);
            size_t functions = turn_check_functions(sets[j], report, NULL);
            printf("%s: %zu comparisons with scalar, %zu with the C library, %d failures\n", sets[j]->name, kernels,
                   functions, failures);
            found = 1;
        }
        if (!found) {
            printf("FAILED no kernels named %s\n", names[i]);
            return 2;
        }
    }
    return failures ? 1 : 0;
}
