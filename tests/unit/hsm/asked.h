/* asked: a proposal that custodians are asked to approve, and the rig's ways around it. Used by the tests of hsm/quorum/. */
#ifndef MOHAR_TEST_ASKED_H
#define MOHAR_TEST_ASKED_H

#include "rig.h"

struct asked {
	struct writer object;
	struct hsm_proposal p;
};

/* A root certificate as a ceremony makes it, for key and signed by it; NULL if that was refused. */
X509 *root_make(EVP_PKEY *key, const char *cn, int days);
void tbs_write(X509 *x, struct writer *out);

/* The signed part of a root for the HSM's key; appended. */
void asked_object(struct rig *r, struct writer *out);

/* Proposes to sign one. */
struct asked asked_new(struct rig *r);
void asked_free(struct asked *a);

/* One custodian's approval by card; *missing 0: it was executed. */
enum err asked_approve(struct rig *r, int custodian, const struct asked *a, int64_t *missing);
enum err asked_approve_bytes(struct rig *r, int custodian, const struct hsm_proposal *p, struct span object,
	int64_t *missing, struct writer *result);

/* Killed and started. */
void rig_again(struct rig *r);

/* keys.json; and a text in which the first from becomes to. */
void rig_keys_read(const struct rig *r, struct writer *text);
void rig_keys_write(const struct rig *r, const struct writer *text);
void text_exchange(const char *from, const char *to, struct writer *text);

/* A rig of its own for a case whose changes stay, up, with this key; skips the case if state has none. */
struct rig *rig_fresh(void **state, const char *label);

#endif
