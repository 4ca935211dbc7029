-- Everything lies in a schema of its own, so that a database can be shared.
-- Positions, not ids, in frontiers, ceilings and limits (src/core/id_space.h).
-- Names are in byte order whatever the database's locale: locks are taken in it.
--
-- Rows that nearly every batch writes stay on their page (HOT updates): no index
-- on what changes, and room left on the page.

DO $$
BEGIN
  -- Not IF NOT EXISTS, which wants the right to create schemas all the same.
  IF to_regnamespace('mintmark') IS NULL THEN
    CREATE SCHEMA mintmark;
  END IF;
END
$$;

CREATE TABLE mintmark.schema_migrations (
  number integer PRIMARY KEY,
  name text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Ids that are never used again, whatever is rolled back.
CREATE SEQUENCE mintmark.session_ids;
CREATE SEQUENCE mintmark.shard_ids;
CREATE SEQUENCE mintmark.generations;  -- Of sequences, and the tokens of drains.

CREATE TABLE mintmark.store_info (
  one integer PRIMARY KEY DEFAULT 1 CHECK (one = 1),
  -- The last migration that a program has to know to be allowed to use this schema.
  minimum_version integer NOT NULL,
  attention bigint NOT NULL,        -- The last number given out; see sequence_attention.
  key_rotation bigint NOT NULL,     -- New request ids go to the slot of this number, modulo 4.
  key_rotated_at timestamptz NOT NULL,
  suspect boolean NOT NULL,         -- The store may have gone back in time.
  suspect_reason text NOT NULL,
  -- Of the database cluster that this schema was made in; a dump restored elsewhere
  -- is found out by it. NULL where the server does not tell.
  system_identifier bigint
) WITH (fillfactor = 50);

INSERT INTO mintmark.store_info
  (minimum_version, attention, key_rotation, key_rotated_at, suspect, suspect_reason)
VALUES (1, 1, 0, clock_timestamp(), false, '');

CREATE TABLE mintmark.sessions (
  id bigint PRIMARY KEY,
  epoch bigint NOT NULL,
  last_batch bigint NOT NULL,
  attention_seen bigint NOT NULL,
  seen_at timestamptz NOT NULL,
  buried_at timestamptz,            -- NULL while it may own shards.
  server text NOT NULL
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- What the last batch of a session returned. Inline and uncompressed up to a
-- page: a row that is overwritten with each batch is not worth more work.
CREATE TABLE mintmark.session_results (
  session bigint PRIMARY KEY,
  number bigint NOT NULL,           -- Of that batch.
  nums bigint[],
  texts text[],
  draw_firsts bigint[],
  add_values bigint[]
) WITH (fillfactor = 20, toast_tuple_target = 8160,
        autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
ALTER TABLE mintmark.session_results
  ALTER nums SET STORAGE EXTERNAL, ALTER texts SET STORAGE EXTERNAL,
  ALTER draw_firsts SET STORAGE EXTERNAL, ALTER add_values SET STORAGE EXTERNAL;

CREATE TABLE mintmark.sequences (
  name text COLLATE "C" PRIMARY KEY,
  generation bigint NOT NULL,
  revision bigint NOT NULL,
  version bigint NOT NULL,
  frontier bigint NOT NULL,         -- The lowest position given to no shard and no caller.
  limit_position bigint NOT NULL,   -- One past the last position, by min_id, max_id and step.
  wanted bigint NOT NULL,
  drain integer NOT NULL DEFAULT 0,
  drain_token bigint NOT NULL DEFAULT 0,
  drain_frontier bigint NOT NULL DEFAULT 0,
  min_id bigint NOT NULL,
  max_id bigint NOT NULL,
  step bigint NOT NULL,
  residue bigint NOT NULL,          -- min_id mod step, in [0, step).
  chunk_size bigint,
  shards integer NOT NULL,
  max_gap bigint,
  encoding integer NOT NULL,
  width integer NOT NULL,
  check_character boolean NOT NULL,
  prefix text NOT NULL,
  suffix text NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  -- What a tightening ends in; NULL otherwise. Numbers in the order of
  -- mintmark.settings_of().
  drain_settings bigint[],
  drain_prefix text,
  drain_suffix text
) WITH (fillfactor = 70);

-- Which sequences have changed in a way that sessions have to learn of: each
-- change gets the next number of store_info.attention. Rows of deleted sequences
-- stay until every session has learnt of it.
CREATE TABLE mintmark.sequence_attention (
  name text COLLATE "C" PRIMARY KEY,
  number bigint NOT NULL,
  deleted_at timestamptz            -- NULL while the sequence is there.
);
CREATE INDEX sequence_attention_number ON mintmark.sequence_attention (number);

CREATE TABLE mintmark.sequence_shards (
  sequence text COLLATE "C",
  id bigint,
  generation bigint NOT NULL,
  epoch bigint NOT NULL,
  owner bigint,                     -- A session, which may be gone or buried; NULL: nobody.
  -- The lowest position that the owner had not issued when the ceiling last moved:
  -- up to ceiling - window_start positions are lost if it dies.
  window_start bigint NOT NULL,
  ceiling bigint NOT NULL,
  shard_limit bigint NOT NULL,
  counted boolean NOT NULL,         -- As a chunk at work.
  PRIMARY KEY (sequence, id),
  CHECK (ceiling <= shard_limit)
) WITH (fillfactor = 70);

CREATE TABLE mintmark.counters (
  name text COLLATE "C" PRIMARY KEY,
  value bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
) WITH (fillfactor = 70);

-- Request ids with the replies that belong to them, in a ring of four slots, each
-- for a third of their retention: by the time a slot is emptied to be used again,
-- the youngest in it is as old as the retention. They are looked up by a hash of
-- kind, name and id, whose index stays small. That each is there once is not the
-- index's doing: it is looked up and stored under the lock of its sequence's or
-- counter's row.
CREATE TABLE mintmark.request_keys (
  hash bigint NOT NULL,
  n bigint NOT NULL,
  value bigint NOT NULL,            -- Counters.
  flags integer NOT NULL,
  kind smallint NOT NULL,
  slot smallint NOT NULL,
  name text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  generation bigint,                -- From here on, draws.
  step bigint,
  residue bigint,
  runs bigint[]                     -- First and limit of each.
) PARTITION BY LIST (slot);
CREATE INDEX request_keys_hash ON mintmark.request_keys (hash);

-- Only inserted to and emptied: nothing for autovacuum to gain.
CREATE TABLE mintmark.request_keys_0 PARTITION OF mintmark.request_keys FOR VALUES IN (0)
  WITH (autovacuum_vacuum_insert_threshold = -1);
CREATE TABLE mintmark.request_keys_1 PARTITION OF mintmark.request_keys FOR VALUES IN (1)
  WITH (autovacuum_vacuum_insert_threshold = -1);
CREATE TABLE mintmark.request_keys_2 PARTITION OF mintmark.request_keys FOR VALUES IN (2)
  WITH (autovacuum_vacuum_insert_threshold = -1);
CREATE TABLE mintmark.request_keys_3 PARTITION OF mintmark.request_keys FOR VALUES IN (3)
  WITH (autovacuum_vacuum_insert_threshold = -1);

-- How many each session has stored since a rotation: a row of its own, so that
-- counting them makes no lane wait for another.
CREATE TABLE mintmark.request_key_counts (
  rotation bigint,
  session bigint,
  keys bigint NOT NULL,
  PRIMARY KEY (rotation, session)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
