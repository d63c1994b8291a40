/* config: a daemon's settings file, `name = value` lines, '#' comments. Used once at start-up by each main.c.
 * Every file may also say `log_format = text|json|syslog`, which is base/log.h's (nothing: text).
 * Strict: an unknown, repeated or missing name is an error that says file, line and what would be right. */
#ifndef MOHAR_BASE_CONFIG_H
#define MOHAR_BASE_CONFIG_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_kind {
	CONFIG_TEXT,   /* char *, owned */
	CONFIG_PATH,   /* char *, owned; made absolute against the folder of the settings file */
	CONFIG_NUMBER, /* int64_t between min and max */
	CONFIG_BOOL,   /* bool: yes or no */
};

struct config_row {
	const char *name;
	enum config_kind kind;
	size_t offset;         /* into the caller's struct */
	const char *otherwise; /* the value if absent; NULL makes the row required */
	const char *help;      /* one line, for the error and the man page */
	int64_t min, max;      /* CONFIG_NUMBER only */
};

/* Reads path into *out by rows. All or nothing: on error *out is as it was. ERR_CONFIG with the reason
 * "FILE:LINE: unknown setting 'x'; known are: …", or ERR_NOT_FOUND. */
MUST_USE enum err config_read(const char *path, const struct config_row *rows, size_t count, void *out);

/* Frees the texts of *out. */
void config_free(const struct config_row *rows, size_t count, void *out);

#endif
