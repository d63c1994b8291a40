/* One signing key from its beginning to its certificate. Every step is an act on the registrar's card; the fingerprint is compared by two people. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "cli/registry.h"
#include "cli/signing.h"
#include "http/client.h"
#include "keyring/blob.h"
#include "x509/x509.h"

enum { MAX_KEY_BODY = 64 << 10, MAX_KEY_PATH = 256, POLL_SECONDS = 2 };

const struct cli_option signing_key_options[] = {
	REGISTRY_OPTIONS,
	{"--signer-url", "URL", "where citizens' signing keys are kept", "MOHAR_SIGNER_URL", true, false},
	{"--ca-url", "URL", "the certificate authority", "MOHAR_CA_URL", true, false},
	{"--profile", "NAME", "certificate profile; citizen-remote-signature if absent", NULL, false, false},
	{"--begin", NULL, "only make the key and the citizen's address; tells a ticket", NULL, false, false},
	{"--resume", "TICKET", "go on with a key that was begun", NULL, false, false},
	{"--yes", "FINGERPRINT", "what the citizen's page shows, compared by you; asked if absent", NULL, false, false},
	{0},
};

struct enrolment {
	struct cli *c;
	struct card *card;
	struct signing_person person;
	char id[UUID_TEXT_LEN + 1], watch[TOKEN_TEXT_LEN + 1];
	struct sha256 spki;
	struct json_bytes credential_id, credential_key, blob;
	char *certificate, *chain, *serial;
	char fingerprint[SIGNING_FINGERPRINT_LEN + 1];
};

static void
enrolment_free(struct enrolment *n)
{
	card_free(&n->card);
	signing_person_free(&n->person);
	free(n->credential_id.ptr);
	free(n->credential_key.ptr);
	free(n->blob.ptr);
	free(n->certificate);
	free(n->chain);
	free(n->serial);
}

static enum err
send(struct enrolment *n, const char *act, const char *base, const char *path, const struct writer *body,
	struct writer *reply)
{
	const struct order o = {act, cli_value(n->c, base), path, writer_span(body)};

	TRY(writer_done(body));
	return order_send(n->c, n->card, &o, reply);
}

/* ---- begin ---- */

struct begun {
	char *id, *url, *expires, *watch;
};
static const struct json_row begun_rows[] = {
	{"id", JSON_TEXT, JSON_REQUIRED, offsetof(struct begun, id), .max = UUID_TEXT_LEN},
	{"url", JSON_TEXT, JSON_REQUIRED, offsetof(struct begun, url), .max = 1024},
	{"expires", JSON_TEXT, JSON_REQUIRED, offsetof(struct begun, expires), .max = 32},
	{"watch", JSON_TEXT, JSON_REQUIRED, offsetof(struct begun, watch), .max = TOKEN_TEXT_LEN},
};
static const struct json_table begun_table = {"signing key", begun_rows, 4, sizeof(struct begun), true};

static enum err
begin(struct enrolment *n)
{
	AUTO(writer) body = writer_new(MAX_KEY_BODY);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct json_writer j = json_to(&body);
	struct begun b;

	json_object(&j, NULL);
	json_text(&j, "person", n->person.person);
	json_text(&j, "name", n->person.name);
	json_object_end(&j);
	TRY(send(n, "signing.begin", "--signer-url", "/signing/keys", &body, &reply));
	TRY(json_decode(writer_span(&reply), &begun_table, &b));
	(void)snprintf(n->id, sizeof(n->id), "%s", b.id);
	(void)snprintf(n->watch, sizeof(n->watch), "%s", b.watch);
	cli_text(n->c, "id", b.id);
	cli_text(n->c, "url", b.url);
	cli_text(n->c, "expires", b.expires);
	json_free(&begun_table, &b);
	return ERR_OK;
}

/* ID.WATCH, as begin told it. */
static enum err
ticket_read(struct enrolment *n, const char *ticket)
{
	struct uuid id;

	REQUIRE_WHY(strlen(ticket) == UUID_TEXT_LEN + 1 + TOKEN_TEXT_LEN && ticket[UUID_TEXT_LEN] == '.' &&
			uuid_read(span_at(ticket, UUID_TEXT_LEN), &id) == ERR_OK,
		ERR_MALFORMED, "--resume: that is not a ticket that --begin told");
	(void)snprintf(n->id, sizeof(n->id), "%.*s", UUID_TEXT_LEN, ticket);
	(void)snprintf(n->watch, sizeof(n->watch), "%s", ticket + UUID_TEXT_LEN + 1);
	return ERR_OK;
}

/* ---- waiting for the citizen ---- */

