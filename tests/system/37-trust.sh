#!/usr/bin/env bash
# What root is to run, nobody else may have written; and what is secret is told to nobody.
. "$(dirname "$0")/lib.sh"

# ---- a configuration that others may write ----

chmod 755 "$HOUSE" "$CLUSTERD_HOME"
CONF=$CLUSTERD_HOME/cluster.conf
refused() { # WHAT TEXT...
	local what=$1 text
	shift
	check "$what: check is exit 2" exits 2 ctl check "$CONF"
	check "$what: reload is exit 2" exits 2 ctl reload
	for text; do
		check "$what: it says \"$text\"" says "$text" ctl reload
	done
	check "$what: nothing changes" equal "$(pids_by_slot web)" "$before"
	check "$what: a supervisor does not start with it" exits 2 \
		env CLUSTERD_HOME="$HOUSE/second" timeout 10 "$BUILD/clusterd" -c "$CONF"
}

untrusted() {
	local before
	mkdir -p "$CLUSTERD_HOME/conf.d" "$HOUSE/open" "$HOUSE/second"
	apps "$(w_app more 1 "$QUICK")" >"$CLUSTERD_HOME/conf.d/more.conf"
	echo '# included' >"$HOUSE/open/part.conf"
	{
		echo '@include "../open/part.conf"'
		apps "$(w_app web 1 "$QUICK")"
	} | config
	check "files of root's" supervise web more
	before=$(pids_by_slot web)

	chmod 666 "$CONF"
	refused "everybody may write it" "$CONF may be written by everybody (mode 0666)"
	chmod 664 "$CONF"
	refused "its group may" "$CONF may be written by its group (mode 0664)"
	chmod 644 "$CONF"
	chown nobody "$CONF"
	refused "another owns it" "$CONF belongs to user $(id -u nobody)"
	chown root "$CONF"

	chmod 646 "$HOUSE/open/part.conf"
	refused "an include is everybody's" "cluster.conf:1: " \
		"$HOUSE/open/part.conf may be written by everybody"
	chmod 644 "$HOUSE/open/part.conf"
	chmod 777 "$HOUSE/open"
	refused "another include could be put there" "$HOUSE/open may be written by everybody (mode 0777)"
	chmod 1777 "$HOUSE/open"
	check "where nobody can rename what is another's, it is taken" ctl check "$CONF"

	chmod 666 "$CLUSTERD_HOME/conf.d/more.conf"
	check "a file of conf.d is held to it, too" says \
		"conf.d/more.conf may be written by everybody" ctl reload
	chmod 644 "$CLUSTERD_HOME/conf.d/more.conf"
	check "and when all is root's again it is read" ctl reload
	retire
}
if [ "$(id -u)" = 0 ]; then
	untrusted
else
	skip "a configuration that others may write" "only root's is looked at"
	apps "$(w_app web 1 "$QUICK")" | config
	chmod 666 "$CONF"
	check "who is not root reads what he likes" ctl check "$CONF"
	chmod 644 "$CONF"
fi

# ---- K19: values of variables ----

secret=hunter2-$RANDOM$RANDOM$RANDOM
given=given-$RANDOM$RANDOM$RANDOM
filed=filed-$RANDOM$RANDOM$RANDOM
rm -rf "$CLUSTERD_HOME/conf.d"
printf 'FILED=%s\n' "$filed" >"$CLUSTERD_HOME/secret.env"
chmod 600 "$CLUSTERD_HOME/secret.env"
secretive() { # SETTINGS
	{
		printf 'supervisor: { log_level = "debug"; };\n'
		apps "$(w_app keeper 2 "$TCP $QUICK env = { SECRET = \"$secret\"; };
			env_file = \"secret.env\"; pass_env = [ \"PASSED\" ]; $1")"
	} | config
	chmod 600 "$CONF"
}
secretive ''
export PASSED=$given
check "K19 a supervisor of workers with secrets" supervise keeper
unset PASSED

# Everything that is said, by every way of saying it, while something is wrong, too.
{
	for verb in list "list --json" "show keeper" "show keeper --json" check plan "plan --json" \
		reload "restart keeper --json" "scale keeper 3" "wait keeper" "logs keeper --no-follow" \
		"signal TERM keeper.0" version "ping --json"; do
		# shellcheck disable=SC2086 # split into words
		timeout 20 "$BUILD/clusterctl" $verb
	done
	secretive 'command = [ "/no/such/program" ]; liisten = 5;'
	ctl reload
	ctl check
	secretive 'cwd = "/no/such/place";'
	ctl reload
	secretive "env = { SECRET = [ \"$secret\" ]; };"
	ctl check
	secretive "env = [ \"$secret\" ];"
	ctl check
	printf 'FILED %s\n' "$filed" >"$CLUSTERD_HOME/secret.env"
	secretive ''
	ctl reload
	printf 'FILED=%s\n' "$filed" >"$CLUSTERD_HOME/secret.env"
	ctl start --name handy -e "HANDY=$secret" -n handy sleep -- 1d
	ctl list --json
	ctl show handy --json
} >"$HOUSE/said" 2>&1
check "K19 much was said" test "$(wc -l <"$HOUSE/said")" -gt 40

nowhere() { # FILES...: none has one of them
	local found
	found=$(grep -rlaE "$secret|$given|$filed" "$@" 2>/dev/null)
	equal "$found" ""
}
check "K19 no secret in what clusterctl said" nowhere "$HOUSE/said"
check "K19 nor in what clusterd logged" nowhere "$HOUSE/clusterd.log" "$CLUSTERD_HOME/log"
check "K19 nor in the run directory" nowhere "$CLUSTERD_HOME/run"

# Where they must be, so that the search is known to find.
pid=$(pids keeper | head -n 1)
check "K19 the worker has them" eval \
	'equal "$(tr "\0" "\n" <"/proc/$pid/environ" | grep -cE "$secret|$given|$filed")" 3'
in_state() { # files of the state directory that have one and that others may read
	find "$CLUSTERD_HOME/state" -type f -perm /077 -exec grep -laE "$secret|$given|$filed" {} +
}
check "K19 state that has any is its owner's alone" equal "$(in_state)" ""
check "K19 which is true of some" grep -rqaE "$secret" "$CLUSTERD_HOME/state"
check "K19 and is a file of variables" equal \
	"$(grep -rlaE "$secret|$given|$filed" "$CLUSTERD_HOME/state" | grep -v '\.env$')" ""

check "K19 not on the command line of anybody" not grep -laE "$secret|$given|$filed" \
	/proc/[0-9]*/cmdline
check "K19 nor in the environment of clusterd, but for what it was given" equal \
	"$(tr '\0' '\n' <"/proc/$INNER/environ" | grep -aE "$secret|$filed")" ""
