#include "idp/login/login.h"

#include "idp/login/frame.h"
#include "idp/oidc/interaction.h"
#include "idp/page.h"

enum err
home_handler(void *daemon, struct request *request, struct reply *reply)
{
	return page_reply(daemon, request, reply, "home", NULL, NULL);
}

/* A session that is there but not strong enough: the page then says why it asks again. */
static bool
is_step_up(struct idp *d, const struct request *request, const struct interaction *i)
{
	struct session s;
	bool weaker;

	if (session_of(d, request, &s) != ERR_OK) {
		err_forget();
		return false;
	}
	weaker = s.level < i->level;
	session_free(&s);
	return weaker;
}

static enum err
fill(struct idp *d, const struct request *request, const struct interaction *i, struct page *p)
{
	const char *language = page_language(d, request, i->authorization.text.ui_locales);
	AUTO(writer) card = writer_new(ADDRESS_ROOM * 2);

	writer_format(&card, "%s/card?flow=%s", d->settings.card_url, i->id);
	TRY(writer_done(&card));
	page_text(p, "flow", i->id);
	page_text(p, "client", i->client != NULL ? client_name_in(i->client, language) : NULL);
	page_span(p, "card_link", writer_span(&card));
	page_bool(p, "step_up", is_step_up(d, request, i));
	page_level(p, i->level);
	return ERR_OK;
}

enum err
login_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(interaction) i = {0};
	AUTO(page) *p = NULL;

	TRY(interaction_of(d, request, &i));
	TRY(page_new(&p));
	TRY(fill(d, request, &i, p));
	return page_reply(d, request, reply, "login", i.authorization.text.ui_locales, p);
}
