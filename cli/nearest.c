#include <string.h>

#include "cli/frame.h"

enum { MAX_NEAREST = 32 };

static size_t
least(size_t a, size_t b, size_t c)
{
	const size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein's distance: insertions, deletions and replacements between two short words. */
static size_t
distance(const char *a, const char *b)
{
	const size_t a_len = strlen(a), b_len = strlen(b);
	size_t row[MAX_NEAREST + 1];

	if (a_len > MAX_NEAREST || b_len > MAX_NEAREST)
		return MAX_NEAREST;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			const size_t above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[b_len];
}

void
cli_nearest_offer(struct cli_nearest *n, const char *name)
{
	const size_t d = distance(n->text, name);

	/* A third of the letters may be wrong; beyond that a suggestion only confuses. */
	if (d > 1 + strlen(n->text) / 3 || (n->name != NULL && d >= n->distance))
		return;
	n->name = name;
	n->distance = d;
}
