// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the reading of sekisho.files. Called when an engine starts. Promises that a password file or a limit
 * that cannot be is an error, not a habit.
 */
#include "scan/settings.h"

#include <errno.h>
#include <stdio.h>

#include "base/config.h"

#define PATH "sekisho.files."
#define PASSWORDS_MAX 16384 /* bytes of all of them */
#define MIB (1ull << 20)
#define MEMBERS_MAX 4000 /* a transaction carries so many files */

bool scan_is_asked(const struct config *config)
{
	return config_bool(config, PATH "archives.enabled", false) ||
	       config_cnt(config, PATH "yara") || config_text(config, PATH "clamav.socket");
}

static int complain(struct diag *diag, const char *hint, const char *text, const char *what)
{
	diag_add(diag, DIAG_ERROR, NULL, 0, 0, hint, "%s %s", text, what);
	return -EINVAL;
}

static bool password_add(struct scan_settings *s, struct slice word)
{
	if (!word.len || s->passwords.len + word.len + 1 > PASSWORDS_MAX)
		return !word.len;
	return grown_room(&s->passwords, word.len + 1) && grown_add(&s->passwords, word) &&
	       grown_add(&s->passwords, slice("", 1));
}

static int password_file_read(const char *path, struct scan_settings *s, struct diag *diag)
{
	FILE *file = path ? fopen(path, "re") : NULL;
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	int ret = 0;

	if (path && !file)
		return complain(diag, strerror(errno), "the passwords cannot be read:", path);
	while (file && !ret && (len = getline(&line, &cap, file)) >= 0) {
		while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			len--;
		if (!password_add(s, slice(line, (size_t)len)))
			ret = complain(diag, "a few hundred are enough", "too many passwords in",
				       path);
	}
	free(line);
	if (file)
		fclose(file);
	return ret;
}

static int passwords_read(const struct config *config, struct scan_settings *s, struct diag *diag)
{
	const char *word;

	for (size_t i = 0; (word = config_child(config, PATH "archives.passwords", i)); i++)
		if (!password_add(s, slice_text(word)))
			return complain(diag, "a few hundred are enough", "too many passwords in",
					PATH "archives.passwords");
	return password_file_read(config_text(config, PATH "archives.password-file"), s, diag);
}

static uint32_t number_read(const struct config *config, const char *path, uint32_t otherwise,
			    uint32_t most)
{
	uint64_t number = config_number(config, path, otherwise);

	return number < most ? (uint32_t)number : most;
}

static void limits_read(const struct config *config, struct scan_settings *s)
{
	s->archives = config_bool(config, PATH "archives.enabled", false);
	s->unpack = (struct unpack_limits){
		.depth = number_read(config, PATH "archives.depth", 5, 16),
		.members = number_read(config, PATH "archives.members", 500, MEMBERS_MAX),
		.member_size = config_bytes(config, PATH "archives.member-size", 16 * MIB),
		.total_size = config_bytes(config, PATH "archives.total-size", 64 * MIB),
		.ratio = number_read(config, PATH "archives.ratio", 200, UINT32_MAX),
	};
	s->max_size = config_bytes(config, PATH "max-size", 16 * MIB);
	s->memory = config_bytes(config, PATH "memory", 512 * MIB);
	s->child_memory = config_bytes(config, PATH "scan-memory", 512 * MIB);
	s->seconds = number_read(config, PATH "timeout", 10, 600);
	s->threads = number_read(config, PATH "threads", 2, 64);
	s->queue = number_read(config, PATH "queue", 256, 65536);
	s->cache = number_read(config, PATH "cache", 65536, 1 << 24);
	s->clamd = config_text(config, PATH "clamav.socket");
	s->clamd_seconds = number_read(config, PATH "clamav.timeout", 10, 600);
}

/* One of two words; NULL is the first. */
static int choice_read(const struct config *config, const char *path, const char *usual,
		       const char *other, bool *ret, struct diag *diag)
{
	const char *word = config_text(config, path);

	*ret = word && strcmp(word, other) == 0;
	if (!word || *ret || strcmp(word, usual) == 0)
		return 0;
	diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL, "%s is %s or %s, not \"%s\"", path, usual,
		 other, word);
	return -EINVAL;
}

int scan_settings_read(const struct config *config, struct scan_settings *ret, struct diag *diag)
{
	struct scan_settings s = { .yara_cnt = 0 };
	const char *file;
	int r;

	limits_read(config, &s);
	s.threads += s.threads == 0;
	s.seconds += s.seconds == 0;
	s.clamd_seconds += s.clamd_seconds == 0;
	if (config_cnt(config, PATH "yara") > SCAN_YARA_MAX)
		return complain(diag, "include \"other.yar\" in one of them", "too many files in",
				PATH "yara");
	for (; (file = config_child(config, PATH "yara", s.yara_cnt)); s.yara_cnt++)
		s.yara[s.yara_cnt] = file;
	r = choice_read(config, PATH "action", "alert", "drop", &s.drop, diag);
	if (!r)
		r = choice_read(config, PATH "fail", "open", "closed", &s.closed, diag);
	if (!r)
		r = passwords_read(config, &s, diag);
	if (r) {
		scan_settings_free(&s);
		return r;
	}
	*ret = s;
	return 0;
}

void scan_settings_free(struct scan_settings *s)
{
	grown_free(&s->passwords);
}
