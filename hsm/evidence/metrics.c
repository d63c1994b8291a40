#include "hsm/evidence/metrics.h"

#include <inttypes.h>

#include "keyring/frame.h"

static const char *const times[COUNT_TIMES][2] = {
	[COUNT_QUEUE] = {"mohar_hsm_queue_seconds", "Time that requests waited for a worker."},
	[COUNT_MODULE] = {"mohar_hsm_module_seconds", "Time inside the HSM's library."},
	[COUNT_TOTAL] = {"mohar_hsm_operation_seconds", "Time from a request's last byte to its answer."},
};

void
metrics_label(struct writer *text, const char *value)
{
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			writer_u8(text, '\\');
		if (*value == '\n')
			writer_text(text, "\\n");
		else
			writer_u8(text, (uint8_t)*value);
	}
}

static uint64_t
read_counter(atomic_uint_fast64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static void
head(struct writer *w, const char *name, const char *type, const char *help)
{
	writer_format(w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
labels(struct writer *w, struct service *s, size_t key, unsigned op)
{
	writer_text(w, "{key=\"");
	metrics_label(w, key < s->keys.count ? s->keys.rows[key].rule->label : "");
	writer_text(w, "\",op=\"");
	metrics_label(w, op_name((uint8_t)op));
	writer_u8(w, '"');
}

static void
write_outcomes(struct writer *w, struct service *s)
{
	head(w, "mohar_hsm_operations_total", "counter", "Operations by key and outcome since the worker started.");
	for (size_t key = 0; key <= s->keys.count; key++)
		for (unsigned op = 0; op < COUNT_OPS; op++)
			for (int e = 0; e < COUNT_OUTCOMES; e++) {
				const uint64_t n = read_counter(&counts_of(s->counts, key, op)->outcomes[e]);

				if (n == 0)
					continue;
				writer_text(w, "mohar_hsm_operations_total");
				labels(w, s, key, op);
				writer_format(w, ",outcome=\"%s\"} %" PRIu64 "\n", err_name((enum err)e), n);
			}
}

static void
write_histogram(struct writer *w, struct service *s, size_t key, unsigned op, enum count_time t)
{
	struct histogram *h = &counts_of(s->counts, key, op)->times[t];
	uint64_t counts[COUNT_BOUNDS + 1], sum = 0;

	for (size_t i = 0; i <= COUNT_BOUNDS; i++)
		sum += counts[i] = read_counter(&h->by_bound[i]);
	if (sum == 0)
		return;
	sum = 0;
	for (size_t i = 0; i <= COUNT_BOUNDS; i++) {
		sum += counts[i];
		writer_format(w, "%s_bucket", times[t][0]);
		labels(w, s, key, op);
		if (i < COUNT_BOUNDS)
			writer_format(w, ",le=\"%g\"} %" PRIu64 "\n", (double)count_bounds[i] / 1e6, sum);
		else
			writer_format(w, ",le=\"+Inf\"} %" PRIu64 "\n", sum);
	}
	writer_format(w, "%s_sum", times[t][0]);
	labels(w, s, key, op);
	writer_format(w, "} %.6f\n%s_count", (double)read_counter(&h->microseconds) / 1e6, times[t][0]);
	labels(w, s, key, op);
	writer_format(w, "} %" PRIu64 "\n", sum);
}

static void
write_times(struct writer *w, struct service *s)
{
	for (enum count_time t = 0; t < COUNT_TIMES; t++) {
		head(w, times[t][0], "histogram", times[t][1]);
		for (size_t key = 0; key <= s->keys.count; key++)
			for (unsigned op = 0; op < COUNT_OPS; op++)
				write_histogram(w, s, key, op, t);
	}
}

static void
write_keys(struct writer *w, struct service *s)
{
	head(w, "mohar_hsm_key_present", "gauge", "1: the key is on the token; 0: its ceremony is still to be held.");
	for (size_t i = 0; i < s->keys.count; i++) {
		const struct key_rule *rule = s->keys.rows[i].rule;

		writer_text(w, "mohar_hsm_key_present{key=\"");
		metrics_label(w, rule->label);
		writer_text(w, "\",purpose=\"");
		metrics_label(w, rule->purpose);
		writer_text(w, "\",algorithm=\"");
		metrics_label(w, rule->algorithm);
		writer_format(w, "\"} %d\n", atomic_load(&s->keys.rows[i].present) ? 1 : 0);
	}
}

static void
write_number(struct writer *w, const char *name, const char *type, const char *help, int64_t n)
{
	head(w, name, type, help);
	writer_format(w, "%s %" PRId64 "\n", name, n);
}

static void
write_tokens(struct writer *w, const struct token *t)
{
	head(w, "mohar_hsm_token_up", "gauge", "1: the token works, or is ready to; 0: it is down.");
	for (size_t i = 0; i < token_count(t); i++) {
		writer_text(w, "mohar_hsm_token_up{token=\"");
		metrics_label(w, token_label(t, i));
		writer_format(w, "\"} %d\n", token_state(t, i) == TOKEN_DOWN ? 0 : 1);
	}
	head(w, "mohar_hsm_token_operations_total", "counter", "Operations that the token was asked for.");
	for (size_t i = 0; i < token_count(t); i++) {
		writer_text(w, "mohar_hsm_token_operations_total{token=\"");
		metrics_label(w, token_label(t, i));
		writer_format(w, "\"} %llu\n", token_served(t, i));
	}
}

static void
write_state(struct writer *w, struct service *s)
{
	write_number(w, "mohar_hsm_ready", "gauge", "0: the HSM is left alone for a moment after failures.",
		breaker_is_open(&s->breaker) ? 0 : 1);
	write_number(w, "mohar_hsm_start_time_seconds", "gauge", "When the worker began to serve.", s->since);
	write_number(w, "mohar_hsm_policy_version", "gauge", "Version of keys.json.", s->policy.file.version);
	write_number(w, "mohar_hsm_queue_waiting", "gauge", "Requests that wait for a worker.",
		(int64_t)atomic_load(&s->waiting));
	write_number(w, "mohar_hsm_queue_limit", "gauge", "Requests that may.", s->settings.queue);
	write_number(w, "mohar_hsm_workers", "gauge", "Threads with a session each.", s->settings.workers);
	write_number(w, "mohar_hsm_unwraps_total", "counter", "Unwraps since the worker started.",
		(int64_t)atomic_load(&s->unwraps));
	write_number(w, "mohar_hsm_recycles_total", "counter",
		"How often the HSM's library was begun anew on schedule.", (int64_t)atomic_load(&s->recycles));
	write_tokens(w, s->token);
	write_number(w, "mohar_hsm_journal_lines_total", "counter", "Lines of the journal.",
		(int64_t)journal_head(&s->journal).count);
	write_number(w, "mohar_hsm_records_total", "counter", "Lines of the record of operations.",
		(int64_t)record_head(&s->records).count);
	write_number(w, "mohar_hsm_records_kept_total", "counter", "Of those, on the disk.",
		(int64_t)record_kept(&s->records).head.count);
	write_number(w, "mohar_hsm_records_segment", "gauge", "Number of the segment that is written.",
		record_kept(&s->records).segment);
}

enum err
metrics_write(struct service *s, struct writer *text)
{
	write_state(text, s);
	write_keys(text, s);
	write_outcomes(text, s);
	write_times(text, s);
	return writer_done(text);
}
