#!/usr/bin/env bash
# Does `clusterctl import` turn what people have for PM2 into a configuration that is valid,
# and that runs?  From JSON, YAML and JavaScript; what is broken is named with its line.
. "$(dirname "$0")/lib.sh"

eco=$HOUSE/eco
mkdir -p "$eco/srv"
cd "$eco" || exit 1

cat >ecosystem.json <<'END'
{ // as PM2 takes it: with comments and a comma too many
  "apps": [
    { "name": "api", "script": "api.js", "instances": "max", "exec_mode": "cluster",
      "args": "one 'two three'", "max_memory_restart": "300M", "watch": true,
      "env": { "PORT": 3000, "QUOTES": "a \"b\" \\ c" },
      "env_production": { "NODE_ENV": "production" } },
    { "script": "job.py", "cwd": "srv", "autorestart": false, "kill_timeout": 3000 },
  ],
  "deploy": { }
}
END
cat >ecosystem.yml <<'END'
common: &common
  script: ./worker.sh
  env: { A: 1 }
apps:
  - <<: *common
    name: one
  - <<: *common
    name: two
    instances: 2
END
cat >ecosystem.config.js <<'END'
console.log('this is not the answer');
module.exports = { apps: ['web', 'web'].map((name) => ({ name, script: 'web.rb' })) };
END

# imports FILE [OPTIONS]: and the configuration that comes of it is valid.
imports() {
	ctl import "$@" >"$HOUSE/imported.conf" || return
	ctl check "$HOUSE/imported.conf"
}
has() { grep -qxF -- "        $1" "$HOUSE/imported.conf" || { cat "$HOUSE/imported.conf"; return 1; }; }
notes() { grep -qF -- "# $1" "$HOUSE/imported.conf" || { cat "$HOUSE/imported.conf"; return 1; }; }

check "JSON is imported, and valid" imports ecosystem.json
check "with the command" has 'command = [ "node", "api.js", "one", "two three" ];'
check "with the folder it runs in, absolute" has "cwd = \"$eco/srv\";"
check "with text that was quoted" grep -qF 'QUOTES = "a \"b\" \\ c";' "$HOUSE/imported.conf"
check "with a comment on what has no counterpart" notes 'watch = true: files are not watched'
check "and on what is beside the apps" notes 'deploy: clusterd does not fetch releases'
check "a profile is taken in when it is asked for" eval 'imports ecosystem.json --env production &&
	grep -qF "NODE_ENV = \"production\";" "$HOUSE/imported.conf"'
check "and else named" eval 'imports ecosystem.json && notes "env_production = "'
check "one that is not there is exit 2" exits 2 ctl import ecosystem.json --env nowhere
check "YAML is imported, and valid" imports ecosystem.yml
check "with what is merged" equal "$(grep -c 'A = "1";' "$HOUSE/imported.conf")" 2
if command -v node >/dev/null; then
	check "JavaScript is imported, and valid" imports ecosystem.config.js
	check "with names made to differ" has 'name = "web-2";'
	printf 'module.exports = {\n  apps: [ {{ ]\n};\n' >broken.js
	check "a script that is broken is named with its line" says "broken.js:2: " ctl import broken.js
	check "and is exit 2" exits 2 ctl import broken.js
else
	skip "JavaScript is imported, and valid" "no node here"
fi
check "without node that is said" says "there is none in PATH" \
	env PATH=/nonexistent "$BUILD/clusterctl" import ecosystem.config.js

check "with --json it is one object" json '.config | contains("apps = (")' \
	< <(ctl import ecosystem.yml --json)
printf '{\n  "apps": [ name ]\n}\n' >broken.json
check "JSON that is broken is named with its line" says "broken.json:2: " ctl import broken.json
check "and is exit 2" exits 2 ctl import broken.json
check "with --json that is an object, too" json '.error.code == 2 and .faults[0].line == null' \
	< <(ctl import broken.json --json 2>/dev/null)
printf 'apps:\n  - a: [\n' >broken.yaml
check "so is YAML" says "broken.yaml:3: " ctl import broken.yaml
printf '[{"name": "x", "script": "x", "instances": "many"}]' >wrong.json
check "a value that cannot be meant is named with its app" \
	says "wrong.json: x.instances: expects a whole number" ctl import wrong.json
check "a file that is not there is exit 2" exits 2 ctl import nothing.json
check "so is a folder" exits 2 ctl import srv
check "so is a file of another kind" says "neither .json nor" ctl import /etc/passwd
mkfifo fifo.json
check "a FIFO makes nobody wait" exits 2 timeout 10 "$BUILD/clusterctl" import fifo.json
head -c 2000000 /dev/zero | tr '\0' ' ' >large.json
check "one too large is refused" says "larger than" ctl import large.json
check "clusterctl import without a file is exit 2" exits 2 ctl import

# ---- it runs ----

cat >run.json <<END
{ "apps": [ { "name": "w", "script": "$W", "interpreter": "none", "instances": 2,
              "args": ["--log", "$EVENTS"], "env": { "GREETING": "hello \$(world)" },
              "instance_var": "NUMBER" },
            { "name": "own", "script": "own.py", "instances": 2, "exec_mode": "cluster" } ] }
END
# It opens its port itself, as programs do for PM2; port 0 would be each worker's own.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >own.py <<END
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["NODE_APP_INSTANCE"].encode())
http.server.HTTPServer(("127.0.0.1", $port), Handler).serve_forever()
END
check "a program of one's own is imported" imports run.json
cp "$HOUSE/imported.conf" "$CLUSTERD_HOME/cluster.conf"
check "and runs" supervise w own
check "with two workers" ready_are w 2
variable() { tr '\0' '\n' <"/proc/$(pids w | sed -n "$1p")/environ" | grep -x "$2"; }
check "that have their environment" variable 1 'GREETING=hello $(world)'
check "and a number each" eval 'variable 1 NUMBER=. && variable 2 NUMBER=. &&
	not equal "$(variable 1 NUMBER=.)" "$(variable 2 NUMBER=.)"'
check "in the folder of the file" equal "$(readlink "/proc/$(pids w | head -n 1)/cwd")" "$eco"
check "instances of a cluster share the port that they open" ready_are own 2
everybody() { for _ in {1..40}; do fetch "$port" /; done | fold -w 1 | sort -u | tr -d '\n'; }
check "and each of them answers" equal "$(everybody)" 01
cd /
