/* tlog: the transparency log: one sequencer that takes leaf hashes from every schema's outbox into two Merkle trees, signs checkpoints, and answers for receipts.
 * Used by signerd: main.c opens it, routes.c serves it, decisions and the account page ask it for receipts. It has a database pool of its own. */
#ifndef MOHAR_SIGNER_LOG_TLOG_H
#define MOHAR_SIGNER_LOG_TLOG_H

#include "audit/log_policy.h"
#include "audit/receipt.h"
#include "http/server.h"
#include "keyring/keyring.h"

struct tlog_options {
	const char *database; /* libpq connection string, role mohar_signerd */
	struct keyring *keyring;
	const char *key_label;           /* "log": Ed25519, purpose checkpoint */
	const char *origin;              /* "mohar.example/log": the public tree; the private one adds "/private" */
	const char *const *schemas;      /* whose outboxes are taken, NULL-terminated: "ca", "idp", "signer" */
	const struct log_policy *policy; /* its witnesses and their quorum; NULL: none */
	const char *ca_file;             /* PEM anchors for the witnesses' addresses */
	const char *kept; /* folder for the newest signed checkpoints, beside the database; NULL or "": none are kept */
	const struct clock *clock;
	int interval_ms; /* between looks at the outboxes; 500. 0: no thread; tests call the steps of log.h themselves */
};

struct tlog;

/* Opens the pool, reads the trees' sizes, starts the sequencer's thread. The options and what they point to must outlive it. Only one sequencer works at a time in the
 * whole country (advisory lock); the others serve reads. */
MUST_USE enum err tlog_open(const struct tlog_options *options, struct tlog **out);
void tlog_free(struct tlog **l);

/* The receipt of an event that schema holds ("signer"), with salt and private part if opened is true. ERR_NOT_FOUND (no such event), ERR_UNAVAILABLE (not sequenced yet). */
MUST_USE enum err tlog_receipt(struct tlog *l, const char *schema, const struct uuid *event, bool opened,
	struct writer *json);

/* The same without salt and private part, and only of what stands in the public tree: ERR_NOT_FOUND for the rest. */
MUST_USE enum err tlog_public_receipt(struct tlog *l, const char *schema, const struct uuid *event,
	struct writer *json);

/* The newest signed checkpoint of the public tree. ERR_UNAVAILABLE before the first. */
MUST_USE enum err tlog_checkpoint(struct tlog *l, struct writer *note);

/* How far each witness has come, and the trees' sizes, as Prometheus text. */
void tlog_metrics(struct tlog *l, struct writer *w);

/* The log's verification key as DER SPKI. Borrowed. */
struct span tlog_key(const struct tlog *l);

/* Handlers of C2SP tlog-tiles: the first member of the daemon's struct is not assumed; routes.c wraps these. rest is what follows "/log/". */
MUST_USE enum err tlog_serve(struct tlog *l, const char *rest, struct reply *reply);

#endif
