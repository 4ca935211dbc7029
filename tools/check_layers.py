#!/usr/bin/env python3
"""The layers rule: nothing is included, imported or linked against the arrows.

    proto <- server -> src/store -> src/engine -> src/core      client -> proto, src/core

usage: check_layers.py ROOT

Prints one line per violation and fails if there is one.
"""

import re
import sys

import sources

# Headers of the standard library as C++20 knows them.
_STANDARD = set("""
algorithm any array atomic barrier bit bitset charconv chrono compare complex concepts
condition_variable coroutine deque exception execution filesystem format forward_list fstream
functional future initializer_list iomanip ios iosfwd iostream istream iterator latch limits list
locale map memory memory_resource mutex new numbers numeric optional ostream queue random ranges
ratio regex scoped_allocator semaphore set shared_mutex source_location span sstream stack stdexcept
stop_token streambuf string string_view syncstream system_error thread tuple type_traits typeindex
typeinfo unordered_map unordered_set utility valarray variant vector version
cassert cctype cerrno cfenv cfloat cinttypes climits clocale cmath csetjmp csignal cstdarg cstddef
cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype
""".split())

# What an include of somebody else's header is called in the rules below.
_FOREIGN = [
    (re.compile(r"absl/"), "absl"),
    (re.compile(r"(pqxx(/|$)|libpq|postgres_ext\.h|SQLiteCpp/|sqlite3)"), "drivers"),
    (re.compile(r"(grpc|grpcpp|grpc\+\+|grpc_impl)/"), "grpc"),
    (re.compile(r"google/protobuf/"), "protobuf"),
    (re.compile(r"(CLI/|toml\+\+/|spdlog/|fmt/)"), "application"),
    (re.compile(r"(gtest|gmock|benchmark)/"), "testing"),
]

# Ours, by the start of the path; generated headers are named as their .proto.
_OURS = [
    ("src/core/", "src/core"), ("src/engine/", "src/engine"), ("src/store/", "src/store"),
    ("server/", "server"), ("client/", "client"), ("tests/", "tests"), ("bench/", "bench"),
    ("mintmark/v1/", "proto"), ("google/rpc/", "proto"),
]

# What each layer may include, itself apart. `posix` is any other system header.
_ALLOWED = {
    "src/core": {"absl", "std"},
    "src/engine": {"src/core", "absl", "std"},
    "src/store": {"src/core", "absl", "std", "posix", "drivers"},
    "server": {"src/core", "src/engine", "src/store", "proto", "absl", "std", "posix", "grpc",
               "protobuf", "application"},
    "client": {"src/core", "proto", "absl", "std", "posix", "grpc", "protobuf", "application"},
}

# Single headers that a layer may include although their layer is closed to it:
# the shape of a batch and of a store is what the engine and the stores share.
_ALLOWED_HEADERS = {
    "src/store": {"src/engine/batch.h", "src/engine/rows.h", "src/engine/store.h"},
}

# The engine is passive: whoever drives it brings threads, time and randomness.
_ENGINE_CLOSED_HEADERS = {
    "thread", "condition_variable", "future", "random", "semaphore", "barrier", "latch",
    "stop_token", "ctime", "filesystem", "fstream",
    "absl/time/clock.h", "absl/random/random.h", "absl/synchronization/mutex.h",
    "absl/synchronization/notification.h",
}
_ENGINE_CLOSED_CALLS = [
    (re.compile(r"(?<!\w)(?:\w*[cC]lock|BootClock)::now\s*\("), "reads a clock"),
    (re.compile(r"(?<!\w)absl::Now\s*\("), "reads a clock"),
    (re.compile(r"(?<!\w)(?:clock_gettime|gettimeofday)\s*\("), "reads a clock"),
    (re.compile(r"(?<!\w)std::time\s*\("), "reads a clock"),
    (re.compile(r"(?<!\w)(?:std::)?(?:rand|random|getrandom)\s*\("), "draws a random number"),
    (re.compile(r"(?<!\w)(?:absl::SleepFor|usleep|nanosleep)\s*\("), "sleeps"),
]

