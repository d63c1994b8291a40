#include "ca/est/est.h"

#include <string.h>

#include "base/encode.h"
#include "ca/device/device.h"
#include "ca/device/enroll.h"
#include "ca/device/secret.h"
#include "ca/est/body.h"
#include "x509/own.h"

enum { MAX_CERTIFICATES = 2 * MAX_CERTIFICATE * MAX_CHAIN, CACERTS_SECONDS = 3600 };

/* ---- answers ---- */

static enum err
answer(struct reply *reply, const char *type, struct span der)
{
	AUTO(writer) body = writer_new(2 * MAX_CERTIFICATES);

	base64_write(&body, der); /* in one line: strongSwan takes line ends for digits */
	TRY(writer_done(&body));
	reply_header(reply, "Content-Transfer-Encoding", "base64"); /* RFC 8951 3.1: older clients look for it */
	writer_bytes(reply_body(reply, type), writer_span(&body));
	return ERR_OK;
}

static enum err
answer_certificate(struct reply *reply, X509 *x)
{
	STACK_OF(X509) *one = sk_X509_new_null();
	AUTO(writer) der = writer_new(MAX_CERTIFICATES);

	REQUIRE(one != NULL, ERR_NO_MEMORY);
	enum err e = sk_X509_push(one, x) > 0 ? est_certificates(one, &der) : ERR_NO_MEMORY;

	sk_X509_free(one);
	if (e == ERR_OK)
		e = answer(reply, "application/pkcs7-mime; smime-type=certs-only", writer_span(&der));
	return e;
}

/* ---- what is asked ---- */

/* The profile that the path names, if it names one. */
static enum err
path_profile(const struct cad *c, const struct request *request, const struct profile **out)
{
	const char *name = request_param(request, "profile");

	*out = NULL;
	if (name == NULL)
		return ERR_OK;
	*out = profile_find(&c->profiles, name);
	REQUIRE_WHY(*out != NULL, ERR_NOT_FOUND, "there is no profile '%.64s'", name);
	return ERR_OK;
}

static enum err
same_profile(const struct profile *path, const char *name)
{
	REQUIRE_WHY(path == NULL || strcmp(path->name, name) == 0, ERR_REFUSED,
		"the address is of profile %s, the enrolment of %s", path != NULL ? path->name : "", name);
	return ERR_OK;
}

static enum err
request_der(const struct request *request, struct writer *der)
{
	const char *type = request_header(request, "Content-Type");

	REQUIRE_WHY(type != NULL && strncasecmp(type, "application/pkcs10", 18) == 0, ERR_UNSUPPORTED,
		"RFC 7030 4.2.1: a request comes as Content-Type application/pkcs10");
	return est_body_read(request_body(request), der);
}

/* RFC 7030 3.2.3: Basic, over the TLS session. */
static enum err
who_by_secret(struct cad *c, const struct request *request, struct reply *reply, struct enrolment_row *out)
{
	const char *user, *password;

	TRY(rates_take(c->devices->strangers, span_of(request_address(request)), clock_ticks()));
	enum err e = request_basic(request, &user, &password);

	if (e == ERR_OK)
		e = enrolment_open(c, user, span_of(password), out);
	if (e == ERR_UNAUTHENTICATED)
		reply_header(reply, "WWW-Authenticate", "Basic realm=\"enrolment\", charset=\"UTF-8\"");
	return e;
}

static enum err
who_by_certificate(struct cad *c, const struct request *request, struct shown *out)
{
	const struct span der = request_peer_certificate(request);

	REQUIRE_WHY(der.len > 0, ERR_UNAUTHENTICATED,
		"RFC 7030 4.2.2: show the certificate that is to be renewed in the TLS session");
	return device_shown(c, der, out);
}

/* ---- the four ---- */

static enum err
push(STACK_OF(X509) * list, X509 *x)
{
	REQUIRE(X509_up_ref(x) == 1, ERR_NO_MEMORY);
	if (sk_X509_push(list, x) > 0)
		return ERR_OK;
	X509_free(x);
	return ERR_NO_MEMORY;
}

