#include <string.h>

#include "base/secret.h"
#include "signer/officer/officer.h"
#include "signer/web/page.h"

/* What the officer sees is what will be sealed: every fact of the row, nothing summarised away. */
static enum err
confirm_page(struct signer *s, const struct request *request, const struct decision_row *row,
	const struct officer_session_row *session, struct reply *reply)
{
	AUTO(page) *page = NULL;
	const char *const language = page_language(s, request);
	const struct decision_type *const t = decision_type_find(s->types, s->type_count, row->type);

	TRY(page_new(&page));
	TRY(page_decision(page, s, row, t, language));
	page_bool(page, "pending", strcmp(row->state, "pending") == 0);
	page_bool(page, "sealed", strcmp(row->state, "sealed") == 0);
	page_bool(page, "revoked", strcmp(row->state, "revoked") == 0);
	page_text(page, "refusal", row->refusal);
	page_text(page, "form", session->form);
	return page_send(s, request, "confirm", page, reply);
}

static enum err
may_confirm(const struct signer *s, const struct decision_row *row, const struct officer_session_row *session,
	struct offices *o, const struct office **by)
{
	const struct decision_type *const t = decision_type_find(s->types, s->type_count, row->type);

	REQUIRE_WHY(t != NULL, ERR_CONFIG, "decision type %s is not among the policies any more", row->type);
	TRY(offices_read(session->offices, o));
	return officer_may(t, session->level, o, by);
}

enum err
confirm_show(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;
	AUTO(decision_row) row = {0};
	AUTO(officer_session_row) session = {0};
	AUTO(offices) o = {0};
	const struct office *by;
	enum err e;

	TRY(decision_find(s, request_param(request, "id"), &row));
	e = officer_session(s, request, &session);
	if (e == ERR_UNAUTHENTICATED)
		return officer_login(s, &row.id, reply);
	TRY(e);
	TRY(may_confirm(s, &row, &session, &o, &by)); /* who holds no such office learns no more than that */
	return confirm_page(s, request, &row, &session, reply);
}

static enum err
form_is_ours(const struct signer *s, const struct request *request, const struct officer_session_row *session)
{
	const char *const token = request_form(request, "form"), *const origin = request_header(request, "Origin");

	REQUIRE_WHY(origin != NULL && strcmp(origin, s->settings.url) == 0, ERR_REFUSED,
		"this form was sent from another site");
	REQUIRE_WHY(token != NULL && secret_equal(span_of(token), span_of(session->form)), ERR_REFUSED,
		"this form is not this session's; open the page again");
	return ERR_OK;
}

/* A form of the page, sent by an officer who may decide it. */
struct submission {
	struct decision_row row;
	struct officer_session_row session;
	struct offices offices;
	struct sealing by; /* borrows the others */
};

static void
submission_free(struct submission *f)
{
	offices_free(&f->offices);
	officer_session_row_free(&f->session);
	decision_row_free(&f->row);
}

static enum err
submission_read(struct signer *s, const struct request *request, struct submission *f)
{
	const struct office *by;

	TRY(decision_find(s, request_param(request, "id"), &f->row));
	TRY(officer_session(s, request, &f->session));
	TRY(form_is_ours(s, request, &f->session));
	TRY(may_confirm(s, &f->row, &f->session, &f->offices, &by));
	f->by = (struct sealing){.office = by->id,
		.office_title = by->title,
		.actor = f->session.actor,
		.channel = "web"};
	return ERR_OK;
}

static enum err
back_to_page(const struct signer *s, const struct request *request, struct reply *reply)
{
	AUTO(writer) to = writer_new(1024);

	writer_format(&to, "%s/confirm/%s", s->settings.url, request_param(request, "id"));
	TRY(writer_done(&to));
	reply_redirect(reply, (const char *)writer_span(&to).ptr);
	return ERR_OK;
}

enum err
confirm_submit(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;
	AUTO(submission) f = {0};

	TRY(submission_read(s, request, &f));
	TRY(decision_seal(s, &f.row.id, &f.by));
	return back_to_page(s, request, reply);
}

enum err
confirm_refuse(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;
	AUTO(submission) f = {0};

	TRY(submission_read(s, request, &f));
	TRY(decision_refuse(s, &f.row, &f.by, request_form(request, "reason")));
	return back_to_page(s, request, reply);
}
