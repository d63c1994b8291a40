/* A client of every user at once that sends what no client sends: requests of every operation, changed, cut, spliced, in parts and out of order. MOHAR_ENEMY_SECONDS says for
 * how long (4), MOHAR_ENEMY_SEED from which number on (1): the same number sends the same. `make enemy` does it for TIME seconds under the sanitizers. */
#include "load.h"

#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "audit/chain.h"
#include "base/clock.h"
#include "base/file.h"
#include "keyring/frame.h"
#include "seeds.h"

enum { MAX_SENT = 2 * MAX_SEED, MAX_WHY = 200, SECOND = 1000000, ANSWER_SECONDS = 8, GROWTH_KIB = 6 << 10 };

static const struct user {
	const char *name;
	uid_t uid;
	const char *keys[5]; /* with which it may SIGN */
} users[] = {
	{"ceremony", 0, {NULL}},
	{"ca", UID_CA, {"citizen-ca", "service-ca", "citizen-ocsp", "service-ocsp"}},
	{"idp", UID_IDP, {"idp-token"}},
	{"signer", UID_SIGNER, {"seal-land", "seal-complaints", "status", "log"}},
	{"stranger", UID_STRANGER, {NULL}},
};
enum { USERS = sizeof(users) / sizeof(users[0]) };

/* What the children tell; shared. */
struct told {
	atomic_ulong sent, answered, done;
	atomic_ulong wrong;
	char why[MAX_WHY];
};

static struct trial {
	struct rig *rig;
	struct keyring *signer, *idp;
	struct person one, two;
	struct seeds seeds;
	struct told *told;
} trial;

/* ---- requests as they should not be ---- */

struct enemy {
	const struct user *user;
	uint64_t state;
	int fd;
	uint8_t sent[MAX_SENT];
	size_t len;
};

/* xorshift64*. */
static uint32_t
any(struct enemy *e, uint32_t below)
{
	e->state ^= e->state >> 12;
	e->state ^= e->state << 25;
	e->state ^= e->state >> 27;
	return (uint32_t)((e->state * UINT64_C(2685821657736338717)) >> 33) % below;
}

static const struct seed *
any_seed(struct enemy *e)
{
	return &trial.seeds.all[any(e, (uint32_t)trial.seeds.count)];
}

/* One change of a message's bytes; its length in the buffer changes with it. */
static void
change(struct enemy *e, uint8_t *bytes, size_t *len, size_t room)
{
	static const uint8_t edges[] = {0x00, 0x01, 0x7f, 0x80, 0xff, '{', '"', '.', '~', 0x30};
	const size_t at = *len == 0 ? 0 : any(e, (uint32_t)*len);
	const struct seed *other = any_seed(e);
	size_t n;

	switch (any(e, 7)) {
	case 0:
		if (*len > 0)
			bytes[at] ^= (uint8_t)(1U << any(e, 8));
		break;
	case 1:
		if (*len > 0)
			bytes[at] = edges[any(e, sizeof(edges))];
		break;
	case 2:
		*len = at;
		break;
	case 3: /* a piece twice */
		n = *len - at < 200 ? *len - at : 200;
		if (*len + n <= room) {
			memmove(bytes + at + n, bytes + at, *len - at);
			*len += n;
		}
		break;
	case 4: /* a piece less */
		n = *len - at < 40 ? *len - at : any(e, 40);
		memmove(bytes + at, bytes + at + n, *len - at - n);
		*len -= n;
		break;
	case 5: /* the end of another */
		n = other->body.len < room - at ? other->body.len : room - at;
		memcpy(bytes + at, other->body.ptr == NULL ? bytes : other->body.ptr, n);
		*len = at + n;
		break;
	default:
		if (*len >= 4 && at + 4 <= *len) /* a length, perhaps */
			memcpy(bytes + at, "\x00\x00\xff\xff", 4);
		break;
	}
}

static void
u32_put(uint8_t *at, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(n >> (24 - 8 * i));
}