_LINKS = {
    "proto": set(),
    "src/core": set(),
    "src/engine": {"mintmark_core"},
    "src/store": {"mintmark_core", "mintmark_engine"},
    "server": {"mintmark_core", "mintmark_engine", "mintmark_store", "mintmark_proto"},
    "client": {"mintmark_core", "mintmark_proto"},
}
_LAYER_OF_TARGET = {
    "mintmark_proto": "proto", "mintmark_core": "src/core", "mintmark_engine": "src/engine",
    "mintmark_store": "src/store", "mintmark_server": "server", "mintmark_client": "client",
}

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)
_IMPORT = re.compile(r'^[ \t]*import\s+(?:public\s+|weak\s+)?"([^"]+)"\s*;', re.MULTILINE)
_COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def layer_of(path):
    for layer in _ALLOWED:
        if path.startswith(layer + "/"):
            return layer
    return None


def without_comments(text):
    """The code of a C++ or proto file: comments gone, strings and lines kept."""
    def replace(match):
        found = match.group(0)
        return found if found.startswith('"') else re.sub(r"[^\n]", " ", found)
    return _COMMENT.sub(replace, text)


def origin_of(header):
    """The layer or the kind of library that a header belongs to, or None."""
    for start, layer in _OURS:
        if header.startswith(start):
            return layer
    for pattern, kind in _FOREIGN:
        if pattern.match(header):
            return kind
    if header in _STANDARD:
        return "std"
    return None


def include_violations(path, text):
    layer = layer_of(path)
    allowed = _ALLOWED[layer]
    code = without_comments(text)
    for match in _INCLUDE.finditer(code):
        quoted, header = match.group(1) == '"', match.group(2)
        line = code.count("\n", 0, match.start()) + 1
        origin = origin_of(header)
        if origin is None:
            if quoted:
                yield line, f'"{header}": includes are named from the repository\'s root'
                continue
            origin = "posix"
        if layer == "src/engine" and header in _ENGINE_CLOSED_HEADERS:
            yield line, (f"{header}: the engine is passive and brings no threads, clock, "
                         "randomness or files of its own")
        elif origin != layer and origin not in allowed and header not in _ALLOWED_HEADERS.get(
                layer, ()):
            yield line, f"{header}: {layer} may not include {origin}"
    if layer == "src/engine":
        for pattern, what in _ENGINE_CLOSED_CALLS:
            for match in pattern.finditer(code):
                line = code.count("\n", 0, match.start()) + 1
                yield line, f"{match.group(0).rstrip('( ')}: the engine {what}, which is its driver's"


def import_violations(path, text):
    own = "google/rpc/" if path.startswith("proto/google/") else "mintmark/v1/"
    code = without_comments(text)
    for match in _IMPORT.finditer(code):
        imported = match.group(1)
        if not imported.startswith(("google/protobuf/", own)):
            line = code.count("\n", 0, match.start()) + 1
            yield line, f"{imported}: proto may import google/protobuf/ and {own} only"


def link_violations(path, text):
    layer = path.removesuffix("/CMakeLists.txt")
    code = re.sub(r"#[^\n]*", "", text)
    for call in re.finditer(r"target_link_libraries\s*\(([^)]*)\)", code):
        line = code.count("\n", 0, call.start()) + 1
        for target in re.findall(r"mintmark_\w+", call.group(1)):
            owner = _LAYER_OF_TARGET.get(target)
            if owner and owner != layer and target not in _LINKS[layer]:
                yield line, f"{target}: {layer} may not link {owner}"


def violations(root):
    for path in sources.project_files(root):
        if path.endswith((".cc", ".h")) and layer_of(path):
            find = include_violations
        elif path.endswith(".proto") and path.startswith("proto/"):
            find = import_violations
        elif path.removesuffix("/CMakeLists.txt") in _LINKS:
            find = link_violations
        else:
            continue
        for line, what in find(path, sources.read_text(root, path)):
            yield f"{path}:{line}: {what}"


def main():
    found = list(violations(sys.argv[1]))
    for violation in found:
        print(violation)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
