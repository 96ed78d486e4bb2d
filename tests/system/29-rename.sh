#!/usr/bin/env bash
# An app that another is to replace serves on while the other cannot.
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
