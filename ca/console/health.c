/* Is everything as it should be? Revocation lists, OCSP, the proof that both agree with the database, and how long the queue will take; as this instance sees it. */
#include "ca/console/page.h"
#include "ca/request/request.h"
#include "ca/status/cache.h"
#include "ca/status/crl_set.h"
#include "ca/status/keeper.h"
#include "ca/status/proof.h"

enum { HOUR = 3600, DAY = 24 * HOUR, MINUTE = 60 };

static void
put_list(struct page *page, const struct authority *a, int64_t shard, struct crl *l, unix_time now)
{
	const struct crl_about *const about = crl_about(l);
	AUTO(writer) name = writer_new(256);

	crl_name_write(&(struct crl_name){a->label, shard, false}, &name);
	page_item(page, "lists");
	page_span(page, "name", writer_span(&name));
	page_int(page, "number", about->number);
	page_int(page, "bytes", (int64_t)crl_der(l).len);
	page_ago(page, "age", about->this_update, now);
	page_time(page, "next", about->next_update);
	page_span_of_time(page, "left", about->next_update - now);
	page_bool(page, "late", about->next_update <= now);
	page_item_end(page);
}

static void
put_lists(struct page *page, const struct cad *c, unix_time now)
{
	const struct crl_set_numbers n = crl_set_numbers(c->lists, now);

	for (size_t i = 0; i < c->authorities.count; i++)
		for (int64_t shard = 0; shard <= MAX_SHARDS; shard++) {
			struct crl *const l = crl_set_list(c->lists, &c->authorities.rows[i], shard);

			if (l == NULL)
				continue;
			put_list(page, &c->authorities.rows[i], shard, l, now);
			crl_drop(l);
		}
	page_bool(page, "lists_well", n.lists > 0 && n.least_left > 0);
}

static void
put_ocsp(struct page *page, const struct cad *c, unix_time now)
{
	const struct ocsp_cache_numbers n = ocsp_cache_numbers(c->ocsp);
	const uint64_t all = n.hits + n.misses;
	const unix_time seconds = now - c->console->since > 0 ? now - c->console->since : 1;

	page_int(page, "ocsp_answers", (int64_t)all);
	page_int(page, "ocsp_per_minute", (int64_t)(all * MINUTE / (uint64_t)seconds));
	page_int(page, "ocsp_hits", all > 0 ? (int64_t)(n.hits * 100 / all) : 0);
	page_int(page, "ocsp_entries", (int64_t)n.entries);
	page_time(page, "since", c->console->since);
	page_bool(page, "fresh", keeper_is_fresh(c->keeper, now));
}

static void
put_proof(struct page *page, const struct cad *c, unix_time now)
{
	struct proof_result r;

	proof_last(c->proof, &r);
	page_time(page, "proof_at", r.at);
	page_ago(page, "proof_ago", r.at, now);
	page_int(page, "proof_entries", r.entries);
	page_int(page, "proof_answers", r.answers);
	page_int(page, "disagreements", r.disagreements);
	page_bool(page, "agrees", r.at != 0 && r.disagreements == 0);
	page_bool(page, "disagrees", r.disagreements > 0);
	page_text(page, "first", r.disagreements > 0 ? r.first : NULL);
}

static enum err
put_queue(struct page *page, const struct cad *c, unix_time now)
{
	const struct db_param params[] = {db_time(now), db_time(now - HOUR), db_time(now - DAY)};
	struct json_list list;

	TRY(db_pool_all(c->registration->db, REQ_SUMMARY, params, &list));
	const struct summary_row *const rows = list.items;

	for (size_t i = 0; i < list.count; i++) {
		const int64_t estimate = queue_estimate(rows[i].waiting, rows[i].issued_hour, rows[i].issued_day);

		page_item(page, "work");
		page_text(page, "profile", rows[i].profile);
		page_int(page, "waiting", rows[i].waiting);
		page_ago(page, "oldest", rows[i].oldest, now);
		page_int(page, "hour", rows[i].issued_hour);
		page_int(page, "day", rows[i].issued_day);
		if (estimate > 0)
			page_span_of_time(page, "estimate", estimate);
		else
			page_text(page, "estimate", NULL);
		page_bool(page, "stands", estimate < 0);
		page_item_end(page);
	}
	page_bool(page, "no_work", list.count == 0);
	db_rows_free(&request_statements[REQ_SUMMARY], &list);
	return ERR_OK;
}

static enum err
show(struct cad *c, const struct visit *v, struct request *request, struct reply *reply)
{
	const unix_time now = cad_now(c);
	AUTO(page) *page = NULL;

	TRY(page_new(&page));
	put_lists(page, c, now);
	put_ocsp(page, c, now);
	put_proof(page, c, now);
	TRY(put_queue(page, c, now));
	return page_send(c, v, request, "health", "health", page, reply);
}

enum err
console_health(void *daemon, struct request *request, struct reply *reply)
{
	return console_page(daemon, request, reply, show);
}
