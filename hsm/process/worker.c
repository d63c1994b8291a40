#include "hsm/process/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/start.h"
#include "hsm/citizen/citizens.h"
#include "hsm/process/control.h"
#include "hsm/policy/genesis.h"
#include "hsm/evidence/memory.h"
#include "hsm/mirror.h"
#include "hsm/quorum/quorum.h"
#include "hsm/socket/server.h"
#include "sandbox/extra.h"
#include "sandbox/sandbox.h"

/* One worker is one process: this is all it has. */
static struct service service;

static enum err
token_begin(const char *mode, struct session *s)
{
	const struct token_settings token = {.module = service.settings.module,
		.parameters = service.settings.module_parameters,
		.label = service.settings.token,
		/* Genesis is one token's; the other becomes its copy afterwards. */
		.mirror = strcmp(mode, "genesis") == 0 ? NULL : service.settings.mirror,
		.share = service.settings.share,
		.pin = control_pin,
		.context = &service.control};

	if (service.settings.module_config[0] != '\0')
		(void)setenv("SOFTHSM2_CONF", service.settings.module_config, 1);
	TRY(token_open(&token, &service.token));
	if (token_lacks(service.token)[0] != '\0')
		log_warn("token",
			"this HSM's library does not keep %s: whoever has the PIN can take keys out that a token is to keep in; for trials only",
			token_lacks(service.token));
	return session_open(service.token, s);
}

static enum err
journal_note(const char *act, const char *detail)
{
	const struct journal_entry entry = {.act = act, .detail = detail};
	const struct clock clock = clock_system();

	return journal_append(&service.journal, &entry, clock_now(&clock));
}

/* Can this token make and use every key that keys.json gives it? */
static enum err
mechanisms_check(struct session *s)
{
	const struct key_rule *rules = service.policy.file.keys.items;

	for (size_t i = 0; i < service.policy.file.keys.count; i++)
		if (strcmp(rules[i].token, service.settings.serves) == 0)
			TRY(token_mechanisms_check(s, rules[i].label,
				algorithm_find(rules[i].algorithm, purpose_find(rules[i].purpose)->kind)));
	return ERR_OK;
}

static enum err
genesis(struct session *s)
{
	const struct clock clock = clock_system();

	TRY(mechanisms_check(s));
	/* The journal first: a token that is sealed without one could never serve. */
	TRY(journal_open(service.settings.journal, NULL, NULL, &service.journal));
	TRY(genesis_run(s, &service.policy, service.settings.serves, clock_now(&clock)));
	TRY(journal_note("genesis", service.settings.serves));
	TRY(memory_seal(s, &service.journal, NULL));
	log_info("genesis", "token '%s' is now the token '%s' of %s", service.settings.token, service.settings.serves,
		service.settings.keys);
	return ERR_OK;
}

/* Everything that must be true before one signature is made. */
static enum err
ready(struct session *s, bool serves, struct record_mark *kept)
{
	struct restore *r = &service.restore;
	enum err e;

	control_beat(service.control, CONTROL_STARTS);
	TRY(genesis_check(s, &service.policy, service.settings.serves, serves, &r->known));
	TRY(memory_read(s, &r->token, kept));
	e = journal_holds(service.settings.journal, &r->token);
	if (e == ERR_CORRUPT && serves) {
		r->needed = true;
		*kept = (struct record_mark){0};
		log_refusal("restore", e, "nothing else is served until custodians approve a restore");
	} else {
		TRY(e);
	}
	return keys_load(s, &service.policy, service.settings.serves, &service.keys);
}

static enum err
check(struct session *s)
{
	struct extra_syscalls extra;
	struct record_mark kept;
	size_t missing = 0;

	if (service.settings.module_syscalls[0] != '\0')
		TRY(extra_syscalls_read(service.settings.module_syscalls, &extra));
	TRY(ready(s, false, &kept));
	TRY(mechanisms_check(s));
	TRY(journal_read(service.settings.journal, keys_replay, &service.keys));
	TRY(keys_known(&service.keys, s, NULL, 0));
	TRY(mirror_check(&service));
	for (size_t i = 0; i < service.keys.count; i++)
		if (!atomic_load(&service.keys.rows[i].present)) {
			log_warn("check", "key '%s' is not made yet", service.keys.rows[i].rule->label);
			missing++;
		}
	log_info("check",
		"token '%s': %zu keys, %zu of them not made yet; keys.json is the sealed one; the journal is whole",
		service.settings.token, service.keys.count, missing);
	return ERR_OK;
}

/* With a small RLIMIT_MEMLOCK, locking everything would make later allocations fail; secrets are locked one by one in any case. */
static void
memory_lock(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
		(limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= 256UL << 20) &&
		mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0)
		log_warn("memory", "not locked: %s", strerror(errno));
}

static enum err
confine(void)
{
	const char *read[] = {"/etc/localtime", service.settings.journal, NULL, NULL};
	const char *write[] = {service.settings.journal, "/dev/log", NULL, NULL};
	struct extra_syscalls extra = {.count = 0};

	if (service.settings.module_config[0] != '\0')
		read[2] = service.settings.module_config;
	if (service.settings.module_folder[0] != '\0')
		write[2] = service.settings.module_folder;
	if (service.settings.module_syscalls[0] != '\0')
		TRY(extra_syscalls_read(service.settings.module_syscalls, &extra));
	memory_lock();
	REQUIRE(sandbox_enter(&(struct sandbox){.read = read,
			.write = write,
			.network = service.settings.module_network,
			.datagrams_only = true,
			.unprotected = start_unprotected(),
			.extra = &extra}) == ERR_OK,
		ERR_CONFIG);
	return ERR_OK;
}

