#include "ca/issue/order.h"

#include <string.h>

#include "base/encode.h"
#include "ca/issue/decide.h"
#include "ca/issue/issue.h"
#include "ca/order.h"
#include "ca/request/registry.h"
#include "keyring/blob.h"
#include "x509/own.h"

/* By what it stands in the log, and what opens the entry's private part: for the receipt that whoever ordered it keeps beside the certificate. */
static void
write_event(struct json_writer *j, const struct event *e)
{
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);

	uuid_write(&id, &e->id);
	json_object(j, "logged");
	json_span(j, "event", writer_span(&id));
	json_bytes64(j, "salt", span_at(e->salt, SALT_LEN));
	json_raw(j, "private", writer_span(&e->private_part));
	json_object_end(j);
}

enum err
issue_answer(struct reply *reply, const X509 *x, const struct authority *a, const struct event *logged)
{
	AUTO(writer) pem = writer_new(2 * MAX_CERTIFICATE);
	AUTO(writer) chain = writer_new(2 * MAX_CERTIFICATE);
	char serial[2 * 20 + 1];

	TRY(certificate_serial_hex(x, serial));
	TRY(certificate_pem_write(x, &pem));
	TRY(authority_chain(a, &chain));
	reply_status(reply, 201);
	reply_headerf(reply, "Location", "/certificates/%s", serial);
	struct json_writer j = reply_json(reply);

	json_object(&j, NULL);
	json_text(&j, "serial", serial);
	json_span(&j, "certificate", writer_span(&pem));
	json_span(&j, "chain", writer_span(&chain));
	if (logged->private_part.len > 0)
		write_event(&j, logged);
	json_object_end(&j);
	return ERR_OK;
}

enum err
issue_key_of(const struct issue_order *order, struct request_facts *out)
{
	AUTO(writer) spki = writer_new(MAX_BLOB_SPKI);
	struct blob b;

	REQUIRE_WHY((order->csr.len > 0) != (order->blob.len > 0), ERR_MALFORMED,
		"either csr or blob says which key it is for");
	if (order->csr.len > 0)
		return csr_parse(span_at(order->csr.ptr, order->csr.len), out);
	*out = (struct request_facts){0};
	TRY(blob_read(span_at(order->blob.ptr, order->blob.len), &b));
	TRY(spki_type(b.spki, out->key_type));
	writer_bytes(&spki, b.spki);
	return writer_take(&spki, &out->spki.ptr, &out->spki.len);
}

enum err
issue_evidence(const struct profile *profile, const struct issue_order *order, struct span body, struct writer *out)
{
	if (!profile->registrar_signature)
		return ERR_OK;
	writer_bytes(out, body);
	if (order->blob.len > 0) {
		writer_u8(out, '~');
		base64url_write(out, span_at(order->blob.ptr, order->blob.len));
	}
	return writer_done(out);
}

static enum err
issue(struct cad *c, const struct request *request, const struct act *act, struct issue_order *order,
	struct reply *reply)
{
	const struct profile *profile = profile_find(&c->profiles, order->profile);
	AUTO(writer) evidence = writer_new(MAX_ACT + 2 * MAX_BLOB);
	struct request_facts facts;
	struct uuid person;
	bool has_person = false;
	AUTO(event) logged = {.leaf = {{0}}};
	OWN(X509) x = NULL;

	REQUIRE_WHY(profile != NULL, ERR_NOT_FOUND, "there is no profile '%s'", order->profile);
	REQUIRE_WHY(json_texts_have(&act->by->roles, issue_role(profile)), ERR_REFUSED,
		"profile '%s' takes a %s's order; '%s' is none", profile->name, issue_role(profile), act->by->name);
	TRY(issue_alone(profile, order));
	TRY(issue_evidence(profile, order, request_body(request), &evidence));
	TRY(issue_key_of(order, &facts));
	enum err e = issue_decide(profile, order, &facts, &has_person, &person);

	if (e == ERR_OK)
		e = registry_check(c, profile, order->registry, has_person ? &person : NULL, order->subject.items,
			order->subject.count);
	if (e == ERR_OK) {
		const struct issuance issuance = {
			.profile = profile,
			.spki = span_at(facts.spki.ptr, facts.spki.len),
			.subject = order->subject.items,
			.subject_count = order->subject.count,
			.names = order->names.items,
			.names_count = order->names.count,
			.person = has_person ? &person : NULL,
			.actor = act->by->name,
			.channel = "card",
			.csr = span_at(order->csr.ptr, order->csr.len),
			.logged = &logged,
			.evidence = writer_span(&evidence),
		};

		e = certificate_issue(c, &issuance, &x);
	}
	csr_free(&facts);
	TRY(e);
	return issue_answer(reply, x, authority_find(&c->authorities, profile->issuer), &logged);
}

enum err
issue_post(void *daemon, struct request *request, struct reply *reply)
{
	static const char *const roles[] = {"registrar", "ca-operator", NULL};
	struct cad *c = daemon;
	struct issue_order order;
	AUTO(act) act = {0};

	TRY(order_of_body(c, request, roles, "certificate.issue", &act));
	TRY(json_decode(span_of(act.payload), &issue_order_table, &order));
	const enum err e = issue(c, request, &act, &order, reply);

	json_free(&issue_order_table, &order);
	return e;
}
