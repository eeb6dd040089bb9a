/* SPDX-License-Identifier: Apache-2.0 */
/* parley.yaml(5), made from the table of options. */
#include "server/config.h"

#include "server/option_type.h"
#include "server/options.h"

static const char head[] =
	".\\\" Made from src/server/options.c.\n"
	".TH PARLEY.YAML 5 \"\" \"Parley " PARLEY_VERSION "\" \"Parley\"\n"
	".SH NAME\n"
	"parley.yaml \\- configuration of the Parley IM server\n"
	".SH DESCRIPTION\n"
	"The file is YAML, in UTF-8. Every key has a default: an empty file is a working server "
	"with a core\n"
	"of its own on the loopback interface. A key is written nested, or with dots:\n"
	".PP\n"
	".nf\n"
	".RS 4\n"
	"deferred:\n"
	"  expiry: 3d\n"
	"\n"
	"deferred.expiry: 3d\n"
	".RE\n"
	".fi\n"
	".PP\n"
	".B parleyd \\-t \\-c\n"
	".I FILE\n"
	"checks a file and tells all mistakes at once, each as\n"
	".IR \"FILE:LINE: KEY: what is wrong: what to do about it\" .\n"
	".B parleyctl config\n"
	"shows the effective configuration of a running server.\n"
	"On SIGHUP the file is read again; keys marked\n"
	".I reloadable\n"
	"take effect then, the others at a restart. A file with mistakes changes nothing.\n"
	".SS Values\n"
	".TP\n"
	"duration\n"
	"Numbers with d, h, m, s or ms, added up: 7d, 1h 30m, 500ms. A number alone is seconds.\n"
	".TP\n"
	"size\n"
	"Bytes, or a number with k, M or G (1024, 1024 squared, 1024 cubed): 65536, 64k.\n"
	".TP\n"
	"list\n"
	"[a, b], or one item a line after a dash; a single item needs no brackets.\n"
	".TP\n"
	"null\n"
	"An empty value, ~ or null: the default.\n"
	".TP\n"
	"file\n"
	"A relative path is taken from the directory that the server was started in.\n"
	".SH KEYS\n";

static const char foot[] =
	".SH EXAMPLE\n"
	"A server with a core of its own for one domain:\n"
	".PP\n"
	".nf\n"
	".RS 4\n"
	"domain: example.org\n"
	"listen: [udp:192.0.2.1:5060, tcp:192.0.2.1:5060, tls:192.0.2.1:5061]\n"
	"tls: {certificate: /etc/parley/server.pem, key: /etc/parley/server.key}\n"
	"store: sqlite:/var/lib/parley/parley.db\n"
	".RE\n"
	".fi\n"
	".PP\n"
	"An application server beside an IMS core:\n"
	".PP\n"
	".nf\n"
	".RS 4\n"
	"domain: ims.example.org\n"
	"core: ims\n"
	"listen: [udp:192.0.2.1:5060, tcp:192.0.2.1:5060]\n"
	"ims:\n"
	"  peers: [192.0.2.10, 192.0.2.11]\n"
	"  next\\-hop: sip:192.0.2.10:5060\n"
	".RE\n"
	".fi\n"
	".SH SEE ALSO\n"
	".BR parleyd (8),\n"
	".BR parleyctl (1)\n";


/** Text for roff: minus signs and backslashes are themselves, no line begins a request. */
static void put_text(struct buf *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		buf_puts(out, STR("\\&"));
	for (const char *p = text; *p; p++) {
		if (*p == '-')
			buf_puts(out, STR("\\-"));
		else if (*p == '\\')
			buf_puts(out, STR("\\e"));
		else
			buf_putc(out, *p);
	}
}


static void put_bounds(struct buf *out, const struct option *o)
{
	if (o->type->many || o->max == 0)
		return;
	buf_puts(out, STR(", from "));
	option_put_number(o, o->min, out);
	buf_puts(out, STR(" to "));
	option_put_number(o, o->max, out);
}


static void put_default(struct buf *out, const struct option *o)
{
	bool brackets = strchr(o->initial, ',') != NULL;

	buf_puts(out, STR("Default: "));
	if (o->derived)
		put_text(out, o->derived);
	else if (!o->initial[0])
		buf_puts(out, STR("none"));
	else {
		buf_puts(out, brackets ? STR("[") : STR(""));
		put_text(out, o->initial);
		buf_puts(out, brackets ? STR("]") : STR(""));
	}
	buf_puts(out, STR(".\n"));
}


static void put_option(struct buf *out, const struct option *o)
{
	buf_puts(out, STR(".TP\n.B "));
	put_text(out, o->key);
	buf_putc(out, '\n');
	put_text(out, o->sentence);
	buf_puts(out, STR("\n.br\nTakes "));
	put_text(out, o->type->name);
	put_bounds(out, o);
	buf_puts(out, STR(".\n"));
	put_default(out, o);
	if (o->reloadable)
		buf_puts(out, STR("Reloadable.\n"));
}


void config_man(struct buf *out)
{
	buf_puts(out, str_of(head));
	for (size_t i = 0; i < options_count; i++)
		put_option(out, &options[i]);
	buf_puts(out, str_of(foot));
}
