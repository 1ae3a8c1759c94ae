#include "driver.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fail(const char *what, const char *which) {
    fprintf(stderr, "driver: %s %s\n", what, which);
    exit(2);
}

void *must(void *memory) {
    if (memory == NULL) fail("no", "memory");
    return memory;
}

/* What a block's lines say is kept until the block is done. */
typedef struct kept {
    struct kept *next;
    char *data;
} kept;

static kept *all_kept;

void *keep(size_t size) {
    kept *one = must(malloc(sizeof *one));
    one->data = must(calloc(size + 1, 1));
    one->next = all_kept;
    all_kept = one;
    return one->data;
}

void forget(void) {
    while (all_kept != NULL) {
        kept *next = all_kept->next;
        free(all_kept->data);
        free(all_kept);
        all_kept = next;
    }
}

static unsigned digit(char c) { return (unsigned)(c <= '9' ? c - '0' : c - 'A' + 10); }

hs_str decoded(const char *line) {
    char *data = keep(strlen(line));
    hs_str text = {data, 0};
    for (; *line != '\0'; line++) {
        if (*line == '%') {
            data[text.len++] = (char)(digit(line[1]) << 4 | digit(line[2]));
            line += 2;
        } else {
            data[text.len++] = *line;
        }
    }
    return text;
}

/* Negative ones in two's complement. */
uint64_t number(const char *line) {
    return *line == '-' ? (uint64_t)strtoll(line, NULL, 10) : strtoull(line, NULL, 10);
}

char *read_line(void) {
    static char *line;
    static size_t capacity;
    const ssize_t length = getline(&line, &capacity, stdin);
    if (length < 0) {
        free(line);
        return NULL;
    }
    line[strcspn(line, "\n")] = '\0';
    return line;
}

char *split(char *line) {
    char *blank = strchr(line, ' ');
    if (blank == NULL) return line + strlen(line);
    *blank = '\0';
    return blank + 1;
}

int is(const char *text, const char *other) { return text != NULL && strcmp(text, other) == 0; }

void put_encoded(hs_str text) {
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.data[i];
        if (c > ' ' && c < 0x7f && c != '%') {
            putchar(c);
        } else {
            printf("%%%02X", c);
        }
    }
}

void put_text(const char *key, hs_str text) {
    printf("%s ", key);
    put_encoded(text);
    putchar('\n');
}

void put_number(const char *key, int64_t value) { printf("%s %" PRId64 "\n", key, value); }
void put_status(const char *key, hs_status status) { put_text(key, hs_status_name(status)); }
