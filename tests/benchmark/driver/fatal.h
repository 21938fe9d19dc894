/* Failures that end the program: one line on stderr, exit status 2. */
#ifndef FATAL_H
#define FATAL_H

#include <stddef.h>

/* Write "driver: " and the sentence, and exit with 2. */
_Noreturn void fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Memory, or the end: a load driver that has none cannot go on. */
void *allocate(size_t count, size_t size);
void *reallocate(void *block, size_t count, size_t size);

#endif
