#include "supervisor/ctl/complete.h"

#include <stdio.h>
#include <string.h>

#include "supervisor/ctl/options.h"

#define GLOBAL_FLAGS "--socket --json --quiet --no-color --help"

/* Names of apps come from the supervisor, if one runs; completing starts none. */
#define APPS                                                   \
	"_clusterctl_apps()\n"                                 \
	"{\n"                                                  \
	"\tclusterctl list --json 2>/dev/null |\n"             \
	"\t\tgrep -o '\"name\":\"[^\"]*\"' | cut -d'\"' -f4\n" \
	"}\n"

static const char bash_begin[] =
	"# bash completion for clusterctl, made by `clusterctl completion bash`\n" APPS
	"_clusterctl()\n"
	"{\n"
	"\tlocal word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}\n"
	"\tlocal flags='" GLOBAL_FLAGS "' words=\n\n"
	"\t((COMP_CWORD > 1)) || command=\n"
	"\tcase $command in\n";

static const char bash_end[] =
	"\tesac\n"
	"\tcase $word in\n"
	"\t-*) mapfile -t COMPREPLY < <(compgen -W \"$flags\" -- \"$word\") ;;\n"
	"\t*) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\") ;;\n"
	"\tesac\n"
	"}\n"
	"complete -o default -F _clusterctl clusterctl\n";

static const char zsh_begin[] =
	"#compdef clusterctl\n"
	"# zsh completion for clusterctl, made by `clusterctl completion zsh`\n" APPS
	"local -a commands flags takes\n"
	"flags=(" GLOBAL_FLAGS ")\n"
	"commands=(\n";

static const char zsh_middle[] = ")\n"
				 "if ((CURRENT == 2)); then\n"
				 "\t_describe command commands\n"
				 "\treturn\n"
				 "fi\n"
				 "case $words[2] in\n";

static const char zsh_end[] = "esac\n"
			      "if [[ $PREFIX == -* ]]; then\n"
			      "\tcompadd -- $flags\n"
			      "else\n"
			      "\tcompadd -- $takes\n"
			      "\t_files\n"
			      "fi\n";

static const char fish_begin[] =
	"# fish completion for clusterctl, made by `clusterctl completion fish`\n"
	"function __clusterctl_apps\n"
	"\tclusterctl list --json 2>/dev/null |\n"
	"\t\tstring match -arg '\"name\":\"([^\"]*)\"'\n"
	"end\n"
	"complete -c clusterctl -f\n"
	"complete -c clusterctl -l socket -rF -d 'the control socket to speak to'\n"
	"complete -c clusterctl -l json -d 'answer in JSON'\n"
	"complete -c clusterctl -s q -l quiet -d 'say nothing but errors'\n"
	"complete -c clusterctl -l no-color -d 'no colours'\n"
	"complete -c clusterctl -s h -l help -d 'what a command does and takes'\n";

static void print_flags(uint64_t flags)
{
	for (unsigned flag = 0; flag < FLAG_COUNT; flag++)
		if ((flags & UINT32_C(1) << flag) != 0 &&
		    flag_rows[flag].kind != COMMAND_PLANNED)
			(void)printf(" --%s", flag_rows[flag].name);
}

/* What may stand behind a command: `before` and `after` are the shell's brackets. */
static void print_words(const struct command_row *row, const char *before,
			const char *after)
{
	if (strstr(row->arguments, "TARGET") != NULL)
		(void)printf(" %s$(_clusterctl_apps)%s", before, after);
	else if (strcmp(row->name, "completion") == 0)
		(void)printf(" %sbash fish zsh%s", before, after);
	else
		(void)printf(" %s%s", before, after);
}