struct seen {
	char *state, *person;
	struct json_bytes spki_sha256, credential_id, credential_key, blob;
};
static const struct json_row seen_rows[] = {
	{"state", JSON_TEXT, JSON_REQUIRED, offsetof(struct seen, state), .max = 16},
	{"person", JSON_TEXT, JSON_REQUIRED, offsetof(struct seen, person), .max = 64},
	{"spki_sha256", JSON_BYTES, JSON_REQUIRED, offsetof(struct seen, spki_sha256), .max = SHA256_LEN},
	{"credential_id", JSON_BYTES, JSON_OPTIONAL, offsetof(struct seen, credential_id),
		.max = MAX_BLOB_CREDENTIAL_ID},
	{"credential_key", JSON_BYTES, JSON_OPTIONAL, offsetof(struct seen, credential_key),
		.max = MAX_BLOB_CREDENTIAL_KEY},
	{"blob", JSON_BYTES, JSON_OPTIONAL, offsetof(struct seen, blob), .max = MAX_BLOB},
};
static const struct json_table seen_table = {"signing key", seen_rows, 6, sizeof(struct seen), true};

static enum err
look(struct enrolment *n, struct seen *out)
{
	AUTO(writer) url = writer_new(2048);
	AUTO(writer) header = writer_new(256);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	int status;

	writer_format(&url, "%s/signing/keys/%s", cli_value(n->c, "--signer-url"), n->id);
	writer_format(&header, "Authorization: Bearer %s", n->watch);
	const char *const headers[] = {(const char *)writer_span(&header).ptr, NULL};
	const struct http_call call = {.method = "GET",
		.url = (const char *)writer_span(&url).ptr,
		.headers = headers,
		.ca_file = cli_value(n->c, "--tls-ca"),
		.timeout_ms = 15000};

	TRY(http_call(&call, &status, &reply));
	TRY(order_result(status, writer_span(&reply)));
	return json_decode(writer_span(&reply), &seen_table, out);
}

/* Takes over what the citizen's authenticator answered, for the person whom the registrar named and no other. */
static enum err
answered(struct enrolment *n, struct seen *s)
{
	REQUIRE_WHY(strcmp(s->person, n->person.person) == 0, ERR_MISMATCH, "that key was begun for another person");
	REQUIRE_WHY(s->credential_key.len > 0 && s->spki_sha256.len == SHA256_LEN, ERR_MALFORMED,
		"the service's answer is not whole");
	memcpy(n->spki.bytes, s->spki_sha256.ptr, SHA256_LEN);
	n->credential_id = s->credential_id;
	n->credential_key = s->credential_key;
	n->blob = s->blob;
	s->credential_id = s->credential_key = s->blob = (struct json_bytes){0};
	signing_fingerprint(span_at(n->credential_key.ptr, n->credential_key.len), &n->spki, n->fingerprint);
	return ERR_OK;
}

static enum err
await(struct enrolment *n)
{
	for (;;) {
		struct seen s;
		bool begun;
		enum err e;

		TRY(look(n, &s));
		begun = strcmp(s.state, "begun") == 0;
		e = begun ? ERR_OK : answered(n, &s);
		json_free(&seen_table, &s);
		if (e != ERR_OK || !begun)
			return e;
		cli_progress(n->c, "waiting for the citizen at the address above");
		sleep(POLL_SECONDS);
	}
}

/* ---- the comparison ---- */

static enum err
ask(struct enrolment *n)
{
	const int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	char line[8] = "";
	ssize_t got;

	REQUIRE_WHY(fd >= 0, ERR_REFUSED, "compare with the citizen's page, then give --resume %s.%s --yes %s", n->id,
		n->watch, n->fingerprint);
	(void)dprintf(fd, "\n    %s\n\nDoes the citizen's page show exactly this? Type yes: ", n->fingerprint);
	got = read(fd, line, sizeof(line) - 1);
	close(fd);
	REQUIRE_WHY(got == 4 && strncmp(line, "yes\n", 4) == 0, ERR_REFUSED, "not confirmed: the key stays unbound");
	return ERR_OK;
}

static enum err
compare(struct enrolment *n)
{
	const char *const given = cli_value(n->c, "--yes");

	cli_text(n->c, "fingerprint", n->fingerprint);
	if (given == NULL)
		return ask(n);
	REQUIRE_WHY(strcmp(given, n->fingerprint) == 0, ERR_MISMATCH,
		"the citizen's page shows another fingerprint: the key stays unbound; begin again, and tell the operator");
	return ERR_OK;
}

/* ---- birth and certificate ---- */

