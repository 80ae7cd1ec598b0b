// SPDX-License-Identifier: Apache-2.0
/*
 * The table of countries, through libmaxminddb. Called by geoip.c and when a struct parse is freed;
 * promises a look-up that neither allocates nor waits.
 */
#include "detect/keyword/countries.h"

#include <maxminddb.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/config.h"
#include "text/address.h"

struct countries {
	MMDB_s table;
};

const struct countries *countries_of(struct draft *draft)
{
	const char *path = config_text(draft->parse->config, "geoip-database");
	struct countries *countries = draft->parse->countries;
	int status;

	if (countries)
		return countries;
	if (!path) {
		refuse(draft, draft->keyword_at,
		       "set geoip-database to a file such as GeoLite2-Country.mmdb",
		       "no table of countries is set");
		return NULL;
	}
	countries = calloc(1, sizeof(*countries));
	if (!countries) {
		refuse_memory(draft);
		return NULL;
	}
	status = MMDB_open(path, MMDB_MODE_MMAP, &countries->table);
	if (status != MMDB_SUCCESS) {
		refuse(draft, draft->keyword_at, NULL, "%s cannot be read: %s", path,
		       MMDB_strerror(status));
		free(countries);
		return NULL;
	}
	draft->parse->countries = countries;
	return countries;
}

static MMDB_lookup_result_s table_find(const struct countries *countries,
				       const struct sek_addr *addr, int *ret_error)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	memcpy(&v4.sin_addr, addr->b + 12, sizeof(v4.sin_addr));
	memcpy(&v6.sin6_addr, addr->b, sizeof(v6.sin6_addr));
	return MMDB_lookup_sockaddr(&countries->table,
				    address_is_v4(addr) ? (const struct sockaddr *)&v4
							: (const struct sockaddr *)&v6,
				    ret_error);
}

bool country_find(const struct countries *countries, const struct sek_addr *addr,
		  char ret_country[COUNTRY_LEN])
{
	static const char *const path[] = { "country", "iso_code", NULL };
	MMDB_entry_data_s data;
	int error = MMDB_SUCCESS;
	MMDB_lookup_result_s found = table_find(countries, addr, &error);

	if (error != MMDB_SUCCESS || !found.found_entry ||
	    MMDB_aget_value(&found.entry, &data, path) != MMDB_SUCCESS || !data.has_data ||
	    data.type != MMDB_DATA_TYPE_UTF8_STRING || data.data_size != COUNTRY_LEN)
		return false;
	memcpy(ret_country, data.utf8_string, COUNTRY_LEN);
	return true;
}

void countries_free(struct countries *countries)
{
	if (!countries)
		return;
	MMDB_close(&countries->table);
	free(countries);
}
