#!/usr/bin/env python3
"""How fast mintmarkd is, as shares of what an empty method on the same library does.

usage: bench/floor.py [--build DIR] [--rounds N] [--seconds S] [--only WORD...] [--json FILE]

Starts a PostgreSQL of its own, an empty server and two mintmarkd (on PostgreSQL and
on SQLite), loads one after the other in every round, and compares within rounds: the
machine drifts. Prints a table, and exits with 1 when a ratio is below its bar or a
server did not do what it was asked for. docs/benchmarks.md explains it.
"""

import argparse
import dataclasses
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_NEXT = "/mintmark.v1.IdService/NextN"
_INCR = "/mintmark.v1.IdService/IncrCounter"
_WARM_UP_S = 1


class BenchError(Exception):
    """A server or a load generator did not do what it should."""


def message(name, n=None):
    """A NextNRequest or an IncrCounterRequest, as the bytes of a gRPC call."""
    body = b"\x0a" + bytes([len(name)]) + name.encode()
    if n is not None:
        body += b"\x10" + bytes([n])
    return b"\x00" + len(body).to_bytes(4, "big") + body


@dataclasses.dataclass
class Case:
    """One line of the table."""
    name: str
    server: str               # "empty", "postgres" or "sqlite".
    generator: str            # "h2load" or "load".
    in_flight: int
    base: str = None          # The case that it is a share of,
    bar: float = None         # and the least share.
    path: str = _NEXT
    body: bytes = b""         # h2load.
    arguments: tuple = ()     # load.
    counts: tuple = None      # What has to grow by each success: ("counter" or "strict", name).
    lone: bool = False        # Its latency counts, not its rate.


