// Leasing generators of GUID groups, to sessions and to clients.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include "src/core/guid_layout.h"
#include "src/store/apply_context.h"

namespace mintmark::store {
namespace {

using engine::GeneratorAcquire;
using engine::GeneratorExtend;
using engine::GeneratorList;
using engine::GeneratorRelease;
using engine::GeneratorRow;
using engine::GroupSettings;
using engine::LeaseRelease;
using engine::LeaseRenew;

// The highest ceiling for a generator whose times so far, and now, are below `from`.
std::int64_t HighestCeilingFrom(const GroupSettings& settings, std::int64_t from) {
  const std::int64_t lease = std::max<std::int64_t>(1, settings.lease_us / settings.layout.unit_us);
  return std::min(AddSaturated(from, lease), settings.layout.end_time());
}

void RaiseCeiling(const ApplyContext& context, const GroupSettings& settings, std::int64_t ceiling,
                  GeneratorRow& generator) {
  const std::int64_t from = std::max(TimeAt(settings.layout, context.now), generator.start_time);
  ceiling = std::min(ceiling, HighestCeilingFrom(settings, from));
  generator.ceiling = std::max(generator.ceiling, ceiling);
}

// The generator, if its last lease is that of this token, over or not.
std::optional<GeneratorRow> FindByToken(ApplyContext& context, const std::string& group,
                                        std::int64_t id, const std::string& token) {
  std::optional<GeneratorRow> generator = context.tables.FindGenerator(group, id);
  if (token.empty() || !generator.has_value() || generator->token != token) return std::nullopt;
  return generator;
}

// The end of a lease.
void SetFree(GeneratorRow& generator) {
  ++generator.epoch;
  generator.session.reset();
  generator.token.clear();
  generator.lease_end_us = 0;
}

// Tells what the key's first acquisition still has.
void Replay(ApplyContext& context, const std::optional<StoredGroup>& group,
            GeneratorAcquire& acquire) {
  acquire.result = GeneratorAcquire::Result::kKeySeen;
  if (!group.has_value()) return;
  acquire.row = group->row;
  const engine::StoredReply& reply = acquire.seen[0];
  if (group->row.generation != reply.generation) return;
  const std::optional<GeneratorRow> generator =
      context.tables.FindGenerator(acquire.group, reply.value);
  if (!generator.has_value() || generator->epoch != reply.step ||
      generator->lease_end_us <= context.now) {
    return;
  }
  acquire.id = generator->id;
  acquire.epoch = generator->epoch;
  acquire.start_time = generator->start_time;
  acquire.ceiling = generator->ceiling;
  acquire.held_token = generator->token;
  // The clock may have been set back since.
  acquire.lease_us = std::min(generator->lease_end_us - context.now, group->row.settings.lease_us);
}

std::vector<FreeGenerator> FindFree(ApplyContext& context, const std::string& group) {
  std::vector<FreeGenerator> free = context.tables.ListUnleasedGenerators(group, context.now);
  for (const std::int64_t session : context.tables.ListGeneratorSessions(group)) {
    if (context.IsAlive(session)) continue;
    const std::vector<FreeGenerator> left = context.tables.ListGeneratorsOf(group, session);
    free.insert(free.end(), left.begin(), left.end());
  }
  return free;
}

// Which generator is to be leased, and whether its row has to be made.
struct Choice {
  // Unless kAcquired, why there is none.
  GeneratorAcquire::Result result = GeneratorAcquire::Result::kAcquired;
  FreeGenerator generator;
  bool is_new = false;
};

Choice Choose(ApplyContext& context, const StoredGroup& group, const GeneratorAcquire& acquire) {
  using Result = GeneratorAcquire::Result;
  const GuidLayout& layout = group.row.settings.layout;
  const std::int64_t now = TimeAt(layout, context.now);
  Choice choice;
  if (now >= layout.end_time()) {
    choice.result = Result::kLifetimeOver;
    return choice;
  }
  const std::vector<FreeGenerator> free = FindFree(context, acquire.group);
  // Those that are not ahead of now are alike.
  const auto rank = [now](const FreeGenerator& generator) {
    return std::tuple(std::max(generator.ceiling, now), generator.id);
  };
  const auto best = std::min_element(
      free.begin(), free.end(),
      [&](const FreeGenerator& a, const FreeGenerator& b) { return rank(a) < rank(b); });
  const bool has_new = group.next_generator <= group.row.settings.generator_max;
  if (best != free.end() && (best->ceiling <= now || !has_new)) {
    choice.generator = *best;
  } else if (has_new) {
    choice.generator = {.id = group.next_generator, .ceiling = group.row.floor_time};
    choice.is_new = true;
  } else {
    choice.result = Result::kAllLeased;
    return choice;
  }
  const StoreTimeUs horizon = AddSaturated(context.now, acquire.max_ahead_us);
  if (choice.generator.ceiling > std::max(now, TimeAt(layout, horizon))) {
    choice.result = Result::kAllAhead;
  } else if (choice.generator.ceiling >= layout.end_time()) {
    choice.result = Result::kLifetimeOver;
  }
  return choice;
}

// Writes the lease that `acquire` asks for.
void Lease(ApplyContext& context, StoredGroup& group, const Choice& choice,
           GeneratorAcquire& acquire) {
  const GroupSettings& settings = group.row.settings;
  GeneratorRow generator;
  if (choice.is_new) {
    generator.id = choice.generator.id;
    generator.ceiling = choice.generator.ceiling;
    ++group.next_generator;
    context.tables.UpdateGroup(group);
  } else {
    generator = context.tables.FindGenerator(acquire.group, choice.generator.id).value();
    acquire.taken_over = generator.session.has_value() || !generator.token.empty();
  }
  SetFree(generator);
  generator.start_time = std::max(TimeAt(settings.layout, context.now), generator.ceiling);
  generator.ceiling = HighestCeilingFrom(settings, generator.start_time);
  generator.owner = acquire.owner;
  if (acquire.token.empty()) {
    generator.session = context.session;
  } else {
    generator.token = acquire.token;
    generator.lease_end_us = AddSaturated(context.now, settings.lease_us);
    acquire.held_token = acquire.token;
    acquire.lease_us = settings.lease_us;
  }
  if (choice.is_new) {
    context.tables.InsertGenerator(acquire.group, generator);
  } else {
    context.tables.UpdateGenerator(acquire.group, generator);
  }
  acquire.id = generator.id;
  acquire.epoch = generator.epoch;
  acquire.start_time = generator.start_time;
  acquire.ceiling = generator.ceiling;
}

void InsertKeys(ApplyContext& context, const engine::GroupRow& group,
                const GeneratorAcquire& acquire) {
  for (const engine::Key& key : acquire.keys) {
    engine::StoredReply reply;
    reply.n = key.n;
    reply.flags = key.flags;
    reply.generation = group.generation;
    reply.step = acquire.epoch;
    reply.runs = {{acquire.start_time, acquire.ceiling}};
    reply.value = acquire.id;
    context.InsertKey(acquire.group, key, reply);
  }
}

// Turns what is stored into what a list shows: whether it is leased, until when, and
// no token, which is the client's secret.
void Describe(ApplyContext& context, const GeneratorList& list, GeneratorRow& generator) {
  generator.token.clear();
  generator.leased = generator.lease_end_us > context.now;
  if (!generator.session.has_value() || !context.IsAlive(*generator.session)) return;
  const std::optional<StoredSession> session = context.tables.FindSession(*generator.session);
  if (!session.has_value()) return;
  generator.leased = true;
  generator.lease_end_us = AddSaturated(session->seen_us, list.session_lease_us);
}

}  // namespace

void Apply(ApplyContext& context, GeneratorRelease& release) {
  release.result = GeneratorRelease::Result::kVoid;
  const std::optional<StoredGroup> group = FindLiveGroup(context, release.group);
  if (!group.has_value() || group->row.generation != release.generation) return;
  std::optional<GeneratorRow> generator = context.tables.FindGenerator(release.group, release.id);
  if (!generator.has_value() || generator->session != release.session ||
      generator->epoch != release.epoch) {
    return;
  }
  // Never below where the lease began: what lies there was somebody else's.
  generator->ceiling = std::clamp(release.ceiling, generator->start_time, generator->ceiling);
  SetFree(*generator);
  context.tables.UpdateGenerator(release.group, *generator);
  release.result = GeneratorRelease::Result::kReleased;
}

void Apply(ApplyContext& context, GeneratorExtend& extend) {
  extend.result = GeneratorExtend::Result::kLost;
  extend.new_ceiling = 0;
  const std::optional<StoredGroup> group = FindLiveGroup(context, extend.group);
  if (!group.has_value() || group->row.drain_token != 0 ||
      group->row.generation != extend.generation) {
    return;
  }
  std::optional<GeneratorRow> generator = context.tables.FindGenerator(extend.group, extend.id);
  if (!generator.has_value() || generator->session != context.session ||
      generator->epoch != extend.epoch) {
    return;
  }
  RaiseCeiling(context, group->row.settings, extend.ceiling, *generator);
  context.tables.UpdateGenerator(extend.group, *generator);
  extend.result = GeneratorExtend::Result::kMoved;
  extend.new_ceiling = generator->ceiling;
}

void Apply(ApplyContext& context, LeaseRenew& renew) {
  using Result = LeaseRenew::Result;
  renew.result = Result::kAbsent;
  renew.new_ceiling = renew.lease_us = 0;
  const std::optional<StoredGroup> group = FindLiveGroup(context, renew.group);
  if (!group.has_value()) return;
  renew.result = Result::kLost;
  if (group->row.drain_token != 0) return;
  std::optional<GeneratorRow> generator = FindByToken(context, renew.group, renew.id, renew.token);
  if (!generator.has_value() || generator->lease_end_us <= context.now) return;

  const GroupSettings& settings = group->row.settings;
  RaiseCeiling(context, settings, renew.ceiling, *generator);
  generator->lease_end_us = AddSaturated(context.now, settings.lease_us);
  context.tables.UpdateGenerator(renew.group, *generator);
  renew.result = Result::kRenewed;
  renew.new_ceiling = generator->ceiling;
  renew.lease_us = settings.lease_us;
}

void Apply(ApplyContext& context, LeaseRelease& release) {
  using Result = LeaseRelease::Result;
  release.result = Result::kAbsent;
  release.start_time = release.ceiling = 0;
  if (!FindLiveGroup(context, release.group).has_value()) return;
  release.result = Result::kLost;
  std::optional<GeneratorRow> generator =
      FindByToken(context, release.group, release.id, release.token);
  if (!generator.has_value()) return;
  if (release.last_time < generator->start_time || release.last_time >= generator->ceiling) {
    release.result = Result::kOutOfRange;
    release.start_time = generator->start_time;
    release.ceiling = generator->ceiling;
    return;
  }
  generator->ceiling = release.last_time + 1;
  SetFree(*generator);
  context.tables.UpdateGenerator(release.group, *generator);
  release.result = Result::kReleased;
}

void Apply(ApplyContext& context, GeneratorAcquire& acquire) {
  using Result = GeneratorAcquire::Result;
  acquire.result = Result::kStale;
  acquire.id = acquire.epoch = acquire.start_time = acquire.ceiling = 0;
  acquire.held_token.clear();
  acquire.lease_us = 0;
  acquire.taken_over = false;
  acquire.row.reset();
  std::optional<StoredGroup> group = FindLiveGroup(context, acquire.group);
  acquire.seen = context.FindKeys(acquire.group, acquire.keys);
  if (!acquire.seen.empty()) {
    Replay(context, group, acquire);
    return;
  }
  if (!group.has_value()) return;
  acquire.row = group->row;
  if (group->row.drain_token != 0) {
    acquire.result = Result::kDraining;
    return;
  }
  if (acquire.generation != 0 && acquire.generation != group->row.generation) return;
  if (!context.HasRoomForKeys(acquire.keys.size())) {
    acquire.result = Result::kKeysFull;
    return;
  }
  const Choice choice = Choose(context, *group, acquire);
  acquire.result = choice.result;
  if (choice.result != Result::kAcquired) return;
  Lease(context, *group, choice, acquire);
  InsertKeys(context, group->row, acquire);
}

void Apply(ApplyContext& context, GeneratorList& list) {
  list.rows.clear();
  list.found = FindLiveGroup(context, list.group).has_value();
  if (!list.found || list.limit <= 0) return;
  const auto limit = static_cast<std::size_t>(list.limit);
  std::int64_t after = list.after;
  bool is_last = false;
  while (!is_last && list.rows.size() < limit) {
    std::vector<GeneratorRow> page = context.tables.ListGenerators(list.group, after, list.limit);
    is_last = page.size() < limit;
    for (GeneratorRow& generator : page) {
      after = generator.id;
      Describe(context, list, generator);
      if (list.leased_only && !generator.leased) continue;
      if (list.rows.size() < limit) list.rows.push_back(std::move(generator));
    }
  }
}

}  // namespace mintmark::store
