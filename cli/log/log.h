/* log: what the verbs of `mohar log` share: their options, how a log is opened by them, how an error becomes a verdict. */
#ifndef MOHAR_CLI_LOG_LOG_H
#define MOHAR_CLI_LOG_LOG_H

#include "cli/cli.h"
#include "cli/log/client.h"

#define LOG_POLICY_OPTION                                                                           \
	{                                                                                           \
		"--log-policy", "FILE", "witnesses of the log, and how many must have cosigned it", \
			"MOHAR_LOG_POLICY", false, false                                            \
	}
#define LOG_OPTIONS                                                                                   \
	{"--signer-url", "URL", "the service that keeps the log", "MOHAR_SIGNER_URL", true, false},   \
		{"--tls-ca", "FILE", "PEM anchors for its address", "MOHAR_TLS_CA", false, false},    \
		{"--trust", "FILE", "key set that holds the log's key", "MOHAR_TRUST", false, false}, \
		LOG_POLICY_OPTION

/* log_client_open() by the options above. The caller frees l whatever happens. */
MUST_USE enum err log_options_open(const struct cli *c, struct log_client *l);

/* Ends the verb: what the log says is invalid; that nobody vouches for it is unknown; all else is our own trouble. */
int log_verdict(struct cli *c, enum err e, const char *good);

int run_monitor(struct cli *c);

#endif
