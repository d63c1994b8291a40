#include "cli/cli.h"

#include <stdio.h>

#include "base/encode.h"
#include "base/file.h"
#include "webauthn/webauthn.h"

enum { MAX_ORIGINS = 16, MAX_CHALLENGE = 512, MAX_ROOTS = 1 << 20 };

/* The command line, read. */
struct question {
	struct webauthn_expect expect;
	const char *origins[MAX_ORIGINS + 1], *top_origins[MAX_ORIGINS + 1];
	uint8_t challenge[MAX_CHALLENGE];
	uint8_t public_key[MAX_COSE_KEY];
	size_t public_key_len; /* 0: a registration */
	struct writer roots, json;
};

static void
question_free(struct question *q)
{
	writer_free(&q->roots);
	writer_free(&q->json);
}

static const struct cli_option options[] = {
	{"--rp-id", "ID", "the relying party's id, localhost", NULL, true, false},
	{"--origin", "ORIGIN", "an origin that is the relying party's, byte for byte", NULL, true, true},
	{"--challenge", "BASE64URL", "the challenge that was issued", NULL, true, false},
	{"--top-origin", "ORIGIN", "an origin that may frame the page; without it framing is refused", NULL, false,
		true},
	{"--public-key", "BASE64URL", "FILE is an authentication, by this COSE key", NULL, false, false},
	{"--user-verification", NULL, "the user must have been verified (UV)", NULL, false, false},
	{"--attestation-trust", "FILE", "PEM roots: a registration with certificates must lead to one of them", NULL,
		false, false},
	{"--at", "TIME", "judge certificates at this time, 2026-01-31T23:59:59Z", NULL, false, false},
	{0},
};

static bool
take_list(const struct cli *c, const char *name, const char *out[MAX_ORIGINS + 1])
{
	size_t i;

	for (i = 0; i < MAX_ORIGINS && cli_value_at(c, name, i) != NULL; i++)
		out[i] = cli_value_at(c, name, i);
	return cli_value_at(c, name, i) == NULL;
}

/* What is wrong with the command line; NULL if nothing is. */
static const char *
read_options(const struct cli *c, struct question *q)
{
	const char *key = cli_value(c, "--public-key");

	if (!take_list(c, "--origin", q->origins) || !take_list(c, "--top-origin", q->top_origins))
		return "more than 16 origins";
	if (base64url_read(span_of(cli_value(c, "--challenge")), q->challenge, sizeof(q->challenge),
		    &q->expect.challenge.len) != ERR_OK ||
		q->expect.challenge.len == 0)
		return "--challenge wants base64url without padding, at most 512 bytes";
	if (key != NULL &&
		(base64url_read(span_of(key), q->public_key, sizeof(q->public_key), &q->public_key_len) != ERR_OK ||
			q->public_key_len == 0))
		return "--public-key wants a COSE key in base64url without padding";
	q->expect.rp_id = cli_value(c, "--rp-id");
	q->expect.origins = q->origins;
	q->expect.top_origins = q->top_origins;
	q->expect.challenge.ptr = q->challenge;
	q->expect.user_verification = cli_flag(c, "--user-verification");
	q->expect.at = cli_now(c);
	return NULL;
}

static enum err
read_files(const struct cli *c, struct question *q)
{
	const char *roots = cli_value(c, "--attestation-trust");

	TRY(file_read(cli_file(c, 0), MAX_WEBAUTHN_JSON, &q->json));
	if (roots == NULL)
		return ERR_OK;
	TRY(file_read(roots, MAX_ROOTS, &q->roots));
	q->expect.attestation_trust = (const char *)writer_span(&q->roots).ptr;
	return ERR_OK;
}

static const char *
trust_name(enum webauthn_trust trust)
{
	switch (trust) {
	case WEBAUTHN_TRUST_NONE:
		return "none";
	case WEBAUTHN_TRUST_SELF:
		return "self";
	case WEBAUTHN_TRUST_UNANCHORED:
		return "unanchored";
	case WEBAUTHN_TRUST_ANCHORED:
		return "anchored";
	}
	return "none";
}

/* The flags byte, and what people want to know of it (WebAuthn 6.1). */
static void
tell_flags(struct cli *c, uint8_t flags, bool user_verified, bool backup_eligible, bool backed_up)
{
	cli_int(c, "flags", flags);
	cli_bool(c, "user_verified", user_verified);
	cli_bool(c, "backup_eligible", backup_eligible);
	cli_bool(c, "backed_up", backed_up);
}

static enum err
check_registration(struct cli *c, const struct question *q)
{
	struct webauthn_credential w;

	TRY(webauthn_register(writer_span(&q->json), &q->expect, &w));
	cli_text(c, "format", w.format);
	cli_hex(c, "aaguid", span_at(w.aaguid, sizeof(w.aaguid)));
	cli_int(c, "algorithm", w.algorithm);
	tell_flags(c, w.flags, w.user_verified, w.backup_eligible, w.backed_up);
	cli_int(c, "counter", w.counter);
	cli_base64url(c, "credential_id", span_at(w.id, w.id_len));
	cli_base64url(c, "public_key", span_at(w.cose_key, w.cose_key_len));
	cli_text(c, "trust", trust_name(w.trust));
	return ERR_OK;
}

static enum err
check_authentication(struct cli *c, const struct question *q)
{
	const struct span cose_key = span_at(q->public_key, q->public_key_len);
	AUTO(webauthn_key) *key = NULL;
	struct webauthn_assertion a;

	TRY(webauthn_key_parse(cose_key, &key));
	TRY(webauthn_authenticate(writer_span(&q->json), &q->expect, key, &a));
	cli_int(c, "algorithm", webauthn_key_algorithm(key));
	tell_flags(c, a.flags, a.user_verified, a.backup_eligible, a.backed_up);
	cli_int(c, "counter", a.counter);
	cli_base64url(c, "credential_id", span_at(a.credential_id, a.credential_id_len));
	cli_base64url(c, "public_key", cose_key);
	if (a.user_handle_len > 0)
		cli_base64url(c, "user_handle", span_at(a.user_handle, a.user_handle_len));
	return ERR_OK;
}

/* What the peer sent is invalid, or of a maker nobody here vouches for; all else is our own trouble. */
static int
verdict(struct cli *c, enum err e)
{
	char why[256];

	if (e == ERR_OK)
		return cli_end(c, "valid", NULL, EXIT_DONE);
	if (err_http(e) >= 500)
		return cli_fail(c, e);
	(void)snprintf(why, sizeof(why), "%s", err_why()[0] != '\0' ? err_why() : err_text(e));
	err_forget();
	return cli_end(c, e == ERR_UNTRUSTED ? "unknown" : "invalid", why, EXIT_REFUSED);
}

static int
run(struct cli *c)
{
	AUTO(question) q = {.roots = writer_new(MAX_ROOTS), .json = writer_new(MAX_WEBAUTHN_JSON)};
	const char *wrong;
	enum err e;

	cli_begin(c);
	wrong = read_options(c, &q);
	if (wrong != NULL)
		return cli_end(c, "refused", wrong, EXIT_USAGE);
	e = read_files(c, &q);
	if (e != ERR_OK)
		return cli_fail(c, e);
	return verdict(c, q.public_key_len > 0 ? check_authentication(c, &q) : check_registration(c, &q));
}

const struct cli_verb cli_verify_webauthn[] = {
	{"verify", "webauthn", "FILE", "check a passkey's registration or authentication, exactly as at login", options,
		run},
	{0},
};
