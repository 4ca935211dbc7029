// Draws: positions for callers, straight from the store.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "src/core/check.h"
#include "src/core/id_space.h"
#include "src/store/apply_context.h"

namespace mintmark::store {
namespace {

using engine::Draw;
using engine::DrawItem;
using engine::Key;

// What a sequence's draws can be served from: the rests of its unowned shards,
// lowest first, then the master. Changes are written at the end, all at once.
class Pool {
 public:
  Pool(ApplyContext& context, StoredSequence& master)
      : context_(context), master_(master), limit_(master.row.settings.space.LimitPosition()) {
    for (StoredShard& shard : context.tables.ListShards(master.row.name)) {
      if (context.IsOwned(shard)) {
        is_held_ = true;
      } else {
        rests_.push_back({std::move(shard), false});
      }
    }
  }

  // Whether a live session owns a shard, whatever is left in it.
  bool is_held() const { return is_held_; }

  // The runs that an item gets, which stay in the pool; none when there are too
  // few positions. Runs that touch are one.
  std::vector<Run> Find(const DrawItem& item) const {
    switch (item.shape) {
      case DrawItem::Shape::kAll:
        return FindMany(item.n, item.n);
      case DrawItem::Shape::kUpTo:
        return FindMany(1, item.n);
      case DrawItem::Shape::kOneRun:
        return FindOneRun(1, item.n);
      case DrawItem::Shape::kOneRunOfAll:
        return FindOneRun(item.n, item.n);
    }
    return {};
  }

  // Takes runs that Find() has just returned.
  void Take(const std::vector<Run>& runs) {
    for (const Run& run : runs) {
      std::int64_t position = run.first;
      for (Rest& rest : rests_) {
        if (position >= run.limit) break;
        if (rest.shard.used_up() || rest.shard.ceiling != position) continue;
        position = std::min(rest.shard.limit, run.limit);
        rest.shard.ceiling = position;
        rest.is_changed = true;
      }
      if (position >= run.limit) continue;
      MINTMARK_CHECK(position == master_.row.frontier && run.limit <= limit_);
      master_.row.frontier = run.limit;
      is_master_changed_ = true;
    }
  }

  // Somebody wants what live sessions hold: asks them for it.
  void RaiseWanted() {
    if (is_wanted_raised_) return;
    is_wanted_raised_ = true;
    is_master_changed_ = true;
    ++master_.row.wanted;
    context_.RaiseAttention(master_);
  }

  void Write() {
    for (Rest& rest : rests_) {
      if (rest.shard.used_up()) {
        context_.tables.EraseShard(master_.row.name, rest.shard.id);
      } else if (rest.is_changed) {
        rest.shard.owner.reset();
        ++rest.shard.epoch;
        rest.shard.window_start = rest.shard.ceiling;
        context_.tables.UpdateShard(master_.row.name, rest.shard);
      }
    }
    if (is_master_changed_) context_.tables.UpdateSequenceProgress(master_);
  }

 private:
  struct Rest {
    StoredShard shard;
    bool is_changed = false;
  };

  Run MasterRun() const { return {master_.row.frontier, limit_}; }

  std::vector<Run> FindMany(std::int64_t least, std::int64_t most) const {
    std::vector<Run> runs;
    std::int64_t found = 0;
    const auto add = [&](const Run& from) {
      const std::int64_t count = std::min(most - found, CountBetween(from.first, from.limit));
      if (count <= 0) return;
      found += count;
      const std::int64_t limit = AdvanceUpTo(from.first, count, from.limit);
      if (!runs.empty() && runs.back().limit == from.first) {
        runs.back().limit = limit;
      } else {
        runs.push_back({from.first, limit});
      }
    };
    for (const Rest& rest : rests_) {
      if (found == most) break;
      add({rest.shard.ceiling, rest.shard.limit});
    }
    add(MasterRun());
    if (found < least) runs.clear();
    return runs;
  }

  std::vector<Run> FindOneRun(std::int64_t least, std::int64_t most) const {
    const auto holds_enough = [&](const Run& from) {
      return CountBetween(from.first, from.limit) >= least;
    };
    const auto first_of = [&](const Run& from) {
      return std::vector<Run>{{from.first, AdvanceUpTo(from.first, most, from.limit)}};
    };
    for (const Rest& rest : rests_) {
      const Run from{rest.shard.ceiling, rest.shard.limit};
      if (holds_enough(from)) return first_of(from);
    }
    if (holds_enough(MasterRun())) return first_of(MasterRun());
    return {};
  }

  ApplyContext& context_;
  StoredSequence& master_;
  const std::int64_t limit_;
  std::vector<Rest> rests_;  // By ceiling.
  bool is_held_ = false;
  bool is_master_changed_ = false;
  bool is_wanted_raised_ = false;
};

// The first `count` positions of `runs`, which are taken off them.
std::vector<Run> TakeFront(std::vector<Run>& runs, std::int64_t count) {
  std::vector<Run> taken;
  std::size_t used = 0;
  while (count > 0 && used < runs.size()) {
    Run& run = runs[used];
    const std::int64_t limit = AdvanceUpTo(run.first, count, run.limit);
    count -= CountBetween(run.first, limit);
    taken.push_back({run.first, limit});
    run.first = limit;
    if (run.first == run.limit) ++used;
  }
  runs.erase(runs.begin(), runs.begin() + static_cast<std::ptrdiff_t>(used));
  return taken;
}

void InsertKeys(ApplyContext& context, const engine::SequenceRow& master, const DrawItem& item) {
  std::vector<Run> left = item.runs;
  for (const Key& key : item.keys) {
    engine::StoredReply reply;
    reply.n = key.n;
    reply.flags = key.flags;
    reply.generation = master.generation;
    reply.step = master.settings.space.step;
    reply.residue = master.settings.space.Residue();
    // A key alone has whatever was drawn, which may be less than was asked for.
    reply.runs = item.keys.size() == 1 ? item.runs : TakeFront(left, key.share);
    context.InsertKey(master.name, key, reply);
  }
}

DrawItem::Result Serve(ApplyContext& context, const engine::SequenceRow& master, Pool& pool,
                       DrawItem& item) {
  using Result = DrawItem::Result;
  item.runs.clear();
  item.seen = context.FindKeys(master.name, item.keys);
  if (!item.seen.empty()) return Result::kKeysSeen;
  if (!context.HasRoomForKeys(item.keys.size())) return Result::kKeysFull;
  std::vector<Run> runs = pool.Find(item);
  if (runs.empty()) {
    if (!pool.is_held()) return Result::kExhausted;
    pool.RaiseWanted();
    return Result::kHeld;
  }
  if (item.keys.size() > 1 && runs.size() > 1) return Result::kOneByOne;
  pool.Take(runs);
  item.runs = std::move(runs);
  InsertKeys(context, master, item);
  return Result::kDrawn;
}

}  // namespace

void Apply(ApplyContext& context, Draw& draw) {
  draw.row.reset();
  draw.result = Draw::Result::kStale;
  std::optional<StoredSequence> master = context.tables.FindSequence(draw.sequence);
  if (!master.has_value()) return;
  const engine::SequenceRow& row = master->row;
  if (row.drain != engine::DrainKind::kNone) {
    draw.result = Draw::Result::kDraining;
    draw.row = row;
    return;
  }
  if (row.generation != draw.generation || row.revision != draw.revision) {
    draw.row = row;
    return;
  }
  draw.result = Draw::Result::kServed;
  Pool pool(context, *master);
  for (DrawItem& item : draw.items) item.result = Serve(context, row, pool, item);
  pool.Write();
}

}  // namespace mintmark::store
