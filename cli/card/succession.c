#include "cli/card/succession.h"

#include "cli/card/role.h"
#include "x509/own.h"

void
succession_free(struct succession *s)
{
	X509_free(s->now);
	X509_free(s->next);
	*s = (struct succession){0};
}

/* The last of them: what an interrupted write leaves before it is older. */
static enum err
last_certificate(const struct card_session *s, uint8_t id, X509 **out, bool *any)
{
	struct card_objects found;

	TRY(card_objects_find(s, CKO_CERTIFICATE, &id, &found));
	*any = *any || found.count > 0;
	return found.count > 0 ? card_object_certificate(s, found.handles[found.count - 1], out) : ERR_OK;
}

static enum err
read_in(const struct card_session *s, uint8_t id, struct succession *out)
{
	const uint8_t next = id | CARD_NEXT;
	struct card_objects keys;
	bool ignored = false;

	TRY(last_certificate(s, id, &out->now, &ignored));
	TRY(last_certificate(s, next, &out->next, &out->begun));
	TRY(card_objects_find(s, CKO_PUBLIC_KEY, &next, &keys));
	out->begun = out->begun || keys.count > 0;
	TRY(card_objects_find(s, CKO_PRIVATE_KEY, &next, &keys));
	out->begun = out->begun || keys.count > 0;
	out->next_key = keys.count > 0;
	return ERR_OK;
}

enum err
succession_read(const struct card_place *at, uint8_t id, struct succession *out)
{
	struct card_session s;

	*out = (struct succession){0};
	TRY(card_session_open(at, &s));
	const enum err e = read_in(&s, id, out);

	card_session_free(&s);
	if (e != ERR_OK)
		succession_free(out);
	return e;
}

/* Keys of one class: if the new one waits under its other number, whatever has the number is old. */
static enum err
move_key(const struct card_session *s, CK_OBJECT_CLASS class, uint8_t id)
{
	const uint8_t next = id | CARD_NEXT;
	struct card_objects old, waiting;
	char label[MAX_CARD_KEY_LABEL];

	card_key_label(id, label);
	TRY(card_objects_find(s, class, &next, &waiting));
	if (waiting.count == 0)
		return ERR_OK;
	REQUIRE_WHY(waiting.count == 1, ERR_EXISTS, "two new keys %u are on the card; 'mohar card show'", id);
	TRY(card_objects_find(s, class, &id, &old));
	TRY(card_objects_remove(s, &old));
	return card_object_move(s, waiting.handles[0], id, label);
}

/* The certificate that had the number: removed, or kept under a third one. */
static enum err
retire(const struct card_session *s, CK_OBJECT_HANDLE old, uint8_t id, bool keep)
{
	const struct card_objects one = {.handles = {old}, .count = 1};
	char label[MAX_CARD_KEY_LABEL];

	if (!keep)
		return card_objects_remove(s, &one);
	card_key_label(id | CARD_KEPT, label);
	return card_object_move(s, old, id | CARD_KEPT, label);
}

static enum err
move_certificate(const struct card_session *s, uint8_t id, bool keep_old)
{
	const uint8_t next = id | CARD_NEXT;
	struct card_objects old, waiting;
	char label[MAX_CARD_KEY_LABEL];

	card_key_label(id, label);
	TRY(card_objects_find(s, CKO_CERTIFICATE, &next, &waiting));
	REQUIRE_WHY(waiting.count > 0, ERR_NOT_FOUND, "no certificate waits for key %u", id);
	TRY(card_objects_find(s, CKO_CERTIFICATE, &id, &old));
	for (CK_ULONG i = 0; i < old.count; i++)
		TRY(retire(s, old.handles[i], id, keep_old));
	/* Of two the last is right; the first is what an interrupted write left. */
	for (CK_ULONG i = 0; i + 1 < waiting.count; i++)
		TRY(retire(s, waiting.handles[i], id, false));
	return card_object_move(s, waiting.handles[waiting.count - 1], id, label);
}

enum err
succession_finish(const struct card_place *at, uint8_t id, bool keep_old)
{
	struct card_session s;

	TRY(card_session_open(at, &s));
	enum err e = move_key(&s, CKO_PRIVATE_KEY, id);

	if (e == ERR_OK)
		e = move_key(&s, CKO_PUBLIC_KEY, id);
	if (e == ERR_OK)
		e = move_certificate(&s, id, keep_old);
	card_session_free(&s);
	return e;
}
