-- GUID groups and their generators. Times, floors and ceilings are in the units of a
-- group's layout since its epoch (src/core/guid_layout.h). Moments are microseconds
-- since 1970: times are reckoned from them, in whole numbers.

-- The store's clock.
CREATE FUNCTION mintmark.clock_v1() RETURNS timestamptz
LANGUAGE sql VOLATILE AS $$
  SELECT clock_timestamp()
$$;

CREATE TABLE mintmark.guid_groups (
  name text COLLATE "C" PRIMARY KEY,
  generation bigint NOT NULL,
  floor_time bigint NOT NULL,       -- No generator starts below.
  drain_token bigint NOT NULL,      -- Being deleted, unless 0.
  is_deleted boolean NOT NULL,      -- The row stays, so that no GUID comes again.
  guid_floor bigint NOT NULL,       -- Above what earlier groups of this name issued.
  next_generator bigint NOT NULL,   -- The first id that never was leased.
  attention bigint NOT NULL,        -- Of store_info.attention; 0: never raised.
  epoch_us bigint NOT NULL,
  time_bits integer NOT NULL,
  counter_bits integer NOT NULL,
  generator_bits integer NOT NULL,
  field_order integer NOT NULL,
  unit_us bigint NOT NULL,
  lease_us bigint NOT NULL,
  generator_min bigint NOT NULL,
  generator_max bigint NOT NULL,
  encoding integer NOT NULL,
  width integer NOT NULL,
  check_character boolean NOT NULL,
  prefix text NOT NULL,
  suffix text NOT NULL,
  created_us bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX guid_groups_attention ON mintmark.guid_groups (attention) WHERE attention > 0;

CREATE TABLE mintmark.guid_generators (
  group_name text COLLATE "C",
  id bigint,
  epoch bigint NOT NULL,
  start_time bigint NOT NULL,       -- Where the current or last lease began.
  ceiling bigint NOT NULL,          -- All times used are below it.
  session bigint,                   -- That holds it, and may be gone or buried.
  lease_end_us bigint NOT NULL,     -- Of a client's lease; else 0.
  token text NOT NULL,              -- Of a client's lease, which may be over; else empty.
  owner text NOT NULL,
  PRIMARY KEY (group_name, id),
  CHECK (start_time <= ceiling)
) WITH (fillfactor = 70);
-- Finding a free generator must not look at all that are leased. No index on what
-- changes when a session's generator goes on.
CREATE INDEX guid_generators_lease_end ON mintmark.guid_generators (group_name, lease_end_us)
  WHERE session IS NULL;
CREATE INDEX guid_generators_session ON mintmark.guid_generators (group_name, session)
  WHERE session IS NOT NULL;
