#include "identifiers.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fatal.h"

/* 64-bit digests stand for ids: among ten million ids, two share a digest once in 370,000 runs. */
static uint64_t *digest_of_sequence; /* 0: not seen yet */
static uint64_t sequence_capacity;

static uint64_t *digests; /* open addressing; 0: free */
static uint64_t digest_capacity;
static uint64_t digest_count;

static uint64_t digest(const char *id, size_t length)
{
    uint64_t value = 0xcbf29ce484222325ULL ^ length;
    for (size_t at = 0; at < length; at++)
        value = (value ^ (unsigned char)id[at]) * 0x100000001b3ULL;
    value = (value ^ (value >> 32)) * 0x9e3779b97f4a7c15ULL;
    value ^= value >> 29;
    return value ? value : 1;
}

static bool take(uint64_t value)
{
    uint64_t at = value & (digest_capacity - 1);
    while (digests[at]) {
        if (digests[at] == value)
            return false;
        at = (at + 1) & (digest_capacity - 1);
    }
    digests[at] = value;
    digest_count++;
    return true;
}

static void grow_digests(void)
{
    uint64_t *old = digests;
    uint64_t old_capacity = digest_capacity;
    digest_capacity = old_capacity ? 2 * old_capacity : 4096;
    digests = allocate(digest_capacity, sizeof *digests);
    digest_count = 0;
    for (uint64_t at = 0; at < old_capacity; at++)
        if (old[at])
            take(old[at]);
    free(old);
}

static void grow_sequences(uint64_t sequence)
{
    uint64_t capacity = sequence_capacity ? sequence_capacity : 4096;
    while (capacity <= sequence)
        capacity *= 2;
    digest_of_sequence = reallocate(digest_of_sequence, capacity, sizeof *digest_of_sequence);
    memset(digest_of_sequence + sequence_capacity, 0, (capacity - sequence_capacity) * sizeof *digest_of_sequence);
    sequence_capacity = capacity;
}

enum id_verdict identifiers_check(uint64_t sequence, const char *id, size_t length)
{
    if (sequence >= sequence_capacity)
        grow_sequences(sequence);
    uint64_t value = digest(id, length);
    uint64_t known = digest_of_sequence[sequence];
    if (known)
        return known == value ? ID_GOOD : ID_CHANGED;
    if (2 * digest_count >= digest_capacity)
        grow_digests();
    digest_of_sequence[sequence] = value;
    return take(value) ? ID_GOOD : ID_SHARED;
}

static size_t number_length(const char *text, size_t length)
{
    size_t digits = 0;
    while (digits < length && isdigit((unsigned char)text[digits]))
        digits++;
    return digits;
}

bool id_precedes(const char *left, size_t left_length, const char *right, size_t right_length)
{
    size_t same = 0;
    while (same < left_length && same < right_length && left[same] == right[same])
        same++;
    /* Where they part within a number, the whole number counts, and it may have begun in what they share. */
    while (same > 0 && isdigit((unsigned char)left[same - 1]))
        same--;
    const char *a = left + same, *b = right + same;
    size_t a_length = left_length - same, b_length = right_length - same;
    size_t a_digits = number_length(a, a_length), b_digits = number_length(b, b_length);
    if (a_digits && b_digits && a_digits != b_digits)
        return a_digits < b_digits;
    size_t shorter = a_length < b_length ? a_length : b_length;
    int order = memcmp(a, b, shorter);
    return order ? order < 0 : a_length < b_length;
}
