#include "audit/frontier.h"

void
frontier_add(struct frontier *f, struct sha256 leaf)
{
	for (uint64_t size = f->size; (size & 1) != 0; size >>= 1)
		leaf = merkle_node(&f->roots[--f->count], &leaf);
	f->roots[f->count++] = leaf;
	f->size++;
}

struct sha256
frontier_root(const struct frontier *f)
{
	struct sha256 root;

	if (f->count == 0)
		return merkle_empty();
	root = f->roots[f->count - 1];
	for (size_t i = f->count - 1; i > 0; i--)
		root = merkle_node(&f->roots[i - 1], &root);
	return root;
}
