/* rows: what comes out of the identity provider's tables, a struct for each shape of result. Used by whoever calls a statement of store.h; a row's memory is freed by store_free(). */
#ifndef MOHAR_IDP_STORE_ROWS_H
#define MOHAR_IDP_STORE_ROWS_H

#include "base/random.h"
#include "json/json.h"

struct person_row {
	struct uuid id;
	char *handle, *name, *birthdate, *gender, *card_subject;
	struct json_bytes user_handle; /* WebAuthn user.id, 32 bytes */
	int64_t proofing;
	unix_time created_at, frozen_at; /* 0: not frozen */
};

/* A passkey with what a login needs of its person. */
struct credential_row {
	struct json_bytes id, cose_key, aaguid, user_handle;
	struct uuid person;
	int64_t algorithm, counter, trust, authenticator, bound_level;
	bool user_verified, backup_eligible, backed_up;
	char *format, *name;
	unix_time created_at, last_used_at, frozen_at;
};

struct card_row {
	struct uuid person;
	int64_t bound_level;
	char *serial;
};

/* An activation address that is still good, with what the registration page shows and sends. */
struct activation_row {
	struct uuid person;
	int64_t level;
	char *name, *handle;
	struct json_bytes user_handle;
	unix_time expires_at;
};

/* One id; one text; one flag. */
struct uuid_row {
	struct uuid id;
};
struct text_row {
	char *text;
};

struct data_key_row {
	struct uuid id;
	struct json_bytes blob;
};

struct appointment_row {
	struct uuid id;
	char *agency, *office, *title;
	unix_time valid_from, valid_until;
};

struct client_row {
	char *id, *name; /* name: JSON */
	char *sector, *agency, *auth_method, *jwks;
	struct json_bytes secret_hash;
	struct json_list grants, redirect_uris, post_logout_redirect_uris, scopes, resources; /* char * */
	int64_t min_level, max_level;
	bool require_par;
};

struct session_row {
	struct uuid id, actor, person;
	char *handle, *name, *channel, *device;
	int64_t proofing, authenticator, bound_level, ceiling;
	struct json_list amr; /* char * */
	unix_time auth_time, last_seen;
};

struct interaction_row {
	char *id, *client, *request, *return_to;
	int64_t level;
	struct uuid session_before, consented_by; /* zero: none, nobody yet */
	unix_time created_at;
};

struct ticket_row {
	struct uuid person;
	int64_t bound_level;
	char *serial;
};

/* What tokens are made of: a redeemed code or refresh token. */
struct grant_row {
	struct uuid family, person;
	char *sub, *nonce, *resource, *sector;
	struct json_list scopes, amr; /* char * */
	int64_t level, required_level, proofing, authenticator, bound_level, ceiling;
	unix_time auth_time;
	char *name, *birthdate, *gender, *offices; /* offices: JSON array, NULL unless in scope */
	bool refreshable;
};

/* Why a code or refresh token was not taken. */
struct autopsy_row {
	char *client;
	struct uuid family; /* zero: never redeemed */
	bool used, expired, revoked;
};

/* What userinfo answers from. */
struct access_row {
	char *client, *sub, *name, *birthdate, *gender, *offices;
	struct json_list scopes;
};

/* One line of a person's own log. */
struct event_row {
	struct uuid id;
	unix_time at;
	char *type, *sector, *channel, *details; /* details: JSON of the private part; NULL: forgotten */
};

/* A portal the person has consented to. */
struct consent_row {
	char *client, *name; /* name: JSON */
	struct json_list scopes;
	unix_time given_at;
};

#endif
