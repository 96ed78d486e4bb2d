# shellcheck shell=bash
# container.sh - a real systemd to test against, booted in a fraction of a second.
#
# The container's root is this machine's own, under an overlay in memory, so nothing that
# happens in it stays.  It has its own processes, network and cgroup, and no units but
# systemd's basic ones.  Source it; call container_boot once, container_stop always.

container_folder=
container_root=
container_cgroup=
container_nspawn=
container_init=

# Says why this machine cannot do it and fails, or says nothing.
container_refusal() {
	if [ "$(id -u)" != 0 ]; then
		echo "needs root"
	elif ! command -v systemd-nspawn >/dev/null; then
		echo "needs systemd-nspawn"
	elif [ -z "$(findmnt -n -t cgroup2 -o TARGET)" ]; then
		echo "needs a cgroup2 mount"
	elif ! grep -q overlay /proc/filesystems; then
		echo "needs overlayfs"
	else
		return 1
	fi
}

# Makes the root folder, $container_root; what the test wants in it goes there before boot.
container_create() {
	container_folder=$(mktemp -d)
	mount -t tmpfs -o mode=0755 clusterd-test "$container_folder" || return
	container_root=$container_folder/merged
	mkdir "$container_folder/upper" "$container_folder/work" "$container_root"
	mount -t overlay -o \
		"lowerdir=/,upperdir=$container_folder/upper,workdir=$container_folder/work" \
		clusterd-test "$container_root" || return

	rm -rf "$container_root"/etc/systemd/system/*.wants \
		"$container_root"/etc/systemd/system/default.target "$container_root/.dockerenv"
	tr -d - </proc/sys/kernel/random/uuid >"$container_root/etc/machine-id"
}

# With an environment of the container's own, as if typed there.
container_run() {
	nsenter --target "$container_init" --all -- \
		env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin LC_ALL=C "$@"
}

container_is_running() {
	container_init=$(pgrep -P "$container_nspawn" | head -n 1)
	[ -n "$container_init" ] && container_run systemctl is-system-running >/dev/null 2>&1
}

container_boot() {
	local deadline=$((SECONDS + 30))

	container_cgroup=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)/clusterd-test-$$
	mkdir "$container_cgroup" || return
	# In a cgroup of its own, since systemd takes over the one it finds itself in.
	(
		echo "$BASHPID" >"$container_cgroup/cgroup.procs"
		SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 exec systemd-nspawn --quiet \
			--directory="$container_root" --register=no --keep-unit --private-network \
			--kill-signal=SIGRTMIN+3 --console=pipe --boot systemd.unit=basic.target
	) >"$container_folder/console" 2>&1 </dev/null &
	container_nspawn=$!

	until container_is_running; do
		kill -0 "$container_nspawn" 2>/dev/null && [ $SECONDS -lt $deadline ] || return
		sleep 0.05
	done
}

# Leaves nothing: no process, no mount, no cgroup.  Fails, and says what, where it cannot.
container_stop() {
	if [ -n "$container_nspawn" ]; then
		[ -z "$container_init" ] || container_run systemctl poweroff -ff >/dev/null 2>&1
		[ -n "$container_init" ] || kill -KILL "$container_nspawn" 2>/dev/null
		wait "$container_nspawn" 2>/dev/null
	fi
	[ -z "$container_root" ] || umount "$container_root"
	[ -z "$container_folder" ] || { umount "$container_folder" && rmdir "$container_folder"; }
	if [ -n "$container_cgroup" ]; then
		if grep -q . "$container_cgroup/cgroup.procs"; then
			echo "processes were left: $(tr '\n' ' ' <"$container_cgroup/cgroup.procs")"
		fi
		find "$container_cgroup" -depth -type d -exec rmdir {} +
	fi
}
