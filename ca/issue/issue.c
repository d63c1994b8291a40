#include "ca/issue/issue.h"

#include <string.h>

#include "audit/event.h"
#include "base/encode.h"
#include "ca/status/crl.h"
#include "ca/store/statements.h"
#include "x509/blocklist.h"
#include "x509/lint/lint.h"
#include "x509/own.h"
#include "x509/profile.h"

enum { SECONDS_A_DAY = 86400, MAX_SUBJECT_TEXT = 4 << 10, MAX_URL = 512 };

/* "CN=..., serialNumber=...", for people and for searches. */
static void
write_subject(const struct issuance *i, struct writer *w)
{
	for (size_t n = 0; n < i->subject_count; n++)
		writer_format(w, "%s%s=%s", n == 0 ? "" : ", ", i->subject[n].type, i->subject[n].value);
	for (size_t n = 0; i->subject_count == 0 && n < i->names_count; n++)
		writer_format(w, "%s%s=%s", n == 0 ? "" : ", ", i->names[n].type, i->names[n].value);
}

enum err
issue_holder(const struct issuance *i, struct writer *w)
{
	if (i->person != NULL) {
		writer_text(w, "person:");
		uuid_write(w, i->person);
	} else {
		writer_text(w, "subject:");
		write_subject(i, w);
	}
	return writer_done(w);
}

/* Asked before the HSM signs; the statement that records asks again, for two at once. */
static enum err
holder_check(struct cad *c, struct span spki_sha256, struct span holder)
{
	struct holder_row row;
	const struct db_param params[] = {db_bytes(spki_sha256)};
	const enum err e = db_pool_one(c->db, CA_KEY_HOLDER, params, &row);

	if (e == ERR_NOT_FOUND) {
		err_forget();
		return ERR_OK;
	}
	TRY(e);
	const bool same = span_is(holder, row.holder);

	db_row_free(&ca_statements[CA_KEY_HOLDER], &row);
	REQUIRE_WHY(same, ERR_EXISTS, "this public key was certified for another holder; make a new key");
	return ERR_OK;
}

/* Keys that are known to be public: a broken generator's, leaked ones (setting blocklist). */
static enum err
key_blocked(const struct cad *c, struct span spki_sha256)
{
	REQUIRE_WHY(!blocklist_has(c->blocklist, spki_sha256), ERR_REFUSED,
		"this public key is on the blocklist %s; make a new key", c->config.blocklist);
	return ERR_OK;
}

/* 128 random bits, but that an INTEGER is positive (RFC 5280 4.1.2.2) and 16 bytes long. */
static void
serial_random(uint8_t serial[SERIAL_LEN])
{
	do {
		random_bytes(serial, SERIAL_LEN);
		serial[0] &= 0x7f;
	} while (serial[0] == 0);
}

struct making {
	uint8_t serial[SERIAL_LEN];
	int64_t shard; /* which list it names */
	unix_time at, not_after;
	struct sha256 spki_sha256;
	struct lint_report lint;
	X509 *x;
};

/* The serial is random, so the lists fill evenly. */
static int64_t
shard_of(const struct cad *c, const uint8_t serial[SERIAL_LEN])
{
	const uint32_t tail =
		(uint32_t)serial[SERIAL_LEN - 3] << 16 | (uint32_t)serial[SERIAL_LEN - 2] << 8 | serial[SERIAL_LEN - 1];

	return c->config.crl_shards == 0 ? 0 : 1 + tail % c->config.crl_shards;
}

static enum err
make(struct cad *c, const struct issuance *i, struct authority *a, struct making *m)
{
	AUTO(writer) ocsp = writer_new(MAX_URL);
	AUTO(writer) crl = writer_new(MAX_URL);
	AUTO(writer) ca = writer_new(MAX_URL);
	OWN(EVP_PKEY) key = NULL;

	writer_format(&ocsp, "%s/ocsp", c->config.pki_url);
	serial_random(m->serial);
	m->shard = shard_of(c, m->serial);
	crl_url_write(c->config.pki_url, &(struct crl_name){a->label, m->shard, false}, &crl);
	writer_format(&ca, "%s/ca/%s.cer", c->config.pki_url, a->label);
	TRY(authority_key(c->keyring, a, i->evidence, &key));
	m->at = cad_now(c);
	m->not_after = m->at + i->profile->days * SECONDS_A_DAY;
	struct certificate_facts facts = {
		.profile = i->profile,
		.spki = i->spki,
		.subject = i->subject,
		.subject_count = i->subject_count,
		.names = i->names,
		.names_count = i->names_count,
		.not_before = m->at,
		.not_after = m->not_after,
		.issuer = a->certificate,
		.ocsp_url = (const char *)writer_span(&ocsp).ptr,
		.crl_url = (const char *)writer_span(&crl).ptr,
		.ca_url = (const char *)writer_span(&ca).ptr,
		.lint = &m->lint,
	};

	memcpy(facts.serial, m->serial, SERIAL_LEN);
	return certificate_make(&facts, key, &m->x);
}

