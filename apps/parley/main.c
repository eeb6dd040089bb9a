/* SPDX-License-Identifier: Apache-2.0 */
/* parley: the IM client on the command line. Options, help, which command. */
#include "cli.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/** Words beside the options: a command, an address, a text; messages by their numbers. */
#define WORDS_MAX 64
#define MEMORY_MAX (2 * CLI_ACCOUNTS_MAX)

struct words {
	const char *word[WORDS_MAX];
	int n;
	bool help, version;
};

/* Which commands an option is for. */
enum { ANY = 0, SEND = 1, LISTEN = 2, CHAT = 4, HISTORY = 8, DEFERRED = 16 };
#define KEPT (HISTORY | DEFERRED)

/* Its value is a text that is kept as it stands, in a member of struct cli, or something to be read. */
struct value_option {
	const char *name;
	unsigned of;
	size_t text;
	/** NULL: a text. False: the value does not do. */
	bool (*take)(struct cli *c, const char *value);
};


/* ---- Values ---- */

static bool take_password(struct cli *c, const char *v)
{
	/* Out of sight of who looks at the list of processes. */
	c->account.password = arena_str(&c->memory, str_of(v)).p;
	explicit_bzero((char *)(uintptr_t)v, strlen(v));
	return c->account.password != NULL;
}


static bool take_limit(struct cli *c, const char *v)
{
	return str_u32(str_of(v), &c->limit) && c->limit;
}


static bool take_report(struct cli *c, const char *v)
{
	for (struct str rest = str_of(v); rest.p;) {
		struct str kind = str_cut(&rest, ',');

		if (str_eq(kind, STR("delivery")))
			c->reports |= PARLEY_REPORT_DELIVERY;
		else if (str_eq(kind, STR("display")))
			c->reports |= PARLEY_REPORT_DISPLAY;
		else
			return false;
	}
	return true;
}


static bool take_count(struct cli *c, const char *v)
{
	return str_u32(str_of(v), &c->count) && c->count;
}


static bool take_timeout(struct cli *c, const char *v)
{
	c->timeout_given = true;
	return str_u32(str_of(v), &c->timeout_s) && c->timeout_s && c->timeout_s <= 365 * 86400;
}


#define TEXT(member) .text = offsetof(struct cli, member)

static const struct value_option value_options[] = {
	{"--account", ANY, TEXT(account.address)},
	{"--password", ANY, .take = take_password},
	{"--server", ANY, TEXT(account.server)},
	{"--config", ANY, TEXT(config)},
	{"--file", SEND, TEXT(file)},
	{"--type", SEND, TEXT(type)},
	{"--report", SEND | CHAT, .take = take_report},
	{"--save", LISTEN | KEPT, TEXT(save)},
	{"--with", KEPT, TEXT(with)},
	{"--since", KEPT, TEXT(since)},
	{"--until", KEPT, TEXT(until)},
	{"--text", HISTORY, TEXT(search)},
	{"--limit", KEPT, .take = take_limit},
	{"--session", HISTORY, TEXT(session)},
	{"--service", KEPT, TEXT(service)},
	{"--subject", CHAT, TEXT(subject)},
	{"--factory", CHAT, TEXT(account.factory)},
	{"--count", LISTEN, .take = take_count},
	{"--timeout", SEND | LISTEN | CHAT | KEPT, .take = take_timeout},
};
#define VALUE_OPTIONS (sizeof(value_options) / sizeof(value_options[0]))


static bool take_value(struct cli *c, const struct value_option *o, const char *value)
{
	if (o->take)
		return o->take(c, value);
	*(const char **)((char *)c + o->text) = value;
	return *value;
}


/* ---- Reading the command line ---- */

struct arguments {
	int argc;
	char **argv;
	int at;
	unsigned used; /**< commands that the options seen are for, all of them; 0: any */
	const char *use_of;
};


static int note_use(struct arguments *a, unsigned of, const char *name)
{
	if (of && (!a->used || (a->used & of) != a->used)) {
		a->used = a->used ? a->used & of : of;
		a->use_of = name;
	}
	return CLI_OK;
}


/* "--name value" or "--name=value". NULL: it is another option. */
static const char *value_of(struct arguments *a, const char *name, bool *missing)
{
	const char *arg = a->argv[a->at];
	size_t n = strlen(name);

	*missing = false;
	if (strncmp(arg, name, n) || (arg[n] && arg[n] != '='))
		return NULL;
	if (arg[n] == '=')
		return arg + n + 1;
	*missing = a->at + 1 >= a->argc;
	return *missing ? "" : a->argv[++a->at];
}


static int take_flag(struct cli *c, struct words *w, struct arguments *a, bool *found)
{
	const struct {
		const char *name;
		unsigned of;
		bool *flag;
	} flags[] = {
		{"--anonymous", SEND | CHAT, &c->anonymous},
		{"--large", SEND, &c->large},
		{"--chat", LISTEN, &c->take_chats},
		{"--reliable-path", SEND, &c->reliable_path},
		{"--json", LISTEN | SEND | CHAT | KEPT, &c->json},
		{"--sessions", HISTORY, &c->sessions},
		{"--all", KEPT, &c->all},
		{"--help", ANY, &w->help},
		{"-h", ANY, &w->help},
		{"--version", ANY, &w->version},
		{"-V", ANY, &w->version},
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strcmp(a->argv[a->at], flags[i].name))
			continue;
		*flags[i].flag = true;
		*found = true;
		return note_use(a, flags[i].of, flags[i].name);
	}
	return CLI_OK;
}


