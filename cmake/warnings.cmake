# Every layer's target links this one PRIVATE; generated code does not.
# With -Wpedantic a 128-bit type is spelt once, in src/core, as
# `__extension__ typedef __int128 ...`.

add_library(mintmark_warnings INTERFACE)
target_compile_options(mintmark_warnings INTERFACE
  -Wall
  -Wextra
  -Wpedantic
  -Wshadow
  -Wconversion
  -Wnon-virtual-dtor
  -Woverloaded-virtual
  -Wcast-align
  -Wformat=2
  -Wvla
  -Werror
  # A designated initialiser that leaves a field at its default is how options
  # are passed here.
  -Wno-missing-field-initializers
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond>
  $<$<CXX_COMPILER_ID:GNU>:-Wlogical-op>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  $<$<CXX_COMPILER_ID:Clang>:-Wimplicit-fallthrough>)
