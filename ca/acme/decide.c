#include "ca/acme/decide.h"

#include <string.h>

#include "base/encode.h"
#include "base/reader.h"
#include "ca/acme/identifier.h"
#include "ca/acme/network.h"

const char *
order_status(const struct order_row *o, unix_time now)
{
	if (strcmp(o->status, "pending") != 0)
		return o->status;
	if (o->over > 0 || o->expires <= now)
		return "invalid";
	return o->valid == (int64_t)o->authorizations.count ? "ready" : "pending";
}

const char *
authorization_status(const char *stored, unix_time expires, unix_time now)
{
	if (expires > now)
		return stored;
	if (strcmp(stored, "valid") == 0)
		return "expired";
	return strcmp(stored, "pending") == 0 ? "invalid" : stored;
}

/* The name of a request in the order's form; false if it can be none of an order. */
static bool
csr_name(const char *type, const char *value, char out[MAX_IDENTIFIER_TEXT + 1])
{
	char text[ADDRESS_TEXT_LEN + 1];
	struct identifier i;
	struct address a;

	if (strcmp(type, "ip") == 0) { /* a request's addresses come in a form without shortening */
		if (address_read(span_of(value), &a) != ERR_OK)
			return false;
		address_text(&a, text);
		value = text;
	}
	if (identifier_read(type, value, &i) != ACME_OK)
		return false;
	identifier_text(&i, out);
	return true;
}

/* Marks the order's name that this one is. */
static enum problem
csr_take(const struct json_list *names, const char *type, const char *value, bool seen[MAX_IDENTIFIERS])
{
	char text[MAX_IDENTIFIER_TEXT + 1];

	ACME_WHY(csr_name(type, value, text), ACME_BAD_CSR,
		"RFC 8555 7.4: the request asks for %s '%.80s', which was not ordered", type, value);
	for (size_t i = 0; i < names->count && i < MAX_IDENTIFIERS; i++)
		if (strcmp(json_text_at(names, i), text) == 0) {
			seen[i] = true;
			return ACME_OK;
		}
	ACME_WHY(false, ACME_BAD_CSR, "RFC 8555 7.4: the request asks for %s '%.80s', which was not ordered", type,
		value);
}

/* A common name is a DNS name or an address that was ordered. */
static enum problem
csr_take_common_name(const struct json_list *names, const char *common_name, bool seen[MAX_IDENTIFIERS])
{
	struct address a;
	const bool is_ip = address_read(span_of(common_name), &a) == ERR_OK;

	err_forget();
	return csr_take(names, is_ip ? "ip" : "dns", common_name, seen);
}

enum problem
csr_decide(const struct json_list *names, const struct request_facts *csr, const struct json_bytes *account_spki_sha256)
{
	const struct sha256 spki = sha256_of(span_at(csr->spki.ptr, csr->spki.len));
	bool seen[MAX_IDENTIFIERS] = {false};

	ACME_WHY(!span_equal(sha256_span(&spki), span_at(account_spki_sha256->ptr, account_spki_sha256->len)),
		ACME_BAD_CSR, "RFC 8555 11.1: the account's own key cannot be certified; make another");
	for (size_t i = 0; i < csr->names_count; i++)
		ACME_TRY(csr_take(names, csr->names[i].type, csr->names[i].value, seen));
	if (csr->common_name != NULL)
		ACME_TRY(csr_take_common_name(names, csr->common_name, seen));
	for (size_t i = 0; i < names->count && i < MAX_IDENTIFIERS; i++)
		ACME_WHY(seen[i], ACME_BAD_CSR, "RFC 8555 7.4: '%.100s' was ordered, and the request lacks it",
			json_text_at(names, i));
	return ACME_OK;
}

int64_t
challenge_retry(int64_t attempts, enum problem why)
{
	static const int64_t after[MAX_ATTEMPTS] = {0, 2, 5, 10};

	/* what policy forbids stays forbidden; names and servers come up late */
	if (why == ACME_REJECTED_IDENTIFIER || attempts < 1 || attempts >= MAX_ATTEMPTS)
		return 0;
	return after[attempts];
}

static enum problem
contact_check(const char *contact)
{
	static const char mailto[] = "mailto:";
	const char *address = contact + sizeof(mailto) - 1;
	const size_t len = strlen(contact);

	ACME_WHY(len <= MAX_CONTACT && span_is_line(span_of(contact)), ACME_INVALID_CONTACT,
		"RFC 8555 7.3: a contact of more than %d bytes, or with characters that cannot be seen", MAX_CONTACT);
	ACME_WHY(strncmp(contact, mailto, sizeof(mailto) - 1) == 0, ACME_UNSUPPORTED_CONTACT,
		"RFC 8555 7.3: contacts are mailto: here");
	const char *at = strchr(address, '@');

	ACME_WHY(at != NULL && at != address && at[1] != '\0' && strpbrk(address, "?, %<>") == NULL &&
			strchr(at + 1, '@') == NULL,
		ACME_INVALID_CONTACT, "RFC 8555 7.3: a mailto: contact is one address, without header fields");
	return ACME_OK;
}

enum problem
contacts_check(const struct json_list *contact)
{
	ACME_WHY(contact->count <= MAX_CONTACTS, ACME_INVALID_CONTACT, "at most %d contacts are kept", MAX_CONTACTS);
	for (size_t i = 0; i < contact->count; i++)
		ACME_TRY(contact_check(json_text_at(contact, i)));
	return ACME_OK;
}

enum problem
revocation_reason_check(int64_t reason)
{
	ACME_WHY(reason == 0 || reason == 1 || reason == 3 || reason == 4 || reason == 5, ACME_BAD_REVOCATION_REASON,
		"RFC 5280 5.3.1: reason %lld is not a holder's to give; 0, 1, 3, 4 and 5 are", (long long)reason);
	return ACME_OK;
}

struct renewal_window
renewal_window(unix_time not_before, unix_time not_after, unix_time revoked_at, unix_time now)
{
	const int64_t life = not_after - not_before;

	if (revoked_at != 0)
		return (struct renewal_window){now - 3600, now - 1};
	return (struct renewal_window){not_before + life * 2 / 3, not_before + life * 3 / 4};
}

enum err
renewal_id_read(const char *text, struct renewal_id *out)
{
	struct reader r = reader_over(span_of(text));
	struct span key_identifier;

	REQUIRE_WHY(reader_until(&r, '.', &key_identifier) == ERR_OK, ERR_MALFORMED,
		"RFC 9773 4.1: wanted is KEYIDENTIFIER.SERIAL, base64url each");
	TRY(base64url_read(key_identifier, out->key_identifier, sizeof(out->key_identifier), &out->key_identifier_len));
	return base64url_exactly(r.left, out->serial, SERIAL_LEN);
}
