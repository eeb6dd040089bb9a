/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl: the operator's tool. Options, the table of commands, help. */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

/** Words of a command and its parameters. */
#define ARGS_MAX 64

/** In the order of the help text, which shows a group's name before its first command. */
static const struct ctl_command commands[] = {
	{"Server", "status", "", 0, 0, 0, "nodes, versions, uptime, load, store health",
	 ctl_status},
	{"Server", "config", "", 0, 0, 0, "the effective configuration", ctl_config},
	{"Users", "user add", "USER", 1, 1, CTL_PASSWORD, "add an account to the embedded core",
	 ctl_user_add},
	{"Users", "user del", "USER", 1, 1, 0, "delete an account", ctl_user_del},
	{"Users", "user list", "", 0, 0, 0, "all accounts", ctl_user_list},
	{"Users", "user passwd", "USER", 1, 1, CTL_PASSWORD, "set a new password", ctl_user_passwd},
	{"Users", "user allow", "USER", 1, 1, 0, "may use the service", ctl_user_allow},
	{"Users", "user deny", "USER", 1, 1, 0, "may not use the service", ctl_user_deny},
	{"Registrations", "registration list", "[USER]", 0, 1, 0,
	 "who is registered, from which devices", ctl_registration_list},
	{"Rules", "settings get", "USER", 1, 1, 0, "a user's service settings", ctl_settings_get},
	{"Rules", "settings set", "USER NAME=on|off …", 2, ARGS_MAX, 0, "change some of them",
	 ctl_settings_set},
	{"Rules", "document list", "USER", 1, 1, 0, "a user's documents", ctl_document_list},
	{"Rules", "document get", "USER AUID NAME [FILE]", 3, 4, 0, "one of them, as XML",
	 ctl_document_get},
	{"Rules", "document put", "USER AUID NAME [FILE]", 3, 4, 0, "check and store one",
	 ctl_document_put},
	{"Rules", "document delete", "USER AUID NAME", 3, 3, 0, "delete one", ctl_document_delete},
	{"Rules", "policy get", "[USER]", 0, 1, 0, "operator policy, of the service or of a user",
	 ctl_policy_get},
	{"Rules", "policy set", "[USER] KEY=VALUE …", 1, ARGS_MAX, 0,
	 "change it; KEY=default takes it back", ctl_policy_set},
	{"Groups", "group create", "GROUP MEMBER … [NAME=VALUE …]", 2, ARGS_MAX, 0,
	 "make a group; its first member owns it", ctl_group_create},
	{"Groups", "group add", "GROUP MEMBER", 2, 2, 0, "one member more", ctl_group_add},
	{"Groups", "group remove", "GROUP MEMBER", 2, 2, 0, "one member less", ctl_group_remove},
	{"Groups", "group show", "GROUP", 1, 1, 0, "a group and its members", ctl_group_show},
	{"Groups", "group list", "", 0, 0, 0, "the groups hosted here", ctl_group_list},
	{"Groups", "group delete", "GROUP", 1, 1, 0, "delete it", ctl_group_delete},
	{"Messages", "deferred list", "[USER]", 0, 1, 0, "what waits for people who are away",
	 ctl_deferred_list},
	{"Messages", "deferred show", "[USER|ID]", 0, 1, 0,
	 "who waits for how much; or all about it", ctl_deferred_show},
	{"Messages", "deferred delete", "USER|ID", 1, 1, 0, "withdraw it", ctl_deferred_delete},
	{"Messages", "deferred push", "[USER]", 0, 1, 0, "send it now to those who are there",
	 ctl_deferred_push},
	{"Messages", "history list", "USER", 1, 1, CTL_FILTER | CTL_CONVERSATION,
	 "what is kept of their conversations", ctl_history_list},
	{"Messages", "history show", "USER [ID]", 1, 2, CTL_OUTPUT,
	 "the sessions kept; or one message, its content", ctl_history_show},
	{"Messages", "history delete", "USER [ID]", 1, 2, CTL_CONVERSATION,
	 "one message, a session, or all", ctl_history_delete},
	{"Messages", "system-message send", "USER TEXT", 2, 2, CTL_ANSWER | CTL_TIMEOUT,
	 "tell a user something", ctl_system_message_send},
	{"Messages", "system-message list", "[USER]", 0, 1, 0, "what was told, and the answers",
	 ctl_system_message_list},
	{"Messages", "system-message clear", "USER [ID]", 1, 2, 0, "no answer is needed any more",
	 ctl_system_message_clear},
	{"Sessions", "session list", "[USER]", 0, 1, 0, "sessions that pass through the server",
	 ctl_session_list},
	{"Sessions", "session show", "ID", 1, 1, 0, "all about one", ctl_session_show},
	{"Sessions", "session end", "ID", 1, 1, 0, "end it, on both sides", ctl_session_end},
	{"Sessions", "conference list", "", 0, 0, 0, "sessions of groups that run here",
	 ctl_conference_list},
	{"Sessions", "conference show", "ID", 1, 1, 0, "one, and who is in it",
	 ctl_conference_show},
	{"Sessions", "conference end", "ID", 1, 1, 0, "end it: everybody is hung up on",
	 ctl_conference_end},
	{"Looking on", "trace", "USER", 1, 1, CTL_SECONDS, "what is happening to this user, live",
	 ctl_trace},
	{"Looking on", "explain", "MESSAGE-ID", 1, 1, 0, "where this message is, and why",
	 ctl_explain},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

struct options {
	const char *admin, *config, *password, *timeout, *seconds, *answer;
	const char *peer, *text, *since, *until, *conversation, *output;
	const char *answers[CTL_ANSWERS_MAX];
	int answers_n;
	bool json, help, version;
	const char *args[ARGS_MAX];
	int args_n;
};


static int help(void)
{
	const char *group = "";

	puts("parleyctl [OPTIONS] COMMAND: operate a running parleyd");
	for (size_t i = 0; i < COMMANDS; i++) {
		char left[80];

		if (strcmp(group, commands[i].group))
			printf("\n%s\n", group = commands[i].group);
		snprintf(left, sizeof(left), "%s %s", commands[i].words, commands[i].parameters);
		if (strlen(left) > 26)
			printf("  %s\n  %-26s %s\n", left, "", commands[i].summary);
		else
			printf("  %-26s %s\n", left, commands[i].summary);
	}
	puts("\nOptions\n"
	     "  --admin HOST:PORT          where the server's admin API is\n"
	     "  -c, --config FILE          the server's configuration, which says where\n"
	     "                             (without both: PARLEY_ADMIN, else 127.0.0.1:8080)\n"
	     "  --password PASSWORD        for add and passwd; else asked for, or a line of "
	     "standard input\n"
	     "  --answer ANSWER            of system-message send: one to choose; may be repeated\n"
	     "  --timeout TIME             of system-message send: how long for the answer (1h, "
	     "7d)\n"
	     "  --seconds N                of trace: end after so long\n"
	     "  --peer USER --text TEXT --since TIME --until TIME\n"
	     "                             of history list: with whom, saying what, when "
	     "(2026-11-21, \"2026-11-21 10:41\")\n"
	     "  --conversation ID          of history list and delete: one session\n"
	     "  --output FILE              of history show: write the content there; - is standard "
	     "output\n"
	     "  --json                     print what the server answers\n"
	     "  -h, --help                 show this\n"
	     "  -V, --version              show the version\n"
	     "\nExample\n"
	     "  parleyctl user add alice\n"
	     "\nA USER is alice, alice@example.org or sip:alice@example.org. See parleyctl(1).");
	return fflush(stdout) ? CTL_FAILED : CTL_OK;
}


/** An option with a value: "--name value" or "--name=value". 1: it is this one; 0: not; -1: no value. */
static int value_of(int argc, char **argv, int *i, const char *name, const char **ret)
{
	const char *arg = argv[*i];
	size_t n = strlen(name);

	if (strncmp(arg, name, n))
		return 0;
	if (arg[n] == '=' && arg[1] == '-') {
		*ret = arg + n + 1;
		return 1;
	}
	if (arg[n])
		return 0;
	if (*i + 1 >= argc)
		return -1;
	*ret = argv[++*i];
	return 1;
}


/** The one option that may come several times. */
static int take_answer(struct options *o)
{
	if (!o->answer)
		return CTL_OK;
	if (o->answers_n == CTL_ANSWERS_MAX)
		return ctl_usage("give fewer", "there are more than %d answers", CTL_ANSWERS_MAX);
	o->answers[o->answers_n++] = o->answer;
	o->answer = NULL;
	return CTL_OK;
}


static int take_option(struct options *o, int argc, char **argv, int *i)
{
	const struct {
		const char *name;
		const char **value;
	} values[] = {{"--admin", &o->admin},     {"--config", &o->config},
		      {"-c", &o->config},         {"--password", &o->password},
		      {"--answer", &o->answer},   {"--timeout", &o->timeout},
		      {"--seconds", &o->seconds}, {"--peer", &o->peer},
		      {"--text", &o->text},       {"--since", &o->since},
		      {"--until", &o->until},     {"--conversation", &o->conversation},
		      {"--output", &o->output}};
	const struct {
		const char *name;
		bool *flag;
	} flags[] = {{"--json", &o->json},
		     {"--help", &o->help},
		     {"-h", &o->help},
		     {"--version", &o->version},
		     {"-V", &o->version}};

	for (size_t j = 0; j < sizeof(flags) / sizeof(flags[0]); j++) {
		if (!strcmp(argv[*i], flags[j].name)) {
			*flags[j].flag = true;
			return CTL_OK;
		}
	}
	for (size_t j = 0; j < sizeof(values) / sizeof(values[0]); j++) {
		int found = value_of(argc, argv, i, values[j].name, values[j].value);

		if (found > 0)
			return take_answer(o);
		if (found < 0)
			return ctl_usage("write it behind", "%s wants a value", argv[*i]);
	}
	return ctl_usage("see parleyctl --help", "there is no option %s", argv[*i]);
}


static int take_options(struct options *o, int argc, char **argv)
{
	bool only_words = false;

	for (int i = 1; i < argc; i++) {
		int status;

		if (!only_words && !strcmp(argv[i], "--")) {
			only_words = true;
		} else if (!only_words && argv[i][0] == '-' && argv[i][1]) {
			status = take_option(o, argc, argv, &i);
			if (status != CTL_OK)
				return status;
		} else if (o->args_n == ARGS_MAX) {
			return ctl_usage("see parleyctl --help", "too many words");
		} else {
			o->args[o->args_n++] = argv[i];
		}
	}
	return CTL_OK;
}


/** How many of the arguments are the words of this command; 0: it is another. */
static int words_matched(const struct ctl_command *command, const struct options *o)
{
	struct str rest = str_of(command->words);
	int n = 0;

	while (rest.p) {
		struct str word = str_cut(&rest, ' ');

		if (n == o->args_n || !str_eq(word, str_of(o->args[n])))
			return 0;
		n++;
	}
	return n;
}


/** The command named, or the usage error told. */
static const struct ctl_command *find_command(const struct options *o, int *ret_words)
{
	char known[512] = "";
	struct buf list;

	buf_fixed(&list, known, sizeof(known) - 1);
	for (size_t i = 0; i < COMMANDS; i++) {
		int n = words_matched(&commands[i], o);
		struct str second = str_of(commands[i].words), first = str_cut(&second, ' ');

		if (n) {
			*ret_words = n;
			return &commands[i];
		}
		if (second.p && str_eq(first, str_of(o->args[0])))
			buf_printf(&list, "%s" STR_FMT, list.n ? ", " : "", STR_ARG(second));
	}
	known[list.n] = 0;
	if (list.n && o->args_n > 1)
		fprintf(stderr, "parleyctl: there is no command %s %s: there are %s\n", o->args[0],
			o->args[1], known);
	else if (list.n)
		fprintf(stderr, "parleyctl: %s is half a command: go on with %s\n", o->args[0],
			known);
	else
		fprintf(stderr, "parleyctl: there is no command %s: see parleyctl --help\n",
			o->args[0]);
	return NULL;
}


static int run(const struct options *o)
{
	struct ctl c = {.json = o->json,
			.password = o->password,
			.answers_n = o->answers_n,
			.timeout = o->timeout,
			.seconds = o->seconds,
			.peer = o->peer,
			.text = o->text,
			.since = o->since,
			.until = o->until,
			.conversation = o->conversation,
			.output = o->output};
	const struct ctl_command *command;
	int words, status;

	if (!o->args_n)
		return ctl_usage("see parleyctl --help", "no command is given");
	command = find_command(o, &words);
	if (!command)
		return CTL_USAGE;
	memcpy(c.answers, o->answers, sizeof(c.answers));
	c.args = o->args + words;
	c.args_n = o->args_n - words;
	if (c.args_n < command->args_min || c.args_n > command->args_max) {
		fprintf(stderr, "parleyctl: %s takes %s: write parleyctl %s%s%s\n", command->words,
			command->parameters[0] ? command->parameters : "nothing", command->words,
			command->parameters[0] ? " " : "", command->parameters);
		return CTL_USAGE;
	}
	if (o->password && !(command->options & CTL_PASSWORD))
		return ctl_usage("leave --password out", "%s takes no password", command->words);
	if (o->answers_n && !(command->options & CTL_ANSWER))
		return ctl_usage("leave --answer out", "%s takes no answers", command->words);
	if (o->timeout && !(command->options & CTL_TIMEOUT))
		return ctl_usage("leave --timeout out", "%s takes no timeout", command->words);
	if (o->seconds && !(command->options & CTL_SECONDS))
		return ctl_usage("leave --seconds out", "%s ends by itself", command->words);
	if ((o->peer || o->text || o->since || o->until) && !(command->options & CTL_FILTER))
		return ctl_usage("leave --peer, --text, --since and --until out",
				 "%s looks for nothing", command->words);
	if (o->conversation && !(command->options & CTL_CONVERSATION))
		return ctl_usage("leave --conversation out", "%s takes no conversation",
				 command->words);
	if (o->output && !(command->options & CTL_OUTPUT))
		return ctl_usage("leave --output out", "%s writes to standard output",
				 command->words);
	status = ctl_find_target(&c, o->admin, o->config);
	return status == CTL_OK ? command->run(&c) : status;
}


int main(int argc, char **argv)
{
	struct options o = {0};
	int status = take_options(&o, argc, argv);

	if (status != CTL_OK)
		return status;
	if (o.help)
		return help();
	if (o.version) {
		puts("parleyctl " PARLEY_VERSION);
		return CTL_OK;
	}
	if (curl_global_init(CURL_GLOBAL_NOTHING))
		return ctl_no_memory();
	status = run(&o);
	curl_global_cleanup();
	return status;
}
