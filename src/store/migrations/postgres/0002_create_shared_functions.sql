-- What the functions of the next migrations share. A function's name ends in the
-- version of its parameters and results: a later one gets a new name, and the old
-- one stays for servers that have not been upgraded yet.
--
-- Functions in SQL are simple enough for the planner to put them in place.

-- What one operation, or all of a kind, returned. (A named type: a function whose
-- results are parameters costs more to call.)
CREATE TYPE mintmark.outcome AS (
  nums bigint[],          -- Read in order by src/store/postgres/batch_results.cc,
  texts text[],           -- as these are.
  raised_names text[],    -- Sequences that get an attention number, in order.
  bulk bigint[],          -- Results of operations that were done together, by their places.
  stored bigint           -- Request ids stored.
);

-- How many positions lie in [first, limit); saturates.
CREATE FUNCTION mintmark.count_between(p_first bigint, p_limit bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_limit <= p_first THEN 0
    WHEN p_first >= 0 OR p_limit < 0 THEN p_limit - p_first
    WHEN p_limit::numeric - p_first > 9223372036854775807 THEN 9223372036854775807
    ELSE p_limit - p_first
  END
$$;

-- position + n, at most limit; n >= 0.
CREATE FUNCTION mintmark.advance_up_to(p_position bigint, p_n bigint, p_limit bigint)
RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN mintmark.count_between(p_position, p_limit) <= p_n THEN p_limit
    ELSE p_position + p_n
  END
$$;

CREATE FUNCTION mintmark.micros(p_at timestamptz) RETURNS bigint
LANGUAGE sql STABLE AS $$
  SELECT (extract(epoch FROM p_at) * 1000000)::bigint
$$;

-- Shards, and whether a live session owns them. Right only under the lock of
-- their sequence's row: whoever writes a shard or takes it over holds that.
CREATE VIEW mintmark.shards AS
  SELECT h.*,
         EXISTS (SELECT FROM mintmark.sessions o
                 WHERE o.id = h.owner AND o.buried_at IS NULL) AS is_owned
  FROM mintmark.sequence_shards h;

-- The order in which settings are passed, kept for a drain, and returned. The last
-- three follow from the others; the store does no arithmetic with ids.
CREATE FUNCTION mintmark.settings_of(s mintmark.sequences) RETURNS bigint[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY[s.min_id, s.max_id, s.step, s.chunk_size, s.shards, s.max_gap,
               s.encoding, s.width, s.check_character::integer,
               NULL, s.limit_position, s.residue]
$$;

-- A row as the engine sees it; with what its shards hold when asked for.
CREATE FUNCTION mintmark.sequence_outcome(s mintmark.sequences, p_want_usage boolean)
RETURNS mintmark.outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_unissued bigint := 0;
  v_window bigint := 0;
BEGIN
  IF p_want_usage THEN
    SELECT least(coalesce(sum(mintmark.count_between(h.ceiling, h.shard_limit)), 0),
                 9223372036854775807)::bigint,
           coalesce(max(mintmark.count_between(h.window_start, h.ceiling))
                      FILTER (WHERE h.is_owned), 0)
      INTO v_unissued, v_window
      FROM mintmark.shards h WHERE h.sequence = s.name;
  END IF;
  RETURN ROW(
    ARRAY[s.generation, s.revision, s.version, s.frontier, s.wanted,
          mintmark.micros(s.created_at), mintmark.micros(s.updated_at), v_unissued, v_window]
      || mintmark.settings_of(s)
      || ARRAY[s.drain, s.drain_token, s.drain_frontier, cardinality(s.drain_settings)]
      || s.drain_settings,
    ARRAY[s.name, s.prefix, s.suffix]
      || CASE WHEN s.drain_settings IS NOT NULL THEN ARRAY[s.drain_prefix, s.drain_suffix] END,
    NULL, NULL, NULL)::mintmark.outcome;
END
$$;

-- The stored replies of those keys of one item, p_first to p_last, that are known:
-- place, n, flags, generation, step, residue, value, number of runs, first and
-- limit of each run. NULL when all are new. To be called once the row that p_name
-- names is locked.
CREATE FUNCTION mintmark.find_keys_v1(
  p_name text, p_first integer, p_last integer,
  p_kinds integer[], p_ids text[], p_hashes bigint[])
RETURNS bigint[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_nums bigint[] := '{}';
  v_count integer := 0;
  r record;
BEGIN
  FOR r IN
    SELECT k.place - p_first AS place, f.*
      FROM generate_series(p_first, p_last) AS k(place)
     CROSS JOIN LATERAL (
           SELECT q.n, q.flags, coalesce(q.generation, 0) AS generation,
                  coalesce(q.step, 1) AS step, coalesce(q.residue, 0) AS residue,
                  q.value, coalesce(q.runs, '{}') AS runs
             FROM mintmark.request_keys q
            WHERE q.hash = p_hashes[k.place] AND q.kind = p_kinds[k.place]
              AND q.name = p_name AND q.id = p_ids[k.place]
            ORDER BY q.slot LIMIT 1) AS f
     ORDER BY k.place
  LOOP
    v_count := v_count + 1;
    v_nums := v_nums
      || ARRAY[r.place, r.n, r.flags, r.generation, r.step, r.residue, r.value,
               cardinality(r.runs) / 2]
      || r.runs;
  END LOOP;
  IF v_count = 0 THEN
    RETURN NULL;
  END IF;
  RETURN v_count::bigint || v_nums;
END
$$;
