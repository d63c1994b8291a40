/* Credentials that are one and the same, in whatever form they come; and what the journal tells of those of two people. */
#include "person.h"

#include "base/encode.h"
#include "base/file.h"
#include "x509/own.h"

static const char label[] = "citizen-keys", profile[] = "citizen-remote-signature";

static struct trial {
	struct rig *rig;
	struct keyring *signer;
} trial;

static int
set_up(void **state)
{
	*state = trial.rig = rig_new();
	if (trial.rig == NULL)
		return 0;
	rig_up(trial.rig, NULL);
	rig_generate(trial.rig, label);
	rig_generate(trial.rig, "citizen-seal");
	trial.signer = rig_keyring(trial.rig, UID_SIGNER);
	return 0;
}

static int
tear_down(void **state)
{
	keyring_free(&trial.signer);
	rig_free((struct rig **)state);
	return 0;
}

static enum err
bind(const struct person *p, const char *credentials)
{
	AUTO(writer) members = writer_new(16384);
	AUTO(writer) act = writer_new(16384);
	AUTO(writer) born = writer_new(MAX_BLOB);

	person_members(p, profile, credentials, &members);
	rig_order(trial.rig->registrar, "certificate.issue", (const char *)writer_span(&members).ptr, &act);
	return keyring_citizen_bind(trial.signer, label, writer_span(&p->blob), writer_span(&act), &born);
}

static void
card_put(struct writer *json, EVP_PKEY *key)
{
	uint8_t *der = NULL;
	const int len = i2d_PUBKEY(key, &der);

	writer_text(json, "{\"kind\":\"card\",\"key\":\"");
	base64url_write(json, span_at(der, (size_t)len));
	writer_text(json, "\"}");
	OPENSSL_free(der);
}

static void
passkey_put(struct writer *json, const struct authenticator *a, char first)
{
	AUTO(writer) cose = writer_new(256);
	uint8_t id[32];

	authenticator_key(a, &cose);
	memcpy(id, a->id, sizeof(id));
	id[0] = (uint8_t)first;
	writer_text(json, "{\"kind\":\"passkey\",\"id\":\"");
	base64url_write(json, span_at(id, sizeof(id)));
	writer_text(json, "\",\"key\":\"");
	base64url_write(json, writer_span(&cose));
	writer_text(json, "\"}");
}

static enum err
bind_list(const struct person *p, const struct writer *list)
{
	AUTO(writer) json = writer_new(8192);

	writer_u8(&json, '[');
	writer_bytes(&json, writer_span((struct writer *)(uintptr_t)list));
	writer_u8(&json, ']');
	return bind(p, (const char *)writer_span(&json).ptr);
}

CASE(one_key_is_not_two_credentials_be_it_a_cards_or_a_passkeys)
{
	struct authenticator other = authenticator_new();
	AUTO(writer) list = writer_new(8192);
	struct person p;

	(void)rig_of(state);
	person_make(trial.signer, &p);
	card_put(&list, p.card);
	writer_u8(&list, ',');
	card_put(&list, p.card);
	assert_err(bind_list(&p, &list), ERR_REFUSED);
	writer_reset(&list);
	passkey_put(&list, &p.passkey, 'a');
	writer_u8(&list, ',');
	card_put(&list, p.passkey.key);
	assert_err(bind_list(&p, &list), ERR_REFUSED);
	writer_reset(&list);
	passkey_put(&list, &p.passkey, 'a');
	writer_u8(&list, ',');
	passkey_put(&list, &p.passkey, 'b'); /* another id, the same key */
	assert_err(bind_list(&p, &list), ERR_REFUSED);
	writer_reset(&list);
	memcpy(other.id, p.passkey.id, sizeof(other.id));
	passkey_put(&list, &p.passkey, 'a');
	writer_u8(&list, ',');
	passkey_put(&list, &other, 'a'); /* another key, the same id */
	assert_err(bind_list(&p, &list), ERR_REFUSED);
	writer_reset(&list);
	passkey_put(&list, &p.passkey, 'a');
	writer_u8(&list, ',');
	passkey_put(&list, &other, 'b');
	writer_u8(&list, ',');
	card_put(&list, p.card);
	assert_ok(bind_list(&p, &list)); /* nothing of that took its chance */
	authenticator_free(&other);
	person_free(&p);
}

CASE(a_key_is_not_its_own_credential)
{
	AUTO(writer) list = writer_new(8192);
	OWN(EVP_PKEY) own = NULL;
	const uint8_t *at;
	struct person p;
	struct blob b;

	(void)rig_of(state);
	person_make(trial.signer, &p);
	b = person_blob(&p);
	at = b.spki.ptr;
	own = d2i_PUBKEY(NULL, &at, (long)b.spki.len);
	card_put(&list, own);
	assert_err(bind_list(&p, &list), ERR_REFUSED);
	person_free(&p);
}

/* mohar-hsmd keeps no table of everybody's credentials; its journal is one, for whoever looks. */
CASE(a_key_bound_to_two_people_is_told_by_the_journal_whatever_its_form)
{
	AUTO(writer) journal = writer_new(1 << 20);
	AUTO(writer) list = writer_new(8192);
	AUTO(writer) wanted = writer_new(64);
	struct rig *r = rig_of(state);
	struct person a, b;
	char path[128];
	const char *first;
	EVP_PKEY *own;
	struct sha256 hash;
	uint8_t *der = NULL;
	int len;

	person_make(trial.signer, &a);
	person_make(trial.signer, &b);
	card_put(&list, a.card);
	assert_ok(bind_list(&a, &list));
	own = b.passkey.key;
	b.passkey.key = a.card; /* the card's key as a passkey of somebody else's */
	writer_reset(&list);
	passkey_put(&list, &b.passkey, 'x');
	assert_ok(bind_list(&b, &list));
	len = i2d_PUBKEY(a.card, &der);
	hash = sha256_of(span_at(der, (size_t)len));
	OPENSSL_free(der);
	hex_write(&wanted, span_at(hash.bytes, 8));
	rig_path(r, "journal", path);
	assert_ok(file_read(path, 1 << 20, &journal));
	first = strstr((const char *)writer_span(&journal).ptr, (const char *)writer_span(&wanted).ptr);
	assert_non_null(first);
	assert_non_null(strstr(first + 1, (const char *)wanted.ptr));
	b.passkey.key = own;
	person_free(&a);
	person_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_key_is_not_two_credentials_be_it_a_cards_or_a_passkeys),
		cmocka_unit_test(a_key_is_not_its_own_credential),
		cmocka_unit_test(a_key_bound_to_two_people_is_told_by_the_journal_whatever_its_form),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
