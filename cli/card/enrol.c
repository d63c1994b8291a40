#include "cli/card/enrol.h"

#include <stdlib.h>
#include <string.h>

#include "cli/card/session.h"
#include "x509/own.h"
#include "x509/weak_key.h"
#include "x509/x509.h"

void
enrolled_free(struct enrolled *e)
{
	for (size_t i = 0; i < e->count; i++)
		X509_free(e->keys[i].certificate);
	*e = (struct enrolled){0};
}

const struct card_place *
enrol_place(const struct enrolment *n, uint8_t id)
{
	return card_key_is_signature(id) ? &n->signing : &n->card;
}

/* ---- what is there ---- */

/* The certificate beside key id whose key is on the card; *out stays NULL if there is none. An older one under the same number is what an interrupted write left. */
static enum err
find_certificate(const struct card_session *s, uint8_t id, X509 **out)
{
	struct card_objects certificates, keys;

	TRY(card_objects_find(s, CKO_CERTIFICATE, &id, &certificates));
	TRY(card_objects_find(s, CKO_PUBLIC_KEY, &id, &keys));
	for (CK_ULONG i = certificates.count; i-- > 0 && *out == NULL;) {
		OWN(X509) x = NULL;

		if (card_object_certificate(s, certificates.handles[i], &x) != ERR_OK) {
			err_forget();
			continue;
		}
		for (CK_ULONG n = 0; n < keys.count && *out == NULL; n++)
			if (card_object_is_key_of(s, keys.handles[n], x)) {
				*out = x;
				x = NULL;
			}
	}
	return ERR_OK;
}

static enum err
certificate_there(const struct card_place *at, uint8_t id, X509 **out)
{
	struct card_session s;

	TRY(card_session_open(at, &s));
	const enum err e = find_certificate(&s, id, out);

	card_session_free(&s);
	return e;
}

/* A card that was another person's is not overwritten by mistake, and a login key is not mistaken for a signing one. */
static enum err
check_owner(const struct enrolment *n, const struct card_role *role, uint8_t id, X509 *x)
{
	const bool by_number = n->holder.card_subject != NULL;
	const uint32_t usage = X509_get_key_usage(x);
	char *said = NULL;

	const enum err e = certificate_attribute(x, by_number ? "serialNumber" : "CN", &said);
	const bool same = e == ERR_OK && strcmp(said, by_number ? n->holder.card_subject : n->holder.name) == 0;

	free(said);
	err_forget();
	REQUIRE_WHY(same, ERR_EXISTS,
		"key %u of this card has a certificate already, for somebody else; 'mohar card show' says whom; take a blank card",
		id);
	REQUIRE_WHY(strncmp(role->profile, "citizen-", 8) != 0 ||
			((usage & KU_NON_REPUDIATION) != 0) == card_key_is_signature(id),
		ERR_EXISTS, "key %u of this card has a certificate already, for another use than %s", id,
		role->profile);
	REQUIRE_WHY(X509_cmp_current_time(X509_get0_notAfter(x)) > 0, ERR_EXPIRED,
		"the certificate of key %u has ended; 'mohar card renew' makes a new key", id);
	return ERR_OK;
}

/* ---- one key ---- */

static enum err
make_key(const struct card_place *at, uint8_t id, bool *made)
{
	AUTO(writer) attributes = writer_new(4 << 10);
	char label[MAX_CARD_KEY_LABEL];

	card_key_label(id, label);
	const enum err e = card_generate(at->module, at->token, at->pin, id, label, &attributes);

	*made = e == ERR_OK;
	if (e == ERR_EXISTS) {
		err_forget();
		return ERR_OK;
	}
	return e;
}

/* Looked at before anybody is asked, so that the counter hears what to do with the card. */
static enum err
refuse_weak(EVP_PKEY *on_card, uint8_t id)
{
	unsigned char *der = NULL;
	const int len = i2d_PUBKEY(on_card, &der);
	const unsigned char *at = der;
	OWN(EVP_PKEY) key = len > 0 ? d2i_PUBKEY(NULL, &at, len) : NULL;
	char why[160];

	OPENSSL_free(der);
	REQUIRE_WHY(key != NULL, ERR_CRYPTO, "key %u of the card cannot be read", id);
	enum err e = weak_key_check(key);

	if (e == ERR_OK)
		e = weak_key_search(key);
	if (e != ERR_REFUSED)
		return e;
	(void)snprintf(why, sizeof(why), "%s", err_why());
	return err_because(e,
		"WEAK KEY, do not give this card out (%s): put it aside, note its serial and batch, take another card",
		why);
}

