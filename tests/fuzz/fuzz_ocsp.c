/* OCSP requests from strangers, and answers from a network that lies. libcrypto must read every CertID that our own reader let through. An A makes an answer instead (its status, hours from now to its beginning and end,
 * the nonce that was sent, and whether it is changed on the way): the verdict on it is known beforehand. */
/* covers: lib/x509/ocsp.c lib/x509/ocsp_client.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <openssl/ocsp.h>

#include "tests/fuzz/country.h"
#include "x509/ocsp.h"

enum { HOUR = 3600 };

static struct ocsp_answer
answer_of(struct span input)
{
	return (struct ocsp_answer){.status = (enum ocsp_status)(input.ptr[0] % 3),
		.revoked_at = COUNTRY_NOW,
		.reason = input.ptr[0] % 7,
		.this_update = COUNTRY_NOW + HOUR * (int8_t)input.ptr[1],
		.next_update = COUNTRY_NOW + HOUR * (int8_t)input.ptr[2]};
}

static enum err
expected(const struct ocsp_answer *a)
{
	if (a->this_update > COUNTRY_NOW || a->next_update < COUNTRY_NOW)
		return ERR_EXPIRED;
	return a->status == OCSP_GOOD ? ERR_OK : a->status == OCSP_REVOKED ? ERR_REVOKED : ERR_UNTRUSTED;
}

static void
converse(struct span input)
{
	AUTO(writer) request = writer_new(MAX_OCSP_REQUEST), response = writer_new(MAX_OCSP_RESPONSE);
	const struct span nonce = input.len > 4 ? span_at(input.ptr + 4, input.len - 4) : (struct span){0};
	struct ocsp_question q;
	struct ocsp_answer a;
	enum err e;

	if (input.len < 4 || nonce.len > MAX_OCSP_NONCE)
		return;
	promise(ocsp_ask(country_card(), country_ca(), nonce, &request) == ERR_OK);
	promise(ocsp_parse(writer_span(&request), &q) == ERR_OK);
	promise(ocsp_is_for(&q, country_ca()) && q.nonce_len == nonce.len);
	a = answer_of(input);
	promise(ocsp_respond(&q, &a, country_ca(), country_ca(), country()->land, COUNTRY_NOW, &response) == ERR_OK);
	if (input.ptr[3] != 0) /* a byte near the end, where the signature and the certificate are */
		response.ptr[response.len - 1 - input.ptr[3] % response.len] ^= 1;
	e = ocsp_check(writer_span(&response), country_card(), country_ca(), nonce, COUNTRY_NOW);
	if (input.ptr[3] == 0)
		promise(e == expected(&a));
	promise(ocsp_check(writer_span(&response), country_ca(), country_ca(), nonce, COUNTRY_NOW) != ERR_OK);
	if (nonce.len > 0 && input.ptr[3] == 0)
		promise(ocsp_check(writer_span(&response), country_card(), country_ca(), SPAN("another"),
				COUNTRY_NOW) != ERR_OK);
}

static void
read_request(struct span request)
{
	struct ocsp_question q;
	const uint8_t *p;
	OCSP_CERTID *id;

	if (ocsp_parse(request, &q) != ERR_OK)
		return;
	p = q.cert_id.ptr;
	id = d2i_OCSP_CERTID(NULL, &p, (long)q.cert_id.len);
	promise(id != NULL && p == q.cert_id.ptr + q.cert_id.len && q.serial_len >= SERIAL_LEN &&
		q.serial_len <= sizeof(q.serial));
	OCSP_CERTID_free(id);
	(void)ocsp_is_for(&q, country_ca());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && data[0] == 'A') {
		converse(span_at(data + 1, size - 1));
		promise(ocsp_error(size > 1 ? data[1] % 8 : 0).len == 5);
		return 0;
	}
	read_request(span_at(data, size));
	(void)!ocsp_check(span_at(data, size), country_card(), country_ca(), SPAN("0123456789abcdef"), COUNTRY_NOW);
	err_forget();
	return 0;
}
