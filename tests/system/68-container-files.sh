#!/bin/bash
# What conf/container has for engines that are not here, as far as it can be known without
# them: the manifest against the published schema of Kubernetes and its types, what it says
# against what clusterd does, and the image's packages against what the programs load.
. "$(dirname "$0")/lib.sh"

folder=$TOP/conf/container

# ---- the configurations ----

check "the image's configuration is valid" "$BUILD/clusterd" --check -c "$folder/cluster.conf"
sed -n '/cluster.conf: |/,/^---/{s/^    //p}' "$folder/kubernetes.yaml" >"$HOUSE/map.conf"
check "so is the manifest's" "$BUILD/clusterd" --check -c "$HOUSE/map.conf"

# ---- the image ----

# Every library that a program loads is of a package that the image installs, or begins with.
base="libc6 libtinfo6 libgcc-s1"
named=$(sed -n '/^FROM debian:12-slim$/,$p' "$folder/Dockerfile")
programs() { # that are installed, where they are built
	local mode from
	while read -r mode from _; do
		[ "$mode" != 755 ] || case $from in '$BUILD'/cluster*[a-z]) echo "$BUILD/${from#*/}" ;; esac
	done <"$TOP/scripts/install.sh" | grep -v '\.[a-z]*$'
}
lacking() { # what those bring in turn comes with their packages
	local name package
	for name in $(programs | xargs objdump -p | sed -n 's/.*NEEDED *//p' | sort -u) \
		libsystemd.so.0; do
		package=$(dpkg -S "*/$name" | head -n 1)
		package=${package%%:*}
		grep -qw -- "$package" <<<"$named $base" || echo "$name of ${package:-none}"
	done
}
if ! command -v dpkg objdump >/dev/null; then
	skip "the image has what the programs load" "this is no Debian, or there is no objdump"
else
	check "the image has what the programs load" equal "$(lacking)" ""
fi

# ---- the manifest ----

PACKAGES=$BUILD/npm-kubernetes
install_packages() {
	[ -d "$PACKAGES/node_modules/typescript" ] && return
	mkdir -p "$PACKAGES"
	timeout $((120 * TIME_SCALE)) npm install --prefix "$PACKAGES" --no-audit --no-fund \
		--no-save --omit=dev kubernetes-models@5 kubernetes-types@1 yaml@2 typescript@5 \
		>"$HOUSE/npm.out" 2>&1
}
if ! command -v node >/dev/null || ! command -v npm >/dev/null || ! install_packages; then
	skip "the manifest is what Kubernetes expects" "no node, or npm cannot install the schema"
	exit
fi
ln -s "$PACKAGES/node_modules" "$HOUSE/node_modules"
# The schema knows what is missing or wrong, the types know what there is no such key for.
cat >"$HOUSE/check.mjs" <<'END'
import { readFileSync, writeFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { Deployment } from 'kubernetes-models/apps/v1';
import { ConfigMap, Service } from 'kubernetes-models/v1';

const kinds = { Deployment, ConfigMap, Service };
const where = { Deployment: 'apps/v1', ConfigMap: 'core/v1', Service: 'core/v1' };
let typed = '';
for (const document of parseAllDocuments(readFileSync(process.argv[2], 'utf8'))) {
  const object = document.toJS();
  new kinds[object.kind](object).validate();
  const { kind } = object;
  typed += `import { ${kind} } from 'kubernetes-types/${where[kind]}';\n` +
    `export const a${kind}: ${kind} = ${JSON.stringify(object)};\n`;
}
writeFileSync('typed.ts', typed);
END
valid() { (cd "$HOUSE" && node check.mjs "$1"); }
typed() {
	(cd "$HOUSE" && node node_modules/typescript/bin/tsc --noEmit --strict --skipLibCheck \
		--typeRoots none --moduleResolution node --module es2020 --target es2020 typed.ts)
}
cp "$folder/kubernetes.yaml" "$HOUSE/good.yaml"
check "the manifest is what the schema of Kubernetes expects" valid good.yaml
check "and has no key that Kubernetes has not" typed
sed 's/readinessProbe:/readynessProbe:/' "$folder/kubernetes.yaml" >"$HOUSE/wrong.yaml"
check "a wrong key would be found" eval 'valid wrong.yaml && not typed'
sed '/port: admin/d' "$folder/kubernetes.yaml" >"$HOUSE/short.yaml"
check "and one that is missing" not valid short.yaml

# What it says of us: probes ask paths that there are, at the port of the admin.
cat >"$HOUSE/pod.mjs" <<'END'
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
console.log(JSON.stringify(parseAllDocuments(readFileSync('good.yaml', 'utf8'))
  .map(d => d.toJS()).find(o => o.kind === 'Deployment').spec.template.spec));
END
pod=$(cd "$HOUSE" && node pod.mjs)
check "it asks for no rights, and for a root that is only read" json '
	.securityContext.runAsNonRoot and (.containers[0].securityContext |
	.readOnlyRootFilesystem and .capabilities.drop == ["ALL"] and
	.allowPrivilegeEscalation == false)' <<<"$pod"
check "the time to end covers all that an end may take" json \
	'.terminationGracePeriodSeconds >= 5 + 3 + 30 + 5 + 2' <<<"$pod"
sed 's/:8080/:0/; s/:9180/:0/; s/0\.0\.0\.0/127.0.0.1/; s/instances = "max"/instances = 2/' \
	"$HOUSE/map.conf" | config
check "the manifest's configuration runs" supervise web admin
port=$(port admin)
for path in $(jq -r '.containers[0] | (.startupProbe, .livenessProbe, .readinessProbe).httpGet.path' <<<"$pod"); do
	check "the probe $path is answered" fetch "$port" "$path" -f
done
