#include "idp/registry/number.h"

#include <stdlib.h>

#include <openssl/evp.h>

#include "idp/store/store.h"
#include "x509/own.h"

enum { KEY_LEN = 32 };
#define WRAP_LABEL "number-wrap"
#define MAC_LABEL "number-index"

struct number_keys {
	struct uuid id;
	struct secret *key;
};

void
number_keys_free(struct number_keys **k)
{
	if (*k == NULL)
		return;
	secret_free(&(*k)->key);
	free(*k);
	*k = NULL;
}

static enum err
make_key(struct idp *d, struct number_keys *k)
{
	AUTO(writer) blob = writer_new(4096);

	TRY(keyring_wrap(d->keyring, WRAP_LABEL, &blob, &k->key));
	k->id = uuid_random();
	const struct db_param p[] = {db_uuid(&k->id), db_bytes(writer_span(&blob)), db_time(clock_now(&d->clock))};
	return db_pool_run(d->db, ST_DATA_KEY_ADD, p, NULL);
}

/* The oldest key is everybody's: two daemons that start at once on an empty database agree on the next start. */
static enum err
open_key(struct idp *d, struct number_keys *k)
{
	const struct db_param p[] = {db_int(1)};
	struct json_list rows = {0};
	const struct data_key_row *row;
	enum err e;

	TRY(db_pool_all(d->db, ST_DATA_KEYS, p, &rows));
	if (rows.count == 0)
		return make_key(d, k);
	row = rows.items;
	k->id = row->id;
	e = keyring_unwrap(d->keyring, WRAP_LABEL, span_at(row->blob.ptr, row->blob.len), &k->key);
	store_list_free(ST_DATA_KEYS, &rows);
	return e;
}

enum err
number_keys_open(struct idp *d, struct number_keys **out)
{
	struct number_keys *k = calloc(1, sizeof(*k));
	enum err e;

	REQUIRE(k != NULL, ERR_NO_MEMORY);
	e = open_key(d, k);
	if (e == ERR_OK && secret_span(k->key).len != KEY_LEN)
		e = err_because(ERR_CORRUPT, "the data key of the national numbers has a wrong length");
	if (e != ERR_OK)
		number_keys_free(&k);
	*out = k;
	return e;
}

enum err
number_mac(struct idp *d, const char *number, uint8_t out[NUMBER_MAC_LEN])
{
	return keyring_mac(d->keyring, MAC_LABEL, span_of(number), out);
}

enum err
number_encrypt(struct span key, struct span nonce, struct span additional, struct span plain, struct writer *out)
{
	uint8_t sealed[MAX_NUMBER_BLOB], tag[NUMBER_TAG_LEN];
	int len = 0, more = 0;
	EVP_CIPHER_CTX *c;
	bool good;

	REQUIRE(key.len == KEY_LEN && nonce.len == NUMBER_NONCE_LEN && plain.len <= sizeof(sealed), ERR_CRYPTO);
	c = EVP_CIPHER_CTX_new();
	REQUIRE(c != NULL, ERR_NO_MEMORY);
	good = EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key.ptr, nonce.ptr) == 1 &&
		EVP_EncryptUpdate(c, NULL, &more, additional.ptr, (int)additional.len) == 1 &&
		EVP_EncryptUpdate(c, sealed, &len, plain.ptr, (int)plain.len) == 1 &&
		EVP_EncryptFinal_ex(c, sealed + len, &more) == 1 &&
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, NUMBER_TAG_LEN, tag) == 1;
	EVP_CIPHER_CTX_free(c);
	CRYPTO_OK(good, "AES-256-GCM");
	writer_bytes(out, nonce);
	writer_bytes(out, span_at(sealed, (size_t)len));
	writer_bytes(out, span_at(tag, sizeof(tag)));
	return writer_done(out);
}

enum err
number_decrypt(struct span key, struct span additional, struct span blob, struct secret **out)
{
	uint8_t tag[NUMBER_TAG_LEN];
	AUTO(secret) *plain = NULL;
	int len = 0, more = 0;
	EVP_CIPHER_CTX *c;
	bool good;

	REQUIRE(key.len == KEY_LEN && blob.len >= NUMBER_NONCE_LEN + NUMBER_TAG_LEN && blob.len <= MAX_NUMBER_BLOB,
		ERR_CORRUPT);
	const size_t inner = blob.len - NUMBER_NONCE_LEN - NUMBER_TAG_LEN;
	for (size_t i = 0; i < sizeof(tag); i++)
		tag[i] = blob.ptr[NUMBER_NONCE_LEN + inner + i];
	TRY(secret_new(inner, &plain));
	c = EVP_CIPHER_CTX_new();
	REQUIRE(c != NULL, ERR_NO_MEMORY);
	good = EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key.ptr, blob.ptr) == 1 &&
		EVP_DecryptUpdate(c, NULL, &more, additional.ptr, (int)additional.len) == 1 &&
		EVP_DecryptUpdate(c, secret_bytes(plain), &len, blob.ptr + NUMBER_NONCE_LEN, (int)inner) == 1 &&
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, NUMBER_TAG_LEN, tag) == 1 &&
		EVP_DecryptFinal_ex(c, secret_bytes(plain) + len, &more) == 1;
	EVP_CIPHER_CTX_free(c);
	if (!good)
		return own_failed(ERR_CORRUPT, "the ciphertext of a national number");
	*out = plain;
	plain = NULL;
	return ERR_OK;
}

enum err
number_seal(const struct number_keys *k, const struct uuid *person, const char *number, struct writer *out,
	struct uuid *data_key)
{
	uint8_t nonce[NUMBER_NONCE_LEN];

	random_bytes(nonce, sizeof(nonce));
	*data_key = k->id;
	return number_encrypt(secret_span(k->key), span_at(nonce, sizeof(nonce)), uuid_span(person), span_of(number),
		out);
}
