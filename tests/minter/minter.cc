#include "tests/minter/minter.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mintmark::e2e {

Minter::Minter(const std::vector<const Mintmarkd*>& servers, const MinterSettings& settings) {
  std::vector<std::string> addresses;
  for (const Mintmarkd* server : servers) addresses.push_back(server->address());
  Command command;
  command.arguments = {MINTMARK_GUID_MINTER,
                       absl::StrCat("--address=", absl::StrJoin(addresses, ",")),
                       absl::StrCat("--group=", settings.group),
                       absl::StrCat("--count=", settings.count),
                       absl::StrCat("--batch=", settings.batch),
                       absl::StrCat("--pause-us=", settings.pause_us),
                       absl::StrCat("--output=", folder_.Path("guids"))};
  command.output_path = folder_.Path("log");
  process_ = std::make_unique<ChildProcess>(command);
}

std::vector<std::int64_t> Minter::guids() const {
  const std::string bytes = ReadFile(folder_.Path("guids"));
  std::vector<std::int64_t> guids(bytes.size() / sizeof(std::int64_t));
  std::memcpy(guids.data(), bytes.data(), guids.size() * sizeof(std::int64_t));
  return guids;
}

}  // namespace mintmark::e2e
