#!/bin/bash
# first-minute.sh - what `make run` and `make stop` do once everything is built.
#
# The cluster lives in .cluster/ of the checkout: its sockets, logs and state, and a
# cluster.conf if you put one there.
set -u
cd "$(dirname "$0")/.." || exit 1

: "${BUILD:=build}"
export CLUSTERD_HOME=$PWD/.cluster
clusterctl=$BUILD/clusterctl

run() {
	mkdir -p "$CLUSTERD_HOME"
	if ! "$clusterctl" start; then
		cat <<-END

			The cluster was not started; the reason is above.  If another program has the
			port, end that one, or choose another port:

			    echo 'apps = ( { name = "web"; command = [ "cluster-worker" ];
			        instances = "max"; listen = [ "127.0.0.1:8081" ]; } );' >$CLUSTERD_HOME/cluster.conf
			    make run
		END
		return 1
	fi

	printf '\n$ %s list\n' "$clusterctl"
	"$clusterctl" list || return 1
	if [ ! -e "$CLUSTERD_HOME/cluster.conf" ]; then
		printf '\n$ curl http://127.0.0.1:8080/\n'
		curl --silent --show-error --max-time 10 http://127.0.0.1:8080/ || return 1
	fi
	cat <<-END

		It runs in the background.  To talk to it, and to see what it can do:

		    export CLUSTERD_HOME=$CLUSTERD_HOME
		    $clusterctl scale all 4      # more workers, or fewer
		    $clusterctl reload           # replace every worker; no request is lost
		    $clusterctl logs             # what the workers write
		    $clusterctl --help

		To stop it:  make stop
	END
}

stop() {
	if ! "$clusterctl" --quiet ping 2>/dev/null; then
		echo "Nothing runs in $CLUSTERD_HOME."
		return 0
	fi
	"$clusterctl" shutdown
}

case ${1-} in
run | stop) "$1" ;;
*)
	echo "usage: first-minute.sh run|stop" >&2
	exit 2
	;;
esac
