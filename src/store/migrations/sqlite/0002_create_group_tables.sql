-- GUID groups and their generators. Times, floors and ceilings are in the units of a
-- group's layout since its epoch (src/core/guid_layout.h).

CREATE TABLE guid_groups (
  name TEXT NOT NULL PRIMARY KEY,
  epoch_us INTEGER NOT NULL,
  time_bits INTEGER NOT NULL,
  counter_bits INTEGER NOT NULL,
  generator_bits INTEGER NOT NULL,
  field_order INTEGER NOT NULL,
  unit_us INTEGER NOT NULL,
  lease_us INTEGER NOT NULL,
  generator_min INTEGER NOT NULL,
  generator_max INTEGER NOT NULL,
  encoding INTEGER NOT NULL,
  prefix TEXT NOT NULL,
  suffix TEXT NOT NULL,
  width INTEGER NOT NULL,
  check_character INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  floor_time INTEGER NOT NULL,      -- No generator starts below.
  drain_token INTEGER NOT NULL,     -- Being deleted, unless 0.
  create_us INTEGER NOT NULL,
  deleted INTEGER NOT NULL,         -- The row stays, so that no GUID comes again.
  guid_floor INTEGER NOT NULL,      -- Above what earlier groups of this name issued.
  next_generator INTEGER NOT NULL,  -- The first id that never was leased.
  attention INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX guid_groups_by_attention ON guid_groups (attention) WHERE attention > 0;

CREATE TABLE guid_generators (
  group_name TEXT NOT NULL,
  id INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  start_time INTEGER NOT NULL,      -- Where the current or last lease began.
  ceiling INTEGER NOT NULL,         -- All times used are below it.
  session INTEGER,                  -- That holds it, and may be gone or buried.
  token TEXT NOT NULL,              -- Of a client's lease, which may be over; else empty.
  lease_end_us INTEGER NOT NULL,    -- Of a client's lease; else 0.
  owner TEXT NOT NULL,
  PRIMARY KEY (group_name, id),
  CHECK (start_time <= ceiling)
) STRICT, WITHOUT ROWID;

-- Finding a free generator must not look at all that are leased.
CREATE INDEX guid_generators_by_lease_end ON guid_generators (group_name, lease_end_us, ceiling)
  WHERE session IS NULL;
CREATE INDEX guid_generators_by_session ON guid_generators (group_name, session)
  WHERE session IS NOT NULL;
