/* rig: a real SoftHSM token in a folder of its own and a real mohar-hsmd in front of it. Used by the tests of hsm/ and of the provider. Without SoftHSM,
 * or without the program, the tests that need it are skipped by name. */
#ifndef MOHAR_TEST_RIG_H
#define MOHAR_TEST_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sys/types.h>

#include "jose/jose.h"
#include "keyring/keyring.h"

#define CASE(name) static void name(void **state)
#define assert_err(expr, expected) assert_string_equal(err_name(expr), err_name(expected))
#define assert_ok(expr) assert_err(expr, ERR_OK)

/* Users of the callers, if we are root; else all are us, and tests that need several are skipped. */
enum { UID_CA = 7001, UID_IDP = 7002, UID_SIGNER = 7003, UID_STRANGER = 7009 };

enum { CUSTODIANS = 3 };

struct rig {
	char dir[48];
	char log[64];
	pid_t daemon;
	struct keyring *keyring;
	EVP_PKEY *registrar; /* the card of the operator "registrar-1" */
	struct jwk *registrar_jwk;
	EVP_PKEY *clerk; /* the card of "clerk-1", an operator who is no registrar */
	struct jwk *clerk_jwk;
	EVP_PKEY *custodians[CUSTODIANS]; /* software keys of "custodian-1" and on, of whom two decide */
	struct jwk *custodian_jwks[CUSTODIANS];
	bool separate; /* one user a caller */
};

/* Folder, token, keys.json (from policies/keys.json, with one registrar, every key on the token "main"), settings. NULL if that cannot be had. The caller frees with rig_free. */
struct rig *rig_new(void);

/* The same with more rows of keys.json before those of the file: each ends with a comma. */
struct rig *rig_new_with(const char *more);

/* The rig of a test's state; skips the test if there is none. */
struct rig *rig_of(void **state);
void rig_free(struct rig **r);

/* `mohar-hsmd MODE --config`; its exit code; what it said is added to r->log. */
int rig_run(struct rig *r, const char *mode);

/* Genesis, start, wait until it answers, connect. extra: more lines for the settings file, or NULL. */
void rig_up(struct rig *r, const char *extra);
void rig_start(struct rig *r);
void rig_stop(struct rig *r, int signal);

/* Appends a line to the settings file; replaces the line of that name. */
void rig_set(struct rig *r, const char *name, const char *value);

/* Does the log hold text? */
bool rig_said(const struct rig *r, const char *text);
void rig_path(const struct rig *r, const char *name, char out[128]);

/* Generates these labels, or all if none are given. */
void rig_generate(struct rig *r, const char *label);

/* Runs act in a child with that uid and a keyring of its own; its return value, an enum err, comes back. */
typedef enum err rig_act(struct rig *r, struct keyring *k, void *context);
enum err rig_as(struct rig *r, uid_t uid, rig_act *act, void *context);

/* A keyring whose one connection is that user's. The caller frees it. */
struct keyring *rig_keyring(struct rig *r, uid_t uid);

/* A fresh act signed by that card; members: ",\"generation\":1". Appended. */
void rig_order(EVP_PKEY *by, const char *act, const char *members, struct writer *jws);

/* A custodian's act proposal.approve for a proposal of this object. */
void rig_approval(struct rig *r, int custodian, const struct hsm_proposal *p, struct span object, struct writer *jws);
/* Proposes, and has two custodians approve; what is executed is appended to result. */
enum err rig_approve(struct rig *r, struct keyring *k, const char *kind, const char *label, struct span object,
	struct writer *result);
/* A keyring_signer: each signature by rig_approve. context: a struct rig_signer. */
struct rig_signer {
	struct rig *rig;
	struct keyring *keyring;
};
enum err rig_sign(void *context, const char *label, struct span object, struct writer *signature);

/* A registrar's act certificate.issue for this key, profile and CN. */
void rig_evidence(struct rig *r, const EVP_PKEY *key, const char *profile, const char *cn, struct writer *jws);

#endif