def all_cases():
    """In the order in which each round runs them."""
    empty, window = message("empty", 1), message("window", 1)
    strict, counter = message("strict", 1), message("counter")
    incr = ("--method", "incr", "--name")
    return [
        Case("empty method", "empty", "h2load", 64, body=empty),
        Case("NextN from a window", "postgres", "h2load", 64, "empty method", 0.8, body=window),
        Case("empty method, 256", "empty", "h2load", 256, body=empty),
        Case("IncrCounter COMMITTED", "postgres", "h2load", 256, "empty method, 256", 0.6, _INCR,
             counter, counts=("counter", "counter")),
        Case("NextN strict", "postgres", "h2load", 256, "empty method, 256", None, body=strict,
             counts=("strict", "strict")),
        Case("IncrCounter COMMITTED, 64", "postgres", "h2load", 64, "empty method", None, _INCR,
             counter, counts=("counter", "counter")),
        Case("NextN from a window, SQLite", "sqlite", "h2load", 64, "empty method", body=window),
        Case("IncrCounter COMMITTED, SQLite", "sqlite", "h2load", 256, "empty method, 256", None,
             _INCR, counter, counts=("counter", "counter")),
        Case("empty method, C++ client", "empty", "load", 256, arguments=("--method", "empty")),
        Case("IncrCounter with request_id", "postgres", "load", 256, "empty method, C++ client",
             arguments=(*incr, "keyed", "--keyed"), counts=("counter", "keyed")),
        Case("the same, SQLite", "sqlite", "load", 256, "empty method, C++ client",
             arguments=(*incr, "keyed", "--keyed"), counts=("counter", "keyed")),
        Case("lone: empty method", "empty", "load", 1, arguments=("--method", "empty"), lone=True),
        Case("lone: NextN from a window", "postgres", "load", 1, "lone: empty method",
             arguments=("--method", "next", "--name", "window"), lone=True),
        Case("lone: IncrCounter COMMITTED", "postgres", "load", 1, "lone: empty method",
             arguments=(*incr, "lone"), counts=("counter", "lone"), lone=True),
        Case("lone: the same, SQLite", "sqlite", "load", 1, "lone: empty method",
             arguments=(*incr, "lone"), counts=("counter", "lone"), lone=True),
    ]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A program that serves on a port of its own."""

    def __init__(self, program, log_path, *flags):
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._command = [program, *(flag.replace("ADDRESS", self.address) for flag in flags)]
        self._log_path = log_path
        self._process = None

    def start(self):
        with open(self._log_path, "ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                with open(self._log_path, encoding="utf-8") as log:
                    raise BenchError(f"{self._command[0]} did not start:\n{log.read()}")
            time.sleep(0.02)

    def stop(self, with_signal=signal.SIGTERM):
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(with_signal)
        if self._process.wait(30) != 0 and with_signal == signal.SIGTERM:
            raise BenchError(f"{self._command[0]} did not stop cleanly")

    def cpu_seconds(self):
        with open(f"/proc/{self._process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False


class Bench:
    """The servers, and what the rounds came to."""

    def __init__(self, options, directory):
        self._options = options
        self._directory = directory
        self._mintmark = os.path.join(options.build, "bin", "mintmark")
        self._postgres = os.path.join(directory, "postgres")
        self._postgres_url = None
        self.servers = {}

    def start(self):
        started = subprocess.run([os.path.join(_ROOT, "tools/postgres.sh"), "start",
                                  self._postgres], check=True, text=True, stdout=subprocess.PIPE)
        self._postgres_url = started.stdout.strip()
        program = os.path.join(self._options.build, "bin", "mintmarkd")
        stores = {"postgres": self._postgres_url,
                  "sqlite": "sqlite:" + os.path.join(self._directory, "mintmark.db")}
        self.servers["empty"] = Server(os.path.join(self._options.build, "bin", "empty_server"),
                                       os.path.join(self._directory, "empty.log"), "ADDRESS")
        for name, store in stores.items():
            self.servers[name] = Server(program, os.path.join(self._directory, f"{name}.log"),
                                        "--listen=ADDRESS", f"--store={store}")
        for server in self.servers.values():
            server.start()
        for name in stores:
            self.ask(name, "sequence", "create", "window")
            self.ask(name, "sequence", "create", "strict", "--shards", "0")

    def stop(self):
        for name, server in self.servers.items():
            server.stop(signal.SIGKILL if name == "empty" else signal.SIGTERM)
        if os.path.exists(self._postgres):
            subprocess.run([os.path.join(_ROOT, "tools/postgres.sh"), "stop", self._postgres],
                           check=True)

    def store_settings(self):
        settings = {}
        for name in ("server_version", "fsync", "synchronous_commit", "full_page_writes",
                     "wal_sync_method", "shared_buffers"):
            shown = subprocess.run(["psql", self._postgres_url, "-XAtc", f"SHOW {name}"],
                                   check=True, text=True, stdout=subprocess.PIPE)
            settings[name] = shown.stdout.strip()
        return settings

    def ask(self, server, *arguments):
        """What the command `mintmark` answers."""
        answer = subprocess.run([self._mintmark, "--address", self.servers[server].address,
                                 "--json", *arguments], text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, check=False)
        if answer.returncode != 0:
            raise BenchError(answer.stderr)
        return json.loads(answer.stdout)

    def counted(self, case):
        """What the server has counted for a case so far."""
        kind, name = case.counts
        if kind == "counter":
            return int(self.ask(case.server, "get", name)["values"][0]["value"])
        return int(self.ask(case.server, "sequence", "show", name)["sequence"]["nextId"])

    def remaining(self, server):
        return int(self.ask(server, "sequence", "show", "window")["sequence"]["remaining"])

    def run(self, case):
        """One measurement; the server's own count has to agree with it."""
        server = self.servers[case.server]
        before = self.counted(case) if case.counts else 0
        cpu_before = server.cpu_seconds()
        result = (self._h2load if case.generator == "h2load" else self._load)(case, server)
        cpu_s = server.cpu_seconds() - cpu_before
        # The warm-up cost as much a call, and h2load does not count it.
        elapsed_s = self._options.seconds + _WARM_UP_S
        result["server_cpu_us"] = cpu_s / (result["per_second"] * elapsed_s) * 1e6
        if case.counts:
            counted = self.counted(case) - before
            if counted < result["calls"]:
                raise BenchError(f"{case.name}: {result['calls']} calls were answered, and the "
                                 f"server counted {counted}")
        return result

    def _h2load(self, case, server):
        body = os.path.join(self._directory, "body")
        with open(body, "wb") as file:
            file.write(case.body)
        connections = 4
        done = subprocess.run(
            ["h2load", "-D", str(self._options.seconds), f"--warm-up-time={_WARM_UP_S}",
             "-c", str(connections), "-m", str(case.in_flight // connections), "-t", "1",
             "-d", body, "-H", "content-type: application/grpc", "-H", "te: trailers",
             f"http://{server.address}{case.path}"],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        rate = re.search(r"^finished in .*?, ([0-9.]+) req/s", done.stdout, re.MULTILINE)
        calls = re.search(r" (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout",
                          done.stdout)
        if rate is None or calls is None or any(int(calls[i]) for i in (2, 3, 4)):
            raise BenchError(f"{case.name}: h2load failed:\n{done.stdout}")
        return {"per_second": float(rate[1]), "calls": int(calls[1])}

    def _load(self, case, server):
        done = subprocess.run(
            [os.path.join(self._options.build, "bin", "load"), "--address", server.address,
             "--in-flight", str(case.in_flight), "--channels", "1" if case.lone else "4",
             "--seconds", str(self._options.seconds), "--warm-up", str(_WARM_UP_S),
             *case.arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            check=False)
        if done.returncode != 0:
            raise BenchError(f"{case.name}: {done.stderr}")
        result = json.loads(done.stdout)
        return {"per_second": result["per_second"], "calls": result["answered"],
                "p50_us": result["p50_us"], "p99_us": result["p99_us"]}

    def restart(self, server):
        self.servers[server].stop()
        self.servers[server].start()


def measured(case, result):
    return result["p50_us"] if case.lone else result["per_second"]


def summary(case, rounds):
    """A line of the table: medians over rounds, and ratios within them."""
    results = [one[case.name] for one in rounds]
    line = {"name": case.name, "in_flight": case.in_flight, "server": case.server,
            "per_second": statistics.median(result["per_second"] for result in results),
            "server_cpu_us": statistics.median(result["server_cpu_us"] for result in results)}
    for key in ("p50_us", "p99_us"):
        if key in results[0]:
            line[key] = statistics.median(result[key] for result in results)
    if case.base is not None and case.base in rounds[0]:
        ratios = [measured(case, one[case.name]) / one[case.base]["p50_us" if case.lone
                                                                 else "per_second"]
                  for one in rounds]
        line.update(base=case.base, ratio=statistics.median(ratios), ratio_least=min(ratios),
                    ratio_most=max(ratios), bar=case.bar)
    return line


def print_table(lines):
    print(f"{'what':32} {'in flight':>9} {'per second':>10} {'p50 us':>8} {'cpu us':>7}  "
          f"{'of':26} {'ratio':>5} {'(least..most)':>14}  bar")
    for line in lines:
        text = (f"{line['name']:32} {line['in_flight']:>9} {line['per_second']:>10,.0f} "
                f"{line.get('p50_us', 0) or '':>8} {line['server_cpu_us']:>7.1f}")
        if "ratio" in line:
            text += (f"  {line['base']:26} {line['ratio']:>5.2f} "
                     f"({line['ratio_least']:>5.2f}..{line['ratio_most']:.2f})")
        if line.get("bar") is not None:
            text += f"  >= {line['bar']}: " + ("yes" if line["ratio"] >= line["bar"] else "NO")
        print(text)


def selected(words):
    """The cases with one of these words in their names, and what they are a share of."""
    cases = all_cases()
    if not words:
        return cases
    names = {case.name for case in cases if any(word in case.name for word in words)}
    names |= {case.base for case in cases if case.name in names}
    return [case for case in cases if case.name in names]


def run_rounds(bench, cases, count):
    rounds = []
    for number in range(1, count + 1):
        rounds.append({case.name: bench.run(case) for case in cases})
        print(f"round {number} of {count} is done", file=sys.stderr)
    return rounds


def check_windows(bench, cases, rounds, remaining_before):
    """Windows are not in the frontier. Stopped cleanly, a server gives them back to
    the last id, and then what is left tells how many ids were issued."""
    for server, before in remaining_before.items():
        bench.restart(server)
        issued = before - bench.remaining(server)
        answered = sum(one[case.name]["calls"] for one in rounds for case in cases
                       if case.server == server and "window" in case.name)
        if issued < answered:
            raise BenchError(f"{answered} ids were answered from {server}, and {issued} issued")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.path.join(_ROOT, "build/release"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--only", nargs="*", default=[], metavar="WORD")
    parser.add_argument("--json", metavar="FILE", help="everything that was measured; - for stdout")
    options = parser.parse_args()

    cases = selected(options.only)
    with tempfile.TemporaryDirectory(prefix="mintmark-bench-", dir="/var/tmp") as directory:
        # PostgreSQL runs as a user of its own.
        os.chmod(directory, 0o755)
        bench = Bench(options, directory)
        try:
            bench.start()
            settings = bench.store_settings()
            load_before = os.getloadavg()[0]
            print("PostgreSQL " + ", ".join(f"{key} {value}" for key, value in settings.items()))
            print(f"{os.cpu_count()} cores; load average {load_before:.1f} at the start; "
                  f"{options.rounds} rounds of {options.seconds} s a line", flush=True)
            remaining = {name: bench.remaining(name) for name in ("postgres", "sqlite")}
            rounds = run_rounds(bench, cases, options.rounds)
            check_windows(bench, cases, rounds, remaining)
        finally:
            bench.stop()
    lines = [summary(case, rounds) for case in cases]
    print_table(lines)
    report = {"postgres": settings, "cores": os.cpu_count(), "load_average_before": load_before,
              "seconds": options.seconds, "lines": lines, "rounds": rounds}
    if options.json == "-":
        json.dump(report, sys.stdout, indent=2)
    elif options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=2)
    missed = [line["name"] for line in lines
              if line.get("bar") is not None and line["ratio"] < line["bar"]]
    return 1 if missed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as error:
        sys.exit(f"bench/floor.py: {error}")
