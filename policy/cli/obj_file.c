/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `sekisho file`: files in quarantine, as the engine puts them there (SHA-256 for a name, records of
 * fileinfo beside it, a line each time that it came). Works on the folder; needs no agent.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/print.h"
#include "text/whole.h"

#define USUAL_DIR "/var/lib/sekisho/quarantine"
#define SUM_LEN 64
#define SHORT_LEN 8 /* digits that name a file, if no other begins so */
#define RECORD_NAME_LEN (SUM_LEN + sizeof(".json"))

struct folder {
	const char *path;
	int fd;
};

static bool is_hex(const char *word)
{
	return word[0] && word[strspn(word, "0123456789abcdef")] == 0;
}

static bool is_sum(const char *name)
{
	return strlen(name) == SUM_LEN && is_hex(name);
}

/* Returns CLI_OK, or an exit status with the words said. */
static int folder_open(struct cli *cli, const struct cli_args *args, struct folder *ret)
{
	const char *dir = cli_arg(args, "dir");

	ret->path = dir ? dir : USUAL_DIR;
	ret->fd = open(ret->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret->fd >= 0)
		return CLI_OK;
	if (errno == ENOENT && !dir)
		return cli_fail(cli, CLI_FAILED, NULL,
				"%s is not there: nothing was put into quarantine yet, or the settings "
				"name another folder (say dir DIR)",
				ret->path);
	return cli_fail(cli, errno == EACCES ? CLI_REFUSED : CLI_FAILED, NULL,
			"%s cannot be read: %s", ret->path, strerror(errno));
}

/* --- records --- */

static FILE *records_open(const struct folder *folder, const char *sum, const char *mode)
{
	char name[RECORD_NAME_LEN];
	int fd;

	snprintf(name, sizeof(name), "%s.json", sum);
	fd = openat(folder->fd, name,
		    (mode[0] == 'a' ? O_WRONLY | O_CREAT | O_APPEND : O_RDONLY) | O_CLOEXEC |
			    O_NOFOLLOW,
		    0600);
	return fd < 0 ? NULL : fdopen(fd, mode);
}

/* All of a file's, oldest first; what is no JSON is passed over. */
static json_t *records_read(const struct folder *folder, const char *sum)
{
	FILE *file = records_open(folder, sum, "r");
	json_t *records = json_array();
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	while (file && (len = getline(&line, &cap, file)) > 0) {
		json_t *record = json_loadb(line, (size_t)len, 0, NULL);

		if (json_is_object(record))
			json_array_append_new(records, record);
		else
			json_decref(record);
	}
	free(line);
	if (file)
		fclose(file);
	return records;
}

static bool is_release(const json_t *record)
{
	return strcmp(print_word(record, "event_type"), "release") == 0;
}

static void copy(json_t *row, const json_t *record, const char *path, const char *key)
{
	const json_t *value = print_member(record, path);

	if (value)
		json_object_set(row, key, (json_t *)value);
}

/* "ClamAV Win.Test.EICAR_HDB-1, yara EICAR" of the last record. */
static void why_put(json_t *row, const json_t *record)
{
	const json_t *finding, *findings = print_member(record, "fileinfo.findings");
	json_t *why = json_array();
	size_t i;

	json_array_foreach(findings, i, finding) {
		json_t *word = json_sprintf("%s %s", print_word(finding, "by"),
					    print_word(finding, "name"));

		if (word)
			json_array_append_new(why, word);
	}
	json_object_set_new(row, "why", why);
}

static json_t *row_make(const struct folder *folder, const char *sum, uint64_t size)
{
	json_t *records = records_read(folder, sum), *row = json_object();
	const json_t *record;
	json_int_t times = 0;
	size_t i;

	json_object_set_new(row, "sha256", json_string(sum));
	json_object_set_new(row, "size", json_integer((json_int_t)size));
	json_object_set_new(row, "released", json_false());
	json_array_foreach(records, i, record) {
		if (is_release(record)) {
			json_object_set_new(row, "released", json_true());
			continue;
		}
		if (!times++)
			copy(row, record, "timestamp", "first");
		copy(row, record, "timestamp", "last");
		copy(row, record, "tenant", "tenant");
		copy(row, record, "app_proto", "app_proto");
		copy(row, record, "src_ip", "src_ip");
		copy(row, record, "dest_ip", "dest_ip");
		copy(row, record, "fileinfo.filename", "filename");
		why_put(row, record);
	}
	json_object_set_new(row, "times", json_integer(times));
	json_decref(records);
	return row;
}

