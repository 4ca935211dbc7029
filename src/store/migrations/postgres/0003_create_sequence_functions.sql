-- Opening, changing and draining sequences; giving windows back, refilling them and
-- acquiring shards. What each operation means stands in src/engine/batch.h; the
-- numbers of kinds and results are those of its enumerations.
--
-- All but open_sequence_v1 are called with the rows of their sequences locked, and
-- read them in statements of their own, after the lock was had: a function in
-- PL/pgSQL that is VOLATILE takes a new snapshot for each statement. The lock of a
-- sequence's row covers its shards.

-- Locks sequences in the order of p_names, which is that of their bytes. Returns where
-- each row lies, NULL where there is none: good as long as it is locked and not
-- changed. (One look into the index a name, whatever the planner believes of the
-- table's size.)
CREATE FUNCTION mintmark.lock_sequences_v1(p_names text[]) RETURNS tid[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_places tid[];
BEGIN
  IF cardinality(p_names) = 1 THEN
    SELECT ARRAY[s.ctid] INTO v_places FROM mintmark.sequences s
     WHERE s.name = p_names[1] FOR UPDATE;
    RETURN v_places;
  END IF;
  SELECT array_agg(x.tid ORDER BY n.place) INTO v_places
    FROM unnest(p_names) WITH ORDINALITY AS n(name, place)
    LEFT JOIN LATERAL (SELECT s.ctid AS tid FROM mintmark.sequences s
                        WHERE s.name = n.name FOR UPDATE) AS x ON true;
  RETURN v_places;
END
$$;

-- p_settings: NULL unless the sequence is to be created when it does not exist.
CREATE FUNCTION mintmark.open_sequence_v1(
  p_now timestamptz, p_name text, p_want_usage boolean,
  p_settings bigint[], p_prefix text, p_suffix text)
RETURNS mintmark.outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  s mintmark.sequences;
  v mintmark.outcome;
  v_result integer := 0;  -- kFound
BEGIN
  LOOP
    SELECT * INTO s FROM mintmark.sequences WHERE name = p_name;
    EXIT WHEN FOUND;
    IF p_settings IS NULL THEN
      RETURN ROW(ARRAY[2], NULL, NULL, NULL, NULL)::mintmark.outcome;  -- kAbsent
    END IF;
    -- Where somebody else creates it at this moment, this waits, and the row is
    -- there the next time round.
    INSERT INTO mintmark.sequences AS q
      (name, generation, revision, version, frontier, limit_position, wanted,
       min_id, max_id, step, residue, chunk_size, shards, max_gap,
       encoding, width, check_character, prefix, suffix, created_at, updated_at)
    VALUES
      (p_name, nextval('mintmark.generations'), 1, 1, p_settings[10], p_settings[11], 1,
       p_settings[1], p_settings[2], p_settings[3], p_settings[12], p_settings[4],
       p_settings[5], p_settings[6], p_settings[7], p_settings[8], p_settings[9] <> 0,
       p_prefix, p_suffix, p_now, p_now)
    ON CONFLICT (name) DO NOTHING
    RETURNING * INTO s;
    IF FOUND THEN
      v_result := 1;  -- kCreated
      EXIT;
    END IF;
  END LOOP;
  v := mintmark.sequence_outcome(s, p_want_usage);
  -- Sessions that missed the deletion of a sequence of this name learn of it from
  -- the row in its place.
  IF v_result = 1
     AND EXISTS (SELECT FROM mintmark.sequence_attention a WHERE a.name = p_name) THEN
    v.raised_names := ARRAY[p_name];
  END IF;
  v.nums := v_result || v.nums;
  RETURN v;
END
$$;

CREATE FUNCTION mintmark.change_sequence_v1(
  p_now timestamptz, p_name text, p_expected_version bigint,
  p_drain integer, p_frontier bigint, p_allow_reuse boolean,
  p_settings bigint[], p_prefix text, p_suffix text)
RETURNS mintmark.outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  s mintmark.sequences;
  v mintmark.outcome;
  v_result integer;
BEGIN
  SELECT * INTO s FROM mintmark.sequences WHERE name = p_name;
  IF NOT FOUND THEN
    RETURN ROW(ARRAY[1], NULL, NULL, NULL, NULL)::mintmark.outcome;  -- kAbsent
  END IF;
  IF s.version <> p_expected_version THEN
    v_result := 2;  -- kChanged
  ELSIF s.drain <> 0 THEN
    v_result := 3;  -- kDraining
  ELSIF p_drain = 1 AND NOT p_allow_reuse AND p_frontier < s.frontier THEN
    v_result := 4;  -- kWouldReuse
  ELSE
    v_result := 0;  -- kDone
    IF p_drain = 0 THEN
      UPDATE mintmark.sequences SET
        min_id = p_settings[1], max_id = p_settings[2], step = p_settings[3],
        chunk_size = p_settings[4], shards = p_settings[5], max_gap = p_settings[6],
        encoding = p_settings[7], width = p_settings[8], check_character = p_settings[9] <> 0,
        limit_position = p_settings[11], residue = p_settings[12],
        prefix = p_prefix, suffix = p_suffix
      WHERE name = p_name;
    ELSE
      UPDATE mintmark.sequences SET
        drain = p_drain,
        drain_token = nextval('mintmark.generations'),
        drain_frontier = CASE WHEN p_drain = 1 THEN p_frontier ELSE 0 END,
        drain_settings = CASE WHEN p_drain = 3 THEN p_settings END,
        drain_prefix = CASE WHEN p_drain = 3 THEN p_prefix END,
        drain_suffix = CASE WHEN p_drain = 3 THEN p_suffix END
      WHERE name = p_name;
    END IF;
    UPDATE mintmark.sequences SET version = version + 1, updated_at = p_now
     WHERE name = p_name RETURNING * INTO s;
  END IF;
  v := mintmark.sequence_outcome(s, false);
  v.nums := v_result || v.nums;
  IF v_result = 0 THEN
    v.raised_names := ARRAY[p_name];
  END IF;
  RETURN v;
END
$$;

-- The end of a drain to tighter settings: what anybody owned is nobody's, and what
-- lies beyond the new limit goes.
CREATE FUNCTION mintmark.tighten_sequence_v1(p_name text) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_limit bigint;
BEGIN
  UPDATE mintmark.sequences SET
    min_id = drain_settings[1], max_id = drain_settings[2], step = drain_settings[3],
    chunk_size = drain_settings[4], shards = drain_settings[5], max_gap = drain_settings[6],
    encoding = drain_settings[7], width = drain_settings[8],
    check_character = drain_settings[9] <> 0,
    limit_position = drain_settings[11], residue = drain_settings[12],
    prefix = drain_prefix, suffix = drain_suffix,
    revision = revision + 1
  WHERE name = p_name
  RETURNING limit_position INTO v_limit;
  DELETE FROM mintmark.sequence_shards
   WHERE sequence = p_name AND ceiling >= least(shard_limit, v_limit);
  UPDATE mintmark.sequence_shards SET
    epoch = epoch + CASE WHEN owner IS NULL THEN 0 ELSE 1 END,
    owner = NULL,
    counted = false,
    window_start = ceiling,
    shard_limit = least(shard_limit, v_limit)
  WHERE sequence = p_name;
END
$$;

CREATE FUNCTION mintmark.drain_sequence_v1(
  p_now timestamptz, p_name text, p_token bigint, p_finish_anyway boolean)
RETURNS mintmark.outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  s mintmark.sequences;
  v mintmark.outcome;
BEGIN
  SELECT * INTO s FROM mintmark.sequences WHERE name = p_name;
  IF NOT FOUND OR s.drain = 0 OR (p_token <> 0 AND p_token <> s.drain_token) THEN
    RETURN ROW(ARRAY[2], NULL, NULL, NULL, NULL)::mintmark.outcome;  -- kOver
  END IF;
  IF NOT (p_finish_anyway AND p_token <> 0)
     AND EXISTS (SELECT FROM mintmark.shards h WHERE h.sequence = p_name AND h.is_owned) THEN
    v := mintmark.sequence_outcome(s, false);
    v.nums := 1 || v.nums;  -- kWaiting
    RETURN v;
  END IF;

  IF s.drain = 3 THEN
    PERFORM mintmark.tighten_sequence_v1(p_name);
  ELSE
    DELETE FROM mintmark.sequence_shards WHERE sequence = p_name;
  END IF;
  IF s.drain = 2 THEN
    DELETE FROM mintmark.sequences WHERE name = p_name;
    RETURN ROW(ARRAY[0, 0], NULL, ARRAY[p_name], NULL, NULL)::mintmark.outcome;  -- kFinished, without a row
  END IF;
  IF s.drain = 1 THEN
    UPDATE mintmark.sequences SET
      generation = drain_token, frontier = drain_frontier, wanted = wanted + 1
    WHERE name = p_name;
  END IF;
  UPDATE mintmark.sequences SET
    drain = 0, drain_token = 0, drain_frontier = 0,
    drain_settings = NULL, drain_prefix = NULL, drain_suffix = NULL,
    version = version + 1, updated_at = p_now
  WHERE name = p_name RETURNING * INTO s;
  v := mintmark.sequence_outcome(s, false);
  v.nums := ARRAY[0, 1] || v.nums;  -- kFinished, with a row
  v.raised_names := ARRAY[p_name];
  RETURN v;
END
$$;

CREATE FUNCTION mintmark.give_back_v1(
  p_name text, p_shard bigint, p_owner bigint, p_epoch bigint, p_generation bigint,
  p_position bigint, p_ceiling bigint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_limit bigint;
BEGIN
  -- Still as acquired: into its own row.
  UPDATE mintmark.sequence_shards SET
    owner = NULL, epoch = epoch + 1, window_start = p_position, ceiling = p_position
  WHERE sequence = p_name AND id = p_shard AND owner = p_owner AND epoch = p_epoch
    AND generation = p_generation AND p_position < shard_limit;
  IF FOUND THEN
    RETURN 0;  -- kGiven
  END IF;
  DELETE FROM mintmark.sequence_shards
   WHERE sequence = p_name AND id = p_shard AND owner = p_owner AND epoch = p_epoch
     AND generation = p_generation;
  IF FOUND THEN
    RETURN 0;  -- kGiven, and used up
  END IF;

  SELECT least(p_ceiling, limit_position) INTO v_limit FROM mintmark.sequences
   WHERE name = p_name AND generation = p_generation AND shards > 0;
  IF NOT FOUND THEN
    RETURN 2;  -- kVoid
  END IF;
  IF p_position < v_limit THEN
    INSERT INTO mintmark.sequence_shards
      (sequence, id, generation, epoch, owner, window_start, ceiling, shard_limit, counted)
    VALUES
      (p_name, nextval('mintmark.shard_ids'), p_generation, 1, NULL, p_position, p_position,
       v_limit, false);
  END IF;
  RETURN 1;  -- kReturned
END
$$;

-- The new ceiling, or NULL when the shard is lost.
CREATE FUNCTION mintmark.refill_v1(
  p_session bigint, p_name text, p_shard bigint, p_epoch bigint, p_generation bigint,
  p_position bigint, p_ceiling bigint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_ceiling bigint;
BEGIN
  UPDATE mintmark.sequence_shards h SET
    ceiling = greatest(h.ceiling, least(p_ceiling, h.shard_limit)),
    window_start = least(greatest(p_position, h.window_start),
                         greatest(h.ceiling, least(p_ceiling, h.shard_limit)))
  WHERE h.sequence = p_name AND h.id = p_shard AND h.owner = p_session AND h.epoch = p_epoch
    AND h.generation = p_generation
    AND (SELECT q.drain FROM mintmark.sequences q WHERE q.name = p_name) = 0
  RETURNING h.ceiling INTO v_ceiling;
  RETURN v_ceiling;
END
$$;

CREATE FUNCTION mintmark.acquire_shard_v1(
  p_session bigint, p_name text, p_generation bigint, p_revision bigint,
  p_window bigint, p_chunk bigint, p_adaptive_chunk boolean)
RETURNS mintmark.outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  s mintmark.sequences;
  v mintmark.outcome;
  h mintmark.sequence_shards;
  v_taken_over boolean;
  v_start bigint;
  v_left bigint;
  v_chunk bigint := p_chunk;
BEGIN
  SELECT * INTO s FROM mintmark.sequences WHERE name = p_name;
  IF NOT FOUND THEN
    RETURN ROW(ARRAY[2, 0], NULL, NULL, NULL, NULL)::mintmark.outcome;  -- kStale, no such sequence
  END IF;
  IF s.drain <> 0 OR s.generation <> p_generation OR s.revision <> p_revision
     OR s.shards = 0 THEN
    v := mintmark.sequence_outcome(s, false);
    v.nums := ARRAY[CASE WHEN s.drain <> 0 THEN 3 ELSE 2 END, 1] || v.nums;  -- kDraining, kStale
    RETURN v;
  END IF;

  DELETE FROM mintmark.sequence_shards d
   WHERE d.sequence = p_name AND d.ceiling >= d.shard_limit
     AND NOT (SELECT x.is_owned FROM mintmark.shards x
               WHERE x.sequence = d.sequence AND x.id = d.id);
  SELECT x.id, x.owner IS NOT NULL, x.ceiling INTO h.id, v_taken_over, v_start
    FROM mintmark.shards x
   WHERE x.sequence = p_name AND NOT x.is_owned
   ORDER BY x.ceiling, x.id LIMIT 1;
  IF FOUND THEN
    UPDATE mintmark.sequence_shards SET
      owner = p_session, epoch = epoch + 1, window_start = v_start,
      ceiling = mintmark.advance_up_to(v_start, p_window, shard_limit)
    WHERE sequence = p_name AND id = h.id
    RETURNING * INTO h;
  ELSE
    v_left := mintmark.count_between(s.frontier, s.limit_position);
    IF p_adaptive_chunk THEN
      v_chunk := least(v_chunk, greatest(v_left / (4::bigint * s.shards), p_window, 1));
    END IF;
    v_chunk := least(v_chunk, v_left);
    IF v_chunk <= 0
       OR (SELECT count(*) FROM mintmark.shards x
            WHERE x.sequence = p_name AND x.counted AND x.ceiling < x.shard_limit
              AND x.is_owned) >= s.shards THEN
      RETURN ROW(ARRAY[1], NULL, NULL, NULL, NULL)::mintmark.outcome;  -- kNoShard
    END IF;
    v_taken_over := false;
    v_start := s.frontier;
    INSERT INTO mintmark.sequence_shards AS q
      (sequence, id, generation, epoch, owner, window_start, ceiling, shard_limit, counted)
    VALUES
      (p_name, nextval('mintmark.shard_ids'), s.generation, 1, p_session, v_start,
       v_start + least(p_window, v_chunk), v_start + v_chunk, true)
    RETURNING q.* INTO h;
    UPDATE mintmark.sequences SET frontier = h.shard_limit WHERE name = p_name;
  END IF;
  RETURN ROW(
    ARRAY[0, h.id, h.epoch, v_start, h.ceiling, h.shard_limit, s.wanted,
          v_taken_over::integer],  -- kAcquired
    NULL, NULL, NULL, NULL)::mintmark.outcome;
END
$$;

-- Creates and changes sequences, ends drains, moves windows: everything about
-- sequences but draws, from numbers and texts in the order that
-- src/store/postgres/batch_parameters.cc writes them.
CREATE FUNCTION mintmark.run_sequence_operations_v1(
  p_session bigint, p_now timestamptz, p_ops bigint[], p_op_texts text[])
RETURNS mintmark.outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  i integer := 1;  -- In p_ops: the kind of an operation, and then its numbers.
  t integer := 1;  -- In p_op_texts: its sequence's name, and then its other texts.
  v_nums bigint[] := '{}';
  v_texts text[] := '{}';
  v_raised_names text[] := '{}';
  v mintmark.outcome;
  v_name text;
BEGIN
  WHILE i <= cardinality(p_ops) LOOP
    v_name := p_op_texts[t];
    CASE p_ops[i]
      WHEN 1 THEN
        v := mintmark.open_sequence_v1(
          p_now, v_name, p_ops[i + 1] <> 0, NULL, NULL, NULL);
        i := i + 2;
        t := t + 1;
      WHEN 2 THEN
        v := mintmark.open_sequence_v1(
          p_now, v_name, p_ops[i + 1] <> 0, p_ops[i + 2 : i + 13],
          p_op_texts[t + 1], p_op_texts[t + 2]);
        i := i + 14;
        t := t + 3;
      WHEN 3 THEN
        v := mintmark.change_sequence_v1(
          p_now, v_name, p_ops[i + 1], p_ops[i + 2]::integer, p_ops[i + 3],
          p_ops[i + 4] <> 0, p_ops[i + 5 : i + 16], p_op_texts[t + 1], p_op_texts[t + 2]);
        i := i + 17;
        t := t + 3;
      WHEN 4 THEN
        v := mintmark.drain_sequence_v1(p_now, v_name, p_ops[i + 1], p_ops[i + 2] <> 0);
        i := i + 3;
        t := t + 1;
      WHEN 5 THEN
        v := ROW(
          ARRAY[mintmark.give_back_v1(
            v_name, p_ops[i + 1], p_ops[i + 2], p_ops[i + 3], p_ops[i + 4], p_ops[i + 5],
            p_ops[i + 6])],
          NULL, NULL, NULL, NULL)::mintmark.outcome;
        i := i + 7;
        t := t + 1;
      WHEN 6 THEN
        v := ROW(
          ARRAY[mintmark.refill_v1(
            p_session, v_name, p_ops[i + 1], p_ops[i + 2], p_ops[i + 3], p_ops[i + 4],
            p_ops[i + 5])],
          NULL, NULL, NULL, NULL)::mintmark.outcome;
        i := i + 6;
        t := t + 1;
      WHEN 7 THEN
        v := mintmark.acquire_shard_v1(
          p_session, v_name, p_ops[i + 1], p_ops[i + 2], p_ops[i + 3], p_ops[i + 4],
          p_ops[i + 5] <> 0);
        i := i + 6;
        t := t + 1;
    END CASE;
    v_nums := v_nums || v.nums;
    v_texts := v_texts || v.texts;
    v_raised_names := v_raised_names || v.raised_names;
  END LOOP;
  RETURN ROW(v_nums, v_texts, v_raised_names, NULL, NULL)::mintmark.outcome;
END
$$;
