#include "base/vault.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <openssl/crypto.h>

enum { SIZE = VAULT_CELL * VAULT_CELLS };

static struct {
	pthread_once_t once;
	pthread_mutex_t lock; /* owns taken and next */
	uint8_t *cells;       /* NULL: there was no memory */
	int lock_errno;       /* why the pages are not locked; 0: they are */
	bool taken[VAULT_CELLS];
	size_t next; /* where the last search ended */
} vault = {.once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER};

/* The child has the lock as the fork found it, and another thread may have held it. */
static void
child_begins(void)
{
	(void)pthread_mutex_init(&vault.lock, NULL);
}

static void
make(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *all = mmap(NULL, SIZE + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (all == MAP_FAILED || mprotect(all + page, SIZE, PROT_READ | PROT_WRITE) != 0)
		return;
	vault.lock_errno = mlock(all + page, SIZE) == 0 ? 0 : errno;
	(void)madvise(all + page, SIZE, MADV_DONTDUMP);
	(void)madvise(all + page, SIZE, MADV_WIPEONFORK);
	(void)pthread_atfork(NULL, NULL, child_begins);
	vault.cells = all + page;
}

static size_t
cells_for(size_t len)
{
	return len / VAULT_CELL + 1;
}

/* The first of count free cells in a row at from or later; VAULT_CELLS: there are none. */
static size_t
search(size_t from, size_t count)
{
	size_t row = 0;

	for (size_t i = from; i < VAULT_CELLS; i++) {
		row = vault.taken[i] ? 0 : row + 1;
		if (row == count)
			return i + 1 - count;
	}
	return VAULT_CELLS;
}

uint8_t *
vault_take(size_t len)
{
	const size_t count = cells_for(len);
	size_t at;

	(void)pthread_once(&vault.once, make);
	if (vault.cells == NULL || count > VAULT_CELLS)
		return NULL;
	(void)pthread_mutex_lock(&vault.lock);
	at = search(vault.next, count);
	if (at == VAULT_CELLS)
		at = search(0, count);
	if (at != VAULT_CELLS) {
		memset(&vault.taken[at], true, count);
		vault.next = at + count;
	}
	(void)pthread_mutex_unlock(&vault.lock);
	return at == VAULT_CELLS ? NULL : vault.cells + at * VAULT_CELL;
}

void
vault_give(uint8_t *at, size_t len)
{
	const size_t count = cells_for(len);

	OPENSSL_cleanse(at, count * VAULT_CELL);
	(void)pthread_mutex_lock(&vault.lock);
	memset(&vault.taken[(size_t)(at - vault.cells) / VAULT_CELL], false, count);
	(void)pthread_mutex_unlock(&vault.lock);
}

enum err
vault_locked(void)
{
	struct rlimit limit = {0};

	(void)pthread_once(&vault.once, make);
	REQUIRE(vault.cells != NULL, ERR_NO_MEMORY);
	(void)getrlimit(RLIMIT_MEMLOCK, &limit);
	REQUIRE_WHY(vault.lock_errno == 0, ERR_UNAVAILABLE,
		"the %d KiB for secrets cannot be locked into memory (%s): RLIMIT_MEMLOCK is %llu KiB; raise it (systemd: LimitMEMLOCK=, a shell: ulimit -l)",
		SIZE / 1024, strerror(vault.lock_errno), (unsigned long long)limit.rlim_cur / 1024);
	return ERR_OK;
}