/* The server reads them from a descriptor; no thread is to be interrupted by one. */
static void
signals_block(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGPIPE);
	(void)sigaddset(&set, SIGXFSZ); /* a file that may not grow is a full disk, and no end */
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* Each line of the journal at the start, to whoever remembers something from it. */
static enum err
replay(void *closed, const struct journal_line *line)
{
	control_beat(service.control, CONTROL_STARTS);
	TRY(keys_replay(&service.keys, line));
	TRY(citizens_replay(service.citizens, line));
	TRY(proposals_replay(&service.proposals, line));
	spent_replay(&service.spent, line);
	return record_replay(closed, line);
}

static enum err
evidence_open(const struct record_mark *kept)
{
	const struct settings *set = &service.settings;
	AUTO(writer) path = writer_new(4096);
	struct record_mark closed = {0};

	TRY(journal_open(set->journal, replay, &closed, &service.journal));
	writer_text(&path, set->operations[0] != '\0' ? set->operations : set->journal);
	if (set->operations[0] == '\0')
		writer_text(&path, ".operations");
	TRY(writer_done(&path));
	TRY(record_open((const char *)writer_span(&path).ptr, set->operations_segment << 20, &closed, kept,
		&service.journal, &service.records));
	return counts_new(service.keys.count, &service.counts);
}

/* After the journal was read: does it know more than the token? What was approved and is not in the journal yet, the token knows. */
static void
restore_ready(void)
{
	struct restore *r = &service.restore;
	struct proposals *t = &service.proposals;

	r->journal = journal_head(&service.journal);
	r->approved = t->next_version;
	if (r->approved > r->known) {
		r->needed = true;
		log_error("restore",
			"the token is an older copy: custodians have approved keys.json version %lld, and it knows %lld. Nothing else is "
			"served until they approve a restore",
			(long long)r->approved, (long long)r->known);
	}
	if (t->next_version < r->known)
		t->next_version = r->known;
}

static enum err
serve(struct session *s, int listen_fd, int *code)
{
	struct record_mark kept;
	const struct clock clock = clock_system();
	struct session *sessions = calloc((size_t)service.settings.workers, sizeof(*sessions));
	enum server_end end;

	REQUIRE(sessions != NULL, ERR_NO_MEMORY);
	signals_block();
	TRY(ready(s, true, &kept));
	TRY(citizens_new((size_t)service.settings.hot_keys, &service.citizens));
	TRY(spent_init(&service.spent));
	proposals_open(&service.proposals, &service.policy, clock_now(&clock));
	TRY(evidence_open(&kept));
	quorum_ready(&service);
	restore_ready();
	if (!service.restore.needed)
		TRY(keys_known(&service.keys, s, &service.journal, clock_now(&clock)));
	TRY(mirror_check(&service));
	citizens_ready(service.citizens, service.token, (size_t)service.settings.workers);
	policy_warn_shared(&service.policy);
	service.since = clock_now(&clock);
	breaker_init(&service.breaker);
	hush_init(&service.hush);
	for (int64_t i = 0; i < service.settings.workers; i++)
		TRY(session_open(service.token, &sessions[i]));
	TRY(confine());
	TRY(journal_note("start", service.settings.serves));
	if (!service.restore.needed)
		TRY(memory_keep(s, &service.journal, &service.records));
	TRY(mirror_keep(&service));
	TRY(record_keep(&service.records));
	control_beat(service.control, CONTROL_STARTS);
	log_info("worker", "serving token '%s' with %zu keys and %lld threads", service.settings.token,
		service.keys.count, (long long)service.settings.workers);
	TRY(server_run(&service, sessions, listen_fd, &end));
	*code = end == SERVER_STOPPED ? WORKER_DONE : WORKER_REPLACE;
	if (end == SERVER_STUCK)
		log_error("worker", "the HSM's library does not come back: this worker is replaced");
	else
		memory_end();
	return ERR_OK;
}

static enum err
run(const char *mode, int listen_fd, int *code)
{
	struct session s;

	TRY(policy_read(service.settings.keys, &service.policy));
	TRY(token_begin(mode, &s));
	if (strcmp(mode, "genesis") == 0)
		return genesis(&s);
	if (strcmp(mode, "check") == 0)
		return check(&s);
	return serve(&s, listen_fd, code);
}

_Noreturn void
worker_main(const char *mode, const struct settings *settings, int control_fd, int listen_fd)
{
	int code = WORKER_DONE;
	enum err e;

	/* The supervisor's end is ours. It may have ended before we asked for that. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	service.control = control_fd;
	service.settings = *settings;
	e = sandbox_harden();
	if (e == ERR_OK)
		e = run(mode, listen_fd, &code);
	if (e != ERR_OK) {
		log_refusal("start", e, "");
		code = e == ERR_UNAUTHENTICATED                      ? WORKER_PIN
			: e == ERR_UNAVAILABLE || e == ERR_NO_MEMORY ? WORKER_REPLACE
								     : WORKER_PERMANENT;
	}
	_exit(code);
}
