#include "fatal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void fatal(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("driver: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(2);
}

void *allocate(size_t count, size_t size)
{
    void *block = calloc(count ? count : 1, size);
    if (!block)
        fatal("%zu bytes of memory are not to be had.", count * size);
    return block;
}

void *reallocate(void *block, size_t count, size_t size)
{
    block = realloc(block, count * size);
    if (!block)
        fatal("%zu bytes of memory are not to be had.", count * size);
    return block;
}
