#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "keyring/keyring_pool.h"

#define CASE(name) static void name(void **state)

/* A listener in a folder of its own, and a pool that knows its path. */
struct door {
	char dir[32], path[64];
	int fd;
	struct pool pool;
};

static void
door_open(struct door *d)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	(void)snprintf(d->dir, sizeof(d->dir), "/tmp/mohar-pool-XXXXXX");
	assert_non_null(mkdtemp(d->dir));
	(void)snprintf(d->path, sizeof(d->path), "%s/s", d->dir);
	memcpy(a.sun_path, d->path, strlen(d->path) + 1);
	d->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(d->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(d->fd, 8), 0);
	assert_int_equal(pool_init(&d->pool, d->path, 2), ERR_OK);
}

static void
door_close(struct door *d)
{
	pool_end(&d->pool);
	(void)close(d->fd);
	(void)unlink(d->path);
	(void)rmdir(d->dir);
}

/* A connection that was used once and given back; the other side's end of it. */
static int
one_idle(struct door *d)
{
	bool fresh;
	int fd, end;

	assert_int_equal(pool_take(&d->pool, false, &fd, &fresh), ERR_OK);
	assert_true(fresh);
	end = accept(d->fd, NULL, NULL);
	assert_true(end >= 0);
	pool_give(&d->pool, fd, true);
	return end;
}

CASE(a_connection_that_was_closed_over_there_is_not_given_for_what_is_sent_once)
{
	struct door d;
	bool fresh;
	int fd;

	(void)state;
	door_open(&d);
	(void)close(one_idle(&d));
	assert_int_equal(pool_take(&d.pool, true, &fd, &fresh), ERR_OK);
	assert_true(fresh);
	assert_int_equal(d.pool.open_count, 1);
	pool_give(&d.pool, fd, true);
	door_close(&d);
}

CASE(a_connection_on_which_something_was_said_unasked_is_not_given)
{
	struct door d;
	bool fresh;
	int fd, end;

	(void)state;
	door_open(&d);
	end = one_idle(&d);
	assert_int_equal(write(end, "x", 1), 1);
	assert_int_equal(pool_take(&d.pool, true, &fd, &fresh), ERR_OK);
	assert_true(fresh);
	pool_give(&d.pool, fd, true);
	(void)close(end);
	door_close(&d);
}

CASE(a_connection_that_lives_is_used_again)
{
	struct door d;
	bool fresh;
	int fd, end;

	(void)state;
	door_open(&d);
	end = one_idle(&d);
	assert_int_equal(pool_take(&d.pool, true, &fd, &fresh), ERR_OK);
	assert_false(fresh);
	pool_give(&d.pool, fd, true);
	(void)close(end);
	door_close(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_that_was_closed_over_there_is_not_given_for_what_is_sent_once),
		cmocka_unit_test(a_connection_on_which_something_was_said_unasked_is_not_given),
		cmocka_unit_test(a_connection_that_lives_is_used_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
