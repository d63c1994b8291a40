#include "webauthn/attestation/attestation.h"

/* Exactly the members of the format's syntax (8.x): "conforming to the syntax defined" leaves no room for others. */
static enum err
check_members(const struct attestation_format *f, unsigned members)
{
	REQUIRE_WHY((members & f->requires) == f->requires, ERR_MALFORMED, "WebAuthn 8: attStmt of %s lacks a member",
		f->name);
	REQUIRE_WHY((members & ~f->allows) == 0, ERR_MALFORMED, "WebAuthn 8: attStmt of %s has a foreign member",
		f->name);
	return ERR_OK;
}

static enum err
check_format(struct attestation *a, const struct attestation_format *f)
{
	TRY(statement_parse(a->statement_cbor, &a->statement));
	TRY(check_members(f, a->statement.members));
	TRY(certificates_parse(&a->statement, &a->certificates));
	TRY(f->verify(a));
	return f->second_opinion ? attestation_second_opinion(a, f) : ERR_OK;
}

static enum err
check(struct attestation *a, const struct attestation_format *f, const char *roots, unix_time at,
	enum webauthn_trust *trust)
{
	TRY(check_format(a, f));
	if (a->certificates.count > 0)
		return certificates_chain(&a->certificates, roots, at, trust);
	*trust = f->requires == 0 ? WEBAUTHN_TRUST_NONE : WEBAUTHN_TRUST_SELF;
	return ERR_OK;
}

enum err
attestation_check(struct attestation *a, struct span format, const char *roots, unix_time at,
	enum webauthn_trust *trust)
{
	const struct attestation_format *f = attestation_format_of(format);
	enum err e;

	REQUIRE_WHY(f != NULL, ERR_UNSUPPORTED, "WebAuthn 8.1: attestation format '%.*s'", (int)format.len,
		(const char *)format.ptr);
	e = check(a, f, roots, at, trust);
	certificates_free(&a->certificates);
	return e;
}
