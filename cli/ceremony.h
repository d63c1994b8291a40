/* ceremony: one ceremony under way: its script, the two key daemons, the custodians' cards, the transcript that grows. Used by the files cli/ceremony*.c. */
#ifndef MOHAR_CLI_CEREMONY_H
#define MOHAR_CLI_CEREMONY_H

#include <openssl/x509.h>

#include "base/secret.h"
#include "cli/ceremony_script.h"
#include "cli/cli.h"
#include "keyring/keyring.h"
#include "policy/keys_file.h"

#define CEREMONY_AUDIENCE "mohar:ceremony" /* of custodians' acts */

enum { MAX_CUSTODIANS = 16, MAX_CERTIFICATES = 16, MAX_TRANSCRIPT = 512 << 10 };

/* One who takes part; who it is, the card's key says. */
struct custodian {
	char token[64];     /* the card's label */
	struct secret *pin; /* owned */
};

struct made {
	const char *key; /* borrowed from the script */
	X509 *x;         /* owned */
};

struct ceremony {
	struct cli *cli;
	struct script script;
	struct keys_file keys;   /* its custodians may take part */
	struct sha256 keys_hash; /* of keys.json */
	struct custodian custodians[MAX_CUSTODIANS];
	size_t custodian_count;
	struct keyring *root, *main;
	struct made made[MAX_CERTIFICATES];
	size_t made_count;
	struct writer transcript; /* JSON */
	struct json_writer json;  /* onto it */
	const char *out, *policies, *module, *pki_url;
};

/* Opens every custodian's card, has it sign an act "ceremony.approve" over script and keys.json, verifies each, and writes them into the transcript. ERR_REFUSED
 * unless k different ones of keys.json did. */
MUST_USE enum err ceremony_approve(struct ceremony *c);

struct card;

/* What custodians decide on. Borrowed. */
struct proposal_file {
	const char *kind, *label; /* label: NULL if the kind is about no key */
	struct span object;
	struct hsm_proposal told; /* by mohar-hsmd */
};

/* One custodian's act proposal.approve, made on that card. Appended. */
MUST_USE enum err proposal_approval(const struct proposal_file *p, struct card *card, unix_time now,
	struct writer *jws);

/* Proposes, shows what mohar-hsmd says of it (which must be what the bytes say here), and has one custodian after the other approve until it is executed; all of that
 * into the transcript. What came of it is appended to result. */
MUST_USE enum err ceremony_decide(struct ceremony *c, struct keyring *k, const char *kind, const char *label,
	struct span object, struct writer *result);

/* A key of the root's token, each of whose signatures the custodians decide so. The caller frees it. */
MUST_USE enum err ceremony_key(struct ceremony *c, const char *label, EVP_PKEY **out);

/* Does one step and writes it into the transcript. */
MUST_USE enum err ceremony_step(struct ceremony *c, const struct script_step *step);

/* Each custodian's card signs the whole transcript: JWS, general JSON serialisation (RFC 7515 7.2.1), into out. */
MUST_USE enum err ceremony_seal(struct ceremony *c, struct writer *out);

/* Reads custodians and k, and the hash, of keys.json. */
MUST_USE enum err ceremony_keys(struct ceremony *c, const char *path);

/* `mohar ceremony show`. */
extern const struct cli_option ceremony_show_options[];
int ceremony_show(struct cli *c);

#endif
