#include "cli/ceremony/fido2.h"

#include <string.h>

#include <fido.h>

#include "base/encode.h"
#include "base/random.h"
#include "cli/card/pin.h"

enum { MAX_CLIENT_DATA = 512, MAX_CREDENTIAL = 1023, CREDENTIAL_AT = 55, ES256 = COSE_ES256 };

struct sha256
fido2_challenge(const struct proposal_file *p)
{
	static const char domain[] = "mohar approval v2"; /* with its NUL */
	const struct sha256 object = sha256_of(p->object), summary = sha256_of(span_of(p->told.summary));
	uint8_t end[8];
	const struct span parts[] = {
		{(const uint8_t *)domain, sizeof(domain)},
		span_at(p->told.id, HSM_NONCE_LEN),
		span_at(end, sizeof(end)),
		sha256_span(&object),
		sha256_span(&summary),
	};

	for (size_t i = 0; i < sizeof(end); i++)
		end[i] = (uint8_t)((uint64_t)p->told.expires >> (56 - 8 * i));
	return sha256_of_parts(parts, 5);
}

enum err
fido2_client_data(const char *type, const struct sha256 *challenge, struct writer *json)
{
	struct json_writer j = json_to(json);

	json_object(&j, NULL);
	json_text(&j, "type", type);
	json_bytes64(&j, "challenge", sha256_span(challenge));
	json_text(&j, "origin", CEREMONY_AUDIENCE);
	json_bool(&j, "crossOrigin", false);
	json_object_end(&j);
	return writer_done(json);
}

enum err
fido2_response(const struct fido2_answer *a, struct writer *json)
{
	struct json_writer j = json_to(json);

	json_object(&j, NULL);
	json_bytes64(&j, "id", a->credential);
	json_bytes64(&j, "rawId", a->credential);
	json_text(&j, "type", "public-key");
	json_object(&j, "response");
	json_bytes64(&j, "clientDataJSON", a->client_data);
	json_bytes64(&j, "authenticatorData", a->authenticator_data);
	json_bytes64(&j, "signature", a->signature);
	json_object_end(&j);
	json_object(&j, "clientExtensionResults");
	json_object_end(&j);
	json_object_end(&j);
	return writer_done(json);
}

/* ---- the device ---- */

static enum err
device_said(int r)
{
	switch (r) {
	case FIDO_OK:
		return ERR_OK;
	case FIDO_ERR_PIN_INVALID:
	case FIDO_ERR_PIN_BLOCKED:
	case FIDO_ERR_PIN_AUTH_BLOCKED:
	case FIDO_ERR_PIN_REQUIRED:
		return err_because(ERR_REFUSED, "the FIDO2 key refuses the PIN (%s): it is not tried again",
			fido_strerr(r));
	case FIDO_ERR_NO_CREDENTIALS:
		return err_because(ERR_NOT_FOUND, "this FIDO2 key does not have that credential");
	default:
		return err_because(ERR_UNAVAILABLE, "the FIDO2 key says: %s", fido_strerr(r));
	}
}

static enum err
device_open(struct cli *c, fido_dev_t **out)
{
	const char *path = cli_value(c, "--fido2");
	int r;

	fido_init(0);
	*out = fido_dev_new();
	REQUIRE(*out != NULL, ERR_NO_MEMORY);
	r = fido_dev_open(*out, path);
	REQUIRE_WHY(r == FIDO_OK, ERR_NOT_FOUND, "%s: no FIDO2 key opens there (%s); 'fido2-token -L' lists them", path,
		fido_strerr(r));
	return ERR_OK;
}

static void
device_close(fido_dev_t **d)
{
	if (*d == NULL)
		return;
	(void)fido_dev_close(*d);
	fido_dev_free(d);
}

/* The PIN as a terminated string in locked memory. */
static enum err
pin_text(struct cli *c, struct secret **out)
{
	struct secret *pin;
	enum err e;

	TRY(card_pin_of(c, "--pin", "PIN of the FIDO2 key", &pin));
	e = secret_new(secret_span(pin).len + 1, out);
	if (e == ERR_OK)
		memcpy(secret_bytes(*out), secret_span(pin).ptr, secret_span(pin).len);
	secret_free(&pin);
	return e;
}

static enum err
assertion_get(struct cli *c, fido_dev_t *device, fido_assert_t *a)
{
	struct secret *pin;
	int r;

	TRY(pin_text(c, &pin));
	cli_progress(c, "touch the FIDO2 key");
	r = fido_dev_get_assert(device, a, (const char *)secret_bytes(pin));
	secret_free(&pin);
	TRY(device_said(r));
	REQUIRE_WHY(fido_assert_count(a) == 1, ERR_UNAVAILABLE, "the FIDO2 key gave no assertion");
	return ERR_OK;
}

/* libfido2 keeps authenticator data as it came: a CBOR byte string (RFC 8949 3.1) of 37 bytes or more. */
static struct span
bytes_of(const unsigned char *cbor, size_t len)
{
	const size_t head = len > 0 && cbor[0] < 0x58 ? 1 : len > 0 && cbor[0] == 0x58 ? 2 : 3;

	return len > head ? span_at(cbor + head, len - head) : span_at(cbor, 0);
}

