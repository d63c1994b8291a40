#include "sandbox/extra.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/writer.h"
#include "sandbox/syscalls.h"

enum { MAX_NAME = 48 };

struct place {
	const char *path;
	size_t line;
};

static struct span
trimmed(struct span s)
{
	while (s.len > 0 && isspace(s.ptr[0]))
		s = span_at(s.ptr + 1, s.len - 1);
	while (s.len > 0 && isspace(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

/* Cuts text at the first c: what stands before it; *rest is what stands behind, empty without a c. */
static struct span
cut(struct span text, char c, struct span *rest)
{
	const uint8_t *at = text.len == 0 ? NULL : memchr(text.ptr, c, text.len);
	const size_t before = at == NULL ? text.len : (size_t)(at - text.ptr);

	*rest = at == NULL ? span_at(text.ptr + text.len, 0) : span_at(at + 1, text.len - before - 1);
	return span_at(text.ptr, before);
}

static bool
is_name(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!islower(s.ptr[i]) && !isdigit(s.ptr[i]) && s.ptr[i] != '_')
			return false;
	return s.len > 0 && s.len < MAX_NAME;
}

static enum err
name_take(const struct place *p, struct span word, struct span reason, struct extra_syscalls *out)
{
	char name[MAX_NAME];
	int number;

	REQUIRE_WHY(is_name(word), ERR_CONFIG, "%s:%zu: one system call's name a line, then # and the reason", p->path,
		p->line);
	memcpy(name, word.ptr, word.len);
	name[word.len] = '\0';
	number = seccomp_syscall_resolve_name(name);
	/* below 0: __NR_SCMP_ERROR, and calls that only other machines have */
	REQUIRE_WHY(number >= 0, ERR_CONFIG, "%s:%zu: there is no system call '%s' on this machine", p->path, p->line,
		name);
	REQUIRE_WHY(!syscall_is_deadly(name), ERR_CONFIG,
		"%s:%zu: '%s' is never allowed: with it the sandbox would be none", p->path, p->line, name);
	REQUIRE_WHY(reason.len > 0, ERR_CONFIG, "%s:%zu: say after '%s' why it is needed: # reason", p->path, p->line,
		name);
	REQUIRE_WHY(out->count < MAX_EXTRA_SYSCALLS, ERR_CONFIG, "%s:%zu: more than %d system calls", p->path, p->line,
		MAX_EXTRA_SYSCALLS);
	out->numbers[out->count++] = number;
	return ERR_OK;
}

enum err
extra_syscalls_parse(const char *path, struct span text, struct extra_syscalls *out)
{
	struct extra_syscalls all = {.count = 0};
	struct place p = {.path = path};

	while (text.len > 0) {
		struct span reason, word = cut(cut(text, '\n', &text), '#', &reason);

		p.line++;
		word = trimmed(word);
		if (word.len > 0)
			TRY(name_take(&p, word, trimmed(reason), &all));
	}
	*out = all;
	return ERR_OK;
}

enum err
extra_syscalls_read(const char *path, struct extra_syscalls *out)
{
	AUTO(writer) text = writer_new(MAX_EXTRA_FILE);
	struct stat st;

	REQUIRE_WHY(stat(path, &st) == 0, ERR_NOT_FOUND, "module_syscalls %s: %s", path, strerror(errno));
	REQUIRE_WHY((st.st_mode & 022) == 0 && (st.st_uid == 0 || st.st_uid == geteuid()), ERR_CONFIG,
		"module_syscalls %s must belong to root and be writable by nobody else: chown root, chmod 644", path);
	TRY(file_read(path, MAX_EXTRA_FILE, &text));
	return extra_syscalls_parse(path, writer_span(&text), out);
}
