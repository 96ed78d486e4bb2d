"""What every measurement needs: a house of its own, servers that do the same job, load.

A measurement is a program in this folder.  It prints one JSON object a line,

    {"measure": "status command", "unit": "ms", "who": "clusterd", "value": 1.1}

and bench.py makes one table of all.  A rival that is not installed is left out.  Nothing
here judges: machines are noisy, so who is compared runs in the same run.
"""

import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ.get("BUILD", HERE.parent.parent / "build")).resolve()
RIVALS = Path(os.environ.get("RIVALS", BUILD / "bench" / "rivals"))
QUICK = bool(os.environ.get("BENCH_QUICK"))  # does it run at all?  No figure to keep.
NODE = shutil.which("node")
TICKS = os.sysconf("SC_CLK_TCK")


def row(measure, unit, who, value):
    """One figure for the table; None is what could not be had."""
    print(json.dumps({"measure": measure, "unit": unit, "who": who, "value": value}), flush=True)


def note(text):
    print(f"  {text}", file=sys.stderr, flush=True)


def median(of, times):
    return statistics.median(of() for _ in range(1 if QUICK else times))


def within(seconds, question):
    """Waits until the question has a true answer, and returns that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = question()
        if answer:
            return answer
        time.sleep(0.002)
    raise TimeoutError(f"not within {seconds} s")


def run(*command, env=None, timeout=120):
    return subprocess.run([str(word) for word in command], env=env, timeout=timeout,
                          capture_output=True, text=True, check=False)


def milliseconds(*command, env=None):
    """How long one run of a command takes."""
    began = time.monotonic()
    done = subprocess.run([str(word) for word in command], env=env, check=False,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
    took = (time.monotonic() - began) * 1000
    if done.returncode != 0:
        raise RuntimeError(f"{command} exited with {done.returncode}")
    return took


def free_port():
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answer(port, path="/", timeout=5.0):
    """The body of a 200, or None."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout) as peer:
            peer.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            text = b""
            while part := peer.recv(65536):
                text += part
    except OSError:
        return None
    head, _, body = text.partition(b"\r\n\r\n")
    return body if b" 200 " in head.split(b"\r\n")[0] else None


def until_answered(port, began, seconds=20):
    """Milliseconds from `began` to the first 200."""
    within(seconds, lambda: answer(port) is not None)
    return (time.monotonic() - began) * 1000


# ---- processes ----

def pss_kb(pid):
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1])


def wakeups(pid):
    """How often any thread of the process fell asleep, and so was woken."""
    return sum(int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status.read_text(), re.M)[1])
               for status in Path(f"/proc/{pid}/task").glob("*/status"))


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def children(pid):
    return [int(child) for task in Path(f"/proc/{pid}/task").glob("*/children")
            for child in task.read_text().split()]


def is_gone(pid):
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


# ---- load ----