/* The registrar's word: this person, this key, this passkey, this certificate. */
static enum err
write_issue(const struct enrolment *n, bool with_blob, struct writer *body)
{
	const char *const profile = cli_value(n->c, "--profile");
	const struct name_part subject[] = {{"CN", n->person.name}, {"serialNumber", n->person.card_subject}};
	struct json_writer j = json_to(body);

	json_object(&j, NULL);
	json_text(&j, "profile", profile != NULL ? profile : "citizen-remote-signature");
	json_text(&j, "person", n->person.person);
	json_bytes64(&j, "spki_sha256", sha256_span(&n->spki));
	json_array(&j, "subject");
	for (size_t i = 0; i < 2; i++) {
		json_object(&j, NULL);
		json_text(&j, "type", subject[i].type);
		json_text(&j, "value", subject[i].value);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_array(&j, "credentials");
	json_object(&j, NULL);
	json_text(&j, "kind", "passkey");
	json_bytes64(&j, "id", span_at(n->credential_id.ptr, n->credential_id.len));
	json_bytes64(&j, "key", span_at(n->credential_key.ptr, n->credential_key.len));
	json_object_end(&j);
	json_array_end(&j);
	if (with_blob)
		json_text(&j, "registry", n->person.registry);
	if (with_blob)
		json_bytes64(&j, "blob", span_at(n->blob.ptr, n->blob.len));
	json_object_end(&j);
	return writer_done(body);
}

static enum err
bind(struct enrolment *n)
{
	AUTO(writer) body = writer_new(MAX_KEY_BODY);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	char path[MAX_KEY_PATH];
	struct seen s;

	if (n->blob.len > 0) /* an earlier run came this far */
		return ERR_OK;
	TRY(write_issue(n, false, &body));
	(void)snprintf(path, sizeof(path), "/signing/keys/%s/bind", n->id);
	TRY(send(n, "certificate.issue", "--signer-url", path, &body, &reply));
	TRY(look(n, &s));
	n->blob = s.blob;
	s.blob = (struct json_bytes){0};
	json_free(&seen_table, &s);
	REQUIRE_WHY(n->blob.len > 0, ERR_MALFORMED, "the service's answer is not whole");
	cli_progress(n->c, "the key is bound to the citizen's passkey");
	return ERR_OK;
}

struct issued {
	char *serial, *certificate, *chain;
};
static const struct json_row issued_rows[] = {
	{"serial", JSON_TEXT, JSON_REQUIRED, offsetof(struct issued, serial), .max = 64},
	{"certificate", JSON_TEXT, JSON_REQUIRED, offsetof(struct issued, certificate), .max = 64 << 10},
	{"chain", JSON_TEXT, JSON_REQUIRED, offsetof(struct issued, chain), .max = 256 << 10},
};
static const struct json_table issued_table = {"issued certificate", issued_rows, 3, sizeof(struct issued), true};

static enum err
order_certificate(struct enrolment *n)
{
	AUTO(writer) body = writer_new(MAX_KEY_BODY);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct issued i;

	TRY(write_issue(n, true, &body));
	TRY(send(n, "certificate.issue", "--ca-url", "/certificates", &body, &reply));
	TRY(json_decode(writer_span(&reply), &issued_table, &i));
	n->serial = i.serial;
	n->certificate = i.certificate;
	n->chain = i.chain;
	cli_progress(n->c, "certificate issued");
	return ERR_OK;
}

static enum err
store_certificate(struct enrolment *n)
{
	AUTO(writer) body = writer_new(MAX_KEY_BODY);
	AUTO(writer) reply = writer_new(MAX_ORDER_REPLY);
	struct json_writer j = json_to(&body);
	char path[MAX_KEY_PATH];

	json_object(&j, NULL);
	json_text(&j, "key", n->id);
	json_text(&j, "certificate", n->certificate);
	json_text(&j, "chain", n->chain);
	json_object_end(&j);
	(void)snprintf(path, sizeof(path), "/signing/keys/%s/certificate", n->id);
	return send(n, "signing.certificate", "--signer-url", path, &body, &reply);
}

static enum err
finish(struct enrolment *n)
{
	TRY(await(n));
	TRY(compare(n));
	TRY(bind(n));
	TRY(order_certificate(n));
	TRY(store_certificate(n));
	cli_text(n->c, "person", n->person.person);
	cli_text(n->c, "key", n->id);
	cli_text(n->c, "serial", n->serial);
	cli_text(n->c, "certificate", n->certificate);
	cli_text(n->c, "chain", n->chain);
	return ERR_OK;
}

static enum err
enrol(struct enrolment *n)
{
	const char *const ticket = cli_value(n->c, "--resume");
	char told[UUID_TEXT_LEN + TOKEN_TEXT_LEN + 2];

	REQUIRE_WHY(cli_file_count(n->c) == 1, ERR_MALFORMED, "one HANDLE is wanted");
	REQUIRE_WHY(!cli_is_json(n->c) || cli_flag(n->c, "--begin") || ticket != NULL, ERR_MALFORMED,
		"--json tells all at the end, and the citizen needs the address before: --begin first, then --resume");
	if (ticket != NULL)
		TRY(ticket_read(n, ticket));
	TRY(card_of(n->c, &n->card));
	TRY(signing_person_find(n->c, n->card, cli_file(n->c, 0), &n->person));
	if (ticket == NULL)
		TRY(begin(n));
	if (!cli_flag(n->c, "--begin"))
		return finish(n);
	(void)snprintf(told, sizeof(told), "%s.%s", n->id, n->watch);
	cli_text(n->c, "ticket", told);
	return ERR_OK;
}

int
signing_key_run(struct cli *c)
{
	struct enrolment n = {.c = c};
	enum err e;

	cli_begin(c);
	e = enrol(&n);
	enrolment_free(&n);
	return registry_end(c, e);
}
