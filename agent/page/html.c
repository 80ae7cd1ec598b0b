/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One layout, two languages by tables. Called by page.c. Promises: no script, nothing from elsewhere,
 * readable without its style; each word from outside goes through text_put().
 */
#include "page/html.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/escape.h"

enum language { EN, JA, LANGUAGES };

static const char style[] =
	":root{color-scheme:light dark;--ink:#1d2430;--soft:#4d5866;--paper:#f3f5f8;--card:#fff;"
	"--line:#d5dbe3;--act:#0b57a4;--on:#fff;--mark:#a4262c;--good:#1a7f37}"
	"@media(prefers-color-scheme:dark){:root{--ink:#e7ebf0;--soft:#aeb8c4;--paper:#14181d;"
	"--card:#1e242b;--line:#3a444f;--act:#7db7f5;--on:#0d1218;--mark:#ff9a94;"
	"--good:#57c46f}}"
	"*{box-sizing:border-box}"
	"body{margin:0;background:var(--paper);color:var(--ink);font:1.0625rem/1.65 system-ui,"
	"-apple-system,\"Hiragino Sans\",\"Noto Sans CJK JP\",\"Noto Sans JP\",Meiryo,"
	"\"VL Gothic\",sans-serif;"
	"overflow-wrap:anywhere}"
	"main{max-width:44rem;margin:0 auto;padding:1rem}"
	".card{background:var(--card);border:1px solid var(--line);border-top:.35rem solid var(--mark);"
	"border-radius:.6rem;padding:1.25rem 1.25rem 1.5rem;margin:1rem 0}"
	".good{border-top-color:var(--good)}"
	".second{border-top-color:var(--line);color:var(--soft);font-size:1rem}"
	"h1{font-size:1.5rem;line-height:1.35;margin:0 0 .75rem}"
	"h2{font-size:1.15rem;line-height:1.4;margin:0 0 .5rem}"
	"p{margin:.6rem 0}"
	"dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.35rem 1.25rem;margin:1rem 0;"
	"padding:1rem 0 0;border-top:1px solid var(--line)}"
	"dt{color:var(--soft)}dd{margin:0;font-weight:600}"
	".code{font-family:ui-monospace,Menlo,Consolas,\"DejaVu Sans Mono\",monospace;letter-spacing:.04em}"
	"form{border-top:1px solid var(--line);margin-top:1rem;padding-top:1rem}"
	"label{display:block;font-weight:600}"
	"textarea{display:block;width:100%;min-height:5.5rem;margin:.4rem 0 .9rem;padding:.6rem;font:inherit;"
	"color:inherit;background:var(--paper);border:1px solid var(--soft);border-radius:.4rem}"
	"button{font:inherit;font-weight:600;min-height:3rem;padding:.6rem 1.4rem;color:var(--on);"
	"background:var(--act);border:0;border-radius:.4rem;cursor:pointer}"
	"a{color:var(--act)}:focus-visible{outline:3px solid var(--act);outline-offset:2px}"
	"@media(max-width:30rem){main{padding:.5rem}dl{grid-template-columns:1fr;gap:0}"
	"dd{margin-bottom:.6rem}button{width:100%}}";

/* What each kind of page says: its heading, and a sentence below it. */
static const struct {
	const char *head, *says;
} words[PAGE_KINDS][LANGUAGES] = {
#define PAGE_KIND(kind, en, says_en, ja, says_ja) [kind] = { { en, says_en }, { ja, says_ja } },
#include "page/words.def"
};

enum term {
	T_BODY,
	T_NAME,
	T_CATEGORY,
	T_LIST,
	T_REFERENCE,
	T_STATE,
	T_UNTIL,
	T_WHY,
	T_HELP,
	TERMS
};
static const char *const terms[TERMS][LANGUAGES] = {
#define PAGE_TERM(word, words_en, words_ja) [word] = { words_en, words_ja },
#include "page/words.def"
};

enum phrase { P_LABEL, P_BUTTON, P_HINT, P_AGAIN, P_FOREVER, PHRASES };
static const char *const phrases[PHRASES][LANGUAGES] = {
#define PAGE_PHRASE(word, words_en, words_ja) [word] = { words_en, words_ja },
#include "page/words.def"
};

static const char *const state_words[][LANGUAGES + 1] = {
	{ "waits for a decision", "確認待ち", "pending" },
	{ "granted", "解除されました", "granted" },
	{ "denied", "認められませんでした", "denied" },
};

static void raw_put(FILE *out, const char *text)
{
	fputs(text, out);
}

/* Text from anywhere as text: markup is written as entities, what is no UTF-8 or obeyed is left out. */
static void text_put(FILE *out, const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len;) {
		uint32_t point = 0;
		size_t n = utf8_decode(text + i, len - i, &point);

		if (n && strchr("&<>\"'", (int)point) && point < 128)
			fprintf(out, "&#%u;", point);
		else if (n && !utf8_is_control(point))
			fwrite(text + i, 1, n, out);
		i += n ? n : 1;
	}
}

static const char *language_name(enum language l)
{
	return l == JA ? "ja" : "en";
}