static int take_option(struct cli *c, struct words *w, struct arguments *a)
{
	bool found = false, missing;
	int status = take_flag(c, w, a, &found);

	if (found || status != CLI_OK)
		return status;
	for (size_t i = 0; i < VALUE_OPTIONS; i++) {
		const char *value = value_of(a, value_options[i].name, &missing);

		if (!value)
			continue;
		if (missing)
			return cli_usage("write it behind", "%s wants a value",
					 value_options[i].name);
		if (!take_value(c, &value_options[i], value))
			return cli_usage("see parley --help", "'%s' is no value of %s", value,
					 value_options[i].name);
		return note_use(a, value_options[i].of, value_options[i].name);
	}
	return cli_usage("see parley --help", "there is no option %s", a->argv[a->at]);
}


static int take_arguments(struct cli *c, struct words *w, struct arguments *a)
{
	bool only_words = false;

	for (a->at = 1; a->at < a->argc; a->at++) {
		const char *arg = a->argv[a->at];

		if (!only_words && !strcmp(arg, "--")) {
			only_words = true;
		} else if (!only_words && arg[0] == '-' && arg[1]) {
			int status = take_option(c, w, a);

			if (status != CLI_OK)
				return status;
		} else if (w->n == WORDS_MAX) {
			return cli_usage("put a text of several words in quotes",
					 "there are too many words");
		} else {
			w->word[w->n++] = arg;
		}
	}
	return CLI_OK;
}


/* ---- Help ---- */

static int help(void)
{
	puts("parley [OPTIONS] COMMAND: instant messages from the command line\n"
	     "\n"
	     "Commands\n"
	     "  send ADDRESS \"text\"        send a message, and say what became of it\n"
	     "  send ADDRESS --file FILE   send a file (-: standard input, as a message)\n"
	     "  listen                     print what arrives, until Ctrl-C\n"
	     "  chat ADDRESS               talk, with one or with a group: lines typed are sent;\n"
	     "                             /help shows what else there is, /leave ends it\n"
	     "  chat ADDRESS,ADDRESS…      talk with a group made on the spot\n"
	     "  chat                       wait until somebody wants to talk\n"
	     "  history list|get|delete    what the server keeps of your conversations\n"
	     "  deferred list|get|delete   messages that wait for you there\n"
	     "\n"
	     "Account\n"
	     "  --account ADDRESS          sip:alice@example.org; without it the first in "
	     "accounts.yaml\n"
	     "  --password PASSWORD        else PARLEY_PASSWORD, accounts.yaml, or asked for on a "
	     "terminal\n"
	     "  --server HOST:PORT         with ;transport=tcp or tls behind it; without it as DNS "
	     "says\n"
	     "  --config FILE              instead of ~/.config/parley/accounts.yaml\n"
	     "\n"
	     "Sending\n"
	     "  --file FILE                what to send\n"
	     "  --type TYPE                its media type; text/plain where it is text\n"
	     "  --anonymous                keep the sender's identity from the recipient\n"
	     "  --large                    as a large message, whatever its size; a file without "
	     "its name\n"
	     "  --report KINDS             wait for reports: delivery, display, or both with a "
	     "comma\n"
	     "  --reliable-path            every hop is known to be connection-oriented: any size "
	     "is a pager message\n"
	     "\n"
	     "Chatting\n"
	     "  --subject TEXT             what it is about\n"
	     "  --factory ADDRESS          who makes groups; sip:conference-factory@DOMAIN\n"
	     "  --report, --anonymous, --timeout, --json as above and below\n"
	     "\n"
	     "Listening\n"
	     "  --save DIR                 keep files and other large content there\n"
	     "  --chat                     take part in chats and groups, and print what is said\n"
	     "  --count N                  end after so many arrivals\n"
	     "  --timeout S                end after so many seconds (with send: wait so long for "
	     "reports)\n"
	     "  --json                     one JSON object for each arrival (with send: for the "
	     "outcome)\n"
	     "\n"
	     "What is kept: list; get [ID ...]; delete ID ... or --all\n"
	     "  --with ADDRESS             to or from this one\n"
	     "  --since TIME, --until TIME 2026-11-21, or \"2026-11-21 10:41\"\n"
	     "  --text TEXT                history: with this in it, capital letters or not\n"
	     "  --limit N                  so many, the oldest first\n"
	     "  --sessions, --session ID   history: list sessions; the messages of one\n"
	     "  --save DIR                 get: write each into a file there\n"
	     "  --service ADDRESS          where it is kept, instead of history@ and deferred@ "
	     "your "
	     "domain\n"
	     "  --json, --timeout as above\n"
	     "\n"
	     "  -h, --help                 show this\n"
	     "  -V, --version              show the version\n"
	     "\n"
	     "Example\n"
	     "  parley --account sip:alice@example.org --server 127.0.0.1:5060 send bob \"Good "
	     "morning\"\n"
	     "\n"
	     "See parley(1).");
	return fflush(stdout) ? CLI_FAILED : CLI_OK;
}


