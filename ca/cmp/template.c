/* template: a CMP request for a certificate as the unsigned PKCS#10 request that the rest of the house reads, and the proof that its key is there. */
#include <string.h>

#include "ca/cmp/answer.h"
#include "ca/cmp/message.h"
#include "ca/cmp/protect.h"
#include "x509/own.h"

enum { SEQUENCE = 0x30, SET = 0x31, BIT_STRING = 0x03, OBJECT = 0x06 };

/* extensionRequest (RFC 2985 5.4.2) in attributes [0]. */
static void
write_extensions(struct span extensions, struct writer *w)
{
	static const uint8_t oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e};
	AUTO(writer) list = writer_new(MAX_CSR);
	AUTO(writer) attribute = writer_new(MAX_CSR);
	AUTO(writer) whole = writer_new(MAX_CSR);

	if (extensions.len > 0) {
		cmp_der(&list, SEQUENCE, extensions);
		cmp_der(&attribute, OBJECT, span_at(oid, sizeof(oid)));
		cmp_der(&attribute, SET, writer_span(&list));
		cmp_der(&whole, SEQUENCE, writer_span(&attribute));
	}
	cmp_der(w, 0xa0, writer_span(&whole));
}

enum cmp_fail
cmp_request_csr(const struct cmp_request *r, struct writer *csr)
{
	/* ecdsa-with-SHA256 and no signature: nobody looks at it. */
	static const uint8_t unsigned_alg[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
	AUTO(writer) info = writer_new(MAX_CSR);
	AUTO(writer) all = writer_new(MAX_CSR);

	cmp_der_int(&info, 0);
	if (r->subject.len > 0)
		writer_bytes(&info, r->subject);
	else
		cmp_der(&info, SEQUENCE, (struct span){0});
	cmp_der(&info, SEQUENCE, r->key);
	write_extensions(r->extensions, &info);
	cmp_der(&all, SEQUENCE, writer_span(&info));
	cmp_der(&all, SEQUENCE, span_at(unsigned_alg, sizeof(unsigned_alg)));
	cmp_der(&all, BIT_STRING, SPAN("\0"));
	cmp_der(csr, SEQUENCE, writer_span(&all));
	CMP_WHY(writer_done(&info) == ERR_OK && writer_done(&all) == ERR_OK && writer_done(csr) == ERR_OK,
		CMP_BAD_CERT_TEMPLATE, "a template of more than %d bytes", MAX_CSR);
	return CMP_OK;
}

enum cmp_fail
cmp_request_possession(const struct cmp_request *r)
{
	AUTO(writer) spki = writer_new(MAX_CSR);

	cmp_der(&spki, SEQUENCE, r->key);
	CMP_WHY(writer_done(&spki) == ERR_OK, CMP_BAD_CERT_TEMPLATE, "a key of more than %d bytes", MAX_CSR);
	const struct span der = writer_span(&spki);
	const uint8_t *p = der.ptr;
	OWN(EVP_PKEY) key = d2i_PUBKEY(NULL, &p, (long)der.len);

	if (key == NULL || p != der.ptr + der.len) {
		(void)own_failed(ERR_MALFORMED, "RFC 4211 5: publicKey is not one that is known here");
		return CMP_BAD_CERT_TEMPLATE;
	}
	const enum cmp_fail f = cmp_signature_check(r->popo_alg, key, r->signed_part, r->popo);

	CMP_WHY(f != CMP_BAD_MESSAGE_CHECK, CMP_BAD_POP,
		"RFC 4211 4.1: the request is not signed by the key that it asks to have certified");
	return f;
}
