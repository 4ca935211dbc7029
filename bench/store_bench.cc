// What one lane of a PostgreSQL store commits, without server and engine:
//
//   store_bench URL_OF_A_MAINTENANCE_DATABASE [SECONDS_PER_CASE [PART_OF_A_NAME]]
//
// Makes a database of its own there and drops it at the end. The lone cases are
// run in turns with a bare one-row UPDATE on a connection of its own, batch by
// batch, since machines drift; the ratio is that of the medians.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <pqxx/pqxx>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "src/core/check.h"
#include "src/engine/batch.h"
#include "src/engine/store.h"
#include "src/store/open_store.h"
#include "src/store/postgres/libpqxx_versions.h"

namespace mintmark {
namespace {

using engine::Batch;
using engine::BatchOutcome;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr int kNames = 256;

// A database that is gone with this object.
class ScratchDatabase {
 public:
  explicit ScratchDatabase(const std::string& maintenance_url)
      : maintenance_url_(maintenance_url), name_(absl::StrCat("mintmark_bench_", getpid())) {
    Run(absl::StrCat("CREATE DATABASE ", name_));
  }
  ~ScratchDatabase() { Run(absl::StrCat("DROP DATABASE ", name_, " WITH (FORCE)")); }
  ScratchDatabase(const ScratchDatabase&) = delete;
  ScratchDatabase& operator=(const ScratchDatabase&) = delete;

  std::string url() const {
    const std::string::size_type query = maintenance_url_.find('?');
    const std::string::size_type slash = maintenance_url_.rfind('/', query);
    std::string url = absl::StrCat(maintenance_url_.substr(0, slash + 1), name_);
    if (query != std::string::npos) url += maintenance_url_.substr(query);
    return url;
  }

 private:
  void Run(const std::string& sql) {
    pqxx::connection connection(maintenance_url_);
    pqxx::nontransaction work(connection);
    work.exec(sql);
  }

  const std::string maintenance_url_;
  const std::string name_;
};

// A session whose batches all have to be applied.
class Lane {
 public:
  explicit Lane(engine::Store& store) : lane_(store.MakeLane()) {
    Batch batch;
    batch.kind = Batch::Kind::kOpenSession;
    batch.server = "store_bench";
    Apply(batch);
    session_ = batch.session;
    attention_seen_ = batch.report.attention_seen;
  }

  void Run(Batch& batch) {
    batch.session = session_;
    batch.attention_seen = attention_seen_;
    Apply(batch);
    ++session_.last_batch;
    attention_seen_ = batch.report.attention_seen;
  }

 private:
  void Apply(Batch& batch) {
    const BatchOutcome outcome = lane_->Run(batch);
    if (outcome.kind == BatchOutcome::Kind::kApplied) return;
    std::cerr << outcome.status << "\n";
    std::exit(1);
  }

  const std::unique_ptr<engine::StoreLane> lane_;
  engine::SessionRow session_;
  std::int64_t attention_seen_ = 0;
};

// Names in byte order.
std::string Name(int number) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "%05d", number);
  return absl::StrCat("bench/some-name-", digits);
}

engine::Key NewKey(engine::KeyKind kind, std::int64_t share) {
  static std::uint64_t last = 0;
  ++last;
  char id[40];
  std::snprintf(id, sizeof id, "%016llx-%016llx",
                static_cast<unsigned long long>(last * 0x9E3779B97F4A7C15U),
                static_cast<unsigned long long>(last));
  return {.kind = kind, .id = id, .n = 1, .flags = 0, .share = share};
}

engine::CounterAdd Add(int name, int keys) {
  engine::CounterAdd add;
  add.name = Name(name);
  add.sum = std::max(keys, 1);
  add.hi = INT64_MAX - add.sum;
  for (int i = 1; i <= keys; ++i) add.keys.push_back(NewKey(engine::KeyKind::kIncrCounter, i));
  return add;
}

Batch Adds(int names, int keys_each) {
  Batch batch;
  for (int i = 0; i < names; ++i) batch.adds.push_back(Add(i, keys_each));
  return batch;
}

// Draws from strict sequences that exist.
Batch Draws(const std::vector<engine::SequenceRow>& rows, int names, int keys_each) {
  Batch batch;
  for (int i = 0; i < names; ++i) {
    const engine::SequenceRow& row = rows[static_cast<std::size_t>(i)];
    engine::DrawItem item;
    item.n = std::max(keys_each, 1);
    for (int k = 0; k < keys_each; ++k) {
      item.keys.push_back(NewKey(engine::KeyKind::kNextN, 1));
    }
    batch.draws.push_back({.sequence = row.name,
                           .generation = row.generation,
                           .revision = row.revision,
                           .items = {std::move(item)},
                           .result = engine::Draw::Result::kStale,
                           .row = std::nullopt});
  }
  return batch;
}

