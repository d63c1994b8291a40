/* log_journal: mohar-hsmd's own evidence, checked without it: the journal, the segments of the record of operations, and that they belong together. Used by
 * `mohar log verify --journal`. */
#ifndef MOHAR_CLI_LOG_JOURNAL_H
#define MOHAR_CLI_LOG_JOURNAL_H

#include "cli/cli.h"

#define LOG_JOURNAL_OPTIONS                                                                                           \
	{"--journal", "FILE", "instead of the log: mohar-hsmd's journal", NULL, false, false},                        \
		{"--operations", "FILE", "its record of operations: all segments of that path, or one segment", NULL, \
			false, true},                                                                                 \
		{"--status", NULL, "ask the running mohar-hsmd whether the end was cut off", NULL, false, false},     \
	{                                                                                                             \
		"--hsm-socket", "PATH", "mohar-hsmd's socket, for --status", "MOHAR_HSM_SOCKET", false, false         \
	}

/* Checks what --journal and --operations name and tells each file. ERR_CORRUPT names file and line; ERR_IO, ERR_NOT_FOUND; with --status ERR_UNAVAILABLE. */
MUST_USE enum err journal_verify(struct cli *c);

#endif
