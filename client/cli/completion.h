// Completion of the command line in shells. The scripts are written from the tree
// of verbs and options itself, so that they know what --help knows.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace mintmark::client {

// Scripts for bash and zsh that complete the verbs of `app`, their options, and
// those values of options that are among a few.
std::string BashCompletion(const CLI::App& app);
std::string ZshCompletion(const CLI::App& app);

}  // namespace mintmark::client