/* --- list --- */

static const struct column list_columns[] = {
	{ "last", "LAST", COLUMN_TEXT },	 { "sha256", "SHA-256", COLUMN_TEXT },
	{ "size", "SIZE", COLUMN_BYTES },	 { "times", "TIMES", COLUMN_COUNT },
	{ "tenant", "TENANT", COLUMN_TEXT },	 { "app_proto", "BY", COLUMN_TEXT },
	{ "src_ip", "FROM", COLUMN_TEXT },	 { "dest_ip", "TO", COLUMN_TEXT },
	{ "filename", "NAME", COLUMN_TEXT },	 { "why", "WHY", COLUMN_TEXT },
	{ "released", "RELEASED", COLUMN_TEXT },
};
static const struct view list_view = VIEW("files", list_columns, "nothing is in quarantine");

struct row {
	json_t *of; /* borrowed */
};

static int by_last(const void *a, const void *b)
{
	const json_t *x = ((const struct row *)a)->of, *y = ((const struct row *)b)->of;
	int order = strcmp(print_word(x, "last"), print_word(y, "last"));

	return order ? order : strcmp(print_word(x, "sha256"), print_word(y, "sha256"));
}

/* By the time that each came last; a new reference, or NULL. */
static json_t *rows_sort(json_t *rows)
{
	size_t cnt = json_array_size(rows);
	struct row *at = calloc(cnt + 1, sizeof(struct row));
	json_t *sorted = at ? json_array() : NULL;

	for (size_t i = 0; sorted && i < cnt; i++)
		at[i].of = json_array_get(rows, i);
	if (sorted)
		qsort(at, cnt, sizeof(struct row), by_last);
	for (size_t i = 0; sorted && i < cnt; i++)
		json_array_append(sorted, at[i].of);
	free(at);
	return sorted;
}

static int file_list(struct cli *cli, const struct cli_args *args)
{
	struct folder folder;
	int status = folder_open(cli, args, &folder);
	const struct dirent *entry;
	json_t *rows, *result;
	DIR *dir;

	if (status)
		return status;
	rows = json_array();
	dir = fdopendir(dup(folder.fd));
	while (dir && (entry = readdir(dir))) {
		struct stat stat;

		if (is_sum(entry->d_name) &&
		    !fstatat(folder.fd, entry->d_name, &stat, AT_SYMLINK_NOFOLLOW))
			json_array_append_new(rows, row_make(&folder, entry->d_name,
							     (uint64_t)stat.st_size));
	}
	if (dir)
		closedir(dir);
	close(folder.fd);
	result = json_pack("{s:s, s:o}", "dir", folder.path, "files", rows_sort(rows));
	json_decref(rows);
	if (cli->json)
		print_json(cli->out, result, cli->pretty);
	else
		print_view(cli->out, result, &list_view);
	json_decref(result);
	return CLI_OK;
}

/* --- one file --- */

/* The whole sum of what HASH begins. Returns CLI_OK, or an exit status with the words said. */
static int sum_find(struct cli *cli, const struct cli_args *args, const struct folder *folder,
		    char ret_sum[SUM_LEN + 1])
{
	const char *word = cli_arg(args, "hash");
	DIR *dir = NULL;
	const struct dirent *entry;
	unsigned int cnt = 0;

	if (!is_hex(word) || strlen(word) < SHORT_LEN || strlen(word) > SUM_LEN)
		return cli_fail(cli, CLI_USAGE, NULL,
				"\"%s\" is no SHA-256, nor the first %d digits of one", word,
				SHORT_LEN);
	dir = fdopendir(dup(folder->fd));
	while (dir && (entry = readdir(dir))) {
		if (!is_sum(entry->d_name) || strncmp(entry->d_name, word, strlen(word)) != 0)
			continue;
		memcpy(ret_sum, entry->d_name, SUM_LEN + 1);
		cnt++;
	}
	if (dir)
		closedir(dir);
	if (cnt == 1)
		return CLI_OK;
	return cli_fail(cli, CLI_FAILED, NULL,
			cnt ? "more than one file in %s begins with %s"
			    : "no file in %s begins with %s",
			folder->path, word);
}

