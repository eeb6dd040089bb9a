/* SPDX-License-Identifier: Apache-2.0 */
/* CPIM heads as a conference judges them, and nicknames; the first byte cuts the head in two. */
#include <stdlib.h>

#include "im/controlling/cpim_gate.h"
#include "im/controlling/nickname.h"

static const struct str names[] = {STR_INIT("sip:conf@example.com"),
				   STR_INIT("sip:group@example.com")};


static void must(bool ok)
{
	if (!ok)
		abort();
}


/* Cut or whole: the same end. */
static void scan(struct str text, size_t cut)
{
	struct cpim_head_scan a = {0}, b = {0};
	size_t n = 0, m = 0;
	bool whole = cpim_head_scan(&a, text, &n);
	bool first = cpim_head_scan(&b, str_upto(text, cut), &m);

	must((first || cpim_head_scan(&b, text, &m)) == whole);
	must(n == m && n <= text.n);
}


/* What is let pass is let pass again, and says the same, when its addresses have been replaced. */
static void judge(struct str head, bool anonymous)
{
	struct cpim_gate g = {
		.who = STR("sip:alice@example.com"),
		.shown = anonymous ? STR("sip:anonymous1@anonymous.invalid")
				   : STR("sip:alice@example.com"),
		.shown_name = STR("Alice"),
		.anonymous = anonymous,
		.names = names,
		.names_n = 2,
		.domain = STR("example.com"),
	};
	struct cpim_verdict v, again;
	struct buf out = BUF_INIT(1u << 20), more = BUF_INIT(1u << 20);
	uint16_t status = cpim_gate_judge(&v, &g, head, &out);

	must(status == 0 || status == 400 || status == 403 || status == 404);
	if (!status) {
		must(v.everybody ? v.to_n == 0 : v.to_n > 0);
		must(v.replaced == (out.n > 0));
	}
	if (!status && v.replaced) {
		must(cpim_gate_judge(&again, &g, buf_str(&out), &more) == 0);
		must(again.everybody == v.everybody && again.kind == v.kind && !again.replaced);
	}
	buf_done(&out);
	buf_done(&more);
}


static void name(struct str text)
{
	struct buf shown = BUF_INIT(8192), key = BUF_INIT(8192), twice = BUF_INIT(8192);

	if (!nickname_prepare(text, &shown, &key)) {
		must(shown.n > 0 && shown.n <= text.n && key.n > 0);
		must(!nickname_prepare(buf_str(&shown), &twice, NULL));
		must(str_eq(buf_str(&shown), buf_str(&twice)));
		buf_clear(&twice);
		must(!nickname_prepare(buf_str(&shown), NULL, &twice));
		must(str_eq(buf_str(&key), buf_str(&twice)));
	}
	buf_done(&shown);
	buf_done(&key);
	buf_done(&twice);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};

	if (!size)
		return 0;
	scan(str_from(text, 1), data[0]);
	judge(str_from(text, 1), data[0] & 1);
	name(str_from(text, 1));
	return 0;
}
