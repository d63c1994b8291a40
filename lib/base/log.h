/* log: one line an event on standard error, for journald or a file. Used at boundaries only: what is logged was decided there.
 * A line: `2026-01-31T23:59:59Z mohar-idpd warn token: REFUSED RFC 6749 5.2: code already used client=abc`, or the same as JSON or as a message of RFC 5424
 * (docs/OPERATIONS.md, "Events for a SIEM"). Never a secret, never a national number: the values given are escaped (control characters, quotes, what is no
 * UTF-8, what reorders text), not censored. */
#ifndef MOHAR_BASE_LOG_H
#define MOHAR_BASE_LOG_H

#include <stdbool.h>

#include "base/err.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

/* The enterprise number of our structured data is the one for documentation (RFC 5612 2): a state that has a number of its own is asked to use it. */
#define LOG_SD_ID "mohar@32473"

/* Names the program and the least level to print. Called once, by main. */
void log_open(const char *program, enum log_level least);

/* "text" (what is used until then), "json" or "syslog" (RFC 5424, each message ends with a newline). Called by config_read for the setting log_format, before
 * threads start. ERR_CONFIG if it is another word. */
MUST_USE enum err log_format_use(const char *name);

/* One line. what is the noun it is about ("token", "ocsp"), or the type of an event of the log ("certificate.revoked"); the message id of RFC 5424. */
void log_line(enum log_level level, const char *what, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Is what, as it stands in a line, one for whoever watches over security? Then it has the facility authpriv, and "security" for its kind. */
bool log_is_security(const char *what);

#define log_info(what, ...) log_line(LOG_LEVEL_INFO, what, __VA_ARGS__)
#define log_warn(what, ...) log_line(LOG_LEVEL_WARN, what, __VA_ARGS__)
#define log_error(what, ...) log_line(LOG_LEVEL_ERROR, what, __VA_ARGS__)

/* The boundary's one line for a refusal: name, text and remembered reason of e; then forgets the reason. */
void log_refusal(const char *what, enum err e, const char *context);

#endif
