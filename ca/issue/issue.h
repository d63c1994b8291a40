/* issue: making a certificate and recording it: signed by the CA's key behind mohar-hsmd, then certificate, key holder and event in one statement, and only then
 * given out. Used by issue/order.c, issue/local.c and status/responder.c: there is no other way to a certificate here. */
#ifndef MOHAR_CA_ISSUE_ISSUE_H
#define MOHAR_CA_ISSUE_ISSUE_H

#include "audit/event.h"
#include "ca/cad.h"

struct issuance {
	const struct profile *profile;
	struct span spki; /* DER */
	const struct name_part *subject;
	size_t subject_count;
	const struct name_part *names;
	size_t names_count;
	const struct uuid *person; /* NULL: none */
	const char *actor;         /* operator's name, or "mohar-cad" */
	const char *principal;     /* for whom; NULL: the person, else the actor */
	const char *channel;       /* "card", "local" */
	struct span
		csr; /* the request (DER or PEM) that asked, csr_parse having taken it: what it asks for beside its key must be within the profile. Empty: none */
	struct event *logged; /* out: the event, for its receipt; the caller frees it. NULL: not wanted */
	struct span evidence; /* the registrar's act, for mohar-hsmd; empty if the profile needs none */
};

/* ERR_EXISTS: the key was certified for another holder. ERR_REFUSED with mohar-hsmd's or the profile's reason. The caller frees *out with X509_free. */
MUST_USE enum err certificate_issue(struct cad *c, const struct issuance *i, X509 **out);

/* Who holds the key of this issuance, as key_holder has it: the person, else the subject. Appended. */
MUST_USE enum err issue_holder(const struct issuance *i, struct writer *w);

#endif