static void print_bash(void)
{
	(void)fputs(bash_begin, stdout);
	(void)fputs("\t'') words='", stdout);
	for (unsigned i = 0; i < COMMAND_COUNT; i++)
		if (command_rows[i].kind != COMMAND_PLANNED)
			(void)printf("%s%s", i > 0 ? " " : "", command_rows[i].name);
	(void)fputs("' ;;\n", stdout);
	for (unsigned i = 0; i < COMMAND_COUNT; i++) {
		if (command_rows[i].kind == COMMAND_PLANNED)
			continue;
		(void)printf("\t%s) flags+='", command_rows[i].name);
		print_flags(command_rows[i].flags);
		(void)fputs("';", stdout);
		print_words(&command_rows[i], "words=\"", "\" ;;\n");
	}
	(void)fputs(bash_end, stdout);
}

static void print_zsh(void)
{
	(void)fputs(zsh_begin, stdout);
	for (unsigned i = 0; i < COMMAND_COUNT; i++)
		if (command_rows[i].kind != COMMAND_PLANNED)
			(void)printf("\t'%s:%s'\n", command_rows[i].name,
				     command_rows[i].help);
	(void)fputs(zsh_middle, stdout);
	for (unsigned i = 0; i < COMMAND_COUNT; i++) {
		if (command_rows[i].kind == COMMAND_PLANNED)
			continue;
		(void)printf("%s) flags+=(", command_rows[i].name);
		print_flags(command_rows[i].flags);
		(void)fputs(");", stdout);
		print_words(&command_rows[i], "takes=(", ") ;;\n");
	}
	(void)fputs(zsh_end, stdout);
}

/* In fish's single quotes. */
static void print_quoted(const char *text)
{
	(void)putchar('\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '\\')
			(void)putchar('\\');
		(void)putchar(*text);
	}
	(void)putchar('\'');
}

static void print_fish_flag(const struct command_row *row, const struct flag_row *flag)
{
	(void)printf("complete -c clusterctl -n '__fish_seen_subcommand_from %s' -l %s",
		     row->name, flag->name);
	if (flag->letter != 0)
		(void)printf(" -s %c", flag->letter);
	if (flag->argument != NULL)
		(void)fputs(strcmp(flag->argument, "DIR") == 0 ? " -rF" : " -x", stdout);
	(void)fputs(" -d ", stdout);
	print_quoted(flag->help);
	(void)putchar('\n');
}

/* What may stand behind a command. */
static void print_fish_words(const struct command_row *row)
{
	const char *words = NULL;

	if (strstr(row->arguments, "TARGET") != NULL)
		words = " -a '(__clusterctl_apps)'";
	else if (strcmp(row->name, "completion") == 0)
		words = " -a 'bash fish zsh'";
	if (words != NULL)
		(void)printf("complete -c clusterctl -n '__fish_seen_subcommand_from %s'"
			     "%s\n",
			     row->name, words);
	if (strstr(row->arguments, "FILE") != NULL)
		(void)printf("complete -c clusterctl -n '__fish_seen_subcommand_from %s'"
			     " -F\n",
			     row->name);
}

static void print_fish_command(const struct command_row *row)
{
	(void)printf("complete -c clusterctl -n __fish_use_subcommand -a %s -d ",
		     row->name);
	print_quoted(row->help);
	(void)putchar('\n');
	for (unsigned flag = 0; flag < FLAG_COUNT; flag++)
		if ((row->flags & UINT32_C(1) << flag) != 0 &&
		    flag_rows[flag].kind != COMMAND_PLANNED)
			print_fish_flag(row, &flag_rows[flag]);
	print_fish_words(row);
}

static void print_fish(void)
{
	(void)fputs(fish_begin, stdout);
	for (unsigned i = 0; i < COMMAND_COUNT; i++)
		if (command_rows[i].kind != COMMAND_PLANNED)
			print_fish_command(&command_rows[i]);
}

bool complete_print(const char *shell)
{
	if (strcmp(shell, "bash") == 0)
		print_bash();
	else if (strcmp(shell, "zsh") == 0)
		print_zsh();
	else if (strcmp(shell, "fish") == 0)
		print_fish();
	else
		return false;
	return true;
}