struct request {
	struct writer csr;
	struct sha256 spki;
};

static enum err
request_on(const struct enrolment *n, struct card *card, uint8_t id, struct request *out)
{
	const struct name_part subject[] = {{"CN", n->holder.name}, {"serialNumber", n->holder.card_subject}};
	EVP_PKEY *key;

	TRY(card_key(card, id, &key));
	TRY(refuse_weak(key, id));
	TRY(spki_hash(key, &out->spki));
	return csr_make(key, subject, n->holder.card_subject != NULL ? 2 : 1, NULL, 0, &out->csr);
}

static enum err
certify(const struct enrolment *n, const struct card_role *role, uint8_t id, struct enrolled_key *out)
{
	const struct card_place *at = enrol_place(n, id);
	struct request request = {.csr = writer_new(MAX_CSR)};
	char label[MAX_CARD_KEY_LABEL];
	struct card *card;
	bool found = false;
	enum err e = card_open(at->module, at->token, at->pin, &card);

	if (e == ERR_OK)
		e = request_on(n, card, id, &request);
	card_free(&card);
	if (e == ERR_OK)
		e = counter_certificate(&n->counter, &n->holder, role->profile, writer_span(&request.csr),
			&request.spki, out->made, &out->certificate, &found);
	writer_free(&request.csr);
	TRY(e);
	out->state = found ? "given before, written now" : "written now";
	card_key_label(id, label);
	return card_write(at, id, label, out->certificate);
}

static enum err
see_it_sign(const struct card_place *at, uint8_t id, const X509 *x)
{
	struct card *card;
	enum err e = card_open(at->module, at->token, at->pin, &card);

	if (e == ERR_OK)
		e = card_proves(card, id, x);
	card_free(&card);
	return e;
}

enum err
enrol_key(const struct enrolment *n, const struct card_role *role, uint8_t id, struct enrolled_key *out)
{
	const struct card_place *at = enrol_place(n, id);
	struct cli *c = n->counter.c;

	*out = (struct enrolled_key){.id = id, .state = "there already"};
	cli_progress(c, "key %u: making it on the card", id & 0x0f);
	TRY(make_key(at, id, &out->made));
	if (!out->made)
		TRY(certificate_there(at, id, &out->certificate));
	if (out->certificate != NULL)
		TRY(check_owner(n, role, id, out->certificate));
	else {
		cli_progress(c, "key %u: certificate %s", id & 0x0f, role->profile);
		TRY(certify(n, role, id, out));
	}
	return see_it_sign(at, id, out->certificate);
}

/* ---- the whole card ---- */

/* A card without room for them works all the same. */
static const char *
write_chain(const struct enrolment *n, X509 *x)
{
	STACK_OF(X509) *chain = NULL;
	enum err e = counter_chain(&n->counter, x, &chain);
	const char *said = "not fetched from the authority; the card works without";

	if (e == ERR_OK) {
		e = card_write_chain(&n->card, chain);
		said = e == ERR_OK ? "on the card" : "not written, the card has no room; it works without";
	}
	sk_X509_pop_free(chain, X509_free);
	err_forget();
	return said;
}

enum err
enrol_card(const struct enrolment *n, const struct card_roles *roles, struct enrolled *out)
{
	*out = (struct enrolled){0};
	for (size_t i = 0; i < roles->count; i++) {
		out->count = i + 1;
		TRY(enrol_key(n, &roles->roles[i], roles->roles[i].id, &out->keys[i]));
	}
	/* Only the authentication key logs in. */
	for (size_t i = 0; i < out->count; i++)
		if (out->keys[i].id == CARD_AUTHENTICATION)
			TRY(counter_bind(&n->counter, &n->holder, out->keys[i].certificate));
	out->chain = write_chain(n, out->keys[0].certificate);
	return ERR_OK;
}
