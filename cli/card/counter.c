#include "cli/card/counter.h"

#include <stdlib.h>
#include <string.h>

#include "cli/order.h"
#include "http/client.h"
#include "x509/own.h"
#include "x509/x509.h"

enum { MAX_SUBJECT = 2, MAX_ORDER_BODY = 40 << 10, MAX_SAME_PROFILE = 32, SERIAL_TEXT = 2 * 20 + 1 };

/* ---- what the services answer ---- */

static const struct json_row holder_rows[] = {
	{.name = "person",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct holder, person),
		.max = 64},
	{.name = "card_subject",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct holder, card_subject),
		.max = 64},
	{.name = "name",
		.kind = JSON_TEXT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct holder, name),
		.max = 512},
	{.name = "registry", .kind = JSON_TEXT, .offset = offsetof(struct holder, registry), .max = 8 << 10},
};
static const struct json_table holder_table = {"person", holder_rows, 4, sizeof(struct holder), true};

struct issued {
	char *serial, *profile, *status, *certificate;
};
static const struct json_row issued_rows[] = {
	{.name = "serial", .kind = JSON_TEXT, .offset = offsetof(struct issued, serial), .max = 64},
	{.name = "profile", .kind = JSON_TEXT, .offset = offsetof(struct issued, profile), .max = 64},
	{.name = "status", .kind = JSON_TEXT, .offset = offsetof(struct issued, status), .max = 32},
	{.name = "certificate", .kind = JSON_TEXT, .offset = offsetof(struct issued, certificate), .max = 64 << 10},
};
static const struct json_table issued_table = {"certificate", issued_rows, 4, sizeof(struct issued), true};

struct issued_list {
	struct json_list certificates;
};
static const struct json_row list_rows[] = {
	{.name = "certificates",
		.kind = JSON_OBJECTS,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct issued_list, certificates),
		.max = MAX_JSON_ITEMS,
		.table = &issued_table},
};
static const struct json_table list_table = {"certificates", list_rows, 1, sizeof(struct issued_list), true};

/* ---- orders ---- */

static enum err
give_order(const struct counter *k, const struct order *o, bool read, struct writer *reply)
{
	struct card *registrar;

	TRY(card_open(k->registrar.module, k->registrar.token, k->registrar.pin, &registrar));
	const enum err e = read ? order_read(k->c, registrar, o, reply) : order_send(k->c, registrar, o, reply);

	card_free(&registrar);
	return e;
}

/* ---- holder ---- */

void
holder_free(struct holder *h)
{
	free(h->person);
	free(h->card_subject);
	free(h->name);
	free(h->registry);
	*h = (struct holder){0};
}

static enum err
ask_registry(const struct counter *k, const char *handle, struct holder *out)
{
	AUTO(writer) path = writer_new(512);
	AUTO(writer) body = writer_new(512);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct json_writer j = json_to(&body);

	REQUIRE_WHY(k->issuer != NULL, ERR_MALFORMED,
		"--issuer URL is needed with --person (or the variable MOHAR_ISSUER)");
	json_object(&j, NULL);
	json_text(&j, "handle", handle); /* the signed order itself names whom it is about */
	json_object_end(&j);
	writer_format(&path, "/registry/people/%s/show", handle);
	TRY(writer_done(&body));
	TRY(writer_done(&path));
	const struct order o = {"citizen.show", k->issuer, (const char *)writer_span(&path).ptr, writer_span(&body)};

	TRY(give_order(k, &o, false, &reply));
	return json_decode(writer_span(&reply), &holder_table, out);
}

enum err
counter_holder(const struct counter *k, const char *handle, const char *name, struct holder *out)
{
	*out = (struct holder){0};
	if (handle != NULL)
		TRY(ask_registry(k, handle, out));
	else {
		REQUIRE_WHY(name != NULL, ERR_MALFORMED, "--person HANDLE or --name NAME is needed");
		out->name = strdup(name);
		REQUIRE(out->name != NULL, ERR_NO_MEMORY);
	}
	out->handle = handle;
	return ERR_OK;
}

/* ---- the certificate of a key ---- */

static size_t
subject_of(const struct holder *h, struct name_part out[MAX_SUBJECT])
{
	size_t count = 0;

	out[count++] = (struct name_part){"CN", h->name};
	if (h->card_subject != NULL)
		out[count++] = (struct name_part){"serialNumber", h->card_subject};
	return count;
}

