#include <stdio.h>
#include <string.h>

#include "cli/ceremony/account.h"

enum { MAX_PEOPLE = 2 * MAX_TRANSCRIPT_PEOPLE, MAX_ROLE_TEXT = 256 };

/* One person: their roles in the order in which they are named. */
struct person {
	const char *name;
	char kid[THUMBPRINT_TEXT_LEN + 1]; /* of the card; "" without one */
	char roles[MAX_ROLE_TEXT];
	bool signed_it;
};
struct people {
	struct person rows[MAX_PEOPLE];
	size_t count;
};

/* The same person if it is the same card, or the same name: a custodian who is a witness too is named as both. */
static struct person *
person_of(struct people *all, const char *name, const char *kid)
{
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->rows[i].name, name) == 0 || (kid[0] != '\0' && strcmp(all->rows[i].kid, kid) == 0))
			return &all->rows[i];
	if (all->count == MAX_PEOPLE)
		return NULL;
	all->rows[all->count] = (struct person){.name = name};
	return &all->rows[all->count++];
}

static void
role_add(struct people *all, const char *name, const char *kid, const char *role)
{
	struct person *who = person_of(all, name, kid);
	const size_t at = who == NULL ? 0 : strlen(who->roles);

	if (who == NULL || strstr(who->roles, role) != NULL)
		return;
	(void)snprintf(who->roles + at, sizeof(who->roles) - at, "%s%.64s", at == 0 ? "" : ", ", role);
	if (who->kid[0] == '\0')
		(void)snprintf(who->kid, sizeof(who->kid), "%s", kid);
}

static const char *
kid_of_custodian(const struct account *a, const char *name)
{
	for (size_t i = 0; a->keys != NULL && i < a->keys->operators.count; i++) {
		const struct operator_row *o = &a->keys->operators.rows[i];

		if (o->key != NULL && strcmp(o->name, name) == 0)
			return jwk_kid(o->key);
	}
	return "";
}

static void
present_add(struct people *all, const struct transcript_person *who)
{
	struct jwk *key = NULL;

	if (who->jwk != NULL && jwk_parse(span_of(who->jwk), false, &key) != ERR_OK)
		err_forget();
	role_add(all, who->name, key == NULL ? "" : jwk_kid(key), who->role);
	jwk_free(&key);
}

static void
people_of(const struct account *a, struct people *all)
{
	const struct transcript *t = a->transcript;
	const struct transcript_approval *approvals = t->approvals.items;
	const struct transcript_person *present = t->present.items;

	all->count = 0;
	for (size_t i = 0; i < t->approvals.count; i++)
		role_add(all, approvals[i].by, kid_of_custodian(a, approvals[i].by), "custodian");
	for (size_t i = 0; i < t->present.count; i++)
		present_add(all, &present[i]);
	for (size_t i = 0; i < all->count; i++)
		all->rows[i].signed_it = all->rows[i].kid[0] != '\0' && transcript_signed_by(t, all->rows[i].kid);
}

void
account_people(const struct account *a, struct paper *p)
{
	struct people all;

	paper_section(p, "Who takes part");
	if (a->script != NULL) {
		for (size_t i = 0; i < a->script->roles.count; i++)
			paper_blank(p, json_text_at(&a->script->roles, i));
		return;
	}
	people_of(a, &all);
	for (size_t i = 0; i < all.count; i++) {
		char text[2 * MAX_ROLE_TEXT];

		(void)snprintf(text, sizeof(text), "%s; %s", all.rows[i].roles,
			all.rows[i].signed_it ? "signed with a card" : "by name, without a card");
		paper_field(p, all.rows[i].name, text);
	}
}

/* As many custodians as must decide, or two lines where nobody knows. */
static void
script_boxes(const struct account *a, struct paper *p)
{
	for (size_t i = 0; i < a->script->roles.count; i++)
		if (strcmp(json_text_at(&a->script->roles, i), "custodian") != 0)
			paper_box(p, json_text_at(&a->script->roles, i), "", "");
	for (int64_t i = 0; i < (a->keys == NULL ? 2 : a->keys->custodians.k); i++)
		paper_box(p, "custodian", "", "");
}

void
account_boxes(const struct account *a, struct paper *p)
{
	struct people all;

	if (a->script != NULL) {
		script_boxes(a, p);
		return;
	}
	people_of(a, &all);
	for (size_t i = 0; i < all.count; i++)
		paper_box(p, all.rows[i].roles, all.rows[i].name,
			all.rows[i].signed_it ? "signed the transcript with a card; that signature verifies" : "");
}
