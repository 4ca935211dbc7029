// SQLite's access to files, with faults.
#pragma once

namespace mintmark::testing {

enum class FileFault {
  kNone,
  kSyncFails,  // What was written is there, but nobody knows for how long.
  kWriteFails,
  kDiskFull,
  kReadOnly,  // Files can be opened for reading only.
};

// What happens to every SQLite database of this program from now on. The first
// call has to come before the first database is opened.
void SetFileFault(FileFault fault);

}  // namespace mintmark::testing
