#include "ca/device/enroll.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "ca/acme/decide.h"
#include "ca/device/device.h"
#include "ca/device/pattern.h"
#include "ca/device/secret.h"
#include "ca/issue/issue.h"
#include "ca/revoke/revoke.h"
#include "x509/own.h"
#include "x509/profile.h"

enum { MAX_PRINCIPAL = 128 };
static const char actor_prefix[] = "device:";

static enum err
key_fresh(struct cad *c, const struct asked *asked)
{
	const struct sha256 hash = sha256_of(span_at(asked->request.spki.ptr, asked->request.spki.len));
	const struct db_param params[] = {db_bytes(sha256_span(&hash))};
	struct seen_row seen;

	TRY(db_pool_one(c->devices->db, DEVICE_KEY_SEEN, params, &seen));
	REQUIRE_WHY(seen.count == 0, ERR_EXISTS, "the request's key was certified before; make a new key");
	return ERR_OK;
}

static enum err
key_suits(const struct profile *profile, const struct asked *asked)
{
	REQUIRE_WHY(json_texts_have(&profile->key_types, asked->request.key_type), ERR_REFUSED,
		"profile '%s' takes no %s keys", profile->name, asked->request.key_type);
	return ERR_OK;
}

/* What is asked for, in the name of an enrolment. */
static enum err
issue(struct cad *c, const struct enrolling *who, const struct profile *profile, const struct asked *asked,
	const struct asked *says, X509 **out)
{
	char actor[MAX_DEVICE_ACTOR];
	AUTO(writer) principal = writer_new(MAX_PRINCIPAL);

	(void)snprintf(actor, sizeof(actor), "%s%s", actor_prefix, who->enrolment->id);
	writer_format(&principal, "agency:%s", who->enrolment->agency);
	TRY(writer_done(&principal));
	const struct issuance issuance = {
		.profile = profile,
		.spki = span_at(asked->request.spki.ptr, asked->request.spki.len),
		.subject = says->subject,
		.subject_count = says->subject_count,
		.names = says->request.names,
		.names_count = says->request.names_count,
		.actor = actor,
		.principal = (const char *)writer_span(&principal).ptr,
		.channel = who->channel,
		.csr = asked->der,
	};

	return certificate_issue(c, &issuance, out);
}

/* The order must stand before the key signs: of two who come with the last use at once, one is refused. */
static enum err
take(struct cad *c, const struct enrolment_row *row)
{
	const struct db_param params[] = {db_text(row->id), db_time(cad_now(c))};
	size_t affected = 0;

	TRY(db_pool_run(c->devices->db, DEVICE_TAKE, params, &affected));
	REQUIRE_WHY(affected == 1, ERR_USED, "the enrolment secret %s is used up; ask for another", row->id);
	return ERR_OK;
}

/* What the request was to blame for keeps its reason. */
static void
give_back(struct cad *c, const struct enrolment_row *row)
{
	const struct db_param params[] = {db_text(row->id)};
	AUTO(writer) why = writer_new(512);

	writer_text(&why, err_why());
	if (db_pool_run(c->devices->db, DEVICE_GIVE_BACK, params, NULL) != ERR_OK)
		log_error("device", "enrolment %s has lost a use: %s", row->id, err_why());
	err_remember("%s", (const char *)writer_span(&why).ptr);
}

enum err
device_enroll(struct cad *c, const struct enrolling *who, const struct asked *asked, X509 **out)
{
	const struct enrolment_row *row = who->enrolment;
	const struct profile *profile = profile_find(&c->profiles, row->profile);
	const struct request_facts *r = &asked->request;

	REQUIRE_WHY(profile != NULL, ERR_CONFIG, "enrolment %s is for the profile '%s', which is not here any more",
		row->id, row->profile);
	TRY(key_suits(profile, asked));
	TRY(patterns_allow(&row->names, asked->subject, asked->subject_count, r->names, r->names_count));
	TRY(profile_allows(profile, asked->subject, asked->subject_count, r->names, r->names_count));
	TRY(request_allowed(profile, asked->der));
	TRY(key_fresh(c, asked));
	TRY(take(c, row));
	const enum err e = issue(c, who, profile, asked, asked, out);

	if (e != ERR_OK)
		give_back(c, row);
	return e;
}

