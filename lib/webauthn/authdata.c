#include "webauthn/authdata.h"

#include "base/digest.h"
#include "webauthn/cbor.h"
#include "webauthn/webauthn.h"

/* 6.1, figure 5. Bits 1 and 5 are reserved and say nothing. */
enum { UP = 0x01, UV = 0x04, BE = 0x08, BS = 0x10, AT = 0x40, ED = 0x80 };

/* One CBOR map, borrowed. */
static enum err
parse_map(struct reader *r, struct span *out)
{
	struct reader ahead = *r;
	size_t pairs;

	TRY(cbor_map(&ahead, &pairs));
	return cbor_item(r, out);
}

/* 6.5.1 */
static enum err
parse_credential(struct reader *r, struct authdata *a)
{
	TRY(reader_bytes(r, AAGUID_LEN, &a->aaguid));
	TRY(reader_block16(r, MAX_CREDENTIAL_ID, &a->credential_id));
	REQUIRE(a->credential_id.len > 0, ERR_MALFORMED);
	return parse_map(r, &a->cose_key);
}

static enum err
parse(struct reader *r, struct authdata *a)
{
	TRY(reader_bytes(r, SHA256_LEN, &a->rp_id_hash));
	TRY(reader_u8(r, &a->flags));
	TRY(reader_u32(r, &a->sign_count));
	a->user_present = a->flags & UP;
	a->user_verified = a->flags & UV;
	a->backup_eligible = a->flags & BE;
	a->backed_up = a->flags & BS;
	a->has_credential = a->flags & AT;
	a->has_extensions = a->flags & ED;
	REQUIRE_WHY(a->backup_eligible || !a->backed_up, ERR_MALFORMED,
		"WebAuthn 6.1.3: backed up (BS) without being eligible (BE)");
	if (a->has_credential)
		TRY(parse_credential(r, a));
	if (a->has_extensions)
		TRY(parse_map(r, &a->extensions));
	return reader_done(r);
}

enum err
authdata_parse(struct span bytes, struct authdata *out)
{
	struct reader r = reader_over(bytes);
	struct authdata a = {0};
	enum err e;

	err_forget();
	e = parse(&r, &a);
	if (e != ERR_OK && err_why()[0] == '\0')
		return err_because(e, "WebAuthn 6.1: the authenticator data is %s", err_text(e));
	TRY(e);
	*out = a;
	return ERR_OK;
}

enum err
authdata_check(const struct authdata *a, const char *rp_id, bool user_verification)
{
	const struct sha256 h = sha256_of(span_of(rp_id));

	REQUIRE_WHY(span_equal(a->rp_id_hash, sha256_span(&h)), ERR_MISMATCH,
		"WebAuthn 6.1: rpIdHash is not that of %s", rp_id);
	REQUIRE_WHY(a->user_present, ERR_MISMATCH, "WebAuthn 6.1: the user was not present (UP)");
	REQUIRE_WHY(a->user_verified || !user_verification, ERR_MISMATCH,
		"WebAuthn 6.1: the user was not verified (UV)");
	return ERR_OK;
}