static enum err
assertion_make(struct cli *c, const struct proposal_file *p, fido_dev_t *device, fido_assert_t *a, struct writer *json)
{
	AUTO(writer) data = writer_new(MAX_CLIENT_DATA);
	const struct sha256 challenge = fido2_challenge(p);
	const char *id = cli_value(c, "--credential");
	uint8_t credential[MAX_CREDENTIAL];
	size_t len = 0;

	REQUIRE_WHY(id != NULL, ERR_MALFORMED, "--fido2 needs --credential, the id from enrolment");
	TRY(base64url_read(span_of(id), credential, sizeof(credential), &len));
	TRY(fido2_client_data("webauthn.get", &challenge, &data));
	TRY(device_said(fido_assert_set_rp(a, FIDO2_RP_ID)));
	TRY(device_said(fido_assert_set_clientdata(a, data.ptr, data.len)));
	TRY(device_said(fido_assert_allow_cred(a, credential, len)));
	TRY(device_said(fido_assert_set_up(a, FIDO_OPT_TRUE)));
	TRY(assertion_get(c, device, a));
	const struct fido2_answer answer = {.credential = span_at(credential, len),
		.authenticator_data = bytes_of(fido_assert_authdata_ptr(a, 0), fido_assert_authdata_len(a, 0)),
		.signature = span_at(fido_assert_sig_ptr(a, 0), fido_assert_sig_len(a, 0)),
		.client_data = writer_span(&data)};

	return fido2_response(&answer, json);
}

enum err
fido2_approval(struct cli *c, const struct proposal_file *p, struct writer *json)
{
	fido_assert_t *a = fido_assert_new();
	fido_dev_t *device = NULL;
	enum err e = a == NULL ? ERR_NO_MEMORY : device_open(c, &device);

	if (e == ERR_OK)
		e = assertion_make(c, p, device, a, json);
	fido_assert_free(&a);
	device_close(&device);
	return e;
}

/* ---- enrolment ---- */

const struct cli_option ceremony_enrol_options[] = {
	{"--fido2", "DEVICE", "the FIDO2 key, as fido2-token -L names it", NULL, true, false},
	{"--name", "NAME", "the custodian's name in keys.json", NULL, true, false},
	{"--pin", "PIN", "its PIN, or file:PATH; asked if absent", NULL, false, false},
	{0},
};

static enum err
credential_make(struct cli *c, fido_dev_t *device, fido_cred_t *made)
{
	AUTO(writer) data = writer_new(MAX_CLIENT_DATA);
	const char *name = cli_value(c, "--name");
	const struct sha256 user = sha256_of(span_of(name));
	struct sha256 challenge;
	struct secret *pin;
	int r;

	random_bytes(challenge.bytes, sizeof(challenge.bytes));
	TRY(fido2_client_data("webauthn.create", &challenge, &data));
	TRY(device_said(fido_cred_set_type(made, ES256)));
	TRY(device_said(fido_cred_set_rp(made, FIDO2_RP_ID, "mohar ceremonies")));
	TRY(device_said(fido_cred_set_user(made, user.bytes, SHA256_LEN, name, name, NULL)));
	TRY(device_said(fido_cred_set_clientdata(made, data.ptr, data.len)));
	TRY(pin_text(c, &pin));
	cli_progress(c, "touch the FIDO2 key");
	r = fido_dev_make_cred(device, made, (const char *)secret_bytes(pin));
	secret_free(&pin);
	TRY(device_said(r));
	return device_said(fido_cred_x5c_ptr(made) != NULL ? fido_cred_verify(made) : fido_cred_verify_self(made));
}

/* WebAuthn Level 3 6.5.1: behind the credential's id comes its COSE_Key, to the end. */
static enum err
credential_tell(struct cli *c, const fido_cred_t *made)
{
	const struct span data = span_at(fido_cred_authdata_raw_ptr(made), fido_cred_authdata_raw_len(made));
	const size_t at = CREDENTIAL_AT + fido_cred_id_len(made);

	REQUIRE_WHY(data.len > at, ERR_UNSUPPORTED, "the FIDO2 key gave no public key");
	cli_text(c, "name", cli_value(c, "--name"));
	cli_item(c, "credential");
	cli_base64url(c, "id", span_at(fido_cred_id_ptr(made), fido_cred_id_len(made)));
	cli_base64url(c, "key", span_at(data.ptr + at, data.len - at));
	cli_item_end(c);
	return ERR_OK;
}

int
ceremony_enrol(struct cli *c)
{
	fido_cred_t *made = fido_cred_new();
	fido_dev_t *device = NULL;
	enum err e = made == NULL ? ERR_NO_MEMORY : ERR_OK;

	cli_begin(c);
	if (e == ERR_OK)
		e = device_open(c, &device);
	if (e == ERR_OK)
		e = credential_make(c, device, made);
	if (e == ERR_OK)
		e = credential_tell(c, made);
	fido_cred_free(&made);
	device_close(&device);
	return e == ERR_OK ? cli_end(c, "done", NULL, EXIT_DONE) : cli_fail(c, e);
}
