#include "hsm/evidence/count.h"

#include <stdlib.h>

const int64_t count_bounds[COUNT_BOUNDS] = {50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000,
	1000000, 2500000};

enum err
counts_new(size_t keys, struct counts **out)
{
	*out = calloc(1, sizeof(**out) + (keys + 1) * COUNT_OPS * sizeof((*out)->of[0]));
	REQUIRE(*out != NULL, ERR_NO_MEMORY);
	(*out)->keys = keys;
	return ERR_OK;
}

void
counts_free(struct counts **c)
{
	free(*c);
	*c = NULL;
}

struct count *
counts_of(struct counts *c, size_t key, unsigned op)
{
	return &c->of[(key < c->keys ? key : c->keys) * COUNT_OPS + (op < COUNT_OPS ? op : 0)];
}

static void
add(atomic_uint_fast64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

void
count_add(struct count *c, enum err outcome, const int64_t times[COUNT_TIMES])
{
	add(&c->outcomes[outcome], 1);
	for (size_t i = 0; i < COUNT_TIMES; i++) {
		size_t bound = 0;

		while (bound < COUNT_BOUNDS && times[i] > count_bounds[bound])
			bound++;
		add(&c->times[i].by_bound[bound], 1);
		add(&c->times[i].microseconds, (uint64_t)(times[i] < 0 ? 0 : times[i]));
	}
}

struct count_sum
counts_sum(struct counts *c, size_t key)
{
	struct count_sum sum = {0};

	for (unsigned op = 0; op < COUNT_OPS; op++)
		for (int e = 0; e < COUNT_OUTCOMES; e++) {
			const uint64_t n =
				atomic_load_explicit(&counts_of(c, key, op)->outcomes[e], memory_order_relaxed);

			if (e == ERR_OK)
				sum.done += n;
			else if (err_http((enum err)e) < 500)
				sum.refused += n;
			else
				sum.failed += n;
		}
	return sum;
}