/* In one frame, or in several of which all but the last say that there is more. */
static void
frames_put(struct enemy *e, uint8_t op, uint32_t id, struct span body, size_t most)
{
	e->len = 0;
	do {
		const size_t n = body.len < most ? body.len : most;
		uint8_t *head = e->sent + e->len;

		u32_put(head, (uint32_t)(n + 6));
		head[4] = FRAME_VERSION;
		head[5] = (uint8_t)(op | (n < body.len ? FRAME_MORE : 0));
		u32_put(head + 6, id);
		if (n > 0)
			memcpy(head + FRAME_HEAD, body.ptr, n);
		e->len += FRAME_HEAD + n;
		body = span_at(body.ptr + n, body.len - n);
	} while (body.len > 0);
}

/* ---- the conversation ---- */

static void
wrong(const struct enemy *e, uint8_t op, const char *what)
{
	if (atomic_fetch_add(&trial.told->wrong, 1) == 0)
		(void)snprintf(trial.told->why, MAX_WHY, "%s, %s: %s", e->user->name, op_name(op), what);
}

static void
leave(struct enemy *e)
{
	if (e->fd >= 0)
		(void)close(e->fd);
	e->fd = -1;
}

static bool
come(struct enemy *e)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const struct timeval wait = {ANSWER_SECONDS, 0};

	if (e->fd >= 0)
		return true;
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/hsmd.sock", trial.rig->dir);
	e->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (e->fd < 0 || setsockopt(e->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0 ||
		setsockopt(e->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) != 0 ||
		connect(e->fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		leave(e);
	return e->fd >= 0;
}

static bool
may_sign(const struct user *u, struct span label)
{
	for (size_t i = 0; i < 5 && u->keys[i] != NULL; i++)
		if (span_is(label, u->keys[i]))
			return true;
	return false;
}

/* It was done: was it anything that this user could have asked for? */
static void
done_check(const struct enemy *e, uint8_t op, struct span body)
{
	struct fields f;

	atomic_fetch_add(&trial.told->done, 1);
	if (e->user->uid == UID_STRANGER)
		wrong(e, op, "a stranger was served");
	else if (request_read(op, body, &f) != ERR_OK)
		wrong(e, op, "a message out of form was served");
	else if (op == OP_GENERATE || op == OP_ACTIVATE)
		wrong(e, op, "it was done, though it could not be any more");
	else if (op == OP_SIGN && !may_sign(e->user, f.at[FIELD_LABEL]))
		wrong(e, op, "signed with another's key");
	else if ((op == OP_PROPOSE || op == OP_APPROVE) && e->user->uid != 0)
		wrong(e, op, "not the ceremony's user");
	else if (op == OP_WRAP && (f.present & FIELD_BIT(OBJECT)))
		wrong(e, op, "a key was born or raised without a registrar");
	err_forget();
}

/* False: the connection is of no more use. */
static bool
answer_read(struct enemy *e, uint8_t op, uint32_t id, struct span body)
{
	static uint8_t bytes[MAX_HSM_FRAME];
	struct frame_head head = {.len = 0};
	struct fields f;
	size_t have = 0;

	while (have < FRAME_HEAD || have < FRAME_HEAD + head.len) {
		const ssize_t n = recv(e->fd, bytes + have, sizeof(bytes) - have, 0);

		if (n <= 0) {
			if (n < 0 && (have > 0 || e->user->uid != UID_STRANGER) && e->len > 0)
				wrong(e, op, "no answer in time");
			return false;
		}
		have += (size_t)n;
		if (have >= FRAME_HEAD && frame_head_read(span_at(bytes, FRAME_HEAD), &head) != ERR_OK) {
			wrong(e, op, "a reply that is no frame");
			return false;
		}
	}
	atomic_fetch_add(&trial.told->answered, 1);
	if (head.more) { /* a long page: what follows is not read */
		done_check(e, op, body);
		return false;
	}
	if (reply_read(span_at(bytes + FRAME_HEAD, head.len), &f) != ERR_OK) {
		wrong(e, op, "a reply out of form");
		return false;
	}
	if (code_error(f.at[FIELD_CODE].ptr[0]) == ERR_OK)
		done_check(e, op, body);
	return head.op == op && head.id == id;
}

/* Frames that are whole around a message that is not: there must be an answer. */
static void
message_send(struct enemy *e)
{
	static uint8_t body[MAX_SENT / 2];
	const struct seed *s = any_seed(e);
	const uint8_t op = any(e, 12) == 0 ? (uint8_t)any(e, 20) : s->op;
	const uint32_t id = any(e, 1U << 30);
	const bool parts = op_is_long(op) && any(e, 4) == 0;
	size_t len = s->body.len;

	if (len > 0)
		memcpy(body, s->body.ptr, len);
	for (uint32_t i = any(e, 4); i > 0; i--)
		change(e, body, &len, MAX_FRAME_BYTES);
	frames_put(e, op, id, span_at(body, len), parts ? 1 + any(e, 300) : MAX_FRAME_BYTES);
	if (e->len > sizeof(e->sent) - MAX_HSM_FRAME || send(e->fd, e->sent, e->len, MSG_NOSIGNAL) != (ssize_t)e->len) {
		leave(e);
		return;
	}
	if (!answer_read(e, op, id, span_at(body, len)))
		leave(e);
}

/* Bytes that may be no frames, in two pieces, with more behind them: whatever comes back, comes. */
static void
bytes_send(struct enemy *e)
{
	const struct seed *s = any_seed(e);
	struct pollfd p = {.fd = e->fd, .events = POLLIN};
	size_t cut;

	frames_put(e, s->op, 7, writer_span((struct writer *)(uintptr_t)&s->body), MAX_FRAME_BYTES);
	for (uint32_t i = 1 + any(e, 3); i > 0; i--)
		change(e, e->sent, &e->len, sizeof(e->sent) / 2);
	if (any(e, 4) == 0)
		change(e, e->sent, &(size_t){FRAME_HEAD}, FRAME_HEAD);
	cut = e->len == 0 ? 0 : any(e, (uint32_t)e->len);
	(void)send(e->fd, e->sent, cut, MSG_NOSIGNAL);
	(void)send(e->fd, e->sent + cut, e->len - cut, MSG_NOSIGNAL);
	if (any(e, 2) == 0)
		(void)poll(&p, 1, 2);
	leave(e);
}

static _Noreturn void
enemy_main(const struct user *u, uint64_t seed, int64_t until)
{
	static struct enemy e;

	e = (struct enemy){.user = u, .state = seed * 1000003 + u->uid + 1, .fd = -1};
	if (setgroups(0, NULL) != 0 || setresgid(u->uid, u->uid, u->uid) != 0 || setresuid(u->uid, u->uid, u->uid) != 0)
		_exit(1);
	while (clock_ticks() < until) {
		if (!come(&e))
			continue;
		atomic_fetch_add(&trial.told->sent, 1);
		if (any(&e, 3) != 0)
			message_send(&e);
		else
			bytes_send(&e);
	}
	_exit(0);
}

/* ---- the trial ---- */

static int
set_up(void **state)
{
	struct rig *r = rig_new();

	*state = trial.rig = r;
	if (r == NULL)
		return 0;
	rig_up(r, NULL);
	rig_generate(r, NULL);
	trial.signer = rig_keyring(r, UID_SIGNER);
	trial.idp = rig_keyring(r, UID_IDP);
	person_birth(r, trial.signer, &trial.one);
	person_birth(r, trial.signer, &trial.two);
	trial.told = mmap(NULL, sizeof(*trial.told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(trial.told, MAP_FAILED);
	seeds_make(&trial.seeds, r, trial.signer, trial.idp, &trial.one, &trial.two);
	return 0;
}

static int
tear_down(void **state)
{
	if (*state == NULL)
		return 0;
	seeds_free(&trial.seeds);
	person_free(&trial.one);
	person_free(&trial.two);
	keyring_free(&trial.signer);
	keyring_free(&trial.idp);
	rig_free((struct rig **)state);
	return 0;
}

static int64_t
number_of(const char *name, int64_t otherwise)
{
	const char *text = getenv(name);

	return text == NULL || text[0] == '\0' ? otherwise : strtoll(text, NULL, 10);
}

/* Lines of the journal that hold text. */
static size_t
lines_with(const struct rig *r, const char *text)
{
	AUTO(writer) journal = writer_new(16 << 20);
	char path[128];
	size_t count = 0;

	rig_path(r, "journal", path);
	assert_ok(file_read(path, 16 << 20, &journal));
	for (const char *at = (const char *)writer_span(&journal).ptr; (at = strstr(at, text)) != NULL; at++)
		count++;
	return count;
}

static void
chain_check(const struct rig *r, const char *name)
{
	struct chain_walk w = {.what = name};
	char path[128];

	rig_path(r, name, path);
	assert_ok(chain_walk(path, &w));
	assert_false(w.torn);
	assert_true(w.lines > 0);
}

/* While they are at it: somebody honest. */
static void
honest_until(struct rig *r, int64_t until)
{
	const struct timespec pause = {0, 100000000};
	int64_t slowest = 0;

	while (clock_ticks() < until) {
		AUTO(writer) json = writer_new(1 << 20);
		AUTO(writer) signatures = writer_new(4096);
		const struct digests d = digests_some(48, 2);
		const int64_t began = clock_ticks();

		assert_ok(keyring_status(r->keyring, &json));
		assert_ok(person_sign(trial.signer, &trial.one, &d, NULL, &signatures));
		assert_true(person_signed(&trial.one, &d, writer_span(&signatures)));
		if (clock_ticks() - began > slowest)
			slowest = clock_ticks() - began;
		(void)nanosleep(&pause, NULL);
	}
	print_message("  honest: the slowest status, challenge and activation took %lld ms\n",
		(long long)slowest / 1000);
}

CASE(whatever_bytes_come_nothing_is_done_that_may_not_be_and_the_daemon_lives)
{
	struct rig *r = rig_of(state);
	const int64_t seconds = number_of("MOHAR_ENEMY_SECONDS", 4), seed = number_of("MOHAR_ENEMY_SEED", 1);
	const int64_t begun = clock_ticks(), until = begun + seconds * SECOND;
	const size_t births = lines_with(r, "\"act\":\"birth\"");
	const char *sanitized = getenv("MOHAR_SANITIZE");
	const pid_t worker = rig_worker(r);
	pid_t children[USERS];
	long warm, after;
	int status;

	if (!r->separate) {
		print_message("skipped: several users need root\n");
		skip();
	}
	for (size_t i = 0; i < USERS; i++) {
		children[i] = fork();
		if (children[i] == 0)
			enemy_main(&users[i], (uint64_t)seed, until);
	}
	honest_until(r, begun + seconds * SECOND / 2);
	warm = rig_resident(r);
	honest_until(r, until);
	after = rig_resident(r);
	for (size_t i = 0; i < USERS; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	print_message("  seed %lld: %lu sent, %lu answered, %lu of them done; %ld KiB, then %ld\n", (long long)seed,
		atomic_load(&trial.told->sent), atomic_load(&trial.told->answered), atomic_load(&trial.told->done),
		warm, after);
	if (atomic_load(&trial.told->wrong) > 0)
		fail_msg("%lu times wrong, first: %s", atomic_load(&trial.told->wrong), trial.told->why);
	assert_true(atomic_load(&trial.told->answered) > 100);
	assert_int_equal(rig_worker(r), worker);
	if (sanitized == NULL || sanitized[0] == '\0')
		assert_true(after < warm + GROWTH_KIB);
	assert_int_equal(lines_with(r, "\"act\":\"birth\""), births);
	assert_int_equal(lines_with(r, "\"act\":\"unfreeze\""), 0);
	assert_int_equal(lines_with(r, "\"act\":\"execute\""), 0);
	keyring_free(&trial.signer); /* their connections end with the daemon */
	keyring_free(&trial.idp);
	rig_stop(r, SIGTERM);
	chain_check(r, "journal");
	chain_check(r, "journal.operations.000001");
	rig_start(r);
	trial.signer = rig_keyring(r, UID_SIGNER);
	trial.idp = rig_keyring(r, UID_IDP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_bytes_come_nothing_is_done_that_may_not_be_and_the_daemon_lives),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
