#include "idp/session/challenge.h"

#include "base/digest.h"
#include "idp/store/store.h"

enum err
challenge_new(struct idp *d, const char *purpose, struct span bound, uint8_t out[CHALLENGE_BYTES])
{
	const struct sha256 owner = sha256_of(bound);
	struct sha256 hash;

	random_bytes(out, CHALLENGE_BYTES);
	hash = sha256_of(span_at(out, CHALLENGE_BYTES));
	const struct db_param p[] = {db_bytes(sha256_span(&hash)), db_text(purpose), db_bytes(sha256_span(&owner)),
		db_time(clock_now(&d->clock) + CHALLENGE_SECONDS)};
	return db_pool_run(d->db, ST_CHALLENGE_ADD, p, NULL);
}

enum err
challenge_use(struct idp *d, const char *purpose, struct span bound, struct span challenge)
{
	const struct sha256 owner = sha256_of(bound);
	const struct sha256 hash = sha256_of(challenge);
	const struct db_param p[] = {db_bytes(sha256_span(&hash)), db_text(purpose), db_bytes(sha256_span(&owner)),
		db_time(clock_now(&d->clock))};
	size_t taken = 0;

	TRY(db_pool_run(d->db, ST_CHALLENGE_USE, p, &taken));
	REQUIRE_WHY(taken == 1, ERR_USED, "the challenge is unknown, used, expired, or another browser's");
	return ERR_OK;
}
