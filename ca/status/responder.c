#include "ca/status/responder.h"

#include <stdlib.h>

#include "ca/issue/issue.h"
#include "ca/store/statements.h"
#include "x509/own.h"

enum { MAX_SPKI = 4 << 10, MAX_NAME = 256, SECONDS_A_DAY = 86400 };

/* The newest one that will last for another third of its life. */
static enum err
find(struct cad *c, const struct authority *a, const struct profile *profile, struct span spki, X509 **out)
{
	const struct sha256 hash = sha256_of(spki);
	const struct db_param params[] = {db_text(a->label), db_text(profile->name), db_bytes(sha256_span(&hash)),
		db_time(cad_now(c) + profile->days * SECONDS_A_DAY / 3)};
	struct certificate_row row;

	TRY(db_pool_one(c->db, CA_CERTIFICATE_OF_KEY, params, &row));
	const enum err e = certificate_parse(span_at(row.der.ptr, row.der.len), out);

	db_row_free(&ca_statements[CA_CERTIFICATE_OF_KEY], &row);
	return e;
}

static enum err
issue(struct cad *c, const struct authority *a, const struct profile *profile, struct span spki, X509 **out)
{
	AUTO(writer) name = writer_new(MAX_NAME);
	char *organization = NULL;

	writer_format(&name, "%s OCSP responder", a->label);
	if (!json_texts_have(&profile->subject, "O") ||
		certificate_attribute(a->certificate, "O", &organization) != ERR_OK)
		err_forget();
	const struct name_part subject[] = {{"O", organization}, {"CN", (const char *)writer_span(&name).ptr}};
	const size_t skip = organization == NULL;
	const struct issuance issuance = {
		.profile = profile,
		.spki = spki,
		.subject = subject + skip,
		.subject_count = 2 - skip,
		.actor = "mohar-cad",
		.channel = "local",
	};
	const enum err e = certificate_issue(c, &issuance, out);

	free(organization);
	return e;
}

static bool
is_current(struct authority *a, const X509 *x)
{
	OWN(X509) now = NULL;
	OWN(EVP_PKEY) key = NULL;

	return authority_responder(a, &now, &key) == ERR_OK && X509_cmp(now, x) == 0;
}

enum err
responder_ensure(struct cad *c, struct authority *a, bool *changed)
{
	const struct profile *profile = profile_of_responder(&c->profiles, a->label);
	AUTO(writer) spki = writer_new(MAX_SPKI);
	OWN(X509) x = NULL;
	EVP_PKEY *key;

	*changed = false;
	REQUIRE_WHY(profile != NULL, ERR_CONFIG, "no profile lets '%s' certify an OCSP responder", a->label);
	TRY(keyring_pubkey(c->keyring, a->ocsp_label, &spki));
	enum err e = find(c, a, profile, writer_span(&spki), &x);

	if (e == ERR_NOT_FOUND) {
		err_forget();
		e = issue(c, a, profile, writer_span(&spki), &x);
	}
	TRY(e);
	if (is_current(a, x))
		return ERR_OK;
	err_forget();
	TRY(keyring_key(c->keyring, a->ocsp_label, (struct span){0}, &key));
	authority_responder_set(a, x, key);
	x = NULL;
	*changed = true;
	return ERR_OK;
}