static enum err
write_body(const struct holder *h, const char *profile, struct span csr, const struct sha256 *spki, struct writer *body)
{
	struct name_part subject[MAX_SUBJECT];
	const size_t count = subject_of(h, subject);
	struct json_writer j = json_to(body);

	json_object(&j, NULL);
	json_text(&j, "profile", profile);
	json_bytes64(&j, "csr", csr);
	json_array(&j, "subject");
	for (size_t i = 0; i < count; i++) {
		json_object(&j, NULL);
		json_text(&j, "type", subject[i].type);
		json_text(&j, "value", subject[i].value);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_array(&j, "names");
	json_array_end(&j);
	json_text(&j, "person", h->person);
	json_text(&j, "registry", h->registry); /* whose names these are, in its own words */
	json_bytes64(&j, "spki_sha256", sha256_span(spki));
	json_object_end(&j);
	return writer_done(body);
}

static enum err
order_certificate(const struct counter *k, const struct holder *h, const char *profile, struct span csr,
	const struct sha256 *spki, X509 **out)
{
	AUTO(writer) body = writer_new(MAX_ORDER_BODY);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct issued issued;

	TRY(write_body(h, profile, csr, spki, &body));
	const struct order o = {"certificate.issue", k->ca_url, "/certificates", writer_span(&body)};

	TRY(give_order(k, &o, false, &reply));
	TRY(json_decode(writer_span(&reply), &issued_table, &issued));
	const enum err e = certificate_pem(span_of(issued.certificate != NULL ? issued.certificate : ""), out);

	json_free(&issued_table, &issued);
	return e;
}

static enum err
read_certificate(const struct counter *k, const char *serial, struct issued *out)
{
	AUTO(writer) path = writer_new(512);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);

	writer_format(&path, "/certificates/%s", serial);
	TRY(writer_done(&path));
	const struct order o = {"certificate.read", k->ca_url, (const char *)writer_span(&path).ptr, SPAN("{}")};

	TRY(give_order(k, &o, true, &reply));
	return json_decode(writer_span(&reply), &issued_table, out);
}

/* *out stays NULL if that certificate is of another key. */
static enum err
if_of_key(const struct counter *k, const char *serial, const struct sha256 *spki, X509 **out)
{
	struct issued issued;
	struct sha256 its;
	OWN(X509) x = NULL;

	TRY(read_certificate(k, serial, &issued));
	enum err e = certificate_pem(span_of(issued.certificate != NULL ? issued.certificate : ""), &x);

	json_free(&issued_table, &issued);
	TRY(e);
	TRY(spki_hash(X509_get0_pubkey(x), &its));
	if (span_equal(sha256_span(&its), sha256_span(spki))) {
		*out = x;
		x = NULL;
	}
	return ERR_OK;
}

static enum err
find_among(const struct counter *k, const struct issued_list *list, const char *profile, const struct sha256 *spki,
	X509 **out)
{
	const struct issued *all = list->certificates.items;
	size_t looked = 0;

	/* Newest first: what an interruption left is at the top. */
	for (size_t i = 0; i < list->certificates.count && looked < MAX_SAME_PROFILE && *out == NULL; i++) {
		if (all[i].serial == NULL || all[i].profile == NULL || all[i].status == NULL ||
			strcmp(all[i].profile, profile) != 0 || strcmp(all[i].status, "good") != 0)
			continue;
		looked++;
		TRY(if_of_key(k, all[i].serial, spki, out));
	}
	return ERR_OK;
}

static enum err
find_certificate(const struct counter *k, const struct holder *h, const char *profile, const struct sha256 *spki,
	X509 **out)
{
	AUTO(writer) path = writer_new(2 << 10);
	AUTO(writer) name = writer_new(1 << 10);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct issued_list list;

	writer_text(&path, "/certificates?");
	writer_format(&name, "CN=%s", h->name);
	form_write(&path, h->person != NULL ? "person" : "subject",
		h->person != NULL ? h->person : (const char *)writer_span(&name).ptr);
	TRY(writer_done(&path));
	const struct order o = {"certificate.read", k->ca_url, (const char *)writer_span(&path).ptr, SPAN("{}")};

	TRY(give_order(k, &o, true, &reply));
	TRY(json_decode(writer_span(&reply), &list_table, &list));
	const enum err e = find_among(k, &list, profile, spki, out);

	json_free(&list_table, &list);
	return e;
}

