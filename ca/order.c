#include "ca/order.h"

#include <string.h>

#include "ca/store/statements.h"

enum { JTI_MARGIN = 120 };

static enum err
verify(struct cad *c, struct span jws, const char *const *roles, const char *name, struct act *out)
{
	enum err e = ERR_REFUSED;

	for (size_t i = 0; roles[i] != NULL && e == ERR_REFUSED; i++)
		e = act_verify(jws, &c->operators, roles[i], name, c->config.url, cad_now(c), out);
	return e;
}

enum err
order_take(struct cad *c, struct span jws, const char *const *roles, const char *name, struct act *out)
{
	size_t affected = 0;

	TRY(verify(c, jws, roles, name, out));
	const struct db_param params[] = {db_text(out->jti), db_time(out->exp + JTI_MARGIN)};
	enum err e = db_pool_run(c->db, CA_ACT_CONSUME, params, &affected);

	if (e == ERR_OK && affected == 0)
		e = err_because(ERR_USED, "this act was carried out already; sign a new one");
	if (e != ERR_OK)
		act_free(out);
	return e;
}

enum err
order_of_body(struct cad *c, const struct request *request, const char *const *roles, const char *name, struct act *out)
{
	const char *type = request_header(request, "Content-Type");

	REQUIRE_WHY(type != NULL && strcmp(type, "application/jose") == 0, ERR_UNSUPPORTED,
		"an act comes as Content-Type application/jose");
	return order_take(c, request_body(request), roles, name, out);
}

enum err
order_of_bearer(struct cad *c, const struct request *request, const char *const *roles, const char *name,
	struct act *out)
{
	const char *token;

	TRY(request_bearer(request, &token));
	return order_take(c, span_of(token), roles, name, out);
}
