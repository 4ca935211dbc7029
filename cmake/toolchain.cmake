# What makes a build fast, and nothing that changes what is built: a compiler
# cache and a quick linker where the machine has them.

# NDEBUG stays: promises are guarded by our own CHECK, which no flag removes.
# -g1 keeps function names and lines for stack traces at a tenth of -g's size.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

find_program(MINTMARK_CCACHE ccache)
if(MINTMARK_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${MINTMARK_CCACHE}")
endif()

find_program(MINTMARK_LLD NAMES ld.lld ld.lld-14)
if(MINTMARK_LLD)
  add_link_options("-fuse-ld=lld")
endif()
