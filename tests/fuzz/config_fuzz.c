// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a file of settings and, up to their first line, as an assignment: it is read or its place is
 * named, and what was assigned can be asked.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void set_and_ask(struct config *config, const uint8_t *data, size_t size)
{
	char *line = strndup((const char *)data, size);
	char *equals;

	line[strcspn(line, "\n")] = 0;
	equals = strchr(line, '=');
	if (config_set(config, line) == 0) {
		*equals = 0;
		if (!config_text(config, line) || strcmp(config_text(config, line), equals + 1) != 0)
			abort();
		config_bytes(config, line, 0);
	}
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("settings", MFD_CLOEXEC);
	struct config *config = NULL;
	struct diag diag;
	char path[32];
	int ret;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	diag_init(&diag);
	ret = config_read(path, &config, &diag);
	if (ret && !diag.error_cnt)
		abort();
	if (!ret) {
		for (size_t i = 0; i < config_cnt(config, ""); i++)
			config_child(config, "", i);
		set_and_ask(config, data, size);
		config_free(config);
	}
	diag_free(&diag);
	close(fd);
	return 0;
}
