#!/usr/bin/env python3
"""GUIDs, groups, generators, texts and health on the command line, against a real
server.

usage: guid_test.py MINTMARK MINTMARKD [UNITTEST ARGUMENT...]
"""

import datetime
import os
import re
import subprocess
import sys
import tempfile
import unittest

import command
import mintmarkd

MINTMARKD = None


class GuidTest(command.CommandTest):
    # guid and decode

    def test_guids_are_distinct_and_only_grow(self):
        guids = [int(line) for line in self.ok("guid", "-n", "250000").splitlines()]
        self.assertEqual(len(set(guids)), 250_000)
        for calls in (guids[:100_000], guids[100_000:200_000], guids[200_000:]):
            self.assertEqual(calls, sorted(calls))
        self.assertEqual(len(self.ok_json("guid", "-n", "3")["guids"]), 3)

    def test_a_group_is_named_with_an_option_or_without(self):
        self.ok("group", "create", "named/a", "--generator-id-min=7")
        for guid in (self.ok("guid", "named/a"), self.ok("guid", "--group=named/a")):
            self.assertEqual(
                self.ok_json("decode", guid.strip(), "--group=named/a")["generatorId"], "7")
        for listed in (self.ok("generators", "named/a"), self.ok("generators", "--group=named/a")):
            self.assertRegex(listed, r"\n +7 +yes ")

    def test_a_guid_decodes_to_what_it_is_made_of(self):
        guid = self.ok("guid").strip()
        shown = self.ok("decode", guid)
        time = re.search(r"^time: +(\S+)Z$", shown, re.MULTILINE).group(1)
        age = datetime.datetime.utcnow() - datetime.datetime.fromisoformat(time)
        self.assertLess(abs(age.total_seconds()), 60)
        decoded = self.ok_json("decode", guid)
        self.assertEqual(decoded["guid"], guid)
        self.assertEqual(decoded["generatorId"], str(int(guid) & 0xFFF))

    def test_guids_as_text(self):
        self.ok("group", "create", "text/a", "--preset=js", "--encoding=base32", "--prefix=G-",
                "--check-character")
        texts = self.ok("guid", "text/a", "-n", "3", "--text").split()
        self.assertEqual(len(texts), 3)
        for text in texts:
            self.assertTrue(text.startswith("G-"), text)
            guid = self.ok_json("decode", text, "--group=text/a")["guid"]
            self.assertRegex(self.ok("decode", guid, "--group=text/a"), rf"guid: +{guid}\n")
        spoilt = texts[0][:-1] + ("0" if texts[0][-1] != "0" else "1")
        self.refused(3, "TEXT_INVALID", "decode", spoilt, "--group=text/a")
        # Digits alone are a number unless said otherwise.
        self.refused(3, "TEXT_INVALID", "decode", "123", "--text", "--group=text/a")

    def test_guids_go_into_a_file(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "guids")
            self.assertEqual(self.ok("guid", "-n", "5", "--output", path), "")
            with open(path, encoding="ascii") as file:
                self.assertEqual(len(set(file.read().split())), 5)

    def test_what_is_no_guid_is_refused(self):
        self.refused(4, "GROUP_NOT_FOUND", "guid", "no/such")
        self.refused(4, "GROUP_NOT_FOUND", "decode", "1", "--group=no/such")
        self.refused(3, "TEXT_INVALID", "decode", "neither")

    # group and generators

    def test_group_from_creation_to_deletion(self):
        shown = self.ok("group", "create", "group/a", "--time-bits=40", "--counter-bits=7",
                        "--generator-bits=16", "--epoch=2024-01-01T00:00:00Z",
                        "--order=time-generator-counter", "--generator-id-max=9", "--lease=30s")
        for fact in ("layout: +40 bits time, 16 generator, 7 counter", "lease: +30s",
                     "epoch: +2024-01-01T00:00:00Z", "lasts until: +2058-", "generators: +0..9"):
            self.assertRegex(shown, fact)
        self.refused(4, "GROUP_ALREADY_EXISTS", "group", "create", "group/a", "--preset=js")
        self.assertEqual(self.ok("group", "show", "group/a"), shown)
        lines = self.ok("group", "list", "--prefix=group/").splitlines()
        self.assertRegex(lines[0], r"\ANAME +LAYOUT +TIME UNIT +EPOCH +GENERATORS\Z")
        self.assertEqual([line.split()[0] for line in lines[1:]], ["group/a"])
        listed = self.ok_json("group", "list", "--prefix=group/")["groups"]
        self.assertEqual(listed[0]["generatorIdMax"], "9")
        self.assertEqual(self.ok("group", "delete", "group/a"), "deleted group group/a\n")
        self.refused(4, "GROUP_NOT_FOUND", "group", "show", "group/a")

    def test_a_layout_that_is_none_is_refused(self):
        self.refused(3, "GROUP_INVALID", "group", "create", "layout/a", "--time-bits=60",
                     "--counter-bits=7")
        result = self.run_mintmark("group", "create", "layout/b", "--epoch=yesterday")
        self.assertEqual(result.status, 2)
        self.assertIn("is not a time such as", result.err)

    def test_generators_are_listed(self):
        self.ok("group", "create", "lease/a", "--preset=twitter")
        self.assertEqual(len(self.ok("generators", "lease/a").splitlines()), 1)
        self.ok("guid", "lease/a")
        lines = self.ok("generators", "lease/a", "--leased").splitlines()
        self.assertRegex(lines[0], r"GENERATOR +LEASED +LEASE END +TIME CEILING +OWNER\Z")
        self.assertRegex(lines[1], r"\A +0 +yes +20\S+Z +20\S+Z +\S+\Z")
        (generator,) = self.ok_json("generators", "lease/a")["generators"]
        self.assertEqual((generator["generatorId"], generator["leased"]), ("0", True))
        self.refused(4, "GROUP_NOT_FOUND", "generators", "no/such")

    # texts of sequences

    def test_ids_as_text(self):
        self.ok("sequence", "create", "text/s", "--shards=0", "--prefix=T-", "--width=5",
                "--check-character")
        texts = self.ok("next", "text/s", "-n", "2", "--text").split()
        self.assertRegex(texts[0], r"\AT-00001\d\Z")
        self.assertEqual([self.ok("sequence", "decode", "text/s", text) for text in texts],
                         ["1\n", "2\n"])
        self.assertEqual(self.ok_json("sequence", "decode", "text/s", texts[1]), {"id": "2"})
        self.refused(3, "TEXT_INVALID", "sequence", "decode", "text/s", "T-00001")
        self.refused(4, "SEQUENCE_NOT_FOUND", "sequence", "decode", "no/such", "1")

    def test_many_texts_are_drawn_in_several_calls(self):
        texts = self.ok("next", "text/many", "-n", "25000", "--text").split()
        self.assertEqual(len(set(texts)), 25_000)

    # files

    def test_ids_go_into_a_file_instead(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "ids")
            with open(path, "w", encoding="ascii") as file:
                file.write("what was there before\n")
            self.assertEqual(self.ok("next", "file/a", "-n", "3", "--output", path), "")
            with open(path, encoding="ascii") as file:
                self.assertEqual(file.read(), "1\n2\n3\n")
            self.assertEqual(self.ok("next", "file/a", "--json", "--output", path), "")
            with open(path, encoding="ascii") as file:
                self.assertIn('"first": "4"', file.read())

    def test_nothing_is_drawn_for_a_file_that_cannot_be_written(self):
        result = self.run_mintmark("next", "file/b", "--output", "/no/such/directory/ids")
        self.assertEqual(result.status, 3, result.err)
        self.assertIn("cannot write /no/such/directory/ids: No such file", result.err)
        self.refused(4, "SEQUENCE_NOT_FOUND", "sequence", "show", "file/b")
        result = self.run_mintmark("next", "file/c", "--output", "/dev/full")
        self.assertEqual(result.status, 8)
        self.assertIn("No space left on device", result.err)

    # health

    def test_health_says_whether_the_server_serves(self):
        self.assertEqual(self.ok("health"), "SERVING\n")
        self.assertEqual(self.ok_json("health"), {"status": "SERVING"})
        gone = f"127.0.0.1:{mintmarkd.free_port()}"
        result = self.run_mintmark("health", "--attempts=1", address=gone)
        self.assertEqual((result.status, result.out), (6, ""))
        self.assertEqual(self.run_mintmark("health", "--wait=0.3s", address=gone).status, 6)

    def test_health_waits_for_a_server(self):
        server = mintmarkd.Mintmarkd(MINTMARKD)
        environment = dict(os.environ, MINTMARK_ADDRESS=server.address)
        with subprocess.Popen([command.MINTMARK, "health", "--wait=30s"], env=environment,
                              text=True, stdout=subprocess.PIPE) as waiting:
            with server:
                out, _ = waiting.communicate(timeout=60)
        self.assertEqual((waiting.returncode, out), (0, "SERVING\n"))

    def test_health_watches_a_server_that_stops(self):
        with mintmarkd.Mintmarkd(MINTMARKD) as server:
            self.assertEqual(
                self.run_mintmark("health", "--for=0.3s", address=server.address).status, 0)
            environment = dict(os.environ, MINTMARK_ADDRESS=server.address)
            with subprocess.Popen([command.MINTMARK, "health", "--for=60s"], text=True,
                                  env=environment, stderr=subprocess.PIPE) as watching:
                self.run_mintmark("health", "--for=0.3s", address=server.address)
                server.stop()
                _, err = watching.communicate(timeout=50)
            self.assertEqual(watching.returncode, 6, err)


if __name__ == "__main__":
    command.MINTMARK, MINTMARKD = (os.path.realpath(path) for path in sys.argv[1:3])
    command.MINTMARKD = MINTMARKD
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
