#include "ca/request/registry.h"

#include "ca/request/request.h"
#include "oidc/keys.h"

bool
registry_asked(const struct cad *c, const struct profile *profile)
{
	return profile->registrar_signature && c->config.issuer[0] != '\0';
}

static enum err
decide(const struct cad *c, const struct jws *j, const struct uuid *person, const struct name_part *subject,
	size_t count)
{
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);
	struct registry_names names;

	uuid_write(&id, person);
	TRY(json_decode(span_at(j->payload.ptr, j->payload.len), &registry_names_table, &names));
	enum err e = statement_decide(&names, c->config.issuer, STATEMENT_AUDIENCE, (const char *)writer_span(&id).ptr,
		cad_now(c));

	if (e == ERR_OK)
		e = names_decide(&names, subject, count);
	json_free(&registry_names_table, &names);
	return e;
}

enum err
registry_check(struct cad *c, const struct profile *profile, const char *statement, const struct uuid *person,
	const struct name_part *subject, size_t count)
{
	struct jws j;

	if (!registry_asked(c, profile))
		return ERR_OK;
	REQUIRE_WHY(person != NULL, ERR_MALFORMED, "profile '%s' is a person's, and there is no person", profile->name);
	REQUIRE_WHY(statement != NULL, ERR_MALFORMED,
		"names: profile '%s' takes them from the identity registry; its signed statement (member registry) is missing",
		profile->name);
	enum err e = oidc_keys_verify(c->registration->keys, span_of(statement), STATEMENT_TYPE, &j);

	if (e != ERR_OK && e != ERR_UNAVAILABLE)
		return err_because(e, "the statement of names is not the identity registry's at %s", c->config.issuer);
	TRY(e);
	e = decide(c, &j, person, subject, count);
	jws_free(&j);
	return e;
}