/* The leaf shows issuer, profile, validity and key, and hides only the subject (ARCHITECTURE 7). */
static enum err
make_event(const struct issuance *i, const struct making *m, struct span subject, struct span der, struct event *out)
{
	AUTO(writer) public_part = writer_new(MAX_ENTRY);
	AUTO(writer) private_part = writer_new(MAX_ENTRY);
	AUTO(writer) person = writer_new(UUID_TEXT_LEN);
	const struct sha256 certificate = sha256_of(der);
	struct json_writer j = json_to(&public_part);

	json_object(&j, NULL);
	json_text(&j, "issuer", i->profile->issuer);
	json_time(&j, "not_after", m->not_after);
	json_time(&j, "not_before", m->at);
	json_text(&j, "profile", i->profile->name);
	json_hex(&j, "serial", span_at(m->serial, SERIAL_LEN));
	json_bytes64(&j, "spki_sha256", sha256_span(&m->spki_sha256));
	json_object_end(&j);
	TRY(writer_done(&public_part));
	j = json_to(&private_part);
	json_object(&j, NULL);
	json_text(&j, "actor", i->actor);
	json_bytes64(&j, "certificate_sha256", sha256_span(&certificate));
	lint_summary(&m->lint, &j, "lint");
	if (i->person != NULL) {
		uuid_write(&person, i->person);
		json_span(&j, "person", writer_span(&person));
	}
	json_span(&j, "subject", subject);
	json_object_end(&j);
	TRY(writer_done(&private_part));
	return event_make(out, "ca", "certificate.issued", LOG_TREE_PUBLIC, m->at, writer_span(&public_part),
		writer_span(&private_part));
}

/* for whom: said, or the person, or whoever ordered it */
static void
write_principal(const struct issuance *i, struct writer *w)
{
	if (i->principal == NULL && i->person != NULL)
		uuid_write(w, i->person);
	else
		writer_text(w, i->principal != NULL ? i->principal : i->actor);
}

static enum err
record(struct cad *c, const struct issuance *i, const struct making *m, struct span holder)
{
	AUTO(writer) subject = writer_new(MAX_SUBJECT_TEXT);
	AUTO(writer) principal = writer_new(MAX_SUBJECT_TEXT);
	AUTO(writer) der = writer_new(MAX_CERTIFICATE);
	struct event event = {0};

	write_subject(i, &subject);
	write_principal(i, &principal);
	TRY(writer_done(&subject));
	TRY(certificate_der(m->x, &der));
	TRY(make_event(i, m, writer_span(&subject), writer_span(&der), &event));
	const struct db_param params[] = {
		db_bytes(span_at(m->serial, SERIAL_LEN)),
		db_text(i->profile->issuer),
		db_text(i->profile->name),
		db_text_span(writer_span(&subject)),
		db_uuid(i->person),
		db_bytes(sha256_span(&m->spki_sha256)),
		db_time(m->at),
		db_time(m->not_after),
		db_bytes(writer_span(&der)),
		db_time(m->at),
		db_text(i->actor),
		db_text_span(writer_span(&principal)),
		db_text(NULL),
		db_text(i->channel),
		db_text_span(holder),
		db_uuid(&event.id),
		db_bytes(span_at(event.salt, SALT_LEN)),
		db_bytes(writer_span(&event.entry)),
		db_bytes(writer_span(&event.private_part)),
		db_int(m->shard),
	};
	struct holder_row row;
	const enum err e = db_pool_one(c->db, CA_CERTIFICATE_ISSUE, params, &row);

	if (e == ERR_OK && i->logged != NULL)
		*i->logged = event;
	else
		event_free(&event);
	REQUIRE_WHY(e != ERR_NOT_FOUND, ERR_EXISTS, "this public key was certified for another holder; make a new key");
	TRY(e);
	db_row_free(&ca_statements[CA_CERTIFICATE_ISSUE], &row);
	return ERR_OK;
}

enum err
certificate_issue(struct cad *c, const struct issuance *i, X509 **out)
{
	AUTO(writer) holder = writer_new(MAX_SUBJECT_TEXT + 64);
	struct authority *a = authority_find(&c->authorities, i->profile->issuer);
	struct making m = {.spki_sha256 = sha256_of(i->spki)};

	REQUIRE_WHY(a != NULL && !a->is_root, ERR_REFUSED, "profile '%s' is issued by '%s', not here", i->profile->name,
		i->profile->issuer);
	if (i->csr.len > 0)
		TRY(request_allowed(i->profile, i->csr));
	TRY(key_blocked(c, sha256_span(&m.spki_sha256)));
	TRY(issue_holder(i, &holder));
	TRY(holder_check(c, sha256_span(&m.spki_sha256), writer_span(&holder)));
	TRY(make(c, i, a, &m));
	const enum err e = record(c, i, &m, writer_span(&holder));

	if (e != ERR_OK) {
		X509_free(m.x);
		return e;
	}
	*out = m.x;
	return ERR_OK;
}
