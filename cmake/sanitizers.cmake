# Sanitizers are chosen by the presets `asan` and `tsan`, for everything at once:
# a program of which only a part is instrumented reports nonsense.

set(MINTMARK_SANITIZE "" CACHE STRING "What -fsanitize= gets: empty, `address,undefined` or `thread`")

# The environment that instrumented tests run in.
set(MINTMARK_TEST_ENVIRONMENT "")

if(MINTMARK_SANITIZE)
  add_compile_options("-fsanitize=${MINTMARK_SANITIZE}" -fno-omit-frame-pointer)
  add_link_options("-fsanitize=${MINTMARK_SANITIZE}")
endif()

if(MINTMARK_SANITIZE MATCHES "address")
  add_compile_options(-fno-sanitize-recover=undefined)
  list(APPEND MINTMARK_TEST_ENVIRONMENT
    "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_init_order=1"
    "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tools/lsan.supp:print_suppressions=0"
    "UBSAN_OPTIONS=print_stacktrace=1")
endif()

# Reports go to files, and the test `tsan.reports` fails for those about our code:
# tools/tsan_reports.py says why the sanitizer's own suppressions will not do.
#   ignore_noninstrumented_modules  what a library does by itself is not watched,
#                                   its locks are; without, most time goes into
#                                   reports about gRPC
#   suppress_equal_addresses        a race of ours is reported also where gRPC
#                                   used the same memory before
if(MINTMARK_SANITIZE MATCHES "thread")
  set(MINTMARK_TSAN_REPORTS "${PROJECT_BINARY_DIR}/reports")
  file(MAKE_DIRECTORY "${MINTMARK_TSAN_REPORTS}")
  list(APPEND MINTMARK_TEST_ENVIRONMENT
    "TSAN_OPTIONS=log_path=${MINTMARK_TSAN_REPORTS}/report:exitcode=0:ignore_noninstrumented_modules=1:suppress_equal_addresses=0:second_deadlock_stack=1")
endif()
