/* skew: another clock for a program under test: loaded by LD_PRELOAD, adds the seconds that the file SKEW_FILE holds (one int64_t, shared memory, so that a test can turn it while the
 * program runs) to what the wall clock says. Durations are told by other clocks, and stay. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *skew;
static int (*real_gettime)(clockid_t clock, struct timespec *t);

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("SKEW_FILE");
	const int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*skew), PROT_READ, MAP_SHARED, fd, 0);
	void *found = dlsym(RTLD_NEXT, "clock_gettime");

	*(void **)&real_gettime = found; /* POSIX dlsym: a function's address comes as a void * */
	if (at != MAP_FAILED)
		skew = at;
	if (fd >= 0)
		(void)close(fd);
}

int
clock_gettime(clockid_t clock, struct timespec *t)
{
	const int failed = real_gettime(clock, t);

	if (failed == 0 && skew != NULL && clock == CLOCK_REALTIME)
		t->tv_sec += *skew;
	return failed;
}

time_t
time(time_t *out)
{
	struct timespec t;

	if (clock_gettime(CLOCK_REALTIME, &t) != 0)
		return (time_t)-1;
	if (out != NULL)
		*out = t.tv_sec;
	return t.tv_sec;
}
