// A real table whose primary key comes from the service.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace mintmark::e2e {

using Ids = std::vector<std::int64_t>;

// A table `orders` with the primary key `id`. Writers insert side by side, each
// through an object of its own.
class Table {
 public:
  virtual ~Table() = default;
  virtual absl::Status Insert(std::int64_t writer, const Ids& ids) = 0;
};

// Where a test keeps its table: in the PostgreSQL database at a URL, or in an SQLite
// file.
class TablePlace {
 public:
  // `location` is a URL or a path.
  TablePlace(bool postgres, std::string location)
      : postgres_(postgres), location_(std::move(location)) {}

  // Creates the table. Fails the test when it cannot.
  void MakeTable() const;
  std::unique_ptr<Table> OpenTable() const;
  // One number that a query over the table returns, for instance of "count(*)".
  std::int64_t Ask(const std::string& expression) const;

 private:
  const bool postgres_;
  const std::string location_;
};

}  // namespace mintmark::e2e
