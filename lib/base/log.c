#include "base/log.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	MAX_LINE = 2048, /* what every receiver should take, RFC 5424 6.1 */
	MAX_MESSAGE = 1600,
	MAX_TOLD = 1640, /* of the line, after escapes: the rest is for head and end */
	MAX_ID = 32,     /* MSGID, RFC 5424 6 */
	FACILITY_DAEMON = 3,
	FACILITY_AUTHPRIV = 10,
};

enum log_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SYSLOG, FORMATS };

static const char *program_name = "mohar";
static enum log_level least_level = LOG_LEVEL_INFO;
static enum log_format format_used = FORMAT_TEXT; /* owned by main, which sets it before there are threads */
static char host[HOST_NAME_MAX + 1] = "-";
static const char *const level_names[] = {"debug", "info", "warn", "error"};
static const int severities[] = {7, 6, 4, 3}; /* RFC 5424 6.2.1 */
static const char *const format_names[FORMATS] = {"text", "json", "syslog"};

/* Lines of daemons that are about who may do what. Types of events, which have a dot, are so too. */
static const char *const security[] = {"authorize", "breaker", "card", "frame", "genesis", "issuer", "journal", "login",
	"operation", "operations", "par", "policy", "quorum", "rate", "restore", "revoke", "sandbox", "socket", "token",
	"userinfo"};

/* What one line says. */
struct said {
	enum log_level level;
	const char *what, *error; /* error: the name of the refusal's, or NULL */
	const char *message;
};

void
log_open(const char *program, enum log_level least)
{
	program_name = program;
	least_level = least;
}

enum err
log_format_use(const char *name)
{
	for (int f = 0; f < FORMATS; f++)
		if (strcmp(name, format_names[f]) == 0) {
			format_used = (enum log_format)f;
			if (gethostname(host, sizeof(host) - 1) != 0 || host[0] == '\0')
				(void)snprintf(host, sizeof(host), "-"); /* NILVALUE */
			return ERR_OK;
		}
	return ERR_CONFIG;
}

bool
log_is_security(const char *what)
{
	if (strchr(what, '.') != NULL)
		return true;
	for (size_t i = 0; i < sizeof(security) / sizeof(security[0]); i++)
		if (strcmp(what, security[i]) == 0)
			return true;
	return false;
}

/* One character of a value: as it is, or so that a line stays a line and a terminal that shows it is not steered by it. How many bytes of text it was. */
static size_t
escape_one(struct span text, char out[40], enum log_format format)
{
	const size_t len = span_character(text);
	const uint8_t c = text.ptr[0];

	out[0] = '\0';
	if (len == 0 || !span_is_line(span_at(text.ptr, len))) {
		for (size_t i = 0, at = 0; i < (len == 0 ? 1 : len); i++)
			at += (size_t)snprintf(out + at, 40 - at, format == FORMAT_JSON ? "\\\\x%02x" : "\\x%02x",
				text.ptr[i]);
		return len == 0 ? 1 : len;
	}
	if (c == '\\')
		(void)snprintf(out, 40, "%s", format == FORMAT_JSON ? "\\\\\\\\" : "\\\\");
	else if (c == '"')
		(void)snprintf(out, 40, "\\\"");
	else
		(void)snprintf(out, 40, "%.*s", (int)len, (const char *)text.ptr);
	return len;
}

/* At most room bytes of the line, and no half character. */
static void
write_escaped(struct writer *w, const char *text, enum log_format format, size_t room)
{
	struct span left = span_of(text);
	char one[40];

	while (left.len > 0) {
		const size_t took = escape_one(left, one, format), len = strlen(one);

		if (len > room)
			return;
		room -= len;
		writer_text(w, one);
		left.ptr += took;
		left.len -= took;
	}
}

/* PRINTUSASCII of RFC 5424 6, at most max; "-" for nothing. */
static void
write_name(struct writer *w, const char *name, size_t max)
{
	size_t n = 0;

	for (; n < max && name[n] != '\0'; n++)
		writer_u8(w, name[n] > 0x20 && name[n] < 0x7f ? (uint8_t)name[n] : '_');
	if (n == 0)
		writer_u8(w, '-');
}

