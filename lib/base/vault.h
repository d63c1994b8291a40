/* vault: the pages in which secrets live: locked into memory, left out of core dumps, zero in a forked child, a page on either side that kills whoever runs over.
 * Used by secret only. One a process, of one fixed size; taken and given back in cells under one lock, without a system call. */
#ifndef MOHAR_BASE_VAULT_H
#define MOHAR_BASE_VAULT_H

#include <stdint.h>

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* 48 KiB: far more than a daemon's threads hold at once, and within the 64 KiB that a user may lock where nobody has raised that. */
enum { VAULT_CELL = 64, VAULT_CELLS = 768 };

/* Cells in a row for len bytes, all zero. NULL: no room, or no memory. */
uint8_t *vault_take(size_t len);

/* Wipes and gives back what vault_take gave for len. */
void vault_give(uint8_t *at, size_t len);

/* Are the pages locked? Makes them if nobody has yet. ERR_UNAVAILABLE with the limit that is too small. */
MUST_USE enum err vault_locked(void);

#endif