static int version(void)
{
	puts("parley " PARLEY_VERSION);
	return fflush(stdout) ? CLI_FAILED : CLI_OK;
}


/* ---- The account, the addresses ---- */

static int find_account(struct cli *c)
{
	int status = accounts_load(c);

	if (status != CLI_OK)
		return status;
	if (!c->account.address)
		return cli_usage("give --account sip:NAME@DOMAIN, or write it into accounts.yaml",
				 "there is no account");
	c->account.address = address_whole(c, c->account.address, "");
	if (!c->account.address)
		return cli_error("free some, and try again", "there is no memory");
	return password_find(c);
}


static int find_sender(struct cli *c)
{
	if (c->anonymous && c->reports)
		return cli_usage("leave one of them away",
				 "nobody can report to who is --anonymous");
	return find_account(c);
}


/* ---- Commands ---- */

static int run_send(struct cli *c, const struct words *w)
{
	int status;

	if (w->n < 2)
		return cli_usage("write parley send ADDRESS \"text\"",
				 "there is nobody to send to");
	if (w->n == 2 && !c->file)
		return cli_usage("write it behind the address, or name a --file",
				 "there is nothing to send");
	if (w->n > 2 && c->file)
		return cli_usage("leave one of them away", "a text and a --file are given");
	if (w->n > 3)
		return cli_usage("put a text of several words in quotes",
				 "there are too many words");
	status = find_sender(c);
	if (status != CLI_OK)
		return status;
	c->text = w->word[2];
	c->to = address_whole(c, w->word[1], c->account.address);
	return c->to ? command_send(c)
		     : cli_error("free some, and try again", "there is no memory");
}


static int run_listen(struct cli *c, const struct words *w)
{
	int status;

	if (w->n > 1)
		return cli_usage("see parley --help", "listen is alone, without '%s'", w->word[1]);
	status = find_account(c);
	return status == CLI_OK ? command_listen(c) : status;
}


static int run_chat(struct cli *c, const struct words *w)
{
	int status;

	if (w->n > 2)
		return cli_usage("see parley --help", "chat is with one address, not '%s' too",
				 w->word[2]);
	status = find_sender(c);
	if (status != CLI_OK)
		return status;
	c->talks = true;
	if (w->n == 2 && address_list(c, w->word[1], &c->members, &c->members_n))
		return cli_error("free some, and try again", "there is no memory");
	if (w->n == 2) {
		c->to = c->members_n ? c->members[0] : "";
		/* Who is named alone may be a group that exists: the answer tells. */
		if (c->members_n > 1)
			c->to = c->account.factory ? c->account.factory : "the group";
		else
			c->members_n = 0;
	}
	return command_chat(c);
}


static int run_kept(struct cli *c, const struct words *w, enum parley_keeper keeper)
{
	int status;

	if (w->n < 2)
		return cli_usage("there are list, get and delete", "what about %s is not said",
				 w->word[0]);
	status = find_account(c);
	if (status != CLI_OK)
		return status;
	c->ids = w->word + 2;
	c->ids_n = (size_t)w->n - 2;
	if (c->with)
		c->with = address_whole(c, c->with, c->account.address);
	if (c->service)
		c->service = address_whole(c, c->service, c->account.address);
	return command_kept(c, keeper, w->word[1]);
}


static int run_history(struct cli *c, const struct words *w)
{
	return run_kept(c, w, PARLEY_HISTORY);
}


static int run_deferred(struct cli *c, const struct words *w)
{
	return run_kept(c, w, PARLEY_DEFERRED);
}


static int run(struct cli *c, const struct words *w, const struct arguments *a)
{
	static const struct {
		const char *name;
		unsigned bit;
		int (*run)(struct cli *c, const struct words *w);
	} commands[] = {{"send", SEND, run_send},
			{"listen", LISTEN, run_listen},
			{"chat", CHAT, run_chat},
			{"history", HISTORY, run_history},
			{"deferred", DEFERRED, run_deferred}};

	if (!w->n)
		return cli_usage("see parley --help", "no command is given");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(w->word[0], commands[i].name))
			continue;
		if (a->use_of && !(a->used & commands[i].bit))
			return cli_usage("see parley --help", "%s is no option of %s", a->use_of,
					 w->word[0]);
		return commands[i].run(c, w);
	}
	return cli_usage("there are send, listen, chat, history and deferred",
			 "there is no command '%s'", w->word[0]);
}


int main(int argc, char **argv)
{
	struct cli c = {.memory = ARENA_INIT(MEMORY_MAX)};
	struct words w = {.n = 0};
	struct arguments a = {.argc = argc, .argv = argv};
	int status = take_arguments(&c, &w, &a);

	if (status == CLI_OK)
		status = w.help ? help() : w.version ? version() : run(&c, &w, &a);
	arena_done(&c.memory);
	return status;
}
