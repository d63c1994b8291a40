/* tls: a server's certificate and key, read and tried before they are used. Used by server. */
#ifndef MOHAR_HTTP_TLS_H
#define MOHAR_HTTP_TLS_H

#include "base/writer.h"

/* TLS 1.2 and 1.3 with forward secrecy and authenticated encryption; GnuTLS priority string. */
#define TLS_PRIORITIES \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-AES-128-CBC:-AES-256-CBC:-SHA1:-ARCFOUR-128"

/* Reads the two PEM files into writers that the caller frees. ERR_CONFIG naming file and cause: unreadable, not PEM, not belonging together. */
MUST_USE enum err tls_read(const char *certificate_file, const char *key_file, struct writer *certificate,
	struct writer *key);

#endif
