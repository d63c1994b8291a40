/* transaction: what has to be remembered between messages (RFC 9810 5.1.1, 5.3.18), in the database, so that any instance takes the next one. */
#include <string.h>

#include "base/encode.h"
#include "ca/cmp/call.h"
#include "ca/device/device.h"
#include "x509/own.h"

/* The transactionID is kept until what protects the message is worth nothing any more: the same message cannot do anything again. */
enum cmp_fail
cmp_begin(struct cmp_call *call)
{
	const struct db_param params[] = {db_bytes(call->m.transaction_id), db_text(call->sender),
		db_bytes(span_at(call->nonce, CMP_NONCE_LEN)), db_time(call->now), db_time(call->worthless + MAX_SKEW)};
	size_t affected = 0;

	if (db_pool_run(call->cad->devices->db, CMP_BEGIN, params, &affected) != ERR_OK)
		return CMP_SYSTEM_UNAVAIL;
	CMP_WHY(affected == 1, CMP_TRANSACTION_ID_IN_USE,
		"RFC 9810 5.1.1: this transactionID was used before; make a new one for each transaction");
	return CMP_OK;
}

enum cmp_fail
cmp_done(struct cmp_call *call, const char *from)
{
	const struct db_param params[] = {db_bytes(call->m.transaction_id), db_text(from)};
	size_t affected = 0;

	if (db_pool_run(call->cad->devices->db, CMP_DONE, params, &affected) != ERR_OK)
		return CMP_SYSTEM_UNAVAIL;
	CMP_WHY(affected == 1, CMP_CERT_CONFIRMED, "RFC 9810 5.3.18: this transaction is over");
	return CMP_OK;
}

/* RFC 9810 5.3.18: by the hash of the certificate's own signature. */
static enum err
confirmation_hash(const X509 *x, uint8_t out[EVP_MAX_MD_SIZE], unsigned *len)
{
	int digest;

	CRYPTO_OK(OBJ_find_sigid_algs(X509_get_signature_nid(x), &digest, NULL) == 1, "certHash");
	CRYPTO_OK(X509_digest(x, EVP_get_digestbynid(digest != NID_undef ? digest : NID_sha512), out, len) == 1,
		"certHash");
	return ERR_OK;
}

enum err
cmp_wait(struct cmp_call *call, const X509 *x)
{
	uint8_t hash[EVP_MAX_MD_SIZE], serial[SERIAL_LEN];
	char hex[2 * 20 + 1];
	unsigned hash_len;
	size_t len, affected = 0;

	TRY(confirmation_hash(x, hash, &hash_len));
	TRY(certificate_serial_hex(x, hex));
	TRY(hex_read(span_of(hex), serial, sizeof(serial), &len));
	const struct db_param params[] = {db_bytes(call->m.transaction_id),
		db_bytes(span_at(call->nonce, CMP_NONCE_LEN)), db_bytes(span_at(serial, len)),
		db_bytes(span_at(hash, hash_len))};

	TRY(db_pool_run(call->cad->devices->db, CMP_WAIT, params, &affected));
	REQUIRE(affected == 1, ERR_CORRUPT);
	return ERR_OK;
}

static enum cmp_fail
check_confirmation(const struct cmp_call *call, const struct transaction_row *row, const struct cmp_confirmation *c)
{
	CMP_WHY(strcmp(row->sender, call->sender) == 0, CMP_BAD_MESSAGE_CHECK,
		"RFC 9810 5.1.1: this transaction is another's");
	CMP_WHY(strcmp(row->state, "waiting") == 0, CMP_CERT_CONFIRMED, "RFC 9810 5.3.18: this transaction is over");
	CMP_WHY(span_equal(call->m.recip_nonce, span_at(row->nonce.ptr, row->nonce.len)), CMP_BAD_RECIPIENT_NONCE,
		"RFC 9810 5.1.1: recipNonce is not the nonce of the answer");
	CMP_WHY(c->hash_alg.ptr == NULL, CMP_BAD_ALG,
		"RFC 9810 5.3.18: certHash is by the hash of the certificate's own signature here");
	CMP_WHY(c->rejected || span_equal(c->hash, span_at(row->cert_hash.ptr, row->cert_hash.len)), CMP_BAD_CERT_ID,
		"RFC 9810 5.3.18: certHash is not of the certificate that was sent");
	return CMP_OK;
}

/* What its holder does not want is nobody's. */
static enum cmp_fail
withdraw(struct cmp_call *call, const struct json_bytes *serial)
{
	const struct db_param params[] = {db_bytes(span_at(serial->ptr, serial->len))};
	struct shown s = {0};
	enum err e = db_pool_one(call->cad->db, CA_CERTIFICATE_BY_SERIAL, params, &s.row);

	if (e == ERR_OK)
		e = device_end(call->cad, &s, "cmp", 5); /* cessationOfOperation */
	shown_free(&s);
	return e == ERR_OK || e == ERR_EXISTS ? CMP_OK : cmp_fail_of(e);
}

static enum cmp_fail
confirmed(struct cmp_call *call, const struct transaction_row *row)
{
	struct cmp_confirmation c;

	CMP_TRY(cmp_confirmation_read(call->m.body, &c));
	CMP_TRY(check_confirmation(call, row, &c));
	CMP_TRY(cmp_done(call, "waiting"));
	if (c.rejected)
		CMP_TRY(withdraw(call, &row->serial));
	return cmp_confirmed_write(&call->body) == ERR_OK ? CMP_OK : CMP_SYSTEM_FAILURE;
}

enum cmp_fail
cmp_confirm(struct cmp_call *call)
{
	const struct db_param params[] = {db_bytes(call->m.transaction_id)};
	struct transaction_row row;
	const enum err e = db_pool_one(call->cad->devices->db, CMP_GET, params, &row);

	CMP_WHY(e != ERR_NOT_FOUND, CMP_BAD_REQUEST, "RFC 9810 5.3.18: there is no such transaction");
	if (e != ERR_OK)
		return cmp_fail_of(e);
	const enum cmp_fail f = confirmed(call, &row);

	db_row_free(&device_statements[CMP_GET], &row);
	return f;
}
