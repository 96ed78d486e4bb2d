#!/usr/bin/env bash
# What `make deb` makes is a Debian package: lintian finds no error in it, and on a real
# systemd it is installed, run, and removed without a trace.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/container.sh"

for tool in dpkg-buildpackage dh lintian; do
	command -v $tool >/dev/null || {
		skip "make deb makes a Debian package" "there is no $tool"
		exit
	}
done

made() { make --no-print-directory -C "$TOP" deb BUILD="$HOUSE/build"; }
check "make deb succeeds" made
debs=("$HOUSE"/build/deb/*.deb)
contents() { dpkg-deb --fsys-tarfile "$HOUSE"/build/deb/"$1"_*.deb | tar -t; }
check "programs, library and what one builds with are packages of their own" equal \
	"$(printf '%s\n' "${debs[@]##*/}" | sed 's/_.*//' | grep -v dbgsym | tr '\n' ' ')" \
	"clusterd libclusterworker-dev libclusterworker0 "
for part in ./usr/sbin/clusterd ./usr/bin/clusterctl ./usr/libexec/clusterd/cluster-worker \
	./lib/systemd/system/clusterd.service ./usr/lib/systemd/user/clusterd.service ./usr/share/man/man1/clusterctl.1.gz \
	./usr/share/bash-completion/completions/clusterctl; do
	check "clusterd has $part" grep -qx "$part" <(contents clusterd)
done
# Beside the changelog and the licence, which go where Debian wants them.
check "every file of an installation is in a package" equal \
	"$(grep -c . "$HOUSE"/build/deb/clusterd-*/debian/not-installed)" 2
check "lintian finds no error" not grep '^E:' \
	<(lintian --allow-root --tag-display-limit 0 "$HOUSE"/build/deb/*.changes 2>&1)

refusal=$(container_refusal) && {
	skip "the package is installed and removed" "$refusal"
	exit
}
leave() {
	check "no process, mount or cgroup of the container is left" container_stop
	finish
}
trap leave EXIT
container_prepare() {
	container_create && rm -f "$container_root/usr/sbin/policy-rc.d" &&
		mkdir "$container_root/debs" &&
		cp "${debs[@]}" "$container_root/debs" && rm "$container_root"/debs/*-dbgsym_* &&
		container_boot
}
container_prepare >"$HOUSE/prepare.log" 2>&1 || {
	cat "$HOUSE/prepare.log" "$container_folder/console"
	skip "the package is installed and removed" "the container does not boot; see above"
	exit
}
in_container() { container_run "$@"; }
unit_is() { equal "$(in_container systemctl show -P "$1" clusterd)" "$2"; }
get() { in_container curl -sS -f -m 10 "http://127.0.0.1:8080/"; }
of_ours() {
	in_container find /etc /lib/systemd /usr /var -xdev \
		\( -name '*clusterd' -o -name '*clusterd.*' -o -name '*clusterctl*' \
		-o -name '*libclusterworker*' \) ! -path '/var/log/*' -print
}
before=$(of_ours)

# By dpkg alone: what it depends on is here, since this tree was built here.
check "it is installed" in_container sh -c 'dpkg -i /debs/*.deb'
check "the group that may be let in is there" in_container getent group clusterd
check "so is the folder for more files" in_container test -d /etc/clusterd/conf.d
check "it is not started" unit_is ActiveState inactive
check "it is not enabled" unit_is UnitFileState disabled
check "its configuration is valid" in_container clusterctl check
check "it starts" in_container systemctl enable --now clusterd
check "it serves" get
check "it is listed" says web in_container clusterctl list
check "a manual page is there" in_container test -s /usr/share/man/man8/clusterd.8.gz
main=$(in_container systemctl show -P MainPID clusterd)
workers() { in_container clusterctl list --json | jq -c '[.apps[].workers[].pid]'; }
before_upgrade=$(workers)
runs_what_is_installed() {
	not says deleted in_container readlink "/proc/$main/exe" &&
		says upgraded in_container clusterctl events --no-follow
}
check "the same version once more is installed" in_container sh -c 'dpkg -i /debs/clusterd_*.deb'
check "that does not end what runs" unit_is MainPID "$main"
check "nor a worker" equal "$(workers)" "$before_upgrade"
check "but replaces it in place" within 10 runs_what_is_installed
check "it still serves" get
check "it is removed" in_container dpkg -r clusterd
check "removing it has ended it" unit_is ActiveState inactive
check "no worker is left" not in_container pgrep -x cluster-worker
check "its configuration is kept" in_container test -s /etc/clusterd/cluster.conf
check "it is purged" in_container dpkg -P clusterd libclusterworker-dev libclusterworker0
check "nothing is left of it" equal "$(of_ours)" "$before"
