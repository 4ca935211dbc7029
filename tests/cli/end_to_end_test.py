#!/usr/bin/env python3
"""The command `mintmark` against a real server.

usage: end_to_end_test.py MINTMARK MINTMARKD [UNITTEST ARGUMENT...]
"""

import os
import re
import subprocess
import sys
import unittest

import command
import lossy_proxy
import mintmarkd

MINTMARK = MINTMARKD = None


class EndToEndTest(command.CommandTest):
    # next and reserve

    def test_next_prints_ids_one_a_line(self):
        self.assertEqual(self.ok("next", "next/one"), "1\n")
        self.assertEqual(self.ok("next", "next/one", "-n", "5"), "2\n3\n4\n5\n6\n")

    def test_next_prints_ranges(self):
        self.ok("sequence", "create", "next/ranges", "--shards=0")
        self.assertEqual(self.ok("next", "next/ranges", "-n", "1000", "--ranges"), "1..1000\n")
        self.ok("sequence", "create", "next/step", "--shards=0", "--step=7")
        self.assertEqual(self.ok("next", "next/step", "-n6", "--ranges"), "1..36 step 7\n")

    def test_next_prints_millions(self):
        out = self.ok("next", "next/million", "-n", "2100000")
        ids = [int(line) for line in out.splitlines()]
        self.assertEqual(len(ids), 2_100_000)
        self.assertEqual(len(set(ids)), 2_100_000)

    def test_next_stops_quietly_when_nobody_reads_on(self):
        done = subprocess.run(
            f"set -o pipefail; {MINTMARK} next next/head -n 1000000 | head -n 2",
            shell=True, executable="/bin/bash", text=True, capture_output=True, timeout=60,
            check=False, env=dict(os.environ, MINTMARK_ADDRESS=self.server.address))
        self.assertEqual(done.stdout, "1\n2\n")
        self.assertEqual(done.stderr, "")

    def test_next_says_when_it_cannot_write(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([MINTMARK, "next", "next/full"], stdout=full, text=True,
                                  stderr=subprocess.PIPE, timeout=60, check=False,
                                  env=dict(os.environ, MINTMARK_ADDRESS=self.server.address))
        self.assertEqual(done.returncode, 8)
        self.assertIn("No space left on device", done.stderr)

    def test_next_runs_out(self):
        self.ok("sequence", "create", "next/short", "--max-id=10")
        self.refused(5, "SEQUENCE_EXHAUSTED", "next", "next/short", "-n", "11")
        self.assertEqual(len(self.ok("next", "next/short", "-n8").split()), 8)
        self.assertEqual(len(self.ok("next", "next/short", "-n8", "--partial").split()), 2)
        result = self.refused(5, "SEQUENCE_EXHAUSTED", "next", "next/short", "--partial")
        self.assertEqual(result.out, "")

    def test_next_with_a_request_id_repeats_itself(self):
        first = self.ok("next", "next/keyed", "-n3", "--request-id=a")
        self.assertEqual(self.ok("next", "next/keyed", "-n3", "--request-id=a"), first)
        self.assertNotEqual(self.ok("next", "next/keyed", "-n3", "--request-id=b"), first)
        self.refused(3, "REQUEST_ID_REUSED", "next", "next/keyed", "-n4", "--request-id=a")

    def test_next_prints_json(self):
        self.ok("sequence", "create", "next/json", "--shards=0")
        self.assertEqual(self.ok_json("next", "next/json", "-n2")["ranges"],
                         [{"first": "1", "last": "2", "step": "1"}])

    def test_reserve_prints_a_range(self):
        self.assertEqual(self.ok("reserve", "reserve/a", "-n", "100", "--exact"), "1..100\n")
        self.assertRegex(self.ok("reserve", "reserve/a", "-n", "100"), r"\A\d+\.\.\d+\n\Z")

    # incr and get

    def test_incr_prints_the_sum(self):
        self.assertEqual(self.ok("incr", "incr/a"), "1\n")
        self.assertEqual(self.ok("incr", "incr/a", "41"), "42\n")
        self.assertEqual(self.ok("incr", "incr/a", "-50"), "-8\n")
        self.assertEqual(self.ok("incr", "incr/a", "--", "-2"), "-10\n")

    def test_incr_deferred(self):
        self.assertEqual(self.ok("incr", "incr/b", "3", "--deferred", "--update-interval=5s"),
                         "3\n")
        self.assertEqual(self.ok("get", "incr/b"), "3\n")

    def test_incr_with_a_request_id_counts_once(self):
        for _ in range(3):
            self.assertEqual(self.ok("incr", "incr/c", "5", "--request-id=x"), "5\n")
        self.assertTrue(self.ok_json("incr", "incr/c", "5", "--request-id=x")["replayed"])
        self.assertEqual(self.ok("get", "incr/c"), "5\n")

    def test_incr_does_not_overflow(self):
        self.assertEqual(self.ok("incr", "incr/d", "9223372036854775807"),
                         "9223372036854775807\n")
        self.refused(5, "COUNTER_OVERFLOW", "incr", "incr/d")
        self.assertEqual(self.ok("get", "incr/d"), "9223372036854775807\n")

    def test_get_prints_a_table_of_many(self):
        self.ok("incr", "get/a", "5")
        self.assertEqual(self.ok("get", "get/none"), "0\n")
        self.assertEqual(self.ok("get", "get/a", "get/none"),
                         "NAME      VALUE\n"
                         "get/a         5\n"
                         "get/none      0\n")
        names = [f"get/{i}" for i in range(2500)]
        self.assertEqual(len(self.ok_json("get", *names)["values"]), 2500)

    # sequence

    def test_sequence_from_creation_to_deletion(self):
        self.assertIn("shards:      0 (strict)\n",
                      self.ok("sequence", "create", "seq/a", "--shards=0", "--min-id=-5"))
        self.refused(4, "SEQUENCE_ALREADY_EXISTS", "sequence", "create", "seq/a")
        self.assertEqual(self.ok("next", "seq/a"), "-5\n")
        self.assertRegex(self.ok("sequence", "show", "seq/a"), r"next id: +-4\n")
        self.assertEqual(self.ok("sequence", "delete", "seq/a"), "deleted sequence seq/a\n")
        self.refused(4, "SEQUENCE_NOT_FOUND", "sequence", "show", "seq/a")
        self.refused(4, "SEQUENCE_NOT_FOUND", "sequence", "delete", "seq/a")

    def test_sequence_list_is_aligned(self):
        for name in ("list/a", "list/longer"):
            self.ok("sequence", "create", name, "--max-id=100")
        lines = self.ok("sequence", "list", "--prefix=list/").splitlines()
        self.assertRegex(lines[0], r"\ANAME +NEXT ID +REMAINING +STEP +SHARDS +MAX GAP\Z")
        self.assertEqual([line.split()[0] for line in lines[1:]], ["list/a", "list/longer"])
        self.assertEqual(len({len(line) for line in lines}), 1)
        listed = self.ok_json("sequence", "list", "--prefix=list/")
        self.assertEqual([s["name"] for s in listed["sequences"]], ["list/a", "list/longer"])

    def test_sequence_update(self):
        self.ok("sequence", "create", "update/a", "--max-id=100")
        shown = self.ok_json("sequence", "update", "update/a", "--max-id=200", "--max-gap=50")
        self.assertEqual(shown["sequence"]["maxId"], "200")
        self.assertEqual(shown["sequence"]["maxGap"], "50")
        shown = self.ok_json("sequence", "update", "update/a", "--unset=max-gap")
        self.assertNotIn("maxGap", shown["sequence"])
        self.refused(3, "ETAG_MISMATCH", "sequence", "update", "update/a", "--max-id=300",
                     "--etag=stale")
        self.ok("sequence", "update", "update/a", "--prefix=U-", "--width=4")
        shown = self.ok_json("sequence", "update", "update/a", "--suffix=.")
        self.assertEqual((shown["sequence"]["format"]["prefix"],
                          shown["sequence"]["format"]["suffix"]), ("U-", "."))

    def test_sequence_reset(self):
        self.ok("next", "reset/a", "-n", "10")
        self.refused(3, "WOULD_REUSE_IDS", "sequence", "reset", "reset/a")
        self.ok("sequence", "reset", "reset/a", "--allow-reuse")
        self.assertEqual(self.ok("next", "reset/a"), "1\n")
        self.ok("sequence", "reset", "reset/a", "--next-id=5000000")
        self.assertEqual(self.ok("next", "reset/a"), "5000000\n")

    # counter

    def test_counter_from_reset_to_deletion(self):
        self.refused(4, "COUNTER_NOT_FOUND", "counter", "show", "count/a")
        self.assertRegex(self.ok("counter", "reset", "count/a", "-7"), r"value: +-7\n")
        self.ok("counter", "reset", "count/b", "12")
        lines = self.ok("counter", "list", "--prefix=count/").splitlines()
        self.assertEqual([line.split()[:2] for line in lines],
                         [["NAME", "VALUE"], ["count/a", "-7"], ["count/b", "12"]])
        self.assertEqual(self.ok("counter", "delete", "count/a"), "deleted counter count/a\n")
        self.refused(4, "COUNTER_NOT_FOUND", "counter", "delete", "count/a")

    # status and errors

    def test_status(self):
        out = self.ok("status")
        for wanted in (r"^version: +\d", r"^store: +sqlite, ", r"^suspect: +no$",
                       r"^LANE +SESSION"):
            self.assertRegex(out, re.compile(wanted, re.MULTILINE))
        self.assertEqual(self.ok_json("status")["storeKind"], "sqlite")

    def test_bad_names_are_refused_with_their_reason(self):
        for name in ("", "a b", "/a", "a/", "x" * 201, "\xe4"):
            self.refused(3, "NAME_INVALID", "next", name)
            self.refused(3, "NAME_INVALID", "incr", name)

    def test_names_that_are_not_utf8_are_refused_with_their_reason(self):
        done = subprocess.run([MINTMARK, "next", b"\xff\xfe"], timeout=60, check=False,
                              capture_output=True,
                              env=dict(os.environ, MINTMARK_ADDRESS=self.server.address))
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertRegex(done.stderr, rb"\Amintmark: .*UTF-8.* \[ARGUMENT_INVALID\]\n\Z")

    def test_a_server_that_is_not_there_is_unavailable(self):
        result = self.run_mintmark("next", "a", "--attempts=1",
                                   address=f"127.0.0.1:{mintmarkd.free_port()}")
        self.assertEqual(result.status, 6)
        self.assertIn("cannot connect to", result.err)

    def test_a_server_that_hangs_was_not_called(self):
        with mintmarkd.Mintmarkd(MINTMARKD) as server:
            server.pause()
            result = self.run_mintmark("incr", "hangs", "--timeout=1s", address=server.address)
            server.resume()
            self.assertEqual(result.status, 6, result.err)
            self.assertEqual(self.run_mintmark("get", "hangs", address=server.address).out, "0\n")

    def test_a_lost_answer_leaves_a_doubt_that_can_be_resolved(self):
        with lossy_proxy.LossyProxy(self.server.address, b"IncrCounter") as proxy:
            result = self.run_mintmark("incr", "lost", "--timeout=1s", address=proxy.address)
        self.assertEqual(result.status, 7, result.err)
        self.assertEqual(self.ok("get", "lost"), "1\n")
        key = re.search(r"--request-id (\S+)", result.err).group(1)
        self.assertEqual(self.ok("incr", "lost", f"--request-id={key}"), "1\n")
        self.assertEqual(self.ok("get", "lost"), "1\n")

    def test_a_server_that_restarts_is_waited_for(self):
        with mintmarkd.Mintmarkd(MINTMARKD) as server:
            self.run_mintmark("incr", "restart", address=server.address)
            self.assertEqual(server.stop(), 0, server.log())
            environment = dict(os.environ, MINTMARK_ADDRESS=server.address)
            with subprocess.Popen([MINTMARK, "incr", "restart", "--timeout=20s",
                                   "--attempts=1000"], env=environment, text=True,
                                  stdout=subprocess.PIPE) as waiting:
                server.start()
                out, _ = waiting.communicate(timeout=60)
            self.assertEqual((waiting.returncode, out), (0, "2\n"))


if __name__ == "__main__":
    MINTMARK, MINTMARKD = (os.path.realpath(path) for path in sys.argv[1:3])
    command.MINTMARK, command.MINTMARKD = MINTMARK, MINTMARKD
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