/* Opens the folder and finds the file; on CLI_OK the folder is the caller's to close. */
static int file_find(struct cli *cli, const struct cli_args *args, struct folder *ret_folder,
		     char ret_sum[SUM_LEN + 1])
{
	int status = folder_open(cli, args, ret_folder);

	if (status)
		return status;
	status = sum_find(cli, args, ret_folder, ret_sum);
	if (status)
		close(ret_folder->fd);
	return status;
}

static const struct column show_columns[] = {
	{ "timestamp", "TIME", COLUMN_TEXT },
	{ "event_type", "WHAT", COLUMN_TEXT },
	{ "tenant", "TENANT", COLUMN_TEXT },
	{ "app_proto", "BY", COLUMN_TEXT },
	{ "src_ip", "FROM", COLUMN_TEXT },
	{ "dest_ip", "TO", COLUMN_TEXT },
	{ "flow", "FLOW", COLUMN_TEXT },
	{ "email.from|http.hostname|smb.share|user", "WHOSE", COLUMN_TEXT },
	{ "fileinfo.filename|path", "NAME", COLUMN_TEXT },
};
static const struct view show_view = VIEW("records", show_columns, "no record stands beside it");

static const struct column one_columns[] = {
	{ "sha256", "SHA-256", COLUMN_TEXT },	 { "size", "SIZE", COLUMN_BYTES },
	{ "times", "TIMES", COLUMN_COUNT },	 { "why", "WHY", COLUMN_TEXT },
	{ "released", "RELEASED", COLUMN_TEXT },
};
static const struct view one_view = VIEW(NULL, one_columns, "");

/* A flow's id is no quantity: it is shown as it stands. */
static void flows_spell(json_t *records)
{
	json_t *record;
	size_t i;

	json_array_foreach(records, i, record) {
		const json_t *id = json_object_get(record, "flow_id");

		if (id)
			json_object_set_new(record, "flow",
					    json_sprintf("%" JSON_INTEGER_FORMAT,
							 json_integer_value(id)));
	}
}

static int file_show(struct cli *cli, const struct cli_args *args)
{
	struct folder folder;
	char sum[SUM_LEN + 1];
	struct stat stat;
	json_t *result;
	int status = file_find(cli, args, &folder, sum);

	if (status)
		return status;
	if (fstatat(folder.fd, sum, &stat, AT_SYMLINK_NOFOLLOW))
		stat.st_size = 0;
	result = row_make(&folder, sum, (uint64_t)stat.st_size);
	json_object_set_new(result, "records", records_read(&folder, sum));
	close(folder.fd);
	if (cli->json) {
		print_json(cli->out, result, cli->pretty);
	} else {
		flows_spell(json_object_get(result, "records"));
		print_view(cli->out, result, &one_view);
		print_view(cli->out, result, &show_view);
	}
	json_decref(result);
	return CLI_OK;
}

/* --- release --- */

static bool bytes_copy(int from, int to)
{
	char piece[65536];
	ssize_t len;

	while ((len = read(from, piece, sizeof(piece))) > 0)
		if (write_whole(to, piece, (size_t)len))
			return false;
	return len == 0;
}

