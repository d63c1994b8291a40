/* ceremony_publish: a transcript on its way into the transparency log, and the receipt back, kept beside it. Used by `mohar ceremony publish`, and by `run` at its end. */
#ifndef MOHAR_CLI_CEREMONY_PUBLISH_H
#define MOHAR_CLI_CEREMONY_PUBLISH_H

#include "cli/cli.h"

/* Posts the transcript to the service of --signer-url, waits for the log to take it, writes the receipt to PATH.receipt (of "transcript.json": "transcript.receipt.json") and
 * tells where. ERR_UNAVAILABLE if nobody answers, or the log does not take it in time. */
MUST_USE enum err ceremony_post(struct cli *c, const char *path);

/* Where the receipt of that transcript is kept. ERR_TOO_LONG. */
MUST_USE enum err ceremony_receipt_path(const char *transcript, char *out, size_t size);

extern const struct cli_option ceremony_publish_options[];
int ceremony_publish(struct cli *c);

#endif