enum err
counter_certificate(const struct counter *k, const struct holder *h, const char *profile, struct span csr,
	const struct sha256 *spki, bool fresh, X509 **out, bool *found)
{
	struct sha256 its;
	OWN(X509) x = NULL;

	*out = NULL;
	if (!fresh)
		TRY(find_certificate(k, h, profile, spki, &x));
	*found = x != NULL;
	if (x == NULL)
		TRY(order_certificate(k, h, profile, csr, spki, &x));
	TRY(spki_hash(X509_get0_pubkey(x), &its));
	REQUIRE_WHY(span_equal(sha256_span(&its), sha256_span(spki)), ERR_MISMATCH,
		"the certificate that came back is for another key");
	*out = x;
	x = NULL;
	return ERR_OK;
}

enum err
counter_profile(const struct counter *k, const X509 *x, char **profile)
{
	char serial[SERIAL_TEXT];
	struct issued issued;

	TRY(certificate_serial_hex(x, serial));
	TRY(read_certificate(k, serial, &issued));
	*profile = issued.profile;
	issued.profile = NULL;
	json_free(&issued_table, &issued);
	REQUIRE_WHY(*profile != NULL, ERR_MALFORMED, "the authority does not say under which profile %s was given",
		serial);
	return ERR_OK;
}

/* ---- the registry ---- */

enum err
counter_bind(const struct counter *k, const struct holder *h, const X509 *x)
{
	AUTO(writer) body = writer_new(MAX_ORDER_BODY);
	AUTO(writer) pem = writer_new(MAX_ORDER_BODY);
	AUTO(writer) path = writer_new(512);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct json_writer j = json_to(&body);

	if (h->handle == NULL)
		return ERR_OK;
	TRY(certificate_pem_write(x, &pem));
	json_object(&j, NULL);
	json_text(&j, "handle", h->handle);
	json_span(&j, "certificate", writer_span(&pem));
	json_object_end(&j);
	TRY(writer_done(&body));
	writer_format(&path, "/registry/people/%s/card", h->handle);
	TRY(writer_done(&path));
	const struct order o = {"citizen.card", k->issuer, (const char *)writer_span(&path).ptr, writer_span(&body)};
	const enum err e = give_order(k, &o, false, &reply);

	/* The registry has looked whose certificate it is before it says this. */
	if (e == ERR_EXISTS) {
		err_forget();
		return ERR_OK;
	}
	return e;
}

/* ---- the chain ---- */

static enum err
issuer_of(const struct counter *k, X509 *x, X509 **out)
{
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	AUTO(writer) url = writer_new(2 << 10);
	AUTHORITY_INFO_ACCESS *access = X509_get_ext_d2i(x, NID_info_access, NULL, NULL);

	for (int i = 0; access != NULL && i < sk_ACCESS_DESCRIPTION_num(access); i++) {
		const ACCESS_DESCRIPTION *d = sk_ACCESS_DESCRIPTION_value(access, i);

		if (OBJ_obj2nid(d->method) == NID_ad_ca_issuers && d->location->type == GEN_URI &&
			writer_span(&url).len == 0)
			writer_bytes(&url,
				span_at(ASN1_STRING_get0_data(d->location->d.uniformResourceIdentifier),
					(size_t)ASN1_STRING_length(d->location->d.uniformResourceIdentifier)));
	}
	AUTHORITY_INFO_ACCESS_free(access);
	REQUIRE_WHY(writer_span(&url).len > 0, ERR_NOT_FOUND, "the certificate does not say where its CA's is");
	TRY(writer_done(&url));
	TRY(order_get(k->c, (const char *)writer_span(&url).ptr, &reply));
	TRY(certificate_parse(writer_span(&reply), out));
	REQUIRE_WHY(X509_verify(x, X509_get0_pubkey(*out)) == 1, ERR_BAD_SIGNATURE,
		"the certificate at %s is not that of the CA that signed", (const char *)writer_span(&url).ptr);
	return ERR_OK;
}

static bool
is_root(const X509 *x)
{
	return X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
}

enum err
counter_chain(const struct counter *k, X509 *x, STACK_OF(X509) * *out)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	enum err e = chain != NULL ? ERR_OK : ERR_NO_MEMORY;

	for (int i = 0; e == ERR_OK && i < MAX_CHAIN; i++) {
		X509 *above = NULL;

		e = issuer_of(k, x, &above);
		/* A root is not learned from a card. */
		if (e != ERR_OK || is_root(above) || sk_X509_push(chain, above) <= 0) {
			X509_free(above);
			break;
		}
		x = above;
	}
	if (e != ERR_OK) {
		sk_X509_pop_free(chain, X509_free);
		chain = NULL;
	}
	*out = chain;
	return e;
}
