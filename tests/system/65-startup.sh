#!/usr/bin/env bash
# `clusterctl startup` makes a unit that runs the programs where they are, and `unstartup`
# takes away what it made and nothing else; as a user's unit, which needs no systemd that
# runs.  60-systemd.sh does it on one that does.
. "$(dirname "$0")/lib.sh"

command -v systemctl >/dev/null || {
	skip "startup makes a unit" "there is no systemctl"
	exit
}
export HOME=$HOUSE/person XDG_CONFIG_HOME=$HOUSE/config
[ ! -e /run/systemd/system ] || {
	# A session may have no bus to its systemd, and a test must not touch a real one.
	skip "startup makes a unit" "this machine is run by systemd"
	exit
}
folder=$XDG_CONFIG_HOME/systemd/user
file=$folder/clusterd.service
wanted=$folder/default.target.wants/clusterd.service

check "startup writes a unit" ctl startup --user
check "it runs clusterd where that is" grep -q "^ExecStart=$BUILD/clusterd" "$file"
check "it runs the cluster of CLUSTERD_HOME" grep -qx "Environment=CLUSTERD_HOME=$CLUSTERD_HOME" "$file"
check "it is enabled" test -L "$wanted"
if command -v systemd-analyze >/dev/null; then
	check "systemd finds no fault in it" equal "$(systemd-analyze verify --user --man=no "$file" 2>&1 |
		grep -F clusterd)" ""
fi
check "startup twice changes nothing" eval \
	'ctl startup --user --json | json ".changed == false and .enabled and .unit == \"clusterd.service\""'
check "and says so" says "is up to date" ctl startup --user
sed -i 's/TimeoutStopSec=.*/TimeoutStopSec=1s/' "$file"
check "a unit that startup made otherwise is made anew" says "wrote" ctl startup --user
check "as it was" says "is up to date" ctl startup --user
check "unstartup takes it away" ctl unstartup --user
check "no file is left" equal "$(find "$XDG_CONFIG_HOME" ! -type d)" ""
check "unstartup twice changes nothing" eval 'ctl unstartup --user --json | json ".changed == false"'

check "H6 startup takes another name" ctl startup --user --name shop
check "H6 the unit is called so" grep -q "^ExecStart=$BUILD/clusterd" "$folder/shop.service"
check "H6 and enabled" test -L "$folder/default.target.wants/shop.service"
check "H6 unstartup of that name takes it away" ctl unstartup --user --name shop
check "H6 no file of it is left" equal "$(find "$XDG_CONFIG_HOME" ! -type d)" ""

printf '[Service]\nExecStart=/bin/true\n' >"$file"
check "startup does not overwrite what it did not make" exits 1 ctl startup --user
check "it says what to do" says "--name" ctl startup --user
check "unstartup does not remove what startup did not make" ctl unstartup --user
check "it is as it was" grep -qx 'ExecStart=/bin/true' "$file"
rm "$file"

check "with --dry-run a unit is only printed" says "ExecStart=$BUILD/clusterd" ctl startup --dry-run
check "it is printed for root by anybody" says "WantedBy=multi-user.target" ctl startup --dry-run
check "nothing is written" equal "$(find "$XDG_CONFIG_HOME" ! -type d)" ""
check "a name that is a path is exit 2" exits 2 ctl startup --user --name ../x
if [ "$(id -u)" != 0 ]; then
	check "a unit of the machine is refused to who is not root" exits 6 ctl startup
	check "with what to do" says "--user" ctl startup
else
	skip "a unit of the machine is refused to who is not root" "root may"
fi
check "sweep by hand is exit 2" exits 2 ctl sweep
