#!/usr/bin/env bash
# Which files count, and what an app that another is to replace does meanwhile.
. "$(dirname "$0")/lib.sh"

apps "$(w_app web 2 "$TCP $QUICK")" | config
check "an app that listens" supervise web
address=$(app web '.listen[0]')
before=$(pids_by_slot web)
unharmed_are() { equal "$(pids_by_slot web)" "$before"; }

apps "$(w_app site 2 "listen = [ \"$address\" ]; $QUICK")" | config
check "a reload under another name, with the same address, fails" exits 1 ctl reload
check "it says which app was kept" says "web: kept, since site failed" ctl reload
check "and the one that was there serves on" unharmed_are

echo 'apps = ( );' | config
check "it can be removed by a reload of its own" ctl reload
check "so that it is gone" equal "$(ctl list --json | jq '.apps | length')" 0
apps "$(w_app site 2 "listen = [ \"$address\" ]; $QUICK")" | config
check "and the address is free for the other" ctl reload
check "which serves there" equal "$(app site '.listen[0]')" "$address"
retire

# ---- conf.d alone, and a default file beside the embedded configuration ----

rm "$CLUSTERD_HOME/cluster.conf"
mkdir "$CLUSTERD_HOME/conf.d"
apps "$(w_app only 1 "$TCP $QUICK")" >"$CLUSTERD_HOME/conf.d/only.conf"
check "conf.d alone is a default configuration" supervise only
check "and what runs is its app, not the embedded one" equal "$(list | jq -r '.apps[].name')" only
apps "$(w_app only 2 "$TCP $QUICK")" >"$CLUSTERD_HOME/conf.d/only.conf"
check "it is read again by a reload" eval 'ctl reload && ready_are only 2'
