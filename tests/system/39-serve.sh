#!/usr/bin/env bash
# A folder of files is a site by one command, and stays one.
. "$(dirname "$0")/lib.sh"

cd "$HOUSE" || exit 1
mkdir -p "dist/assets" "dist/docs"
printf 'the page\n' >dist/index.html
printf 'the manual\n' >dist/docs/index.html
printf 'asset\n' >dist/assets/a.js
gzip -k dist/assets/a.js
printf 'secret\n' >secret

command_of() { ctl show "$1" --json | jq -r '.apps[0].command | join(" ")'; }
gives() { # STATUS PATH
	equal "$(fetch "$(port dist)" "$2" --path-as-is -o /dev/null -w '%{http_code}')" "$1"
}

check "a folder is served" ctl start --serve dist/ -l 127.0.0.1:0 -i 2
check "under its own name" equal "$(query '[.apps[].name] | @csv')" '"dist"'
check "by workers that are ready" ready_are dist 2
check "with its absolute path" equal "$(command_of dist)" "cluster-worker --root $HOUSE/dist"
check "its page comes" equal "$(fetch "$(port dist)" /)" "the page"
check "and what is below" equal "$(fetch "$(port dist)" /docs/)" "the manual"
check "as it was compressed" says "Content-Encoding: gzip" \
	fetch "$(port dist)" /assets/a.js -I -H 'Accept-Encoding: gzip'
check "a page that is not there is not found" gives 404 /users/7
check "nothing above it comes" gives 404 /../secret
before=$(pids_by_slot dist)
check "the same again changes nothing" says "runs already, unchanged" \
	ctl start --serve "$HOUSE/dist" -l 127.0.0.1:0 -i 2
check "and restarts nobody" equal "$(pids_by_slot dist)" "$before"
check "a reload loses nothing" eval 'ctl reload dist && gives 200 /'
check "a single-page application is another start" exits 1 \
	ctl start --serve dist -l 127.0.0.1:0 -i 2 --spa
check "delete forgets it" ctl delete dist
check "then it is a single-page application" ctl start --serve ./dist --spa -l 127.0.0.1:0
check "which has every page" equal "$(fetch "$(port dist)" /users/7)" "the page"
check "but not every file" gives 404 /gone.js
check "it outlives the supervisor's end" eval 'ctl shutdown && ctl start && ready_are dist 1'
check "as what it was" equal "$(fetch "$(port dist)" /users/7)" "the page"

check "arguments go to the worker" eval 'ctl start --serve dist -n other -l 127.0.0.1:0 -- --max-age 1h &&
	says "max-age=3600" fetch "$(port other)" /assets/a.js -I'
check "one that it does not know fails the start, with the reason" says "exited with code 2" \
	ctl start --serve dist -n wrong -l 127.0.0.1:0 -- --no-such-thing
check "the root has a name, too" eval '(cd / && ctl start --serve . -l 127.0.0.1:0) && ready_are site 1'
# Somebody else may have that port; then it is named in the refusal.
check "without an address it is 127.0.0.1:8080" says 127.0.0.1:8080 \
	eval 'ctl start --serve dist -n where --timeout 20s; ctl list'

check "a folder that is not there is exit 1" exits 1 ctl start --serve nowhere
check "and named" says "nowhere: No such file or directory" ctl start --serve nowhere
check "a file is no folder" says "secret: Not a directory" ctl start --serve secret
check "--spa alone is a usage error" exits 2 ctl start "$W" --spa
check "so is a program beside it" exits 2 ctl start "$W" --serve dist
check "PM2's word gets a hint" says 'start --serve DIR' ctl serve dist
cd /
