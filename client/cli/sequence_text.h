// How sequences look on the command line.
#pragma once

#include <string>
#include <vector>

#include "client/cli/output.h"
#include "mintmark/v1/types.pb.h"

namespace mintmark::client {

// All of a sequence, a line each.
Facts SequenceFacts(const v1::Sequence& sequence);

// A table of sequences, and a row for it.
Table SequenceTable();
std::vector<std::string> SequenceRow(const v1::Sequence& sequence);

}  // namespace mintmark::client
