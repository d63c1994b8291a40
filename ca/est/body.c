#include "ca/est/body.h"

#include <string.h>

#include <openssl/pkcs7.h>

#include "base/encode.h"
#include "x509/asn1.h"
#include "x509/own.h"

OWN_TYPE(PKCS7)

enum { MAX_ENCODED = 64 << 10 };

static void
strip(struct span body, struct writer *out)
{
	for (size_t i = 0; i < body.len; i++)
		if (body.ptr[i] == '\0' || strchr(" \t\r\n", body.ptr[i]) == NULL)
			writer_u8(out, body.ptr[i]);
}

/* Between the armour's lines, if there are any. */
static struct span
without_armour(struct span body)
{
	static const char *const labels[] = {"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"};
	char line[64];

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		(void)snprintf(line, sizeof(line), "-----BEGIN %s-----", labels[i]);
		if (!span_starts(body, span_of(line)))
			continue;
		const struct span rest = span_at(body.ptr + strlen(line), body.len - strlen(line));

		(void)snprintf(line, sizeof(line), "-----END %s-----", labels[i]);
		const uint8_t *end = memmem(rest.ptr, rest.len, line, strlen(line));

		if (end == NULL)
			return body;
		const struct span after =
			span_at(end + strlen(line), rest.len - (size_t)(end - rest.ptr) - strlen(line));

		for (size_t n = 0; n < after.len; n++)
			if (strchr("\r\n", after.ptr[n]) == NULL || after.ptr[n] == '\0')
				return body;
		return span_at(rest.ptr, (size_t)(end - rest.ptr));
	}
	return body;
}

enum err
est_body_read(struct span body, struct writer *der)
{
	AUTO(writer) text = writer_new(MAX_ENCODED);
	uint8_t bytes[MAX_CSR];
	size_t len;

	REQUIRE_WHY(body.len > 0, ERR_MALFORMED,
		"RFC 7030 4.2.1: the body is empty; a PKCS#10 request in base64 is wanted");
	strip(without_armour(body), &text);
	TRY(writer_done(&text));
	REQUIRE_WHY(base64_read(writer_span(&text), bytes, sizeof(bytes), &len) == ERR_OK, ERR_MALFORMED,
		"RFC 8951 3.1: the body is no base64 of a PKCS#10 request of at most %d bytes", MAX_CSR);
	writer_bytes(der, span_at(bytes, len));
	return writer_done(der);
}

enum err
est_certificates(STACK_OF(X509) * certificates, struct writer *der)
{
	OWN(PKCS7) p = PKCS7_new();
	unsigned char *bytes = NULL;

	REQUIRE(p != NULL, ERR_NO_MEMORY);
	CRYPTO_OK(PKCS7_set_type(p, NID_pkcs7_signed) == 1 && PKCS7_content_new(p, NID_pkcs7_data) == 1,
		"certs-only SignedData");
	PKCS7_set_detached(p, 1);
	for (int i = 0; i < sk_X509_num(certificates); i++)
		CRYPTO_OK(PKCS7_add_certificate(p, sk_X509_value(certificates, i)) == 1, "certs-only SignedData");
	const int len = i2d_PKCS7(p, &bytes);

	return der_append(bytes, len, der);
}
