// SPDX-License-Identifier: Apache-2.0
/*
 * rpz ZONE: reads "name type" lines and tells what the lists' table answers that is made of the zone file:
 * nxdomain, nodata, drop, tcp, an address, policy (blocked as the policy says), or pass.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names/find.h"

static int plain_lines(void *arg, uint32_t cnt, struct sek_name_line **ret_lines)
{
	struct sek_name_line **lines = arg;

	free(*lines);
	*lines = aligned_alloc(64, (size_t)cnt * sizeof(**lines));
	if (!*lines)
		return -1;
	memset(*lines, 0, (size_t)cnt * sizeof(**lines));
	*ret_lines = *lines;
	return 0;
}

static void own_print(const struct sek_name_answer *answer, bool six)
{
	char text[INET6_ADDRSTRLEN] = "nodata";

	if (six && answer->flags & SEK_NAME_HAS6)
		inet_ntop(AF_INET6, &answer->ip6, text, sizeof(text));
	if (!six && answer->flags & SEK_NAME_HAS4)
		inet_ntop(AF_INET, &answer->ip4, text, sizeof(text));
	puts(text);
}

static void answer_print(const struct name_table *table, const char *name, bool six)
{
	static const char *const hows[] = { "policy", "nxdomain", "nodata", "policy", "drop", "tcp" };
	struct name_view view = { .table = table };
	struct name_asked asked = { .host = name, .host_len = strlen(name) };
	struct sek_name_phase phase = { .block = 1 };
	struct sek_name_said said = name_decide(&view, &asked, 0, &phase, NULL);

	if (said.opinion != SEK_NAME_BLOCK)
		puts("pass");
	else if (said.how == SEK_NAME_LOCAL)
		own_print(&table->answers[said.answer], six);
	else
		puts(said.how < 6 ? hows[said.how] : "?");
}

int main(int argc, char **argv)
{
	struct name_read_options options = { .format = "rpz", .own_answers = true };
	struct sek_name_line *lines = NULL;
	struct name_room room = { .lines = plain_lines, .arg = &lines };
	struct name_source source = {};
	char name[300], type[16];
	struct name_table table;
	struct name_list list;
	struct diag diag;

	diag_init(&diag);
	if (argc != 2 || name_list_read(argv[1], &options, &list, &diag)) {
		diag_print(&diag, stderr);
		return 1;
	}
	source.list = &list;
	room.bloom = calloc(SEK_NAME_BLOOM_WORDS, sizeof(*room.bloom));
	if (!room.bloom || name_table_build(&source, 1, &room, &table))
		return 1;
	while (scanf("%299s %15s", name, type) == 2)
		answer_print(&table, name, !strcmp(type, "AAAA"));
	name_table_free(&table);
	name_list_free(&list);
	diag_free(&diag);
	free(room.bloom);
	free(lines);
	return 0;
}
