/* SPDX-License-Identifier: Apache-2.0 */
/* The scenario language below its statements: words, times, patterns, blocks, forms, details. */
#include "scenario/runner/detail.h"
#include "scenario/runner/form.h"
#include "scenario/runner/script.h"

#include "lib/unit.h"


static struct arena *an_arena(void)
{
	return unit_arena(SCN_ARENA_MAX);
}


static void test_words(void)
{
	static const struct {
		const char *line;
		const char *words[6];
		bool fails;
	} rows[] = {
		{"alice sends MESSAGE", {"alice", "sends", "MESSAGE"}},
		{"  a\t b  ", {"a", "b"}},
		{"say \"two words\" now", {"say", "two words", "now"}},
		{"say \"a \\\" quote\"", {"say", "a \\\" quote"}},
		{"{name} {a_b-1}", {"{name}", "{a_b-1}"}},
		{"x{name with blank", {"x{name", "with", "blank"}},
		{"POST {\"a\": {\"b\": \"}\"}} end", {"POST", "{\"a\": {\"b\": \"}\"}}", "end"}},
		{"a # comment", {"a"}},
		{"a#b", {"a#b"}},
		{"a \"unclosed", {0}, true},
		{"a { \"b\": 1", {0}, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scn_words w;
		size_t n = 0;

		unit_case("%s", rows[i].line);
		assert_int_equal(scn_words(&w, str_of(rows[i].line)), !rows[i].fails);
		if (rows[i].fails)
			continue;
		for (; n < 6 && rows[i].words[n]; n++) {
			assert_true(n < w.n);
			unit_str(w.w[n].text, rows[i].words[n]);
		}
		assert_int_equal(w.n, n);
	}
}


static void test_durations(void)
{
	static const struct {
		const char *text;
		uint64_t ms;
		bool fails;
		const char *back;
	} rows[] = {
		{"500ms", 500, false, "0.500s"},
		{"32s", 32000, false, "32.000s"},
		{"1m30s", 90000, false, "1m30s"},
		{"1h", 3600000, false, "1h00m00s"},
		{"7d", 604800000, false, "168h00m00s"},
		{"0s", 0, false, "0.000s"},
		{"1h5ms", 3600005, false, "3600.005s"},
		{"5", 0, true},
		{"", 0, true},
		{"s", 0, true},
		{"5x", 0, true},
		{"1s2", 0, true},
		{"-1s", 0, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t ms = 0;

		unit_case("%s", rows[i].text);
		assert_int_equal(scn_duration(str_of(rows[i].text), &ms), !rows[i].fails);
		assert_int_equal(ms, rows[i].ms);
		if (!rows[i].fails)
			unit_str(scn_duration_text(an_arena(), ms), rows[i].back);
	}
}


static void test_globs(void)
{
	static const struct {
		const char *pattern, *text;
		bool fits;
	} rows[] = {
		{"abc", "abc", true},
		{"abc", "abd", false},
		{"abc", "abcd", false},
		{"", "", true},
		{"*", "", true},
		{"*", "anything", true},
		{"a*c", "abbc", true},
		{"a*c", "ac", true},
		{"a*c", "acb", false},
		{"*b*", "abc", true},
		{"\\*x", "*x", true},
		{"\\*x", "ax", false},
		{"a*b*c", "aXbYbZc", true},
		{"<sip:*>;tag=*", "<sip:a@b>;tag=1", true},
		{"*x", "xxy", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s on %s", rows[i].pattern, rows[i].text);
		assert_int_equal(scn_glob(str_of(rows[i].pattern), str_of(rows[i].text)),
				 rows[i].fits);
	}
}


static void test_escapes(void)
{
	struct arena *a = an_arena();
	struct str bytes = scn_unescape(a, STR("a\\r\\n\\t\\x41\\0\\\\\\\"\\{z\\x4"));

	assert_int_equal(bytes.n, 12);
	assert_memory_equal(bytes.p, "a\r\n\tA\0\\\"{zx4", 12);
	unit_str(scn_escape(a, (struct str){"a\r\n\x01\\", 5}), "a\\r\\n\\x01\\\\");
}


static void test_variables(void)
{
	struct arena *a = an_arena();
	struct scn_vars outer = {0}, vars = {.outer = &outer};
	struct str got, unknown;

	scn_var_set(a, &outer, STR("a"), STR("1"));
	scn_var_set(a, &vars, STR("b"), STR("2"));
	assert_true(scn_substitute(a, &vars, STR("{a}-{b}-{ a }-\\{a}"), &got, &unknown));
	unit_str(got, "1-2-{ a }-\\{a}");
	scn_var_set(a, &vars, STR("b"), STR("3"));
	assert_true(scn_substitute(a, &vars, STR("{b}"), &got, &unknown));
	unit_str(got, "3");
	assert_false(scn_substitute(a, &vars, STR("x{c}"), &got, &unknown));
	unit_str(unknown, "c");
	assert_true(scn_regex(a, STR("tag=([a-z]+)"), STR("x;tag=abc;y"), &got));
	unit_str(got, "abc");
	assert_false(scn_regex(a, STR("^y"), STR("xy"), NULL));
}


static void test_blocks(void)
{
	static const char text[] = "# comment\n"
				   "one\n"
				   "  two <<END\n"
				   "    text\n"
				   "  more\n"
				   "  END\n"
				   "\n"
				   "  # not seen\n"
				   "  three\n"
				   "    four\n"
				   "five\n";
	struct arena *a = an_arena();
	struct str why;
	const struct scn_line *l = scn_block_read(a, "f", str_of(text), &why);

	assert_non_null(l);
	unit_str(l->text, "one");
	assert_int_equal(l->no, 2);
	unit_str(l->child->text, "two");
	unit_str(l->child->here, "  text\nmore\n");
	unit_str(l->child->next->text, "three");
	unit_str(l->child->next->child->text, "four");
	unit_str(l->child->next->block, "    four\n");
	unit_str(l->next->text, "five");
	assert_null(l->next->next);

	assert_null(scn_block_read(a, "f", STR("a\n    b\n  c\n"), &why));
	unit_str(why, "f:3: stands neither beneath line 2 nor beside it: indent as its neighbours");
	assert_null(scn_block_read(a, "f", STR("a\n\tb\n"), &why));
	unit_str(why, "f:2: indent with blanks, not tabs");
	assert_null(scn_block_read(a, "f", STR("a <<END\nx\n"), &why));
	unit_str(why, "f:1: no line END ends this text");
	assert_null(scn_block_read(a, "f", STR(""), &why));
	assert_null(why.p);
	unit_str(scn_block_dedent(a, STR("    a: 1\n      b: 2\n\n    c\n")), "a: 1\n  b: 2\nc\n");
}


static void test_forms(void)
{
	const struct scn_form f = {
		.pattern = "PEER sends METHOD [to TARGET] [as NAME] [without credentials]"};
	static const struct {
		const char *line;
		bool fits;
	} rows[] = {
		{"alice sends MESSAGE", true},
		{"alice sends MESSAGE to bob", true},
		{"alice sends MESSAGE as x to bob", true},
		{"alice sends MESSAGE without credentials to bob as x", true},
		{"alice sends \"odd method\"", true},
		{"alice sends {method}", true},
		{"alice sends message", false},
		{"alice sends MESSAGE to", false},
		{"alice sends MESSAGE to bob to carol", false},
		{"alice sends MESSAGE twice", false},
		{"alice gets MESSAGE", false},
		{"alice", false},
		{"\"alice\" sends MESSAGE", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scn_words w;
		struct scn_args args;

		unit_case("%s", rows[i].line);
		assert_true(scn_words(&w, str_of(rows[i].line)));
		assert_int_equal(scn_form_match(&f, &w, str_of(rows[i].line), NULL, NULL, &args),
				 rows[i].fits);
	}

	struct scn_words w;
	struct scn_args args;

	assert_true(scn_words(&w, STR("a sends X1 as n without credentials to b")));
	assert_true(scn_form_match(&f, &w, STR("a sends X1 as n without credentials to b"), NULL,
				   NULL, &args));
	unit_str(scn_arg(&args, "TARGET"), "b");
	unit_str(scn_arg(&args, "NAME"), "n");
	assert_non_null(scn_arg(&args, "without").p);
	assert_null(scn_arg(&args, "IN").p);
}


/** Every form of the language is read back from its own words. */
static void test_forms_are_distinct(void)
{
	for (const struct scn_form *const *t = scn_statement_tables; *t; t++) {
		for (const struct scn_form *f = *t; f->pattern; f++) {
			unit_case("%s", f->pattern);
			assert_non_null(f->says);
			assert_non_null(f->play);
			assert_true(strlen(f->says) > 5);
		}
	}
}


static void test_subjects(void)
{
	struct scn_subject s;

	assert_true(scn_subject_read(&s, STR("Via[-1];branch")));
	unit_str(s.name, "Via");
	assert_int_equal(s.index, -1);
	unit_str(s.param, "branch");
	assert_false(s.own);
	assert_true(scn_subject_read(&s, STR("Contact[2]<>")));
	assert_true(s.uri);
	assert_true(scn_subject_read(&s, STR("body")));
	assert_true(s.own);
	assert_false(scn_subject_read(&s, STR("Via[0]")));
	assert_false(scn_subject_read(&s, STR("Via[")));
	assert_false(scn_subject_read(&s, STR("Via;")));
	assert_false(scn_subject_read(&s, STR("Via branch")));
	assert_false(scn_subject_read(&s, STR("")));
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_words), UNIT_TEST_PLAIN(test_durations), UNIT_TEST_PLAIN(test_globs),
	  UNIT_TEST_PLAIN(test_escapes), UNIT_TEST_PLAIN(test_variables),
	  UNIT_TEST_PLAIN(test_blocks), UNIT_TEST_PLAIN(test_forms),
	  UNIT_TEST_PLAIN(test_forms_are_distinct), UNIT_TEST_PLAIN(test_subjects))
