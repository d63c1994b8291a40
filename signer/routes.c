#include <stddef.h>

#include "signer/access/access.h"
#include "signer/ceremony/ceremony.h"
#include "signer/decision/decision.h"
#include "signer/officer/officer.h"
#include "signer/signing/signing.h"
#include "signer/status/lists.h"
#include "signer/verify/verify.h"
#include "signer/web/page.h"

static enum err
log_show(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;

	return tlog_serve(s->log, request_param(request, "rest"), reply);
}

static enum err
home(void *daemon, struct request *request, struct reply *reply)
{
	const struct signer *const s = daemon;

	(void)request;
	reply_headerf(reply, "Location", "%s/verify", s->settings.url);
	reply_status(reply, 303);
	return ERR_OK;
}

const struct route signer_routes[] = {
	{"GET", "/", &HTTP_ANYONE, home, 0},
	{"POST", "/decisions", &SIGNER_AGENCY, decision_create, MAX_DECISION_BODY},
	{"GET", "/decisions", &SIGNER_AGENCY, decision_list, 0},
	{"GET", "/decisions/{id}", &SIGNER_AGENCY, decision_show, 0},
	{"POST", "/decisions/{id}/revoke", &SIGNER_AGENCY, decision_revoke, 4096},
	{"GET", "/decisions/{id}/receipt", &HTTP_ANYONE, decision_receipt, 0},
	{"GET", "/confirm/{id}", &HTTP_ANYONE, confirm_show, 0},
	{"POST", "/confirm/{id}", &HTTP_ANYONE, confirm_submit, 4096},
	{"POST", "/refuse/{id}", &HTTP_ANYONE, confirm_refuse, 8192},
	{"GET", "/officer/cb", &HTTP_ANYONE, officer_callback, 0},
	{"POST", "/signing/keys", &HTTP_ANYONE, signing_key_begin, MAX_ACT},
	{"GET", "/signing/keys/{id}", &HTTP_ANYONE, signing_key_watch, 0},
	{"POST", "/signing/keys/{id}/bind", &HTTP_ANYONE, signing_key_bind, MAX_ACT},
	{"POST", "/signing/keys/{id}/certificate", &HTTP_ANYONE, signing_key_certify, MAX_ACT},
	{"POST", "/signing/keys/{id}/freeze", &HTTP_ANYONE, signing_key_freeze, MAX_ACT},
	{"POST", "/signing/keys/{id}/unfreeze", &HTTP_ANYONE, signing_key_raise, MAX_ACT},
	{"POST", "/signing/people/{person}/show", &HTTP_ANYONE, signing_person_show, MAX_ACT},
	{"POST", "/signing/people/{person}/freeze", &HTTP_ANYONE, signing_person_freeze, MAX_ACT},
	{"POST", "/signing/requests", &SIGNER_AGENCY_SIGNATURES, signing_request_create, MAX_SIGNING_BODY},
	{"GET", "/signing/requests/{id}", &SIGNER_AGENCY_SIGNATURES, signing_request_show, 0},
	{"OPTIONS", "/signing/page/{what}", &SIGNING_PAGE, signing_page_preflight, 0},
	{"POST", "/signing/page/enrolment", &SIGNING_PAGE, signing_page_enrolment, MAX_SIGNING_BODY},
	{"POST", "/signing/page/credential", &SIGNING_PAGE, signing_page_credential, MAX_SIGNING_BODY},
	{"POST", "/signing/page/request", &SIGNING_PAGE, signing_page_request, MAX_SIGNING_BODY},
	{"POST", "/signing/page/challenge", &SIGNING_PAGE, signing_page_challenge, MAX_SIGNING_BODY},
	{"POST", "/signing/page/sign", &SIGNING_PAGE, signing_page_sign, MAX_SIGNING_BODY},
	{"POST", "/signing/page/decline", &SIGNING_PAGE, signing_page_decline, MAX_SIGNING_BODY},
	{"POST", "/ceremonies", &HTTP_ANYONE, ceremony_add, MAX_CEREMONY_BODY},
	{"GET", "/ceremonies/{sha256}/receipt", &HTTP_ANYONE, ceremony_receipt, 0},
	{"GET", "/verify", &HTTP_ANYONE, verify_show, 0},
	{"POST", "/verify", &HTTP_ANYONE, verify_submit, MAX_VERIFY_BODY},
	{"GET", "/status/{list}", &HTTP_ANYONE, status_show, 0},
	{"GET", "/jwks", &HTTP_ANYONE, jwks_show, 0},
	{"GET", "/bundle", &HTTP_ANYONE, bundle_show, 0},
	{"GET", "/log/{rest...}", &HTTP_ANYONE, log_show, 0},
	{"GET", "/static/{file}", &HTTP_ANYONE, static_show, 0},
};
const size_t signer_route_count = sizeof(signer_routes) / sizeof(signer_routes[0]);
