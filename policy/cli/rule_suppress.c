// SPDX-License-Identifier: Apache-2.0
/*
 * Owns `sekisho rule suppress`: one more entry in the file of suppressions that a policy includes. Promises
 * that the file is as it was unless the policy with the entry is right; what makes it live, and journals
 * it, is `policy apply`.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "cli/inspect.h"
#include "cli/print.h"
#include "model/model.h"
#include "text/quantity.h"

#define FILE_NAME "suppress.yaml"
#define TEXT_MAX (16U << 20)
#define HEAD                                                                                            \
	"# SPDX-License-Identifier: Apache-2.0\n# Written by 'sekisho rule suppress'; may be edited.\n" \
	"suppress:\n"

struct entry {
	char *text; /* a line of YAML */
	size_t len;
	char until[16]; /* "": for good */
	const char *by;
};

/* --- the line --- */

/* In double quotes; what YAML would take for something else is escaped. */
static void quoted_put(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			fprintf(out, "\\x%02x", (unsigned char)*text);
		else
			fprintf(out, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	}
	fputc('"', out);
}

static void field_put(FILE *out, const struct cli_args *args, const char *name)
{
	const char *value = cli_arg(args, name);

	if (!value)
		return;
	fprintf(out, ", %s: ", name);
	quoted_put(out, value);
}

static const char *asker(void)
{
	const char *name = getenv("SUDO_USER");
	const struct passwd *user = name && name[0] ? NULL : getpwuid(getuid());

	return user ? user->pw_name : name && name[0] ? name : "unknown";
}

/* The last day: as it is given, or so long from now. */
static int until_take(struct cli *cli, const struct cli_args *args, struct entry *entry)
{
	const char *until = cli_arg(args, "until"), *span = cli_arg(args, "for");
	struct tm tm;
	uint64_t ns;
	time_t end;

	if (until && span)
		return cli_fail(cli, CLI_USAGE, NULL, "until and for say the same; give one");
	if (until)
		snprintf(entry->until, sizeof(entry->until), "%s", until);
	if (!span)
		return CLI_OK;
	if (quantity_parse_time(span, &ns))
		return cli_fail(cli, CLI_USAGE, NULL, "for '%.40s' is no time as in 30d", span);
	end = time(NULL) + (time_t)(ns / 1000000000);
	if (!localtime_r(&end, &tm) || !strftime(entry->until, sizeof(entry->until), "%Y-%m-%d", &tm))
		return cli_fail(cli, CLI_USAGE, NULL, "for '%.40s' is too long", span);
	return CLI_OK;
}

static int entry_make(struct cli *cli, const struct cli_args *args, struct entry *entry)
{
	int ret = until_take(cli, args, entry);
	FILE *out;

	if (ret)
		return ret;
	entry->by = asker();
	out = open_memstream(&entry->text, &entry->len);
	if (!out)
		return cli_fail(cli, CLI_FAILED, NULL, "out of memory");
	fputs("  - {rule: ", out);
	quoted_put(out, cli_arg(args, "rule"));
	field_put(out, args, "tenant");
	field_put(out, args, "src");
	field_put(out, args, "dst");
	if (entry->until[0])
		fprintf(out, ", until: %s", entry->until);
	fputs(", by: ", out);
	quoted_put(out, entry->by);
	fputs(", why: ", out);
	quoted_put(out, cli_arg(args, "message"));
	fputs("}\n", out);
	return fclose(out) ? cli_fail(cli, CLI_FAILED, NULL, "out of memory") : CLI_OK;
}

/* --- the file --- */

struct place_held {
	char *path, *next; /* next: what takes its place */
	int folder; /* locked while the file is changed */
	char *before; /* NULL: there was none */
	size_t before_len;
};

static int text_read(const char *path, char **ret_text, size_t *ret_len)
{
	FILE *in = fopen(path, "rbe");
	char *text;
	size_t len;

	if (!in)
		return errno == ENOENT ? 0 : -errno;
	text = malloc(TEXT_MAX);
	len = text ? fread(text, 1, TEXT_MAX, in) : 0;
	if (!text || ferror(in) || len == TEXT_MAX) {
		free(text);
		fclose(in);
		return -EFBIG;
	}
	fclose(in);
	*ret_text = text;
	*ret_len = len;
	return 0;
}

/* Whole or not at all, and on the disk. */
static int text_write(const struct place_held *held, const char *text, size_t len, const char *more,
		      size_t more_len)
{
	FILE *out = fopen(held->next, "wbe");
	bool good;

	if (!out)
		return -errno;
	good = fwrite(text, 1, len, out) == len && fwrite(more, 1, more_len, out) == more_len &&
	       !fflush(out) && !fsync(fileno(out));
	if (fclose(out) || !good || rename(held->next, held->path)) {
		unlink(held->next);
		return -EIO;
	}
	return fsync(held->folder) ? -errno : 0;
}

