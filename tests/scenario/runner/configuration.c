/* SPDX-License-Identifier: Apache-2.0 */
/* The server's configuration in a scenario. */
#include "scenario/runner/configuration.h"

#include "scenario/runner/temp.h"

/** What a scenario gets without a word: see docs/scenarios.md. */
static const char defaults[] = "domain: example.org\n"
			       "listen: [udp:192.0.2.1:5060, tcp:192.0.2.1:5060]\n"
			       "store: 'memory:'\n";

static const char ims_defaults[] = "core: ims\n"
				   "ims:\n"
				   "  peers: [198.51.100.1]\n"
				   "  next-hop: sip:198.51.100.1:5060\n";

/** A top-level key and the lines that belong to it. */
struct section {
	struct section *next;
	struct str key, text;
};


static bool starts_section(struct str line)
{
	return line.n && line.p[0] != ' ' && line.p[0] != '#' && line.p[0] != '-' &&
	       str_find(line, ':') > 0;
}


/** Lays the sections of `yaml` over those there are. */
static void overlay(struct arena *a, struct section **list, struct str yaml)
{
	struct section *s = NULL;

	for (struct str rest = yaml; rest.p;) {
		struct str line = str_cut(&rest, '\n');

		if (starts_section(line)) {
			struct str key = str_upto(line, (size_t)str_find(line, ':'));
			struct section **at = list;

			while (*at && !str_eq((*at)->key, key))
				at = &(*at)->next;
			if (!*at)
				*at = scn_alloc(a, sizeof(**at));
			s = *at;
			s->key = key;
			s->text = STR("");
		}
		if (s && str_trim(line).n)
			s->text = scn_fmt(a, STR_FMT STR_FMT "\n", STR_ARG(s->text), STR_ARG(line));
	}
}


static struct section *sections(struct scn_play *p, const struct scn_text *more)
{
	const struct scn_text *all[] = {p->script->decls.config, p->c->decls.config, more};
	struct section *list = NULL;

	overlay(p->arena, &list, str_of(defaults));
	overlay(p->arena, &list,
		str_eq(p->core, STR("ims")) ? str_of(ims_defaults) : STR("core: embedded\n"));
	for (size_t i = 0; i < 3; i++)
		for (const struct scn_text *t = all[i]; t; t = t->next)
			overlay(p->arena, &list, t->text);
	return list;
}


bool scn_configuration(struct scn_play *p, const struct scn_text *more, struct str *ret)
{
	struct str yaml = STR("");
	bool tls = false, tls_said = false;

	for (const struct section *s = sections(p, more); s; s = s->next) {
		yaml = scn_fmt(p->arena, STR_FMT STR_FMT, STR_ARG(yaml), STR_ARG(s->text));
		tls |= str_eq(s->key, STR("listen")) && str_find_str(s->text, STR("tls:")) >= 0;
		tls_said |= str_eq(s->key, STR("tls"));
	}
	if (tls)
		(void)scn_tls(p);
	if (tls && !tls_said)
		yaml = scn_fmt(p->arena,
			       STR_FMT "tls: {certificate: {tmp}/server.pem, key: "
				       "{tmp}/server.key, ca: {tmp}/server.pem}\n",
			       STR_ARG(yaml));
	return scn_put_in(p, p->c->line, yaml, ret);
}


/** The first domain of `domain: example.org` or `domain: [a, b]`. */
static struct str first_domain(struct str text)
{
	struct str rest = text;

	(void)str_cut(&rest, ':');
	rest = str_trim(rest);
	if (rest.n && (rest.p[0] == '[' || rest.p[0] == '-'))
		rest = str_trim(str_from(rest, 1));
	for (size_t i = 0; i < rest.n; i++)
		if (strchr(", ]\n#", rest.p[i]))
			return str_upto(rest, i);
	return rest;
}


void scn_configuration_domain(struct scn_play *p)
{
	for (const struct section *s = sections(p, NULL); s; s = s->next)
		if (str_eq(s->key, STR("domain")))
			p->domain = scn_copy(p->arena, first_domain(s->text));
	scn_var_set(p->arena, &p->vars, STR("domain"), p->domain);
}
