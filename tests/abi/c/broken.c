/* The control: does on purpose what the tools must report, chosen by its argument. Nothing of it passes in silence, or
 * the tool that watches is asleep. */

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile char sink;

int main(int count, char **arguments) {
    const char *fault = count > 1 ? arguments[1] : "";
    char *volatile heap = malloc(16);
    if (heap == NULL) {
        return 2;
    }
    memset(heap, 1, 16);
    if (strcmp(fault, "overflow") == 0) {
        sink = heap[16];
    } else if (strcmp(fault, "use-after-free") == 0) {
        free(heap);
        sink = heap[0];
        return 0;
    } else if (strcmp(fault, "leak") == 0) {
        heap = NULL;
        return 0;
    } else if (strcmp(fault, "undefined") == 0) {
        volatile int most = INT_MAX;
        sink = (char)(most + count);
    } else if (strcmp(fault, "uninitialised") == 0) {
        char *volatile fresh = malloc(16);
        if (fresh != NULL && fresh[3] == 'x') {
            puts("x");
        }
        free(fresh);
    } else if (strcmp(fault, "stderr") == 0) {
        fputs("said something\n", stderr);
    } else if (strcmp(fault, "stdout") == 0) {
        puts("said something");
    } else if (strcmp(fault, "none") != 0) {
        return 2;
    }
    free(heap);
    return 0;
}
