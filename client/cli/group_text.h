// How GUID groups and generators look on the command line.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/output.h"
#include "mintmark/v1/types.pb.h"

namespace mintmark::client {

// All of a group, a line each.
Facts GroupFacts(const v1::GuidGroup& group);

// A table of groups, and a row for it.
Table GroupTable();
std::vector<std::string> GroupRow(const v1::GuidGroup& group);

// A table of the generators of `group`, and a row for it.
Table GeneratorTable();
std::vector<std::string> GeneratorRow(const v1::Generator& generator, const v1::GuidGroup& group);

}  // namespace mintmark::client
