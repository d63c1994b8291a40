/* One certificate: its fields, its history, its place in the log, the lint; what may become of it, and the command by which that is ordered with a card. */
#include <openssl/x509v3.h>
#include <string.h>

#include "base/encode.h"
#include "ca/console/page.h"
#include "ca/console/preview.h"
#include "ca/console/sought.h"
#include "ca/request/store.h"
#include "ca/request/request.h"
#include "ca/revoke/revoke.h"
#include "ca/store/statements.h"
#include "x509/own.h"

enum { MAX_VALUE = 8 << 10, MAX_SHOWN_NAMES = 64 };

static enum err
find(const struct cad *c, const char *text, struct certificate_row *out)
{
	uint8_t serial[SERIAL_LEN];
	size_t len;

	REQUIRE_WHY(hex_read(span_of(text), serial, sizeof(serial), &len) == ERR_OK && len == SERIAL_LEN, ERR_NOT_FOUND,
		"a serial is %d hexadecimal digits", 2 * SERIAL_LEN);
	const struct db_param params[] = {db_bytes(span_at(serial, SERIAL_LEN))};
	const enum err e = db_pool_one(c->db, CA_CERTIFICATE_BY_SERIAL, params, out);

	return e == ERR_NOT_FOUND ? err_because(e, "no certificate of this serial was issued here") : e;
}

/* ---- fields ---- */

static void
put_field(struct page *page, const char *list, const char *name, struct span value, bool critical)
{
	page_item(page, list);
	page_text(page, "name", name);
	page_span(page, "value", value);
	page_bool(page, "critical", critical);
	page_item_end(page);
}

static void
put_subject(struct page *page, const X509 *x)
{
	const X509_NAME *const name = X509_get_subject_name(x);

	for (int i = 0; i < X509_NAME_entry_count(name) && i < MAX_SHOWN_NAMES; i++) {
		const X509_NAME_ENTRY *const part = X509_NAME_get_entry(name, i);
		const char *const type = OBJ_nid2sn(OBJ_obj2nid(X509_NAME_ENTRY_get_object(part)));
		unsigned char *utf8 = NULL;
		const int len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(part));

		if (len >= 0)
			put_field(page, "subject", type, span_at(utf8, (size_t)len), false);
		OPENSSL_free(utf8);
	}
}

/* What libcrypto prints is for people already; a value that it cannot print is left to whoever downloads the certificate. */
static void
put_extension(struct page *page, X509_EXTENSION *extension)
{
	BIO *const bio = BIO_new(BIO_s_mem());
	char name[128], *text;
	long len;

	if (bio == NULL)
		return;
	(void)OBJ_obj2txt(name, sizeof(name), X509_EXTENSION_get_object(extension), 0);
	if (X509V3_EXT_print(bio, extension, X509V3_EXT_ERROR_UNKNOWN, 0) == 1) {
		len = BIO_get_mem_data(bio, &text);
		if (len > 0 && len < MAX_VALUE && span_is_text(span_at(text, (size_t)len)))
			put_field(page, "extensions", name, span_at(text, (size_t)len),
				X509_EXTENSION_get_critical(extension) == 1);
	}
	BIO_free(bio);
}

static enum err
put_fields(struct page *page, const X509 *x)
{
	AUTO(writer) spki = writer_new(MAX_CERTIFICATE);
	char key[16] = "";

	put_subject(page, x);
	TRY(certificate_spki(x, &spki));
	const struct sha256 hash = sha256_of(writer_span(&spki));

	if (spki_type(writer_span(&spki), key) != ERR_OK)
		err_forget();
	page_text(page, "key_type", key[0] != '\0' ? key : NULL);
	page_hex(page, "spki_sha256", sha256_span(&hash));
	for (int i = 0; i < X509_get_ext_count(x) && i < MAX_SHOWN_NAMES; i++)
		put_extension(page, X509_get_ext(x, i));
	return ERR_OK;
}

/* ---- history ---- */

static void
put_moment(struct page *page, const struct cad *c, const struct request *request, const char *what, unix_time at,
	const char *by)
{
	page_item(page, "history");
	page_text(page, "what", page_word(c->console, request, "did", what));
	page_time(page, "at", at);
	page_text(page, "by", by);
	page_item_end(page);
}

