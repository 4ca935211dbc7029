#!/usr/bin/env python3
"""The rules that only read: format, layers, migrations, unfinished, shell."""

import unittest

from planted_tree import PlantedTreeTest


class FormatTest(PlantedTreeTest):
    def setUp(self):
        super().setUp()
        self.copy(".clang-format")
        self.write("src/core/name.h", "#pragma once\n\nint NameLength(const char* name);\n")

    def test_keeps_formatted_sources(self):
        self.assert_keeps("check_format.py")

    def test_sees_an_unformatted_source(self):
        self.write("src/core/name.cc", "int  Two( ) {return 2;}\n")
        self.assert_breaks("check_format.py", says="src/core/name.cc")


class LayersTest(PlantedTreeTest):
    def setUp(self):
        super().setUp()
        self.write("proto/mintmark/v1/types.proto", 'import "google/protobuf/duration.proto";\n')
        self.write("proto/mintmark/v1/ids.proto", 'import "mintmark/v1/types.proto";\n')
        self.write("proto/google/rpc/status.proto", 'import "google/protobuf/any.proto";\n')
        self.write("src/core/name.h", '#include <string>\n#include "absl/status/status.h"\n')
        self.write("src/engine/store.h", '#include <memory>\n#include "src/core/name.h"\n')
        self.write("src/engine/engine.cc",
                   '// A driver reads std::chrono::steady_clock::now() for us.\n'
                   '#include "src/engine/store.h"\n')
        self.write("src/store/postgres/store.cc",
                   '#include <poll.h>\n#include <pqxx/pqxx>\n#include "src/engine/store.h"\n')
        self.write("server/main.cc",
                   '#include <grpcpp/grpcpp.h>\n#include <thread>\n#include "mintmark/v1/ids.pb.h"\n'
                   '#include "src/engine/engine.h"\n#include "src/store/open_store.h"\n')
        self.write("client/client.cc",
                   '#include "mintmark/v1/ids.grpc.pb.h"\n#include "src/core/name.h"\n')
        self.write("tests/server/server_test.cc",
                   '#include <gtest/gtest.h>\n#include "client/client.h"\n#include "server/config.h"\n')
        self.write("src/engine/CMakeLists.txt",
                   "# Not mintmark_server.\n"
                   "target_link_libraries(mintmark_engine PUBLIC mintmark_core\n"
                   "  PRIVATE mintmark_warnings)\n")

    def test_keeps_the_arrows(self):
        self.assert_keeps("check_layers.py")

    def test_sees_each_include_against_the_arrows(self):
        planted = [
            ("src/core/bad.h", '#include "src/engine/store.h"', "src/engine"),
            ("src/core/bad.h", '#include <pqxx/pqxx>', "drivers"),
            ("src/core/bad.h", '#include "mintmark/v1/ids.pb.h"', "proto"),
            ("src/core/bad.h", '#include <unistd.h>', "posix"),
            ("src/core/bad.h", '#include "name.h"', "repository's root"),
            ("src/engine/bad.cc", '#include <grpcpp/grpcpp.h>', "grpc"),
            ("src/engine/bad.cc", '  #  include <thread>', "passive"),
            ("src/engine/bad.cc", '#include <random>', "passive"),
            ("src/engine/bad.cc", '#include <condition_variable>', "passive"),
            ("src/engine/bad.cc", '#include "absl/time/clock.h"', "passive"),
            ("src/engine/bad.cc", '#include "src/store/open_store.h"', "src/store"),
            ("src/engine/bad.cc", '#include <spdlog/spdlog.h>', "application"),
            ("src/store/bad.cc", '#include "src/engine/engine.h"', "src/engine"),
            ("src/store/bad.cc", '#include "server/config.h"', "server"),
            ("src/store/bad.cc", '#include "mintmark/v1/ids.pb.h"', "proto"),
            ("server/bad.cc", '#include "client/client.h"', "client"),
            ("server/bad.cc", '#include <pqxx/pqxx>', "drivers"),
            ("server/bad.cc", '#include <gtest/gtest.h>', "testing"),
            ("client/bad.cc", '#include "server/config.h"', "server"),
            ("client/bad.cc", '#include "src/store/open_store.h"', "src/store"),
        ]
        for path, line, says in planted:
            with self.subTest(path=path, line=line):
                self.write(path, line + "\n")
                self.assert_breaks("check_layers.py", says=f"{path}:1: ")
                self.assert_breaks("check_layers.py", says=says)
                self.remove(path)
        self.assert_keeps("check_layers.py")

    def test_sees_an_engine_that_helps_itself_to_time_or_chance(self):
        for call in ("auto t = std::chrono::steady_clock::now();", "auto t = BootClock::now();",
                     "auto t = absl::Now();", "int r = std::rand();", "auto t = std::time(nullptr);"):
            with self.subTest(call=call):
                self.write("src/engine/bad.cc", call + "\n")
                self.assert_breaks("check_layers.py", says="src/engine/bad.cc:1: ")

    def test_sees_a_foreign_import(self):
        self.write("proto/mintmark/v1/bad.proto", 'import "google/rpc/status.proto";\n')
        self.assert_breaks("check_layers.py", says="google/rpc/status.proto")

    def test_sees_a_link_against_the_arrows(self):
        self.write("client/CMakeLists.txt",
                   "target_link_libraries(mintmark_client PUBLIC\n  mintmark_server)\n")
        self.assert_breaks("check_layers.py", says="client may not link server")


