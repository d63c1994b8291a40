#include "base/err.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

enum { MAX_WHY = 255 };

struct row {
	const char *name;
	const char *text;
	int http;
};

static const struct row rows[] = {
#define X(name, http, text) {#name, text, http},
	ERR_TABLE(X)
#undef X
};

static _Thread_local char why[MAX_WHY + 1];

static const struct row *
row_of(enum err e)
{
	const size_t i = (size_t)e;

	return i < sizeof(rows) / sizeof(rows[0]) ? &rows[i] : &rows[ERR_UNAVAILABLE];
}

const char *
err_name(enum err e)
{
	return row_of(e)->name;
}

const char *
err_text(enum err e)
{
	return row_of(e)->text;
}

int
err_http(enum err e)
{
	return row_of(e)->http;
}

int
err_exit(enum err e)
{
	if (e == ERR_OK)
		return 0;
	return e == ERR_UNAVAILABLE ? 3 : 1;
}

void
err_remember(const char *format, ...)
{
	char made[MAX_WHY + 1]; /* apart from why, so that a reason may quote err_why() */
	va_list args;
	size_t i = 0;

	va_start(args, format);
	if (vsnprintf(made, sizeof(made), format, args) < 0)
		made[0] = '\0';
	va_end(args);
	for (; made[i] != '\0'; i++) {
		const unsigned char c = (unsigned char)made[i];

		why[i] = c < 0x20 || c == 0x7f ? '?' : made[i];
	}
	why[i] = '\0';
}

const char *
err_why(void)
{
	return why;
}

void
err_forget(void)
{
	why[0] = '\0';
}
