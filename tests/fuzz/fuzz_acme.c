/* What reaches ACME from strangers: requests and bindings as flattened JWS. The first byte chooses: a J, a body as it comes; an S, a protected header and, after a record separator, a payload, which an account's key
 * signs by ES256; a B, the same with the MAC of a binding key. What verifies is checked to be what was signed. */
/* covers: ca/acme/jws.c ca/acme/binding.c */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>

#include "base/encode.h"
#include "ca/acme/binding.h"
#include "tests/fuzz/country.h"

enum { NOW = 1790000000 };
static const uint8_t mac_key[32] = {7};
static const char url[] = "https://ca.example/acme/new-account";
/* RFC 7515 A.3, and its thumbprint by RFC 7638 */
static const char bound[] = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
			    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}";
static char thumbprint[THUMBPRINT_TEXT_LEN + 1];
static EVP_PKEY *key;
static struct jwk *account;

static void
open_keys(void)
{
	struct jwk *k;

	key = EVP_EC_gen("P-256");
	promise(key != NULL && jwk_from_key(key, NULL, &account) == ERR_OK);
	promise(jwk_parse(span_of(bound), false, &k) == ERR_OK && jwk_thumbprint(k, thumbprint) == ERR_OK);
	jwk_free(&k);
}

static void
sign(bool by_mac, struct span input, struct writer *signature)
{
	AUTO(writer) raw = writer_new(256);

	if (by_mac) {
		const struct sha256 mac = hmac_sha256(span_at(mac_key, sizeof(mac_key)), input);

		writer_bytes(&raw, sha256_span(&mac));
	} else {
		promise(jose_alg_find(SPAN("ES256"))->sign(key, input, &raw) == ERR_OK);
	}
	base64url_write(signature, writer_span(&raw));
}

/* A body of what stands before and after the record separator. */
static void
write_body(struct span text, bool by_mac, struct writer *body)
{
	AUTO(writer) input = writer_new(1 << 20);
	AUTO(writer) signature = writer_new(1 << 10);
	const uint8_t *separator = text.len > 0 ? memchr(text.ptr, 0x1e, text.len) : NULL;
	const size_t len = separator != NULL ? (size_t)(separator - text.ptr) : text.len;
	const size_t rest = separator != NULL ? text.len - len - 1 : 0;

	base64url_write(&input, span_at(text.ptr, len));
	const size_t head = writer_span(&input).len;

	writer_text(&input, ".");
	base64url_write(&input, span_at(text.ptr + (text.len - rest), rest));
	const struct span all = writer_span(&input);

	sign(by_mac, all, &signature);
	writer_format(body, "{\"protected\":\"%.*s\",\"payload\":\"%s\",\"signature\":\"%s\"}", (int)head,
		(const char *)all.ptr, (const char *)all.ptr + head + 1, (const char *)writer_span(&signature).ptr);
}

static void
judge(struct span body, bool mine)
{
	const struct binding_row row = {.mac_key = {(uint8_t *)(uintptr_t)mac_key, 32},
		.accounts = 1,
		.expires = NOW + 1};
	struct binding_row over = row;
	struct acme_jws jws;
	struct jwk *k = NULL;

	if (acme_jws_read(body, &jws) != ACME_OK)
		return;
	if (acme_jws_key(&jws, &k) == ACME_OK)
		(void)acme_jws_check(&jws, k);
	jwk_free(&k);
	promise(acme_jws_check(&jws, account) != ACME_OK || (mine && strcmp(jws.alg, "ES256") == 0));
	if (binding_check(&jws, url, thumbprint, &row, NOW) == ACME_OK) {
		promise(mine && strcmp(jws.url, url) == 0 && jws.nonce == NULL);
		over.revoked_at = 1;
		promise(binding_check(&jws, url, thumbprint, &over, NOW) == ACME_UNAUTHORIZED);
	}
	acme_jws_free(&jws);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(writer) body = writer_new(1 << 20);

	if (key == NULL)
		open_keys();
	if (size < 1 || size > MAX_ACME_BODY)
		return 0;
	const struct span rest = span_at(data + 1, size - 1);

	if (data[0] == 'J') {
		judge(rest, false);
	} else if (data[0] == 'S' || data[0] == 'B') {
		write_body(rest, data[0] == 'B', &body);
		judge(writer_span(&body), true);
	}
	return 0;
}