static void
write_text(struct writer *w, const struct said *s)
{
	writer_format(w, " %s %s %s: ", program_name, level_names[s->level], s->what);
	write_escaped(w, s->message, FORMAT_TEXT, MAX_TOLD);
}

static void
write_json(struct writer *w, const struct said *s)
{
	writer_format(w, "\",\"program\":\"%s\",\"pid\":%ld,\"host\":\"", program_name, (long)getpid());
	write_escaped(w, host, FORMAT_JSON, sizeof(host));
	writer_format(w, "\",\"level\":\"%s\",\"kind\":\"%s\",\"id\":\"", level_names[s->level],
		log_is_security(s->what) ? "security" : "daemon");
	write_escaped(w, s->what, FORMAT_JSON, MAX_ID);
	if (s->error != NULL)
		writer_format(w, "\",\"error\":\"%s", s->error);
	writer_text(w, "\",\"message\":\"");
	write_escaped(w, s->message, FORMAT_JSON, MAX_TOLD);
	writer_text(w, "\"}");
}

/* HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG, RFC 5424 6. What the structured data says are words of our own, so nothing in it needs an escape. */
static void
write_syslog(struct writer *w, const struct said *s)
{
	writer_u8(w, ' ');
	write_name(w, host, 255);
	writer_u8(w, ' ');
	write_name(w, program_name, 48);
	writer_format(w, " %ld ", (long)getpid());
	write_name(w, s->what, MAX_ID);
	writer_format(w, " [" LOG_SD_ID " kind=\"%s\" level=\"%s\"", log_is_security(s->what) ? "security" : "daemon",
		level_names[s->level]);
	if (s->error != NULL)
		writer_format(w, " error=\"%s\"", s->error);
	writer_text(w, "] ");
	write_escaped(w, s->message, FORMAT_SYSLOG, MAX_TOLD);
}

/* What stands before the time. */
static void
begin(struct writer *w, const struct said *s)
{
	const int facility = log_is_security(s->what) ? FACILITY_AUTHPRIV : FACILITY_DAEMON;

	if (format_used == FORMAT_JSON)
		writer_text(w, "{\"time\":\"");
	if (format_used == FORMAT_SYSLOG)
		writer_format(w, "<%d>1 ", facility * 8 + severities[s->level]);
}

static void
say(const struct said *s)
{
	static void (*const forms[FORMATS])(struct writer *, const struct said *) = {write_text, write_json,
		write_syslog};
	AUTO(writer) line = writer_new(MAX_LINE);
	const struct clock clock = clock_system();
	ssize_t n;

	begin(&line, s);
	time_write(&line, clock_now(&clock));
	forms[format_used](&line, s);
	line.max = MAX_LINE + 1; /* the newline always fits */
	line.failed = ERR_OK;
	writer_u8(&line, '\n');
	n = write(STDERR_FILENO, line.ptr, line.len); /* one call: lines of threads do not mix */
	(void)n;                                      /* where could we complain? */
}

void
log_line(enum log_level level, const char *what, const char *format, ...)
{
	char message[MAX_MESSAGE];
	va_list args;

	if (level < least_level)
		return;
	va_start(args, format);
	if (vsnprintf(message, sizeof(message), format, args) < 0)
		message[0] = '\0';
	va_end(args);
	say(&(struct said){.level = level, .what = what, .message = message});
}

void
log_refusal(const char *what, enum err e, const char *context)
{
	const char *why = err_why();
	const enum log_level level = err_http(e) >= 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN;
	const bool more = context != NULL && context[0] != '\0';
	char message[MAX_MESSAGE];

	(void)snprintf(message, sizeof(message), "%s %s%s%s", err_name(e), why[0] != '\0' ? why : err_text(e),
		more ? " " : "", more ? context : "");
	if (level >= least_level)
		say(&(struct said){.level = level, .what = what, .error = err_name(e), .message = message});
	err_forget();
}