static enum err
put_request(struct page *page, const struct cad *c, const struct request *request, const struct request_of_row *r)
{
	const struct db_param params[] = {db_uuid(&r->id)};
	struct json_list list;

	page_uuid(page, "request", &r->id);
	put_moment(page, c, request, "requested", r->created_at, r->applicant);
	TRY(db_pool_all(c->registration->db, REQ_APPROVALS, params, &list));
	const struct approval_row *const rows = list.items;

	for (size_t i = 0; i < list.count; i++)
		put_moment(page, c, request, "approved", rows[i].at, rows[i].approver);
	db_rows_free(&request_statements[REQ_APPROVALS], &list);
	return ERR_OK;
}

static enum err
put_history(struct page *page, const struct cad *c, const struct request *request, const struct certificate_row *row,
	const X509 *x)
{
	AUTO(writer) spki = writer_new(MAX_CERTIFICATE);
	struct request_of_row r;

	TRY(certificate_spki(x, &spki));
	const struct sha256 hash = sha256_of(writer_span(&spki));
	const struct db_param params[] = {db_bytes(sha256_span(&hash)),
		db_bytes(span_at(row->serial.ptr, row->serial.len))};
	enum err e = db_pool_one(c->console->db, CON_REQUEST_OF, params, &r);

	if (e == ERR_NOT_FOUND) {
		err_forget();
		page_text(page, "request", NULL);
	} else {
		TRY(e);
		e = put_request(page, c, request, &r);
		db_row_free(&console_statements[CON_REQUEST_OF], &r);
		TRY(e);
	}
	put_moment(page, c, request, "issued", row->issued_at, row->actor);
	if (row->revoked_at != 0)
		put_moment(page, c, request, row->reason == REASON_HOLD ? "suspended" : "revoked", row->revoked_at,
			NULL);
	return ERR_OK;
}

static void
put_log(struct page *page, const struct cad *c, const struct certificate_row *row)
{
	AUTO(writer) event = writer_new(UUID_TEXT_LEN);
	AUTO(writer) receipt = writer_new(1024);

	if (row->has_event)
		uuid_write(&event, &row->event);
	if (row->has_event && c->config.console_log_url[0] != '\0')
		writer_format(&receipt, "%s/log/receipt/ca/%s", c->config.console_log_url,
			(const char *)writer_span(&event).ptr);
	page_text(page, "event", event.len > 0 ? (const char *)writer_span(&event).ptr : NULL);
	page_text(page, "receipt", receipt.len > 0 ? (const char *)writer_span(&receipt).ptr : NULL);
}

static enum err
put_lint(struct page *page, const struct cad *c, const struct request *request, const struct certificate_row *row)
{
	const struct authority *const a = authority_find(&c->authorities, row->issuer);
	const struct lint_context context = {.profile = profile_find(&c->profiles, row->profile),
		.issuer = a != NULL ? writer_span(&a->der) : (struct span){0}};
	struct lint_report report;

	TRY(lint_certificate(span_at(row->der.ptr, row->der.len), &context, &report));
	page_lint(page, c->console, request, &report);
	return ERR_OK;
}

/* ---- what may become of it ---- */

static const char *const reasons[] = {"keyCompromise", "affiliationChanged", "superseded", "cessationOfOperation",
	"privilegeWithdrawn", "unspecified", NULL};

/* The command for what was chosen, or none: what the form says is looked up, never shown back. */
static void
put_command(struct page *page, const struct request *request, const char *serial)
{
	const char *const action = request_query(request, "action"), *const reason = request_query(request, "reason");
	AUTO(writer) w = writer_new(256);

	if (action != NULL && (strcmp(action, "suspend") == 0 || strcmp(action, "resume") == 0))
		writer_format(&w, "mohar ca %s %s", strcmp(action, "resume") == 0 ? "resume" : "suspend", serial);
	for (size_t i = 0; reasons[i] != NULL && action != NULL && strcmp(action, "revoke") == 0; i++)
		if (reason != NULL && strcmp(reasons[i], reason) == 0)
			writer_format(&w, "mohar ca revoke %s --reason %s", serial, reasons[i]);
	page_text(page, "command", w.len > 0 ? (const char *)writer_span(&w).ptr : NULL);
}

