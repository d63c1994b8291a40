#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "idp/limit.h"
#include "idp/login/login.h"
#include "idp/login/passkey.h"
#include "idp/oidc/interaction.h"
#include "idp/store/store.h"

enum err
login_options_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	uint8_t challenge[CHALLENGE_BYTES];
	AUTO(interaction) i = {0};

	TRY(script_request(d, request));
	TRY(interaction_of(d, request, &i));
	TRY(challenge_new(d, "login", i.cookie, challenge));
	webauthn_request_options(reply_body(reply, "application/json"), d->settings.rp_id,
		span_at(challenge, sizeof(challenge)), NULL, 0);
	return ERR_OK;
}

/* WebAuthn 7.2 with the stored key; what the library leaves to us is checked here. */
static enum err
check(const struct idp *d, struct span body, struct span challenge, const struct credential_row *row,
	struct webauthn_assertion *out)
{
	const char *origins[2];
	const struct webauthn_expect expect = passkey_expect(d, challenge, origins);
	AUTO(webauthn_key) *key = NULL;

	TRY(webauthn_key_parse(span_at(row->cose_key.ptr, row->cose_key.len), &key));
	TRY(webauthn_authenticate(body, &expect, key, out));
	REQUIRE_WHY(span_equal(span_at(out->user_handle, out->user_handle_len),
			    span_at(row->user_handle.ptr, row->user_handle.len)),
		ERR_MISMATCH, "WebAuthn 7.2 step 6: the user handle is not the credential owner's");
	REQUIRE_WHY(webauthn_backup_accepts(row->backup_eligible, out), ERR_MISMATCH,
		"WebAuthn 7.2 step 18: the backup flags have changed");
	REQUIRE_WHY(webauthn_counter_accepts((uint32_t)row->counter, out->counter), ERR_USED,
		"WebAuthn 7.2 step 22: the signature counter did not go up: a copy of the authenticator?");
	return ERR_OK;
}

/* The person sees that somebody tried. */
static enum err
refused(struct idp *d, const struct credential_row *row, enum err e)
{
	char why[256];

	(void)snprintf(why, sizeof(why), "%s", err_why());
	TRY(login_failed(d, &row->person, "web", why));
	return err_because(e, "%s", why);
}

/* Whatever was wrong, the answer is one: nobody learns from it which passkeys, or whose, are known here. What it was stands in the log. */
static enum err
alike(enum err e)
{
	if (err_http(e) >= 500 || e == ERR_TOO_MANY)
		return e;
	log_refusal("login", e, "login by passkey");
	return err_because(ERR_MISMATCH, "this passkey is not accepted");
}

static enum err
open_session(struct idp *d, struct request *request, struct reply *reply, const struct credential_row *row,
	const struct webauthn_assertion *a)
{
	/* RFC 8176 2: where the key lives; a person was there; verified by the device, it is two factors */
	const char *const amr[] = {row->backup_eligible ? "swk" : "hwk", "user", "mfa", NULL};
	const struct login login = {
		.person = row->person,
		.authenticator = row->authenticator,
		.bound_level = row->bound_level,
		.channel = "web",
		.amr = amr,
		.means = row->name,
		.credential = span_at(row->id.ptr, row->id.len),
		.counter = a->counter,
		.backed_up = a->backed_up,
	};

	return session_open(d, request, reply, &login, NULL);
}

static enum err
credential_of(struct idp *d, struct span body, struct credential_row *out)
{
	struct webauthn_assertion peeked;
	enum err e;

	TRY(webauthn_peek(body, &peeked));
	const struct db_param p[] = {db_bytes(span_at(peeked.credential_id, peeked.credential_id_len))};
	e = db_pool_one(d->db, ST_CREDENTIAL_BY_ID, p, out);
	return e == ERR_NOT_FOUND ? err_because(ERR_MISMATCH, "WebAuthn 7.2 step 6: this credential is not known here")
				  : e;
}

static enum err
enter(struct idp *d, struct request *request, struct reply *reply, struct span challenge)
{
	const struct span body = request_body(request);
	struct webauthn_assertion assertion;
	AUTO(credential_row) row = {0};
	enum err e;

	TRY(credential_of(d, body, &row));
	TRY(limit_account(d, span_at(&row.person, sizeof(row.person))));
	e = check(d, body, challenge, &row, &assertion);
	if (e == ERR_OK)
		e = open_session(d, request, reply, &row, &assertion);
	if (e == ERR_OK)
		return e;
	limit_failed(d, span_at(&row.person, sizeof(row.person)), e);
	return refused(d, &row, e);
}

static enum err
authenticate(struct idp *d, struct request *request, struct reply *reply, const struct interaction *i)
{
	uint8_t challenge[CHALLENGE_LEN];
	enum err e;

	TRY(passkey_challenge(request_body(request), challenge));
	TRY(challenge_use(d, "login", i->cookie, span_at(challenge, sizeof(challenge))));
	e = enter(d, request, reply, span_at(challenge, sizeof(challenge)));
	return e == ERR_OK ? ERR_OK : alike(e);
}

enum err
login_passkey_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(writer) next = writer_new(ADDRESS_ROOM);
	AUTO(interaction) i = {0};
	struct json_writer j;

	TRY(script_request(d, request));
	TRY(interaction_of(d, request, &i));
	TRY(authenticate(d, request, reply, &i));
	writer_format(&next, "/continue?flow=%s", i.id);
	j = reply_json(reply);
	json_object(&j, NULL);
	json_span(&j, "next", writer_span(&next));
	json_object_end(&j);
	return ERR_OK;
}