/* The issuers that a profile needs, or all of them, and the root. */
static enum err
collect(const struct cad *c, const struct profile *only, STACK_OF(X509) * list)
{
	for (size_t i = 0; i < c->authorities.count; i++) {
		const struct authority *a = &c->authorities.rows[i];

		if (a->is_root || only == NULL || strcmp(only->issuer, a->label) == 0)
			TRY(push(list, a->certificate));
	}
	return ERR_OK;
}

enum err
est_cacerts(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;
	const struct profile *profile;
	AUTO(writer) der = writer_new(MAX_CERTIFICATES);

	TRY(path_profile(c, request, &profile));
	STACK_OF(X509) *list = sk_X509_new_null();

	REQUIRE(list != NULL, ERR_NO_MEMORY);
	enum err e = collect(c, profile, list);

	if (e == ERR_OK)
		e = est_certificates(list, &der);
	sk_X509_pop_free(list, X509_free);
	TRY(e);
	reply_cache(reply, CACERTS_SECONDS, true);
	return answer(reply, "application/pkcs7-mime; smime-type=certs-only", writer_span(&der));
}

static enum err
enroll(struct cad *c, const struct profile *path, const struct enrolment_row *row, struct span csr, X509 **out)
{
	const struct enrolling who = {row, "est"};
	const struct profile *profile = profile_find(&c->profiles, row->profile);
	struct asked asked;

	TRY(same_profile(path, row->profile));
	REQUIRE_WHY(profile != NULL, ERR_REFUSED, "the profile '%s' is not issued any more", row->profile);
	TRY(asked_read(csr, profile, &asked));
	const enum err e = device_enroll(c, &who, &asked, out);

	asked_free(&asked);
	return e;
}

enum err
est_simpleenroll(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;
	const struct profile *path;
	struct enrolment_row row;
	AUTO(writer) csr = writer_new(MAX_CSR);
	OWN(X509) x = NULL;

	TRY(path_profile(c, request, &path));
	TRY(who_by_secret(c, request, reply, &row));
	enum err e = request_der(request, &csr);

	if (e == ERR_OK)
		e = enroll(c, path, &row, writer_span(&csr), &x);
	enrolment_free(&row);
	TRY(e);
	return answer_certificate(reply, x);
}

static enum err
renew(struct cad *c, const struct profile *path, const struct shown *shown, struct span csr, X509 **out)
{
	struct asked asked;

	TRY(same_profile(path, shown->profile->name));
	TRY(asked_read(csr, shown->profile, &asked));
	const enum err e = device_renew(c, shown, "est", &asked, out);

	asked_free(&asked);
	return e;
}

enum err
est_simplereenroll(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *c = daemon;
	const struct profile *path;
	struct shown shown;
	AUTO(writer) csr = writer_new(MAX_CSR);
	OWN(X509) x = NULL;

	TRY(path_profile(c, request, &path));
	TRY(who_by_certificate(c, request, &shown));
	enum err e = request_der(request, &csr);

	if (e == ERR_OK)
		e = renew(c, path, &shown, writer_span(&csr), &x);
	shown_free(&shown);
	TRY(e);
	return answer_certificate(reply, x);
}

/* RFC 7030 4.5.1: anybody may ask for a profile that the path names; else the secret or the certificate tells which. */
static enum err
which_profile(struct cad *c, struct request *request, struct reply *reply, const struct profile **out)
{
	struct shown shown;
	struct enrolment_row row;

	TRY(path_profile(c, request, out));
	if (*out != NULL)
		return ERR_OK;
	if (request_peer_certificate(request).len > 0) {
		TRY(who_by_certificate(c, request, &shown));
		*out = shown.profile;
		shown_free(&shown);
		return ERR_OK;
	}
	TRY(who_by_secret(c, request, reply, &row));
	*out = profile_find(&c->profiles, row.profile);
	enrolment_free(&row);
	REQUIRE_WHY(*out != NULL, ERR_REFUSED, "the enrolment's profile is not issued any more");
	return ERR_OK;
}

enum err
est_csrattrs(void *daemon, struct request *request, struct reply *reply)
{
	const struct profile *profile;
	AUTO(writer) der = writer_new(1024);

	TRY(which_profile(daemon, request, reply, &profile));
	TRY(est_attributes(profile, &der));
	return answer(reply, "application/csrattrs", writer_span(&der));
}