static void
put_status(struct page *page, const struct cad *c, const struct visit *v, const struct request *request,
	const struct certificate_row *row)
{
	const char *const status = certificate_status(row->revoked_at, row->reason, row->not_after, cad_now(c));
	const bool revoked = strcmp(status, "revoked") == 0, hold = strcmp(status, "suspended") == 0;

	page_text(page, "status", page_word(c->console, request, "status", status));
	page_bool(page, "is_good", strcmp(status, "good") == 0);
	page_bool(page, "is_suspended", hold);
	page_text(page, "reason", row->revoked_at != 0 ? revoke_reason_name(row->reason) : NULL);
	page_time(page, "revoked", row->revoked_at);
	page_bool(page, "may_change", !revoked);
	page_bool(page, "may_hold", !revoked && (v->is_operator || row->has_person));
	for (size_t i = 0; reasons[i] != NULL; i++) {
		page_item(page, "reasons");
		page_text(page, "value", reasons[i]);
		page_text(page, "word", page_word(c->console, request, "reason", reasons[i]));
		page_bool(page, "chosen",
			request_query(request, "reason") != NULL &&
				strcmp(request_query(request, "reason"), reasons[i]) == 0);
		page_item_end(page);
	}
}

static enum err
put_all(struct page *page, struct cad *c, const struct visit *v, const struct request *request,
	const struct certificate_row *row)
{
	AUTO(writer) serial = writer_new(64);
	OWN(X509) x = NULL;

	TRY(certificate_parse(span_at(row->der.ptr, row->der.len), &x));
	hex_write(&serial, span_at(row->serial.ptr, row->serial.len));
	page_span(page, "serial", writer_span(&serial));
	page_text(page, "title", row->subject[0] != '\0' ? row->subject : row->profile);
	page_text(page, "issuer", row->issuer);
	page_text(page, "profile", row->profile);
	if (row->has_person)
		page_uuid(page, "person", &row->person);
	else
		page_text(page, "person", NULL);
	page_time(page, "not_before", row->not_before);
	page_time(page, "not_after", row->not_after);
	put_status(page, c, v, request, row);
	put_command(page, request, (const char *)writer_span(&serial).ptr);
	put_log(page, c, row);
	TRY(put_fields(page, x));
	TRY(put_history(page, c, request, row, x));
	return put_lint(page, c, request, row);
}

static enum err
show(struct cad *c, const struct visit *v, struct request *request, struct reply *reply)
{
	AUTO(page) *page = NULL;
	struct certificate_row row;

	TRY(page_new(&page));
	TRY(find(c, request_param(request, "serial"), &row));
	const enum err e = put_all(page, c, v, request, &row);

	db_row_free(&ca_statements[CA_CERTIFICATE_BY_SERIAL], &row);
	TRY(e);
	return page_send(c, v, request, "certificates", "certificate", page, reply);
}

enum err
console_certificate(void *daemon, struct request *request, struct reply *reply)
{
	return console_page(daemon, request, reply, show);
}

/* ---- PEM ---- */

static enum err
download(struct cad *c, const struct visit *v, struct request *request, struct reply *reply)
{
	struct certificate_row row;
	OWN(X509) x = NULL;

	(void)v;
	TRY(find(c, request_param(request, "serial"), &row));
	const enum err e = certificate_parse(span_at(row.der.ptr, row.der.len), &x);

	db_row_free(&ca_statements[CA_CERTIFICATE_BY_SERIAL], &row);
	TRY(e);
	reply_headerf(reply, "Content-Disposition", "attachment; filename=\"%s.pem\"",
		request_param(request, "serial"));
	return certificate_pem_write(x, reply_body(reply, "application/x-pem-file"));
}

enum err
console_pem(void *daemon, struct request *request, struct reply *reply)
{
	return console_page(daemon, request, reply, download);
}