/* ---- what is shown ---- */

static enum err
row_of(struct cad *c, const X509 *x, struct span der, struct certificate_row *out)
{
	char hex[2 * 20 + 1];
	uint8_t serial[20];
	size_t len;

	TRY(certificate_serial_hex(x, hex));
	TRY(hex_read(span_of(hex), serial, sizeof(serial), &len));
	const struct db_param params[] = {db_bytes(span_at(serial, len))};
	const enum err e = db_pool_one(c->db, CA_CERTIFICATE_BY_SERIAL, params, out);

	REQUIRE_WHY(e != ERR_NOT_FOUND, ERR_UNTRUSTED, "the certificate shown was not issued here");
	TRY(e);
	if (span_equal(der, span_at(out->der.ptr, out->der.len)))
		return ERR_OK;
	db_row_free(&ca_statements[CA_CERTIFICATE_BY_SERIAL], out);
	return err_because(ERR_UNTRUSTED, "the certificate shown was not issued here");
}

static enum err
judge(struct cad *c, struct shown *s)
{
	const unix_time now = cad_now(c);
	const struct certificate_row *row = &s->row;

	REQUIRE_WHY(row->revoked_at == 0, ERR_REVOKED, "the certificate shown is %s",
		row->reason == REASON_HOLD ? "suspended" : "revoked");
	REQUIRE_WHY(row->not_before <= now && now < row->not_after, ERR_EXPIRED,
		"the certificate shown has expired; a new enrolment secret is needed");
	REQUIRE_WHY(strncmp(row->actor, actor_prefix, strlen(actor_prefix)) == 0, ERR_REFUSED,
		"the certificate shown was not had by an enrolment secret, so it is not renewed or revoked this way");
	s->profile = profile_find(&c->profiles, row->profile);
	REQUIRE_WHY(s->profile != NULL, ERR_REFUSED, "the profile '%s' of the certificate shown is not issued any more",
		row->profile);
	TRY(enrolment_read(c, row->actor + strlen(actor_prefix), &s->enrolment));
	REQUIRE_WHY(s->enrolment.revoked_at == 0, ERR_REVOKED,
		"the enrolment %s, by which the certificate shown was had, was revoked", s->enrolment.id);
	return ERR_OK;
}

enum err
device_shown(struct cad *c, struct span der, struct shown *out)
{
	*out = (struct shown){0};
	TRY(certificate_parse(der, &out->x));
	enum err e = row_of(c, out->x, der, &out->row);

	if (e == ERR_OK)
		e = judge(c, out);
	if (e != ERR_OK)
		shown_free(out);
	return e;
}

void
shown_free(struct shown *s)
{
	X509_free(s->x);
	db_row_free(&ca_statements[CA_CERTIFICATE_BY_SERIAL], &s->row);
	enrolment_free(&s->enrolment);
	*s = (struct shown){0};
}

enum err
device_renew(struct cad *c, const struct shown *shown, const char *channel, const struct asked *asked, X509 **out)
{
	const struct enrolling who = {&shown->enrolment, channel};
	AUTO(writer) csr = writer_new(MAX_CSR);
	struct asked old;

	TRY(key_suits(shown->profile, asked));
	TRY(asked_of_certificate(shown->x, &csr));
	TRY(asked_read_unsigned(writer_span(&csr), shown->profile, &old));
	enum err e = asked_same(&old, asked);

	if (e == ERR_OK)
		e = key_fresh(c, asked);
	if (e == ERR_OK)
		e = issue(c, &who, shown->profile, asked, &old, out);
	asked_free(&old);
	return e;
}

enum err
device_end(struct cad *c, const struct shown *shown, const char *channel, int64_t reason)
{
	const struct revoking r = {
		.row = &shown->row,
		.actor = shown->row.actor,
		.channel = channel,
		.reason = reason,
		.at = cad_now(c),
	};

	REQUIRE_WHY(revocation_reason_check(reason) == ACME_OK, ERR_MALFORMED, "%s", err_why());
	return certificate_revoke(c, &r);
}
