#include "driver.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef enum {
    UNSIGNED32,
    SIGNED32,
    UNSIGNED64,
    SIGNED64,
    TEXT,
    TEXTS,
    NUMBERS16,
    NUMBERS32,
    STRUCT,
    STRUCTS,
    OBJECT,
    CALLBACK
} kind;

typedef struct table table;

typedef struct {
    const char *name;
    kind kind;
    size_t offset;
    const table *of;   /* STRUCT and STRUCTS: what the pointer points to */
    size_t other;      /* lists: where their number is; CALLBACK: where its user data is */
    const char *named; /* OBJECT: its kind; CALLBACK: its type */
} field;

struct table {
    const field *fields;
    size_t count;
    size_t size;
};

/* All structs of the header; made from it. */
#include "fields.h"

/* The most items of a list. */
#define MOST_ITEMS 64

static const table *table_of(const char *name) {
    for (size_t i = 0; i < COUNT(tables); i++) {
        if (strcmp(tables[i].name, name) == 0) return tables[i].table;
    }
    fail("unknown struct", name);
    return NULL;
}

/* What a pointer points to; made where it is NULL. */
static void *pointed(void *pointer, size_t size, size_t items) {
    void *data;
    memcpy(&data, pointer, sizeof data);
    if (data == NULL) {
        data = keep(size * items);
        memcpy(pointer, &data, sizeof data);
    }
    return data;
}

static void size_of_table(const table *t, void *options) {
    const uint32_t size = (uint32_t)t->size;
    if (t->count > 0 && strcmp(t->fields[0].name, "struct_size") == 0) memcpy(options, &size, sizeof size);
}

void size_struct(const char *name, void *options) { size_of_table(table_of(name), options); }

static int set_in(const table *t, void *options, const manner *how, const char *key, const char *value);

static void set_callback(const field *f, void *options, const manner *how, const char *value) {
    const callback function = strcmp(value, "null") == 0 ? NULL : callback_of(f->named);
    memcpy((char *)options + f->offset, &function, sizeof function);
    memcpy((char *)options + f->other, &how->user_data, sizeof how->user_data);
}

static int set_field(const field *f, void *options, const manner *how, const char *rest, const char *value) {
    void *at = (char *)options + f->offset;
    size_t *count = (void *)((char *)options + f->other);
    hs_str text;
    char *data;
    switch (f->kind) {
    case UNSIGNED32:
    case SIGNED32: *(uint32_t *)at = (uint32_t)number(value); return 1;
    case UNSIGNED64:
    case SIGNED64: *(uint64_t *)at = number(value); return 1;
    case TEXT:
        text = decoded(value);
        if (how->nts) text.len = (size_t)HS_NTS;
        *(hs_str *)at = text;
        return 1;
    case OBJECT:
        data = object(f->named, decoded(value).data);
        memcpy(at, &data, sizeof data);
        return 1;
    case CALLBACK: set_callback(f, options, how, value); return 1;
    case STRUCT:
        memcpy(&data, at, sizeof data);
        if (data == NULL) size_of_table(f->of, pointed(at, f->of->size, 1));
        return *rest == '\0' || set_in(f->of, pointed(at, f->of->size, 1), how, rest, value);
    case STRUCTS:
        data = pointed(at, f->of->size, MOST_ITEMS);
        if (strcmp(rest, "add") != 0) return set_in(f->of, data + (*count - 1) * f->of->size, how, rest, value);
        if (*count == MOST_ITEMS) fail("too many", f->name);
        size_of_table(f->of, data + (*count)++ * f->of->size);
        return 1;
    case TEXTS:
    case NUMBERS16:
    case NUMBERS32: break;
    }
    if (*count == MOST_ITEMS) fail("too many", f->name);
    if (f->kind == TEXTS) {
        ((hs_str *)pointed(at, sizeof(hs_str), MOST_ITEMS))[(*count)++] = decoded(value);
    } else if (f->kind == NUMBERS16) {
        ((uint16_t *)pointed(at, sizeof(uint16_t), MOST_ITEMS))[(*count)++] = (uint16_t)number(value);
    } else {
        ((uint32_t *)pointed(at, sizeof(uint32_t), MOST_ITEMS))[(*count)++] = (uint32_t)number(value);
    }
    return 1;
}

static int set_in(const table *t, void *options, const manner *how, const char *key, const char *value) {
    const size_t length = strcspn(key, ".");
    for (size_t i = 0; i < t->count; i++) {
        const field *f = &t->fields[i];
        if (strlen(f->name) == length && strncmp(f->name, key, length) == 0) {
            return set_field(f, options, how, key[length] == '.' ? key + length + 1 : "", value);
        }
    }
    return 0;
}

int set(const char *name, void *options, const manner *how, const char *key, const char *value) {
    return set_in(table_of(name), options, how, key, value);
}

uint64_t get(const char *name, const void *facts, const char *field_name) {
    const table *t = table_of(name);
    for (size_t i = 0; i < t->count; i++) {
        const void *at = (const char *)facts + t->fields[i].offset;
        if (strcmp(t->fields[i].name, field_name) != 0) continue;
        return t->fields[i].kind == UNSIGNED64 ? *(const uint64_t *)at : *(const uint32_t *)at;
    }
    fail("unknown field", field_name);
    return 0;
}

void put_fields(const char *name, const void *facts) {
    const table *t = table_of(name);
    for (size_t i = 0; i < t->count; i++) {
        const field *f = &t->fields[i];
        const void *at = (const char *)facts + f->offset;
        const hs_str *text = at;
        if (strcmp(f->name, "struct_size") == 0) continue;
        switch (f->kind) {
        case UNSIGNED32:
            if (*(const uint32_t *)at != 0) printf(" %s=%" PRIu32, f->name, *(const uint32_t *)at);
            break;
        case SIGNED32:
            if (*(const int32_t *)at != 0) printf(" %s=%" PRId32, f->name, *(const int32_t *)at);
            break;
        case UNSIGNED64:
            if (*(const uint64_t *)at != 0) printf(" %s=%" PRIu64, f->name, *(const uint64_t *)at);
            break;
        case SIGNED64:
            if (*(const int64_t *)at != 0) printf(" %s=%" PRId64, f->name, *(const int64_t *)at);
            break;
        case TEXT:
            if (text->len == 0) break;
            printf(" %s=", f->name);
            put_encoded(*text);
            break;
        default: break;
        }
    }
}
