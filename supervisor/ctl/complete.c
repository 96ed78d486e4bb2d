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

static void print_flags(uint32_t flags)
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
		(void)printf(" %sbash zsh%s", before, after);
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

bool complete_print(const char *shell)
{
	if (strcmp(shell, "bash") == 0)
		print_bash();
	else if (strcmp(shell, "zsh") == 0)
		print_zsh();
	else
		return false;
	return true;
}
