/* attributes: what a client should put into its request for a profile (RFC 7030 4.5.2, RFC 9908): CsrAttrs ::= SEQUENCE OF AttrOrOID. */
#include <stdlib.h>
#include <string.h>

#include <openssl/objects.h>

#include "ca/est/body.h"

enum { SEQUENCE = 0x30, SET = 0x31, MAX_ATTRIBUTES = 512 };

static void
element(struct writer *w, uint8_t tag, struct span contents)
{
	writer_u8(w, tag);
	if (contents.len >= 0x100) {
		writer_u8(w, 0x82);
		writer_u16(w, (uint16_t)contents.len);
	} else {
		if (contents.len >= 0x80)
			writer_u8(w, 0x81);
		writer_u8(w, (uint8_t)contents.len);
	}
	writer_bytes(w, contents);
}

static void
object(struct writer *w, int nid)
{
	unsigned char *der = NULL;
	const int len = i2d_ASN1_OBJECT(OBJ_nid2obj(nid), &der);

	if (len > 0)
		writer_bytes(w, span_at(der, (size_t)len));
	OPENSSL_free(der);
}

/* Attribute ::= SEQUENCE { type, values SET } with one value. */
static void
attribute(struct writer *w, int nid, struct span value)
{
	AUTO(writer) in = writer_new(MAX_ATTRIBUTES);

	object(&in, nid);
	element(&in, SET, value);
	element(w, SEQUENCE, writer_span(&in));
}

/* ecPublicKey with its curve, or rsaEncryption with its length, and the digest to sign the request with. */
static void
key_type(struct writer *w, const char *type)
{
	AUTO(writer) value = writer_new(MAX_ATTRIBUTES);

	if (strncmp(type, "P-", 2) == 0) {
		object(&value,
			strcmp(type, "P-256") == 0           ? NID_X9_62_prime256v1
				: strcmp(type, "P-384") == 0 ? NID_secp384r1
							     : NID_secp521r1);
		attribute(w, NID_X9_62_id_ecPublicKey, writer_span(&value));
		object(w,
			strcmp(type, "P-256") == 0           ? NID_ecdsa_with_SHA256
				: strcmp(type, "P-384") == 0 ? NID_ecdsa_with_SHA384
							     : NID_ecdsa_with_SHA512);
	} else if (strncmp(type, "RSA-", 4) == 0) {
		const long bits = strtol(type + 4, NULL, 10);

		writer_u8(&value, 0x02);
		writer_u8(&value, 2);
		writer_u16(&value, (uint16_t)bits);
		attribute(w, NID_rsaEncryption, writer_span(&value));
		object(w, NID_sha256WithRSAEncryption);
	} else {
		object(w, strcmp(type, "Ed25519") == 0 ? NID_ED25519 : NID_ED448);
	}
}

enum err
est_attributes(const struct profile *profile, struct writer *der)
{
	AUTO(writer) list = writer_new(MAX_ATTRIBUTES);
	AUTO(writer) extension = writer_new(MAX_ATTRIBUTES);

	if (profile->key_types.count > 0)
		key_type(&list, json_text_at(&profile->key_types, 0));
	if (profile->alternative_names.count > 0) {
		object(&extension, NID_subject_alt_name);
		attribute(&list, NID_ext_req, writer_span(&extension));
	}
	TRY(writer_done(&list));
	element(der, SEQUENCE, writer_span(&list));
	return writer_done(der);
}
