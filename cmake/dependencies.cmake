# Everything comes from the distribution's packages (Debian 12, Ubuntu 24.04).
# Targets for the layers to link:
#   gRPC::grpc++  gRPC::grpc++_reflection  protobuf::libprotobuf  absl::<name>
#   PkgConfig::libpqxx  PkgConfig::libpq  SQLiteCpp  SQLite::SQLite3
#   spdlog::spdlog  CLI11::CLI11  tomlplusplus::tomlplusplus
#   GTest::gtest  GTest::gmock  GTest::gmock_main  benchmark::benchmark
# and, for code generation, protobuf::protoc and gRPC::grpc_cpp_plugin.
# Headers of imported targets count as SYSTEM: their warnings are not ours.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

# Debian ships no CMake package of protobuf, so the module that comes with CMake
# finds it, and before gRPC, whose package looks for it again.
find_package(Protobuf 3.21 MODULE REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(gRPC 1.51 CONFIG REQUIRED)

# The package of gRPC leaves its code generators out.
if(NOT TARGET gRPC::grpc_cpp_plugin)
  find_program(MINTMARK_GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
  add_executable(gRPC::grpc_cpp_plugin IMPORTED)
  set_target_properties(gRPC::grpc_cpp_plugin PROPERTIES
    IMPORTED_LOCATION "${MINTMARK_GRPC_CPP_PLUGIN}")
endif()

# Both 6.4 (Debian 12) and 7.x compile; PQXX_VERSION_MAJOR tells them apart.
pkg_check_modules(libpqxx REQUIRED IMPORTED_TARGET libpqxx>=6.4)
pkg_check_modules(libpq REQUIRED IMPORTED_TARGET libpq)

find_package(SQLite3 REQUIRED)
find_package(SQLiteCpp CONFIG REQUIRED)

find_package(spdlog CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(tomlplusplus CONFIG REQUIRED)

find_package(GTest CONFIG REQUIRED)
find_package(benchmark CONFIG REQUIRED)
