/* record_line: one operation as a line of the chain. Used by record.c: no memory is asked for, as this stands between every signature and its answer. */
#ifndef MOHAR_HSM_EVIDENCE_RECORD_LINE_H
#define MOHAR_HSM_EVIDENCE_RECORD_LINE_H

#include "hsm/evidence/record.h"

enum { MAX_RECORD_LINE = 4096, MAX_RECORD_DETAIL = 480 };

/* The line after head, with its newline; *next is where the chain stands then. Its length. */
size_t record_line(char out[MAX_RECORD_LINE], const struct record *r, const struct chain_head *head, int64_t at_ms,
	struct chain_head *next);

#endif