/* Who let it out stands beside it, with the other records. */
static bool release_note(const struct folder *folder, const char *sum, const char *path)
{
	FILE *file = records_open(folder, sum, "a");
	const char *sudo = getenv("SUDO_USER"), *login = getenv("USER");
	time_t now = time(NULL);
	char when[64];
	struct tm tm;
	json_t *note;
	bool written;

	if (!file)
		return false;
	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S.000000+0000", &tm);
	note = json_pack("{s:s, s:s, s:o, s:o}", "timestamp", when, "event_type", "release", "user",
			 print_string(sudo    ? sudo
				      : login ? login
					      : ""),
			 "path", print_string(path));
	written = note && json_dumpf(note, file, JSON_COMPACT) == 0 && fputc('\n', file) != EOF;
	json_decref(note);
	return fclose(file) == 0 && written;
}

static int file_release(struct cli *cli, const struct cli_args *args)
{
	const char *path = cli_arg(args, "to");
	struct folder folder;
	char sum[SUM_LEN + 1];
	int from, to, status = file_find(cli, args, &folder, sum);
	bool whole;

	if (status)
		return status;
	from = openat(folder.fd, sum, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	to = from < 0 ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to < 0) {
		status = cli_fail(cli, CLI_FAILED, NULL, "%s: %s", from < 0 ? sum : path,
				  strerror(errno));
	} else {
		whole = bytes_copy(from, to);
		whole = close(to) == 0 && whole;
		if (!whole)
			unlink(path);
		if (!whole || !release_note(&folder, sum, path))
			status = cli_fail(cli, CLI_FAILED, NULL,
					  whole ? "%s is out, but no record says so: %s"
						: "%s could not be written whole: %s",
					  path, strerror(errno));
	}
	if (from >= 0)
		close(from);
	close(folder.fd);
	return status;
}

static int file_delete(struct cli *cli, const struct cli_args *args)
{
	struct folder folder;
	char sum[SUM_LEN + 1], beside[RECORD_NAME_LEN];
	int status = file_find(cli, args, &folder, sum);

	if (status)
		return status;
	snprintf(beside, sizeof(beside), "%s.json", sum);
	if (unlinkat(folder.fd, sum, 0) || (unlinkat(folder.fd, beside, 0) && errno != ENOENT))
		status = cli_fail(cli, CLI_FAILED, NULL, "%s/%s: %s", folder.path, sum,
				  strerror(errno));
	close(folder.fd);
	return status;
}

static const struct cli_command commands[] = {
	{ "list",
	  "files in quarantine: when, who, whose, why",
	  file_list,
	  { { .name = "dir", .kind = CLI_KEY, .value = "DIR" } } },
	{ "show",
	  "one file with a record for each time that it came",
	  file_show,
	  { { .name = "hash", .kind = CLI_WORD, .value = "HASH", .needed = true },
	    { .name = "dir", .kind = CLI_KEY, .value = "DIR" } } },
	{ "release",
	  "copies a file out, and notes who did",
	  file_release,
	  { { .name = "hash", .kind = CLI_WORD, .value = "HASH", .needed = true },
	    { .name = "to", .kind = CLI_KEY, .value = "FILE", .needed = true },
	    { .name = "dir", .kind = CLI_KEY, .value = "DIR" } } },
	{ "delete",
	  "removes a file and its records for good",
	  file_delete,
	  { { .name = "hash", .kind = CLI_WORD, .value = "HASH", .needed = true },
	    { .name = "dir", .kind = CLI_KEY, .value = "DIR" } } },
	{ 0 },
};

const struct cli_object object_file = {
	.name = "file",
	.summary = "files that the inspection engine put into quarantine",
	.commands = commands,
	.usual = "list",
	.teach = "  sekisho file list\n"
		 "      those of " USUAL_DIR "; dir DIR names another\n"
		 "  sekisho file show 430a0713\n"
		 "      each time that it came: who sent it to whom, by what\n"
		 "  sekisho file release 430a0713 to /tmp/sample.zip\n"
		 "      for whoever looks at it; nothing is overwritten, and it stays in quarantine\n"
		 "  sekisho -j file list | jq -r '.files[] | [.sha256, .why[0]] | @tsv'\n"
		 "HASH is a SHA-256 or its first digits, eight at least. What is put there, and how much of\n"
		 "it is kept, say the settings (sekisho.files.quarantine). Needs no agent.\n",
};
