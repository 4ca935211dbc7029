#!/usr/bin/env python3
"""Which reports of the thread sanitizer are about our code."""

import os
import subprocess
import unittest

from planted_tree import TOOLS, PlantedTreeTest

_REPORT = """==================
WARNING: ThreadSanitizer: {kind} (pid=7)
  Read of size 8 at 0x7b by thread T8:
{first}

  Previous write of size 8 at 0x7b by thread T7:
{second}

  Location is heap block of size 8 at 0x7b allocated by main thread:
    #0 operator new ../../src/libsanitizer/tsan/tsan_new_delete.cpp:64 (libtsan.so.2+0x1)
    #1 Make() {root}/server/make.cc:1 (mintmarkd+0x1)

  Thread T8 'nexting_thread' (tid=8, running) created by main thread at:
    #0 pthread_create ../../src/libsanitizer/tsan_interceptors.cpp:1 (libtsan.so.2+0x1)

SUMMARY: ThreadSanitizer: {kind} {summary}
==================
"""

_HANDLER = """    #0 Handler::Count() {root}/server/handler.cc:11 (mintmarkd+0x33f00)
    #1 grpc::internal::CallbackUnaryHandler<A>::Run() /usr/include/grpcpp/x.h:63 (mintmarkd+0x3)
    #2 grpc::Server::Run() <null> (libgrpc++.so.1.51+0xaf911)"""

_STRING_OF_OURS = """    #0 memmove ../../src/libsanitizer/x.inc:810 (libtsan.so.2+0x5dc76)
    #1 std::string::append(char const*) <null> (libstdc++.so.6+0x1)
    #2 std::string::operator+=(char) /usr/include/c++/12/bits/basic_string.h:9 (mintmarkd+0x3)
    #3 Handler::Name() {root}/server/handler.cc:12 (mintmarkd+0x33f00)"""

_LIBRARY = """    #0 memmove ../../src/libsanitizer/x.inc:810 (libtsan.so.2+0x5dc76)
    #1 absl::GraphCycles::GetId(void*) <null> (libabsl_graphcycles_internal.so.20220623+0x3)
    #2 Handler::Count() {root}/server/handler.cc:11 (mintmarkd+0x33f00)"""

_GENERATED = """    #0 Request::set_n() {root}/build/tsan/proto/gen/request.pb.h:3 (mintmarkd+0x33f00)
    #1 Handler::Count() {root}/server/handler.cc:11 (mintmarkd+0x33f00)"""


class TsanReportsTest(PlantedTreeTest):
    def report(self, first, second, kind="data race", summary="here"):
        return _REPORT.format(first=first.format(root=self.root), second=second.format(
            root=self.root), kind=kind, summary=summary, root=self.root)

    def show(self, *reports):
        self.write("reports/report.7", "".join(reports))
        result = subprocess.run([os.path.join(TOOLS, "tsan_reports.py"), "show",
                                 os.path.join(self.root, "reports"), self.root],
                                stdout=subprocess.PIPE, text=True, check=False)
        self.assertEqual(result.returncode, 1 if result.stdout else 0)
        return result.stdout

    def test_shows_a_race_of_handlers_on_the_threads_of_grpc(self):
        self.assertIn("handler.cc:11", self.show(self.report(_HANDLER, _HANDLER)))

    def test_shows_a_race_on_a_string_of_ours(self):
        self.assertIn("handler.cc:12", self.show(self.report(_STRING_OF_OURS, _HANDLER)))

    def test_leaves_out_what_only_passes_through_our_code(self):
        self.assertEqual(self.show(self.report(_LIBRARY, _LIBRARY), self.report(_LIBRARY, _HANDLER),
                                   self.report(_GENERATED, _GENERATED)), "")

    def test_shows_anything_else_that_one_stack_of_ours_is_part_of(self):
        self.assertIn("lock-order", self.show(
            self.report(_HANDLER, _LIBRARY, kind="lock-order-inversion (potential deadlock)")))

    def test_shows_a_report_once_and_forgets(self):
        shown = self.show(self.report(_LIBRARY, _LIBRARY, summary="there"),
                          self.report(_HANDLER, _HANDLER), self.report(_HANDLER, _HANDLER))
        self.assertEqual(shown.count("SUMMARY"), 1)
        subprocess.run([os.path.join(TOOLS, "tsan_reports.py"), "forget",
                        os.path.join(self.root, "reports")], check=True)
        self.assertEqual(os.listdir(os.path.join(self.root, "reports")), [])


if __name__ == "__main__":
    unittest.main()
