-- Positions, not ids, in frontiers, ceilings and limits (src/core/id_space.h).
-- Every table is STRICT: without it an integer that leaves 64 bits would become
-- a floating-point number.

CREATE TABLE store_info (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  -- The last migration that a program has to know to be allowed to use this schema.
  minimum_version INTEGER NOT NULL,
  generation INTEGER NOT NULL,      -- The last one given to a sequence or a drain.
  attention INTEGER NOT NULL,       -- The last one given to a sequence's row.
  last_shard INTEGER NOT NULL,      -- Ids of shards and sessions are never used again.
  last_session INTEGER NOT NULL,
  suspect INTEGER NOT NULL CHECK (suspect IN (0, 1)),
  key_rotation INTEGER NOT NULL,    -- New request ids go to request_keys_<this mod 4>.
  key_rotated_us INTEGER NOT NULL,
  key_count_0 INTEGER NOT NULL,     -- Rows in request_keys_0, and so on.
  key_count_1 INTEGER NOT NULL,
  key_count_2 INTEGER NOT NULL,
  key_count_3 INTEGER NOT NULL
) STRICT;

INSERT INTO store_info
VALUES (1, 1, 0, 1, 0, 0, 0, 0, CAST(strftime('%s', 'now') AS INTEGER) * 1000000, 0, 0, 0, 0);

CREATE TABLE sessions (
  id INTEGER PRIMARY KEY,
  epoch INTEGER NOT NULL,
  last_batch INTEGER NOT NULL,
  attention_seen INTEGER NOT NULL,
  seen_us INTEGER NOT NULL,
  buried_us INTEGER,                -- NULL while it may own shards.
  server TEXT NOT NULL
) STRICT;

-- What the last batch of a session returned.
CREATE TABLE session_results (
  session INTEGER PRIMARY KEY,
  results BLOB NOT NULL
) STRICT;

CREATE TABLE sequences (
  name TEXT NOT NULL PRIMARY KEY,
  min_id INTEGER NOT NULL,
  max_id INTEGER NOT NULL,
  step INTEGER NOT NULL,
  chunk_size INTEGER,
  shards INTEGER NOT NULL,
  max_gap INTEGER,
  encoding INTEGER NOT NULL,
  prefix TEXT NOT NULL,
  suffix TEXT NOT NULL,
  width INTEGER NOT NULL,
  check_character INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  version INTEGER NOT NULL,
  frontier INTEGER NOT NULL,
  wanted INTEGER NOT NULL,
  attention INTEGER NOT NULL,
  create_us INTEGER NOT NULL,
  update_us INTEGER NOT NULL,
  drain INTEGER NOT NULL,
  drain_token INTEGER NOT NULL,
  drain_frontier INTEGER NOT NULL,
  -- The settings that a tightening ends in; meaningless otherwise.
  drain_min_id INTEGER NOT NULL,
  drain_max_id INTEGER NOT NULL,
  drain_step INTEGER NOT NULL,
  drain_chunk_size INTEGER,
  drain_shards INTEGER NOT NULL,
  drain_max_gap INTEGER,
  drain_encoding INTEGER NOT NULL,
  drain_prefix TEXT NOT NULL,
  drain_suffix TEXT NOT NULL,
  drain_width INTEGER NOT NULL,
  drain_check_character INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sequences_by_attention ON sequences (attention) WHERE attention > 0;

-- Names of deleted sequences, for the sessions that have not learnt of it yet.
CREATE TABLE deleted_sequences (
  name TEXT NOT NULL PRIMARY KEY,
  attention INTEGER NOT NULL,
  deleted_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX deleted_sequences_by_attention ON deleted_sequences (attention);

CREATE TABLE sequence_shards (
  sequence TEXT NOT NULL,
  id INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  owner INTEGER,                    -- A session; NULL: nobody.
  window_start INTEGER NOT NULL,
  ceiling INTEGER NOT NULL,
  shard_limit INTEGER NOT NULL,
  counted INTEGER NOT NULL,
  PRIMARY KEY (sequence, id),
  CHECK (ceiling <= shard_limit)
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL,
  create_us INTEGER NOT NULL,
  update_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Request ids, each third of their retention in a table of its own that is
-- emptied whole.
CREATE TABLE request_keys_0 (
  kind INTEGER NOT NULL,
  name TEXT NOT NULL,
  id TEXT NOT NULL,
  n INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  step INTEGER NOT NULL,
  residue INTEGER NOT NULL,
  runs BLOB NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (kind, name, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE request_keys_1 (
  kind INTEGER NOT NULL,
  name TEXT NOT NULL,
  id TEXT NOT NULL,
  n INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  step INTEGER NOT NULL,
  residue INTEGER NOT NULL,
  runs BLOB NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (kind, name, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE request_keys_2 (
  kind INTEGER NOT NULL,
  name TEXT NOT NULL,
  id TEXT NOT NULL,
  n INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  step INTEGER NOT NULL,
  residue INTEGER NOT NULL,
  runs BLOB NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (kind, name, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE request_keys_3 (
  kind INTEGER NOT NULL,
  name TEXT NOT NULL,
  id TEXT NOT NULL,
  n INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  step INTEGER NOT NULL,
  residue INTEGER NOT NULL,
  runs BLOB NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (kind, name, id)
) STRICT, WITHOUT ROWID;
