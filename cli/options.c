#include <stdlib.h>
#include <string.h>

#include "cli/frame.h"

/* Every verb has these beside its own. */
static const struct cli_option common[] = {
	{"--json", NULL, "one JSON document on standard output", NULL, false, false},
	{"--help", NULL, "this page", NULL, false, false},
	{0},
};

static const struct cli_option *
find_in(const struct cli_option *options, const char *name, size_t len)
{
	for (; options != NULL && options->name != NULL; options++)
		if (strlen(options->name) == len && strncmp(options->name, name, len) == 0)
			return options;
	return NULL;
}

static const struct cli_option *
find(const struct cli *c, const char *name, size_t len)
{
	const struct cli_option *own = find_in(c->verb->options, name, len);

	return own != NULL ? own : find_in(common, name, len);
}

static void
unknown(const struct cli *c, const char *argument, size_t len, struct writer *why)
{
	char text[64] = {0};
	struct cli_nearest nearest = {.text = text};

	memcpy(text, argument, len < sizeof(text) ? len : sizeof(text) - 1);
	for (const struct cli_option *o = c->verb->options; o != NULL && o->name != NULL; o++)
		cli_nearest_offer(&nearest, o->name);
	for (const struct cli_option *o = common; o->name != NULL; o++)
		cli_nearest_offer(&nearest, o->name);
	writer_format(why, "there is no option %s", text);
	if (nearest.name != NULL)
		writer_format(why, "; did you mean %s?", nearest.name);
}

static bool
keep(struct cli *c, const struct cli_option *option, const char *value, struct writer *why)
{
	for (size_t i = 0; i < c->given_count; i++)
		if (c->given[i].option == option && !option->repeated) {
			writer_format(why, "%s is given twice", option->name);
			return false;
		}
	if (c->given_count == MAX_CLI_VALUES) {
		writer_text(why, "too many options");
		return false;
	}
	c->given[c->given_count++] = (struct cli_given){option, value};
	return true;
}

/* One option and perhaps its value; *i is the last argument used. */
static bool
read_option(struct cli *c, int argc, char **argv, int *i, struct writer *why)
{
	const char *argument = argv[*i], *equals = strchr(argument, '=');
	const size_t len = equals != NULL ? (size_t)(equals - argument) : strlen(argument);
	const struct cli_option *option = find(c, argument, len);

	if (option == NULL) {
		unknown(c, argument, len, why);
		return false;
	}
	if (option->value == NULL) {
		if (equals != NULL) {
			writer_format(why, "%s takes no value", option->name);
			return false;
		}
		c->json = c->json || strcmp(option->name, "--json") == 0;
		c->help = c->help || strcmp(option->name, "--help") == 0;
		return keep(c, option, "yes", why);
	}
	if (equals != NULL)
		return keep(c, option, equals + 1, why);
	/* A value may begin with dashes (base64url does), but another option of this verb is a forgotten value. */
	if (*i + 1 >= argc || find(c, argv[*i + 1], strlen(argv[*i + 1])) != NULL) {
		writer_format(why, "%s needs a value (%s)", option->name, option->value);
		return false;
	}
	return keep(c, option, argv[++*i], why);
}

static bool
read_file(struct cli *c, const char *argument, struct writer *why)
{
	if (c->file_count == MAX_CLI_FILES) {
		writer_format(why, "more than %d operands", MAX_CLI_FILES);
		return false;
	}
	c->files[c->file_count++] = argument;
	return true;
}

/* The help's own words for operands, "FILE...", "SERIAL", "[DIR]", say how many there must be. */
static bool
check_files(const struct cli *c, struct writer *why)
{
	const char *words = c->verb->files != NULL ? c->verb->files : "";
	size_t needed = 0, allowed = 0;

	for (const char *word = words; *word != '\0';) {
		const size_t len = strcspn(word, " ");

		needed += word[0] != '[';
		allowed += 1;
		if (memmem(word, len, "...", 3) != NULL)
			allowed = MAX_CLI_FILES;
		word += len + (word[len] == ' ');
	}
	if (c->file_count < needed)
		writer_format(why, "%s is needed", words);
	else if (c->file_count > allowed)
		writer_format(why, "'%s' is one operand too many", c->files[allowed]);
	return c->file_count >= needed && c->file_count <= allowed;
}

static bool
check_options(struct cli *c, struct writer *why)
{
	for (const struct cli_option *o = c->verb->options; o != NULL && o->name != NULL; o++) {
		if (!o->required || cli_value(c, o->name) != NULL)
			continue;
		writer_format(why, "%s %s is needed", o->name, o->value != NULL ? o->value : "");
		if (o->env != NULL)
			writer_format(why, " (or the variable %s)", o->env);
		return false;
	}
	const char *at = find_in(c->verb->options, "--at", 4) != NULL ? cli_value(c, "--at") : NULL;

	if (at == NULL)
		return true;
	c->has_at = time_read(span_of(at), &c->at) == ERR_OK;
	if (!c->has_at)
		writer_format(why, "--at wants a time such as 2026-01-31T23:59:59Z, not '%s'", at);
	return c->has_at;
}

bool
cli_options_read(struct cli *c, int argc, char **argv, struct writer *why)
{
	bool only_files = false;

	for (int i = 0; i < argc; i++) {
		const char *argument = argv[i];

		if (!only_files && strcmp(argument, "--") == 0) {
			only_files = true;
			continue;
		}
		if (!only_files && strcmp(argument, "-h") == 0) {
			c->help = true;
			continue;
		}
		if (only_files || argument[0] != '-' || argument[1] == '\0') {
			if (!read_file(c, argument, why))
				return false;
		} else if (!read_option(c, argc, argv, &i, why)) {
			return false;
		}
	}
	return c->help || (check_options(c, why) && check_files(c, why));
}

const char *
cli_value_at(const struct cli *c, const char *name, size_t i)
{
	for (size_t n = 0; n < c->given_count; n++)
		if (strcmp(c->given[n].option->name, name) == 0 && i-- == 0)
			return c->given[n].value;
	return NULL;
}

const char *
cli_value(const struct cli *c, const char *name)
{
	const char *given = cli_value_at(c, name, 0);
	const struct cli_option *option = find(c, name, strlen(name));

	if (given != NULL || option == NULL || option->env == NULL)
		return given;
	const char *stands_in = getenv(option->env);

	return stands_in != NULL && stands_in[0] != '\0' ? stands_in : NULL;
}

bool
cli_flag(const struct cli *c, const char *name)
{
	return cli_value(c, name) != NULL;
}

size_t
cli_file_count(const struct cli *c)
{
	return c->file_count;
}

const char *
cli_file(const struct cli *c, size_t i)
{
	return i < c->file_count ? c->files[i] : NULL;
}

bool
cli_is_json(const struct cli *c)
{
	return c->json;
}

unix_time
cli_now(const struct cli *c)
{
	const struct clock clock = clock_system();

	return c->has_at ? c->at : clock_now(&clock);
}
