include(GoogleTest)
enable_testing()

# What the sanitizers run; there from the start, so that it can always be built.
add_custom_target(tests_unit)
add_custom_target(tests_simulation)

# ctest runs these before the first and after the last of the tests.
if(MINTMARK_TSAN_REPORTS)
  add_test(NAME tsan.forget_reports
    COMMAND "${PROJECT_SOURCE_DIR}/tools/tsan_reports.py" forget "${MINTMARK_TSAN_REPORTS}")
  add_test(NAME tsan.reports
    COMMAND "${PROJECT_SOURCE_DIR}/tools/tsan_reports.py" show "${MINTMARK_TSAN_REPORTS}"
      "${PROJECT_SOURCE_DIR}")
  set_tests_properties(tsan.forget_reports PROPERTIES FIXTURES_SETUP tsan_reports)
  set_tests_properties(tsan.reports PROPERTIES FIXTURES_CLEANUP tsan_reports)
endif()

# mintmark_add_test(NAME name SOURCES file... LIBS target...
#                   [LABELS label...] [TIMEOUT seconds] [RUN_SERIAL])
#
# Makes the GoogleTest binary build/<preset>/tests/<name> and registers each of
# its tests with ctest as <name>.<suite>.<test>; under the sanitizers, where a
# program is slow to start, the whole binary as one. GoogleTest's main() is linked
# in. Labels: `unit` (the default; no server process, no PostgreSQL, quick: it also
# runs under the sanitizers), `simulation` (sized by MINTMARK_SIM_SEEDS), or
# whatever else says what the test needs. TIMEOUT is for one test, 60 s unless
# given. The target `tests_<label>` builds all binaries of a label.
function(mintmark_add_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "RUN_SERIAL" "NAME;TIMEOUT" "SOURCES;LIBS;LABELS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_NAME OR NOT arg_SOURCES)
    message(FATAL_ERROR "mintmark_add_test: NAME and SOURCES are needed; not understood: "
      "`${arg_UNPARSED_ARGUMENTS}`.")
  endif()
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()

  add_executable(${arg_NAME} ${arg_SOURCES})
  target_link_libraries(${arg_NAME} PRIVATE
    ${arg_LIBS} GTest::gmock GTest::gtest GTest::gmock_main mintmark_warnings)
  set_target_properties(${arg_NAME} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")

  if(MINTMARK_SANITIZE)
    add_test(NAME ${arg_NAME} COMMAND ${arg_NAME} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    set_tests_properties(${arg_NAME} PROPERTIES
      LABELS "${arg_LABELS}"
      TIMEOUT 1200
      ENVIRONMENT "${MINTMARK_TEST_ENVIRONMENT}"
      RUN_SERIAL ${arg_RUN_SERIAL})
    if(MINTMARK_TSAN_REPORTS)
      set_tests_properties(${arg_NAME} PROPERTIES FIXTURES_REQUIRED tsan_reports)
    endif()
  else()
    gtest_discover_tests(${arg_NAME}
      TEST_PREFIX "${arg_NAME}."
      WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
      DISCOVERY_TIMEOUT 60)
    # A list does not survive gtest_discover_tests(PROPERTIES), so that ctest
    # reads the properties from a file of their own, after the tests' names.
    set(properties_file "${CMAKE_CURRENT_BINARY_DIR}/${arg_NAME}_properties.cmake")
    file(WRITE "${properties_file}"
      "if(${arg_NAME}_TESTS)\n"
      "  set_tests_properties(\${${arg_NAME}_TESTS} PROPERTIES LABELS \"${arg_LABELS}\"\n"
      "    TIMEOUT ${arg_TIMEOUT} RUN_SERIAL ${arg_RUN_SERIAL})\n"
      "endif()\n")
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${properties_file}")
  endif()

  foreach(label IN LISTS arg_LABELS)
    if(NOT TARGET tests_${label})
      add_custom_target(tests_${label})
    endif()
    add_dependencies(tests_${label} ${arg_NAME})
  endforeach()
endfunction()
