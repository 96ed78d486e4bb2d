#!/usr/bin/env bash
# top: the cluster on a terminal, and what keys do to it.
. "$(dirname "$0")/lib.sh"

# A terminal of 24 x 100 for one program.  Words come on stdin, a line each: what is typed,
# or "size ROWS COLUMNS"; what it shows goes to a file, how it ended to another.
cat >"$HOUSE/terminal.py" <<'END'
import fcntl, os, pty, select, signal, struct, sys, termios
shown, ended, command = sys.argv[1], sys.argv[2], sys.argv[3:]
ours, theirs = pty.openpty()
def resize(rows, columns):
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
resize(24, 100)
before = termios.tcgetattr(theirs)
child = os.fork()
if child == 0:
    os.setsid()
    fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
    for fd in 0, 1, 2:
        os.dup2(theirs, fd)
    os.close(ours)
    os.execv(command[0], command)
out = open(shown, "wb", buffering=0)
left = [ours, 0]
while True:
    for fd in select.select(left, [], [], 0.05)[0]:
        data = os.read(fd, 65536)
        if fd == ours:
            out.write(data)
        elif not data:
            left.remove(0)
        else:
            for word in data.decode().split("\n"):
                if word.startswith("size "):
                    resize(*map(int, word.split()[1:]))
                    os.kill(child, signal.SIGWINCH)
                else:
                    os.write(ours, word.replace("ENTER", "\r").encode())
    pid, status = os.waitpid(child, os.WNOHANG)
    if pid:
        break
while select.select([ours], [], [], 0)[0]:
    out.write(os.read(ours, 65536))
same = termios.tcgetattr(theirs) == before
open(ended, "w").write("%d %s\n" % (os.waitstatus_to_exitcode(status), "restored" if same else "changed"))
END

terminal() { # NAME WORDS...: clusterctl with these words
	local name=$1
	shift
	rm -f "$HOUSE/$name.shown" "$HOUSE/$name.ended" "$HOUSE/$name.keys"
	mkfifo "$HOUSE/$name.keys"
	python3 "$HOUSE/terminal.py" "$HOUSE/$name.shown" "$HOUSE/$name.ended" \
		"$BUILD/clusterctl" "$@" <"$HOUSE/$name.keys" &
	exec {keys}>"$HOUSE/$name.keys"
}
type_in() { printf '%s\n' "$1" >&"$keys"; }
shows() { within 10 grep -qaF -- "$2" "$HOUSE/$1.shown"; } # NAME TEXT
clear_shown() { : >"$HOUSE/$1.shown"; }
ended() { # NAME CODE: with the terminal as it was before
	within 10 test -s "$HOUSE/$1.ended" && equal "$(cat "$HOUSE/$1.ended")" "$2 restored"
	local code=$?
	exec {keys}>&-
	return $code
}

apps "$(w_app shop 2 "$TCP $QUICK")" | config
check "an app" supervise shop
export TERM=xterm LC_ALL=C.UTF-8

terminal live top
check "it shows the app" shows live "online 2/2"
check "and its workers" shows live "$(pids shop | head -n 1)"
check "and the supervisor" shows live "pid $INNER"
check "lines of the past are drawn" shows live "▁"
type_in r
check "r reloads" within 10 eval '[ "$(app shop .generation)" = 2 ] && ready_are shop 2'
type_in +
check "+ is a worker more" within 10 ready_are shop 3
check "which is shown" shows live "$(app shop '.workers[2].pid')"
type_in -
check "- is one fewer" within 10 ready_are shop 2
type_in '='
check "= asks for a number" shows live "workers of shop"
type_in 4ENTER
check "and that many it is" within 10 ready_are shop 4
type_in s
check "s asks first" shows live "stop shop? y or n"
type_in nENTER
check "and no means no" for_all_of 1 ready_are shop 4
clear_shown live
type_in s
shows live "stop shop?"
type_in yENTER
check "and yes means stop" within 10 eval '[ "$(app shop .state)" = stopped ]'
type_in S
shows live "start shop?"
type_in yENTER
check "S starts" within 10 ready_are shop 4
clear_shown live
type_in '?'
check "? helps" shows live "control-C comes back"
type_in x
type_in jj
clear_shown live
type_in "size 6 40"
check "a small terminal is borne" shows live "APP"
type_in "size 2 10"
type_in "size 24 100"
check "and a large one again" shows live "REQ/s"
clear_shown live
retire
check "a supervisor that is gone is missed" shows live "no supervisor"
clear_shown live
check "one comes back" supervise shop
check "and is found" shows live "online"
type_in l
check "l shows the logs" shows live "$(printf '\033[?1049l')"
clear_shown live
type_in "$(printf '\003')"
check "control-C comes back from them" shows live "clusterd"
type_in q
check "q ends it, and the terminal is as before" ended live 0

terminal interrupted top
shows interrupted "online"
type_in "$(printf '\003')"
check "control-C ends it as well" ended interrupted 0

LC_ALL=C NO_COLOR=1 terminal plain monit
check "without UTF-8 the past is drawn in ASCII" shows plain "online"
check "and with NO_COLOR there is none" not grep -qaE $'\033\\[3[0-9]m' "$HOUSE/plain.shown"
check "and no byte beyond ASCII" not grep -qaP '[\x80-\xff]' "$HOUSE/plain.shown"
type_in q
check "monit is top" ended plain 0

check "without a terminal it is exit 2" exits 2 ctl top
check "and says so" says "needs a terminal" ctl top
TERM=dumb terminal dumb top
check "a terminal that can do nothing is told" shows dumb "cannot show it"
check "with exit 2" ended dumb 2
check "there is no JSON of it" says "list --json" ctl top --json
retire
terminal alone top
check "K21 without a supervisor it is exit 3" ended alone 3
