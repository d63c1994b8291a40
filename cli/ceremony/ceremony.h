/* ceremony: one ceremony under way: its script, the two key daemons, the custodians' cards, the transcript that grows. Used by the files cli/ceremony*.c. */
#ifndef MOHAR_CLI_CEREMONY_CEREMONY_H
#define MOHAR_CLI_CEREMONY_CEREMONY_H

#include <openssl/x509.h>

#include "base/secret.h"
#include "cli/ceremony/script.h"
#include "cli/ceremony/state.h"
#include "cli/cli.h"
#include "keyring/keyring.h"
#include "policy/keys_file.h"

#define CEREMONY_AUDIENCE "mohar:ceremony" /* of custodians' acts */

enum {
	MAX_CUSTODIANS = 16,
	MAX_CERTIFICATES = 16,
	MAX_PRESENT = 16,
	MAX_STEP_TEXT = 256 << 10,
	MAX_TRANSCRIPT = 700 << 10,
	MAX_CEREMONY_PATH = 512
};

/* One who takes part with a card; who it is, the card's key says. role: NULL for custodians. */
struct custodian {
	char token[64];     /* the card's label */
	char role[32];      /* "": custodian */
	struct secret *pin; /* owned */
};

struct made {
	const char *key; /* borrowed from the script */
	X509 *x;         /* owned */
};

/* A file that was brought along. */
struct input {
	const struct script_input *row;
	const char *path;
	struct sha256 hash; /* of a folder: of the list of its files' hashes */
	bool folder;
};

struct ceremony {
	struct cli *cli;
	struct script script;
	struct sha256 keys_hash; /* of keys.json */
	struct keys_file keys;   /* keys.json */
	struct custodian custodians[MAX_CUSTODIANS];
	size_t custodian_count;
	struct custodian witnesses[MAX_PRESENT]; /* others with a card, who sign the transcript */
	size_t witness_count;
	struct input inputs[MAX_INPUTS];
	size_t input_count;
	struct keyring *root, *main; /* NULL: not named */
	struct keyring *provides;    /* whose keys the OpenSSL provider has now; NULL: it is not loaded */
	struct made made[MAX_CERTIFICATES];
	size_t made_count;
	struct writer transcript; /* JSON */
	struct json_writer top;   /* onto it */
	struct writer step;       /* the step under way, JSON */
	struct json_writer json;  /* onto it */
	const char *script_path, *keys_path, *out, *policies, *module, *pki_url;
	unix_time started;
	struct ceremony_state *state; /* owned: what was done before, and is being done */
	bool dry;
	struct scratch *scratch; /* dry only; borrowed */
};

/* Opens every custodian's card, has it sign an act "ceremony.approve" over script and keys.json, verifies each, and writes them into the transcript. ERR_REFUSED
 * unless k different ones of keys.json did. */
MUST_USE enum err ceremony_approve(struct ceremony *c);

/* Is somebody there in that role? Custodians are those with cards. */
bool ceremony_role_is_present(const struct ceremony *c, const char *role);

/* Who else is there, into the transcript. ERR_REFUSED if a role of the script is missing. */
MUST_USE enum err ceremony_present(struct ceremony *c);

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

/* The same for what has mohar-hsmd's worker replaced (delete, restore): returns when the fresh one answers, or after some seconds. */
MUST_USE enum err ceremony_decide_replacing(struct ceremony *c, struct keyring *k, const char *kind, const char *label,
	struct span object);

/* A key of the token on which keys.json puts it, each of whose signatures the custodians decide so. The caller frees it. */
MUST_USE enum err ceremony_key(struct ceremony *c, const char *label, EVP_PKEY **out);

/* Does one step and writes it into c->step. again: it was begun before, and interrupted. */
MUST_USE enum err ceremony_step(struct ceremony *c, const struct script_step *step, bool again);

/* The steps' own functions, between them in the files ceremony_token.c, _certificate.c, _decision.c. */
typedef enum err ceremony_do(struct ceremony *c, const struct script_step *s);
ceremony_do ceremony_token, ceremony_genesis_check, ceremony_backup, ceremony_certificate, ceremony_list,
	ceremony_policy, ceremony_delete, ceremony_destroy, ceremony_restore;

/* The token that a step names. ERR_CONFIG if its socket was not named on the command line. */
MUST_USE enum err ceremony_keyring(const struct ceremony *c, const char *token, struct keyring **out);

/* A certificate that is there already: made in an earlier run of this ceremony, or brought along under that name. */
MUST_USE enum err ceremony_certificate_again(struct ceremony *c, const char *key);

/* Does keys.json of that token want custodians' approval before the key is made? */
MUST_USE enum err ceremony_key_is_approved(struct keyring *k, const char *label, bool *out);

/* The heads of the journals of both tokens, as far as they are named, into j as that member. */
MUST_USE enum err ceremony_journals(const struct ceremony *c, struct json_writer *j, const char *member);

/* Reads the inputs of the command line and compares them with the script's. */
MUST_USE enum err ceremony_inputs(struct ceremony *c);
/* The path that --input gives for a name, NULL if none; one input read, and compared with what the script expects. */
const char *ceremony_input_given(const struct ceremony *c, const char *name);
MUST_USE enum err ceremony_input_take(const struct script_input *row, const char *path, struct input *out);
MUST_USE enum err ceremony_input(const struct ceremony *c, const char *name, const struct input **out);

/* OUT/NAME.SUFFIX: for reading, and written. */
MUST_USE enum err ceremony_path(const struct ceremony *c, const char *name, const char *suffix,
	char out[MAX_CEREMONY_PATH]);
MUST_USE enum err ceremony_put(const struct ceremony *c, const char *name, const char *suffix, struct span bytes);

/* Each custodian's card signs the whole transcript: JWS, general JSON serialisation (RFC 7515 7.2.1), into out. */
MUST_USE enum err ceremony_seal(struct ceremony *c, struct writer *out);

/* Reads custodians and k, and the hash, of keys.json. */
MUST_USE enum err ceremony_keys(struct ceremony *c, const char *path);

/* The whole ceremony, c->cli's options read and files open: approved, done, signed. */
MUST_USE enum err ceremony_hold(struct ceremony *c);

/* `mohar ceremony run --dry-run`: scratch tokens, a key daemon for each, scratch cards, all in a folder that is removed. c: the script is read, nothing else. */
MUST_USE enum err ceremony_dry(struct ceremony *c);

/* Between a step "policy" and the "token" that expects it: the file in place, mohar-hsmd started again. Dry runs only. */
MUST_USE enum err ceremony_dry_restart(struct ceremony *c, const char *token, const char *keys);

/* `mohar ceremony show`. */
extern const struct cli_option ceremony_show_options[];
int ceremony_show(struct cli *c);

#endif
