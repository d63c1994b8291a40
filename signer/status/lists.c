#include "signer/status/lists.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "jose/statuslist.h"

enum { LIST_ENTRIES = 1 << 17, MAX_LISTS = 1024, TOKEN_AGE = 15, TOKEN_LIFE = 12 * 3600 };

struct kept {
	int64_t list;
	unix_time made;
	struct writer token; /* owned */
};

struct status_lists {
	pthread_mutex_t
		lock; /* over all of it; signing happens under it, so that a list is signed once however many ask */
	struct kept kept[MAX_LISTS];
	size_t count;
	EVP_PKEY *key;
	char kid[THUMBPRINT_TEXT_LEN + 1];
};

enum err
status_lists_new(struct signer *s, struct status_lists **out)
{
	AUTO(status_lists) *l = calloc(1, sizeof(*l));
	AUTO(jwk) *jwk = NULL;

	REQUIRE(l != NULL, ERR_NO_MEMORY);
	pthread_mutex_init(&l->lock, NULL);
	TRY(keyring_key(s->keyring, "status", (struct span){0}, &l->key));
	TRY(jwk_from_key(l->key, NULL, &jwk));
	TRY(jwk_thumbprint(jwk, l->kid));
	*out = l;
	l = NULL;
	return ERR_OK;
}

void
status_lists_free(struct status_lists **l)
{
	if (*l == NULL)
		return;
	for (size_t i = 0; i < (*l)->count; i++)
		writer_free(&(*l)->kept[i].token);
	EVP_PKEY_free((*l)->key);
	pthread_mutex_destroy(&(*l)->lock);
	free(*l);
	*l = NULL;
}

void
status_uri(const struct signer *s, int64_t list, struct writer *w)
{
	writer_format(w, "%s/status/%lld", s->settings.url, (long long)list);
}

static enum err
new_list(struct db *db)
{
	uint32_t chance[2];
	struct db_param params[3];

	random_bytes((uint8_t *)chance, sizeof(chance));
	params[0] = db_int(LIST_ENTRIES);
	params[1] = db_int((chance[0] % LIST_ENTRIES) | 1);
	params[2] = db_int(chance[1] % LIST_ENTRIES);
	return db_run(db, STATUS_NEW_LIST, params, NULL);
}

enum err
status_take(struct db *db, struct status_take_row *out)
{
	const struct db_param params[] = {db_int(1)};
	enum err e = db_one(db, STATUS_TAKE, params, out);

	if (e != ERR_NOT_FOUND)
		return e;
	TRY(new_list(db));
	return db_one(db, STATUS_TAKE, params, out);
}

static enum err
list_from_rows(const struct signer *s, int64_t list, struct statuslist *out)
{
	const struct db_param params[] = {db_int(list)};
	AUTO(statuslist) made = {0};
	struct json_list rows = {0};
	enum err e = ERR_OK;

	TRY(statuslist_new(1, LIST_ENTRIES, &made));
	TRY(db_pool_all(s->db, STATUS_REVOKED, params, &rows));
	for (size_t i = 0; e == ERR_OK && i < rows.count; i++)
		e = statuslist_set(&made, (size_t)((const struct number_row *)rows.items)[i].n, STATUS_INVALID);
	db_rows_free(&signer_statements[STATUS_REVOKED], &rows);
	TRY(e);
	*out = made;
	made = (struct statuslist){0};
	return ERR_OK;
}

static enum err
sign(struct signer *s, int64_t list, struct writer *token)
{
	AUTO(statuslist) made = {0};
	AUTO(writer) uri = writer_new(1024);
	AUTO(writer) payload = writer_new(MAX_JWS);
	const unix_time now = clock_now(&s->clock);
	const struct jws_sign_options options = {.typ = "statuslist+jwt", .kid = s->lists->kid};

	TRY(list_from_rows(s, list, &made));
	status_uri(s, list, &uri);
	TRY(statuslist_payload(&made, (const char *)writer_span(&uri).ptr, now, now + TOKEN_LIFE, MAX_STATUS_TTL,
		&payload));
	return jws_sign(s->lists->key, &options, writer_span(&payload), token);
}

static enum err
list_exists(const struct signer *s, int64_t list)
{
	struct json_list rows = {0};
	bool found = false;

	TRY(db_pool_all(s->db, STATUS_LISTS, NULL, &rows));
	for (size_t i = 0; i < rows.count; i++)
		found = found || ((const struct number_row *)rows.items)[i].n == list;
	db_rows_free(&signer_statements[STATUS_LISTS], &rows);
	REQUIRE_WHY(found, ERR_NOT_FOUND, "there is no status list %lld", (long long)list);
	return ERR_OK;
}

/* Under the lock: the place of a list among those kept, made if needed. */
static enum err
place(struct signer *s, int64_t list, struct kept **out)
{
	struct status_lists *const l = s->lists;

	for (size_t i = 0; i < l->count; i++)
		if (l->kept[i].list == list)
			return *out = &l->kept[i], ERR_OK;
	TRY(list_exists(s, list));
	REQUIRE(l->count < MAX_LISTS, ERR_TOO_LONG);
	*out = &l->kept[l->count++];
	**out = (struct kept){.list = list, .token = writer_new(MAX_JWS)};
	return ERR_OK;
}

static enum err
token_locked(struct signer *s, int64_t list, struct writer *token)
{
	AUTO(writer) fresh = writer_new(MAX_JWS);
	struct kept *k;

	TRY(place(s, list, &k));
	if (k->token.len == 0 || clock_now(&s->clock) - k->made >= TOKEN_AGE) {
		const struct writer old = k->token;

		TRY(sign(s, list, &fresh));
		k->token = fresh;
		fresh = old;
		k->made = clock_now(&s->clock);
	}
	writer_bytes(token, writer_span(&k->token));
	return writer_done(token);
}

enum err
status_token(struct signer *s, int64_t list, struct writer *token)
{
	enum err e;

	pthread_mutex_lock(&s->lists->lock);
	e = token_locked(s, list, token);
	pthread_mutex_unlock(&s->lists->lock);
	return e;
}

void
status_changed(struct signer *s, int64_t list)
{
	pthread_mutex_lock(&s->lists->lock);
	for (size_t i = 0; i < s->lists->count; i++)
		if (s->lists->kept[i].list == list)
			writer_reset(&s->lists->kept[i].token);
	pthread_mutex_unlock(&s->lists->lock);
}

/* Digits only, as status_uri writes them. */
static enum err
list_number(const char *text, int64_t *out)
{
	int64_t n = 0;

	REQUIRE(*text >= '1' && *text <= '9' && strlen(text) <= 15, ERR_NOT_FOUND);
	for (; *text != '\0'; text++) {
		REQUIRE(*text >= '0' && *text <= '9', ERR_NOT_FOUND);
		n = n * 10 + (*text - '0');
	}
	*out = n;
	return ERR_OK;
}

enum err
status_show(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;
	int64_t list;

	TRY(list_number(request_param(request, "list"), &list));
	TRY(status_token(s, list, reply_body(reply, "application/statuslist+jwt")));
	reply_cache(reply, MAX_STATUS_TTL - TOKEN_AGE, true);
	return ERR_OK;
}