std::vector<engine::SequenceRow> CreateStrictSequences(Lane& lane) {
  Batch batch;
  for (int i = 0; i < kNames; ++i) {
    engine::SequenceOpen open;
    open.name = Name(i);
    open.create_as.emplace().shards = 0;
    batch.opens.push_back(std::move(open));
  }
  lane.Run(batch);
  std::vector<engine::SequenceRow> rows;
  for (const engine::SequenceOpen& open : batch.opens) rows.push_back(open.row);
  return rows;
}

double Median(std::vector<double>& values) {
  MINTMARK_CHECK(!values.empty());
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double Timed(const std::function<void()>& work) {
  const Clock::time_point start = Clock::now();
  work();
  return Seconds(Clock::now() - start).count();
}

class Bench {
 public:
  // Only cases whose name holds `part` are run.
  Bench(Lane& lane, pqxx::connection& bare, double seconds, absl::string_view part)
      : lane_(lane), bare_(bare), seconds_(seconds), part_(part) {}

  // One batch at a time, in turns with the bare UPDATE.
  void Lone(const char* what, const std::function<Batch()>& make) {
    if (!absl::StrContains(what, part_)) return;
    std::vector<double> ours;
    std::vector<double> bare;
    const Clock::time_point start = Clock::now();
    while (Seconds(Clock::now() - start).count() < seconds_) {
      bare.push_back(Timed([&] {
        pqxx::nontransaction work(bare_);
        store::ExecPrepared(work, "bare", {});
      }));
      Batch batch = make();
      ours.push_back(Timed([&] { lane_.Run(batch); }));
    }
    const double our_median = Median(ours);
    const double bare_median = Median(bare);
    std::printf("%-34s p50 %7.0f us   bare UPDATE p50 %7.0f us   ratio %.2f\n", what,
                our_median * 1e6, bare_median * 1e6, our_median / bare_median);
  }

  // As fast as one lane can, with `operations` in each batch.
  void Bulk(const char* what, int operations, const std::function<Batch()>& make) {
    if (!absl::StrContains(what, part_)) return;
    int batches = 0;
    double busy = 0;
    while (busy < seconds_) {
      Batch batch = make();
      busy += Timed([&] { lane_.Run(batch); });
      ++batches;
    }
    std::printf("%-34s %8.0f batches/s   %9.0f operations/s\n", what, batches / busy,
                batches * operations / busy);
  }

 private:
  Lane& lane_;
  pqxx::connection& bare_;
  const double seconds_;
  const absl::string_view part_;
};

void RunAll(const std::string& maintenance_url, double seconds, absl::string_view part) {
  const ScratchDatabase database(maintenance_url);
  auto opened = store::OpenStore(database.url(), {});
  if (!opened.ok()) {
    std::cerr << opened.status() << "\n";
    return;
  }
  const std::unique_ptr<engine::Store> store = *std::move(opened);
  std::cout << store->Describe().durability << std::endl;

  pqxx::connection bare(database.url());
  {
    pqxx::nontransaction work(bare);
    work.exec("CREATE TABLE bare (name text PRIMARY KEY, value bigint)");
    work.exec("INSERT INTO bare VALUES ('a', 0)");
  }
  bare.prepare("bare", "UPDATE bare SET value = value + 1 WHERE name = 'a' RETURNING value");

  Lane lane(*store);
  const std::vector<engine::SequenceRow> rows = CreateStrictSequences(lane);
  Batch all_counters = Adds(1024, 0);
  lane.Run(all_counters);

  Bench bench(lane, bare, seconds, part);
  bench.Lone("heartbeat", [] { return Batch(); });
  bench.Lone("1 add", [] { return Adds(1, 0); });
  bench.Lone("1 keyed add", [] { return Adds(1, 1); });
  bench.Lone("1 strict draw", [&] { return Draws(rows, 1, 0); });
  bench.Lone("1 keyed strict draw", [&] { return Draws(rows, 1, 1); });
  bench.Bulk("256 adds, 256 counters", 256, [] { return Adds(256, 0); });
  bench.Bulk("1024 adds, 1024 counters", 1024, [] { return Adds(1024, 0); });
  bench.Bulk("256 keyed adds, 1 counter", 256, [] { return Adds(1, 256); });
  bench.Bulk("1024 keyed adds, 1 counter", 1024, [] { return Adds(1, 1024); });
  bench.Bulk("256 keyed adds, 256 counters", 256, [] { return Adds(256, 1); });
  bench.Bulk("256 strict draws, 256 sequences", 256, [&] { return Draws(rows, 256, 0); });
  bench.Bulk("256 keyed draws, 1 sequence", 256, [&] { return Draws(rows, 1, 256); });
}

}  // namespace
}  // namespace mintmark

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    std::cerr << "usage: store_bench URL_OF_A_MAINTENANCE_DATABASE [SECONDS_PER_CASE "
                 "[PART_OF_A_NAME]]\n";
    return 2;
  }
  mintmark::RunAll(argv[1], argc > 2 ? std::atof(argv[2]) : 3, argc > 3 ? argv[3] : "");
  return 0;
}