static int held_take(struct cli *cli, const char *policy, struct place_held *held)
{
	const char *slash = strrchr(policy, '/');
	char folder[CLI_PATH_MAX];
	int ret;

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - policy) : 1,
		 slash ? policy : ".");
	held->folder = open(folder[0] ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (held->folder < 0 || flock(held->folder, LOCK_EX) ||
	    asprintf(&held->path, "%s/%s", folder, FILE_NAME) < 0 ||
	    asprintf(&held->next, "%s/.%s.next", folder, FILE_NAME) < 0)
		return cli_fail(cli, CLI_FAILED, NULL, "%s: %s", folder, strerror(errno));
	ret = text_read(held->path, &held->before, &held->before_len);
	return ret ? cli_fail(cli, CLI_FAILED, NULL, "%s: %s", held->path, strerror(-ret)) : CLI_OK;
}

static void held_free(struct place_held *held)
{
	if (held->folder >= 0)
		close(held->folder);
	free(held->path);
	free(held->next);
	free(held->before);
}

static void held_back(const struct place_held *held)
{
	if (held->before)
		(void)text_write(held, held->before, held->before_len, "", 0);
	else
		unlink(held->path);
}

static int entry_put(struct cli *cli, const struct place_held *held, const struct entry *entry)
{
	bool open_line = held->before && held->before_len &&
			 held->before[held->before_len - 1] != '\n';
	char *text = NULL;
	int len, ret;

	if (held->before)
		len = asprintf(&text, "%.*s%s", (int)held->before_len, held->before,
			       open_line ? "\n" : "");
	else
		len = asprintf(&text, "%s", HEAD);
	ret = len < 0 ? -ENOMEM : text_write(held, text, (size_t)len, entry->text, entry->len);
	free(text);
	return ret ? cli_fail(cli, CLI_FAILED, NULL, "%s: %s", held->path, strerror(-ret)) : CLI_OK;
}

/* --- the command --- */

static bool is_of_file(const char *file)
{
	const char *slash = strrchr(file, '/');

	return strcmp(slash ? slash + 1 : file, FILE_NAME) == 0;
}

/* Is the policy right, and how many entries has it of the file? */
static int policy_ask(struct cli *cli, const char *path, size_t *ret_cnt)
{
	struct policy *policy;
	struct diag diag;
	int ret = CLI_OK;

	diag_init(&diag);
	policy = policy_read(path, &diag);
	for (size_t i = 0; policy && i < policy->suppression_cnt; i++)
		*ret_cnt += is_of_file(policy->suppressions[i].place.file);
	if (!policy)
		ret = cli_fail(cli, CLI_FAILED, &diag, "%s: nothing was changed", path);
	policy_free(policy);
	diag_free(&diag);
	return ret;
}

static int answer(struct cli *cli, const struct place_held *held, const struct entry *entry,
		  const char *policy)
{
	json_t *said;
	int ret;

	if (!cli->json) {
		fprintf(cli->out, "%s: %s", held->path, entry->text);
		cli_note(cli, "'sekisho policy apply %s' makes it live", policy);
		return CLI_OK;
	}
	said = json_pack("{s:o, s:o, s:s, s:o}", "file", print_string(held->path), "entry",
			 print_string(entry->text), "until", entry->until, "by",
			 print_string(entry->by));
	ret = said ? print_json(cli->out, said, cli->pretty) : -ENOMEM;
	json_decref(said);
	return ret ? CLI_FAILED : CLI_OK;
}

static int suppress(struct cli *cli, const struct cli_args *args, struct place_held *held,
		    struct entry *entry)
{
	const char *policy = cli_arg(args, "policy");
	size_t before = 0, after = 0;
	int ret = held_take(cli, policy, held);

	if (!ret && held->before) /* what includes a file that is not there yet is not right yet */
		ret = policy_ask(cli, policy, &before);
	if (!ret)
		ret = entry_put(cli, held, entry);
	if (ret)
		return ret;
	ret = policy_ask(cli, policy, &after);
	if (!ret && after == before)
		ret = cli_fail(
			cli, CLI_FAILED, NULL,
			"%s does not include %s, so nothing was changed; say include: [%s] there",
			policy, held->path, FILE_NAME);
	if (ret)
		held_back(held);
	return ret ? ret : answer(cli, held, entry, policy);
}

int rule_suppress(struct cli *cli, const struct cli_args *args)
{
	struct place_held held = { .folder = -1 };
	struct entry entry = { .text = NULL };
	int ret = entry_make(cli, args, &entry);

	if (!ret)
		ret = suppress(cli, args, &held, &entry);
	held_free(&held);
	free(entry.text);
	return ret;
}