class MigrationsTest(PlantedTreeTest):
    def setUp(self):
        super().setUp()
        self.write("src/store/migrations/sqlite/0001_create_tables.sql", "")
        self.write("src/store/migrations/sqlite/0002_add_counter_index.sql", "")
        self.write("src/store/migrations/postgres/0001_create_tables.sql", "")
        self.write("docs/example.sql", "")

    def test_keeps_numbered_verbs_and_nouns(self):
        self.assert_keeps("check_migrations.py")

    def test_sees_a_bad_name(self):
        for name in ("3_add_index.sql", "0003-add-index.sql", "0003_tables.sql",
                     "0003_Add_Index.sql"):
            with self.subTest(name=name):
                path = "src/store/migrations/sqlite/" + name
                self.write(path, "")
                self.assert_breaks("check_migrations.py", says=name)
                self.remove(path)

    def test_sees_a_gap(self):
        self.write("src/store/migrations/sqlite/0004_add_index.sql", "")
        self.assert_breaks("check_migrations.py", says="should be 0003")

    def test_sees_a_number_given_twice(self):
        self.write("src/store/migrations/sqlite/0002_add_index.sql", "")
        self.assert_breaks("check_migrations.py", says="should be 0003")


class UnfinishedTest(PlantedTreeTest):
    def test_keeps_finished_code(self):
        self.write("src/core/name.cc", "// A method to do with names.\n")
        self.assert_keeps("check_unfinished.py")

    def test_sees_what_is_left_to_do(self):
        for path in ("src/core/name.cc", "tools/check.py", "proto/mintmark/v1/ids.proto", "dev"):
            for marker in ("TO" + "DO", "FIX" + "ME"):
                with self.subTest(path=path, marker=marker):
                    self.write(path, f"\n// {marker}: the rest\n")
                    self.assert_breaks("check_unfinished.py", says=f"{path}:2: ")
                    self.remove(path)


class ShellTest(PlantedTreeTest):
    def test_keeps_a_sound_script(self):
        self.write("dev", '#!/usr/bin/env bash\nset -e\necho "$1"\n')
        self.assert_keeps("check_shell.py")

    def test_sees_what_shellcheck_warns_of(self):
        self.write("dev", "#!/usr/bin/env bash\nfor file in $(ls *.txt); do rm $fiel; done\n")
        self.assert_breaks("check_shell.py", says="SC2")


if __name__ == "__main__":
    unittest.main()