class Load:
    """loadgen in the background; `end` gives its report."""

    def __init__(self, port, *options):
        self.process = subprocess.Popen(
            [BUILD / "loadgen", "--json", *map(str, options), f"127.0.0.1:{port}"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        text, _ = self.process.communicate(timeout=60)
        return json.loads(text)


def failed(part):
    """Requests of one part of a report that were not answered with a 200."""
    return sum(count for outcome, count in part.items()
               if isinstance(count, int) and outcome != "ok")


# ---- servers ----

class Server:
    """One program that keeps workers on a port; `stop` leaves nothing of it behind."""

    name = "?"

    def __init__(self, workers=2):
        self.workers = workers
        self.port = free_port()
        self.home = Path(tempfile.mkdtemp(prefix="bench-", dir="/tmp"))
        self.env = {**os.environ, "HOME": str(self.home), "CLUSTERD_HOME": str(self.home)}

    @staticmethod
    def is_there():
        return True

    def parts(self):
        """Its processes that are no workers."""
        return {"supervisor": self.pid}

    def __enter__(self):
        try:
            self.start()
            within(30, lambda: answer(self.port) is not None)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.end()
        shutil.rmtree(self.home, ignore_errors=True)


class Clusterd(Server):
    """With its own worker, or with any app said as configuration."""

    name = "clusterd"
    command = '[ "cluster-worker", "--test-endpoints" ]'
    settings = ""

    def config(self):
        return (f'apps = ( {{ name = "web"; command = {self.command}; '
                f'instances = {self.workers}; listen = [ "127.0.0.1:{self.port}" ]; '
                f'{self.settings} }} );\n')

    def ctl(self, *words):
        done = run(BUILD / "clusterctl", *words, env=self.env)
        if done.returncode != 0:
            raise RuntimeError(f"clusterctl {words}: {done.stderr or done.stdout}")
        return done.stdout

    def list(self):
        return json.loads(self.ctl("list", "--json"))

    def start(self):
        (self.home / "cluster.conf").write_text(self.config())
        self.ctl("start")
        self.pid = self.list()["supervisor"]["pid"]

    def end(self):
        run(BUILD / "clusterctl", "shutdown", env=self.env)

    def parts(self):
        """The logger is the supervisor's child, as workers are."""
        logger = next(pid for pid in children(self.pid)
                      if Path(f"/proc/{pid}/comm").read_text() == "cluster-logger\n")
        return {"supervisor": self.pid, "keeper": self.list()["supervisor"]["keeper_pid"],
                "logger": logger}

    def worker_pids(self):
        return [worker["pid"] for app in self.list()["apps"] for worker in app["workers"]
                if worker["pid"]]

    def reload(self):
        self.ctl("reload")

    def scale(self, count):
        self.ctl("scale", "web", count)

    def status_command(self):
        return [BUILD / "clusterctl", "list"]


class ClusterdNode(Clusterd):
    name = "clusterd, Node app"
    command = f'[ "{NODE}", "{HERE}/app.js" ]'
    is_there = staticmethod(lambda: NODE is not None)


class Nginx(Server):
    name = "nginx"
    is_there = staticmethod(lambda: shutil.which("nginx") is not None)

    def write(self, workers):
        user = "user root;" if os.geteuid() == 0 else ""
        (self.home / "nginx.conf").write_text(f"""
            {user} worker_processes {workers}; pid {self.home}/pid; error_log {self.home}/error;
            events {{ worker_connections 4096; }}
            http {{
                access_log off; client_body_temp_path {self.home}/a; proxy_temp_path {self.home}/b;
                fastcgi_temp_path {self.home}/c; uwsgi_temp_path {self.home}/d;
                scgi_temp_path {self.home}/e; keepalive_requests 1000000;
                server {{ listen 127.0.0.1:{self.port}; location / {{ return 200 "hello\\n"; }} }}
            }}""")

    def start(self):
        self.write(self.workers)
        self.process = subprocess.Popen(
            ["nginx", "-c", self.home / "nginx.conf", "-e", self.home / "error",
             "-g", "daemon off;"], stderr=subprocess.DEVNULL)
        self.pid = self.process.pid

    def end(self):
        if hasattr(self, "process"):
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)

    def worker_pids(self):
        return children(self.pid)

    def reload(self):
        """Until the workers of before are gone: the signal itself tells nothing."""
        before = self.worker_pids()
        self.process.send_signal(signal.SIGHUP)
        within(30, lambda: all(is_gone(pid) for pid in before))

    def scale(self, count):
        self.write(count)
        self.reload()

    def status_command(self):
        return ["nginx", "-t", "-q", "-c", self.home / "nginx.conf", "-e", self.home / "error"]


class Pm2(Server):
    name = "PM2"
    program = RIVALS / "node_modules" / ".bin" / "pm2"
    is_there = staticmethod(lambda: NODE is not None and Pm2.program.exists())

    def __init__(self, workers=2):
        super().__init__(workers)
        self.env |= {"PM2_HOME": str(self.home), "PORT": str(self.port),
                     "PM2_DISCRETE_MODE": "true"}

    def pm2(self, *words):
        done = run(self.program, *words, env=self.env)
        if done.returncode != 0:
            raise RuntimeError(f"pm2 {words}: {done.stderr or done.stdout}")
        return done.stdout

    def app(self):
        return [HERE / "app.js", "--name", "web", "-i", self.workers]

    def start(self):
        self.pm2("start", *self.app())
        self.pid = int((self.home / "pm2.pid").read_text())

    def end(self):
        run(self.program, "kill", env=self.env)

    def worker_pids(self):
        return children(self.pid)

    def reload(self):
        self.pm2("reload", "web")

    def scale(self, count):
        self.pm2("scale", "web", count)

    def status_command(self):
        return [self.program, "list"]


def servers():
    """Those that serve HTTP, as far as they are installed."""
    return [server for server in (Clusterd, ClusterdNode, Nginx, Pm2) if server.is_there()]
