#include "hsm/quorum/kind.h"

#include <inttypes.h>

#include "base/encode.h"
#include "hsm/evidence/memory.h"
#include "hsm/quorum/summary.h"

static void
head_line(struct writer *w, const char *name, const struct chain_head *h)
{
	summary_line(w, name, "line %" PRIu64, h->count);
	summary_name(w, "");
	hex_write(w, sha256_span(&h->hash));
	writer_u8(w, '\n');
}

static void
loss_write(const struct restore *r, bool whole, struct writer *w)
{
	writer_text(w, "\nWhat is lost: ");
	if (!whole && r->journal.count < r->token.count)
		writer_format(w,
			"%" PRIu64 " lines of the journal or more, from line %" PRIu64
			" on. Keys that were frozen or removed in them can be\n"
			"used again; what was signed, made and approved in them is not known any more.\n",
			r->token.count - r->journal.count, r->journal.count + 1);
	else if (!whole)
		writer_format(w,
			"the journal as the token knows it: line %" PRIu64
			" of this one is another. Keys that were frozen or\n"
			"removed in the lost one can be used again; what it says of signatures is not known any more.\n",
			r->token.count);
	if (r->approved > r->known)
		writer_format(w,
			"%sthe token is an older copy. Keys made since it was taken are gone, and keys.json version %" PRId64
			"\nrules again, though version %" PRId64 " was approved.\n",
			whole ? "" : "Also, ", r->known, r->approved);
	writer_text(w,
		"\nWhat follows: the journal as it is now counts, and mohar-hsmd serves again. Keep both copies for the\n"
		"auditor, and have everything revoked or frozen since done again.\n");
}

static enum err
check(const struct kind_question *q, struct writer *summary, int64_t *number)
{
	const struct service *s = q->service;
	struct restore r;
	bool whole;

	TRY(restore_read(q->object, &r));
	REQUIRE_WHY(restore_same(&r, &s->restore), ERR_MISMATCH,
		"this is not what is to be restored: propose what STATUS tells in 'restore'");
	TRY(journal_holds(s->settings.journal, &r.journal));
	whole = journal_holds(s->settings.journal, &r.token) == ERR_OK;
	err_forget();
	*number = s->policy.file.version;
	writer_format(summary, "GO ON WITH A JOURNAL AND A TOKEN THAT DO NOT FIT (token '%s')\n\n", s->settings.serves);
	head_line(summary, "journal ends", &r.journal);
	head_line(summary, "token knows", &r.token);
	summary_line(summary, "keys.json", "version %" PRId64, r.known);
	loss_write(&r, whole, summary);
	summary_end(summary, &s->policy);
	return ERR_OK;
}

/* The token remembers this journal from now on. */
static enum err
execute(const struct kind_question *q, const char *const *by, struct writer *result)
{
	(void)by;
	(void)result;
	return memory_seal(q->session, &q->service->journal, &q->service->records);
}

const struct kind kind_restore = {.name = "restore",
	.recorded_first = true,
	.restoring = true,
	.replaces = true,
	.check = check,
	.execute = execute};