static void row_put(FILE *out, enum term term, enum language l, const char *value, bool code)
{
	if (!value || !*value)
		return;
	fprintf(out, "<dt>%s</dt><dd%s>", terms[term][l], code ? " class=\"code\"" : "");
	text_put(out, value);
	raw_put(out, "</dd>\n");
}

static const char *state_word(const char *state, enum language l)
{
	for (size_t i = 0; state && i < sizeof(state_words) / sizeof(state_words[0]); i++)
		if (strcmp(state_words[i][LANGUAGES], state) == 0)
			return state_words[i][l];
	return state;
}

static void rows_put(FILE *out, const struct page_view *v, enum language l)
{
	bool granted = v->state && strcmp(v->state, "granted") == 0;

	if (!v->body && !v->name && !v->reference && !v->help_desk)
		return;
	raw_put(out, "<dl>\n");
	row_put(out, T_NAME, l, v->name, true);
	row_put(out, T_BODY, l, v->body, false);
	row_put(out, T_CATEGORY, l, v->category, false);
	row_put(out, T_LIST, l, v->list, false);
	row_put(out, T_STATE, l, state_word(v->state, l), false);
	row_put(out, T_UNTIL, l, granted ? (v->until ? v->until : phrases[P_FOREVER][l]) : NULL,
		false);
	row_put(out, T_WHY, l, v->why, false);
	row_put(out, T_REFERENCE, l, v->reference, true);
	row_put(out, T_HELP, l, v->help_desk, false);
	raw_put(out, "</dl>\n");
}

static void form_put(FILE *out, const struct page_view *v, enum language l)
{
	if (!v->can_ask)
		return;
	raw_put(out, "<form method=\"post\" action=\"/sekisho/request\">\n");
	fprintf(out, "<p>%s</p>\n<label for=\"comment\">%s</label>\n", phrases[P_HINT][l],
		phrases[P_LABEL][l]);
	raw_put(out,
		"<textarea id=\"comment\" name=\"comment\" maxlength=\"300\" rows=\"3\"></textarea>\n"
		"<input type=\"hidden\" name=\"reference\" value=\"");
	text_put(out, v->reference);
	fprintf(out, "\">\n<input type=\"hidden\" name=\"issued\" value=\"%llu\">\n",
		(unsigned long long)v->issued);
	raw_put(out, "<input type=\"hidden\" name=\"token\" value=\"");
	text_put(out, v->token);
	fprintf(out,
		"\">\n<button type=\"submit\">%s <span lang=\"%s\">/ %s</span></button>\n</form>\n",
		phrases[P_BUTTON][l], language_name(!l), phrases[P_BUTTON][!l]);
}

static void again_put(FILE *out, const struct page_view *v, enum language l)
{
	if (!v->again)
		return;
	raw_put(out, "<p><a href=\"");
	text_put(out, v->again);
	fprintf(out, "\">%s</a></p>\n", phrases[P_AGAIN][l]);
}

/* The other language: the same in short, so that nobody has to guess. */
static void second_put(FILE *out, const struct page_view *v, enum language l)
{
	fprintf(out,
		"<section class=\"card second\" lang=\"%s\" aria-label=\"%s\">\n<h2>%s</h2>\n<p>%s</p>\n",
		language_name(l), l == JA ? "日本語" : "English", words[v->kind][l].head,
		words[v->kind][l].says);
	if (v->can_ask)
		fprintf(out, "<p>%s</p>\n", phrases[P_HINT][l]);
	rows_put(out, v, l);
	raw_put(out, "</section>\n");
}

/* What is good news does not begin in red. */
static bool is_good(const struct page_view *v)
{
	return v->kind == PAGE_OPEN || (v->state && !strcmp(v->state, "granted"));
}

char *page_html(const struct page_view *v)
{
	enum language l = v->japanese ? JA : EN;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	fprintf(out,
		"<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"robots\" content=\"noindex\">\n<title>%s</title>\n<style>%s</style>\n"
		"</head>\n<body>\n<main>\n<section class=\"card%s\">\n<h1>%s</h1>\n<p>%s</p>\n",
		language_name(l), words[v->kind][l].head, style, is_good(v) ? " good" : "",
		words[v->kind][l].head, words[v->kind][l].says);
	rows_put(out, v, l);
	again_put(out, v, l);
	form_put(out, v, l);
	raw_put(out, "</section>\n");
	second_put(out, v, !l);
	raw_put(out, "</main>\n</body>\n</html>\n");
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

const char *page_policy(char *out, unsigned int cap)
{
	unsigned char hash[SHA256_DIGEST_LENGTH];
	char text[4 * ((SHA256_DIGEST_LENGTH + 2) / 3) + 1];

	SHA256((const unsigned char *)style, sizeof(style) - 1, hash);
	EVP_EncodeBlock((unsigned char *)text, hash, sizeof(hash));
	snprintf(out, cap,
		 "default-src 'none'; style-src 'sha256-%s'; form-action 'self'; base-uri 'none'; "
		 "frame-ancestors 'none'",
		 text);
	return out;
}
