# Writes a C++ file that holds the migrations of every store.
#
#   cmake -DFOLDER=<folder of migrations> -DOUTPUT=<file.cc> -P embed_migrations.cmake
#
# FOLDER has a folder for each store with files NNNN_verb_noun.sql, numbered from
# 0001 without holes. A store without a folder has no migrations.

function(append_store output store function_name)
  file(GLOB files LIST_DIRECTORIES false "${FOLDER}/${store}/*.sql")
  list(SORT files)
  set(number 0)
  set(rows "")
  foreach(file IN LISTS files)
    math(EXPR number "${number} + 1")
    get_filename_component(stem "${file}" NAME_WE)
    if(NOT stem MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)$")
      message(FATAL_ERROR "${file}: a migration is named NNNN_verb_noun.sql.")
    endif()
    set(name "${CMAKE_MATCH_2}")
    string(REGEX REPLACE "^0+" "" written "${CMAKE_MATCH_1}")
    if(NOT written STREQUAL number)
      message(FATAL_ERROR "${file}: this migration has to have the number ${number}.")
    endif()
    file(READ "${file}" sql)
    string(FIND "${sql}" ")sql\"" clash)
    if(NOT clash EQUAL -1)
      message(FATAL_ERROR "${file}: holds the end mark of a raw string.")
    endif()
    string(APPEND rows "    {${number}, \"${name}\", R\"sql(${sql})sql\"},\n")
  endforeach()

  if(number EQUAL 0)
    string(APPEND ${output}
      "absl::Span<const Migration> ${function_name}() { return {}; }\n\n")
  else()
    string(APPEND ${output}
      "namespace {\n\nconstexpr Migration k${function_name}[] = {\n${rows}};\n\n}  // namespace\n\n"
      "absl::Span<const Migration> ${function_name}() { return k${function_name}; }\n\n")
  endif()
  set(${output} "${${output}}" PARENT_SCOPE)
endfunction()

set(text
  "// Made by embed_migrations.cmake from src/store/migrations.\n"
  "#include \"src/store/migrations.h\"\n\nnamespace mintmark::store {\n\n")
string(CONCAT text ${text})
append_store(text sqlite SqliteMigrations)
append_store(text postgres PostgresMigrations)
string(APPEND text "}  // namespace mintmark::store\n")
file(WRITE "${OUTPUT}" "${text}")
