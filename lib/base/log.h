/* log: one line an event on standard error, for journald or a file. Used at boundaries only: what is logged was decided there.
 * A line: `2026-01-31T23:59:59Z mohar-idpd warn token: REFUSED RFC 6749 5.2: code already used client=abc`. Never a secret, never a
 * national number: the values given are escaped (control characters, quotes), not censored. */
#ifndef MOHAR_BASE_LOG_H
#define MOHAR_BASE_LOG_H

#include "base/err.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

/* Names the program and the least level to print. Called once, by main. */
void log_open(const char *program, enum log_level least);

/* One line. what is the noun it is about ("token", "ocsp"). */
void log_line(enum log_level level, const char *what, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define log_info(what, ...) log_line(LOG_LEVEL_INFO, what, __VA_ARGS__)
#define log_warn(what, ...) log_line(LOG_LEVEL_WARN, what, __VA_ARGS__)
#define log_error(what, ...) log_line(LOG_LEVEL_ERROR, what, __VA_ARGS__)

/* The boundary's one line for a refusal: name, text and remembered reason of e; then forgets the reason. */
void log_refusal(const char *what, enum err e, const char *context);

#endif
