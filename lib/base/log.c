#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

enum { MAX_LINE = 2048, MAX_MESSAGE = 1600 };

static const char *program_name = "mohar";
static enum log_level least_level = LOG_LEVEL_INFO;
static const char *const level_names[] = {"debug", "info", "warn", "error"};

void
log_open(const char *program, enum log_level least)
{
	program_name = program;
	least_level = least;
}

/* One line stays one line, and a terminal that shows it is not steered by it. */
static void
write_escaped(struct writer *w, const char *text)
{
	for (; *text != '\0'; text++) {
		const unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f)
			writer_format(w, "\\x%02x", c);
		else if (c == '"' || c == '\\')
			writer_format(w, "\\%c", c);
		else
			writer_u8(w, c);
	}
}

void
log_line(enum log_level level, const char *what, const char *format, ...)
{
	AUTO(writer) line = writer_new(MAX_LINE);
	const struct clock clock = clock_system();
	char message[MAX_MESSAGE];
	va_list args;
	ssize_t n;

	if (level < least_level)
		return;
	va_start(args, format);
	if (vsnprintf(message, sizeof(message), format, args) < 0)
		message[0] = '\0';
	va_end(args);
	time_write(&line, clock_now(&clock));
	writer_format(&line, " %s %s %s: ", program_name, level_names[level], what);
	write_escaped(&line, message);
	line.max = MAX_LINE + 1; /* the newline always fits */
	line.failed = ERR_OK;
	writer_u8(&line, '\n');
	n = write(STDERR_FILENO, line.ptr, line.len); /* one call: lines of threads do not mix */
	(void)n;                                      /* where could we complain? */
}

void
log_refusal(const char *what, enum err e, const char *context)
{
	const char *why = err_why();
	const enum log_level level = err_http(e) >= 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN;
	const bool more = context != NULL && context[0] != '\0';

	log_line(level, what, "%s %s%s%s", err_name(e), why[0] != '\0' ? why : err_text(e), more ? " " : "",
		more ? context : "");
	err_forget();
}
