-- GUID groups, generators and client leases. What each operation means stands in
-- src/engine/guid_operations.h; the numbers of kinds and results are those of its
-- enumerations.
--
-- A group's row is locked by whoever changes it or one of its generators: its lock
-- covers them, and they are read in statements after the one that locked it.

-- The time of a layout at a moment, rounded down.
CREATE FUNCTION mintmark.time_at(p_epoch_us bigint, p_unit_us bigint, p_moment_us numeric)
RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT div(p_moment_us - p_epoch_us
               - CASE WHEN p_moment_us < p_epoch_us THEN p_unit_us - 1 ELSE 0 END,
             p_unit_us)::bigint
$$;

-- As time_at, for so much later; the moment saturates.
CREATE FUNCTION mintmark.time_ahead(
  p_epoch_us bigint, p_unit_us bigint, p_moment_us bigint, p_ahead_us bigint)
RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT mintmark.time_at(p_epoch_us, p_unit_us,
                          least(p_moment_us::numeric + p_ahead_us, 9223372036854775807))
$$;

-- The first time that a layout cannot express. Where all fields together have 64
-- bits, the top one of time would be the sign: times stay below it.
CREATE FUNCTION mintmark.end_time(p_time_bits integer, p_low_bits integer) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN least(p_time_bits, 63 - p_low_bits) >= 63 THEN 9223372036854775807
              ELSE 1::bigint << least(p_time_bits, 63 - p_low_bits) END
$$;

-- The highest ceiling for a generator whose times so far, and now, are below p_from.
CREATE FUNCTION mintmark.highest_ceiling(g mintmark.guid_groups, p_from bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT least(p_from::numeric + greatest(1, g.lease_us / g.unit_us),
               mintmark.end_time(g.time_bits, g.counter_bits + g.generator_bits))::bigint
$$;

-- The sessions that hold generators of a group, from each right to the next.
CREATE FUNCTION mintmark.generator_sessions_v1(p_group text) RETURNS SETOF bigint
LANGUAGE sql STABLE AS $$
  WITH RECURSIVE holders AS (
    SELECT (SELECT r.session FROM mintmark.guid_generators r
             WHERE r.group_name = p_group AND r.session IS NOT NULL
             ORDER BY r.group_name, r.session LIMIT 1) AS session
    UNION ALL
    SELECT (SELECT r.session FROM mintmark.guid_generators r
             WHERE r.group_name = p_group AND r.session > h.session
             ORDER BY r.group_name, r.session LIMIT 1)
      FROM holders h WHERE h.session IS NOT NULL)
  SELECT h.session FROM holders h WHERE h.session IS NOT NULL
$$;

CREATE FUNCTION mintmark.is_alive(p_session bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM mintmark.sessions o WHERE o.id = p_session AND o.buried_at IS NULL)
$$;

-- A row as the engine sees it.
CREATE FUNCTION mintmark.group_outcome(g mintmark.guid_groups) RETURNS mintmark.outcome
LANGUAGE sql IMMUTABLE AS $$
  SELECT ROW(
    ARRAY[g.generation, g.floor_time, g.drain_token, g.created_us,
          g.epoch_us, g.time_bits, g.counter_bits, g.generator_bits, g.field_order, g.unit_us,
          g.lease_us, g.generator_min, g.generator_max,
          g.encoding, g.width, g.check_character::integer],
    ARRAY[g.name, g.prefix, g.suffix], NULL, NULL, NULL)::mintmark.outcome
$$;

-- The row of a group that is not deleted, locked; NULLs where there is none. (Locked
-- here too: what was absent when the batch locked its groups may be there by now.)
CREATE FUNCTION mintmark.lock_group_v1(p_name text) RETURNS mintmark.guid_groups
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  g mintmark.guid_groups;
BEGIN
  SELECT * INTO g FROM mintmark.guid_groups WHERE name = p_name FOR UPDATE;
  IF g.is_deleted THEN
    RETURN NULL;
  END IF;
  RETURN g;
END
$$;

-- p_settings: epoch, bits of time, counter and generator, order, unit, lease, lowest
-- and highest generator, encoding, width, check character.
CREATE FUNCTION mintmark.create_group_v1(
  p_now_us bigint, p_name text, p_max_ahead_us bigint,
  p_settings bigint[], p_prefix text, p_suffix text)
RETURNS mintmark.outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  g mintmark.guid_groups;
  v mintmark.outcome;
  v_is_found boolean;
  v_low_bits integer := p_settings[3] + p_settings[4];
  v_end bigint := mintmark.end_time(p_settings[2]::integer, (p_settings[3] + p_settings[4])::integer);
BEGIN
  LOOP
    SELECT * INTO g FROM mintmark.guid_groups WHERE name = p_name FOR UPDATE;
    v_is_found := FOUND;
    IF v_is_found AND NOT g.is_deleted THEN
      v := mintmark.group_outcome(g);
      v.nums := 0::bigint || v.nums;  -- kFound
      RETURN v;
    END IF;
    IF p_settings[1] > p_now_us THEN
      RETURN ROW(ARRAY[3], NULL, NULL, NULL, NULL)::mintmark.outcome;  -- kFutureEpoch
    END IF;
    IF mintmark.time_at(p_settings[1], p_settings[6], p_now_us) >= v_end THEN
      RETURN ROW(ARRAY[4], NULL, NULL, NULL, NULL)::mintmark.outcome;  -- kLifetimeOver
    END IF;
    g.guid_floor := coalesce(g.guid_floor, 0);  -- There is no row yet.
    -- The first time at which no GUID lies below the floor.
    g.floor_time := (g.guid_floor >> v_low_bits)
      + CASE WHEN g.guid_floor & ((1::bigint << v_low_bits) - 1) <> 0 THEN 1 ELSE 0 END;
    IF g.floor_time >= v_end
       OR g.floor_time > mintmark.time_ahead(p_settings[1], p_settings[6], p_now_us,
                                             p_max_ahead_us) THEN
      RETURN ROW(ARRAY[5, g.floor_time], NULL, NULL, NULL, NULL)::mintmark.outcome;  -- kWouldReuse
    END IF;
    g.name := p_name;
    g.generation := nextval('mintmark.generations');
    g.drain_token := 0;
    g.is_deleted := false;
    g.next_generator := p_settings[8];
    g.attention := coalesce(g.attention, 0);
    g.epoch_us := p_settings[1];
    g.time_bits := p_settings[2];
    g.counter_bits := p_settings[3];
    g.generator_bits := p_settings[4];
    g.field_order := p_settings[5];
    g.unit_us := p_settings[6];
    g.lease_us := p_settings[7];
    g.generator_min := p_settings[8];
    g.generator_max := p_settings[9];
    g.encoding := p_settings[10];
    g.width := p_settings[11];
    g.check_character := p_settings[12] <> 0;
    g.prefix := p_prefix;
    g.suffix := p_suffix;
    g.created_us := p_now_us;
    IF v_is_found THEN
      UPDATE mintmark.guid_groups SET
        generation = g.generation, floor_time = g.floor_time, is_deleted = false,
        next_generator = g.next_generator, epoch_us = g.epoch_us, time_bits = g.time_bits,
        counter_bits = g.counter_bits, generator_bits = g.generator_bits,
        field_order = g.field_order, unit_us = g.unit_us, lease_us = g.lease_us,
        generator_min = g.generator_min, generator_max = g.generator_max,
        encoding = g.encoding, width = g.width, check_character = g.check_character,
        prefix = g.prefix, suffix = g.suffix, created_us = g.created_us
      WHERE name = p_name;
      EXIT;
    END IF;
    -- Where somebody else creates it at this moment, this waits, and the row is
    -- there the next time round.
    INSERT INTO mintmark.guid_groups SELECT g.* ON CONFLICT (name) DO NOTHING;
    EXIT WHEN FOUND;
  END LOOP;
  v := mintmark.group_outcome(g);
  v.nums := 1::bigint || v.nums;  -- kCreated
  -- Sessions that missed the deletion learn of it from the row in its place.
  IF v_is_found THEN
    v.raised_names := ARRAY[p_name];
  END IF;
  RETURN v;
END
$$;

CREATE FUNCTION mintmark.open_group_v1(p_name text) RETURNS mintmark.outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  g mintmark.guid_groups;
  v mintmark.outcome;
BEGIN
  SELECT * INTO g FROM mintmark.guid_groups WHERE name = p_name AND NOT is_deleted;
  IF NOT FOUND THEN
    RETURN ROW(ARRAY[2], NULL, NULL, NULL, NULL)::mintmark.outcome;  -- kAbsent
  END IF;
  v := mintmark.group_outcome(g);
  v.nums := 0::bigint || v.nums;  -- kFound
  RETURN v;
END
$$;

CREATE FUNCTION mintmark.delete_group_v1(
  p_now_us bigint, p_name text, p_token bigint, p_finish_anyway boolean)
RETURNS mintmark.outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  g mintmark.guid_groups := mintmark.lock_group_v1(p_name);
  v_limit bigint;
  v_raised_names text[];
BEGIN
  IF g.name IS NULL AND p_token = 0 THEN
    RETURN ROW(ARRAY[3], NULL, NULL, NULL, NULL)::mintmark.outcome;  -- kAbsent
  END IF;
  IF g.name IS NULL OR (p_token <> 0 AND p_token <> g.drain_token) THEN
    RETURN ROW(ARRAY[2], NULL, NULL, NULL, NULL)::mintmark.outcome;  -- kOver
  END IF;
  IF NOT (p_finish_anyway AND p_token <> 0)
     AND (EXISTS (SELECT FROM mintmark.generator_sessions_v1(p_name) AS h(session)
                   WHERE mintmark.is_alive(h.session))
          OR EXISTS (SELECT FROM mintmark.guid_generators r
                      WHERE r.group_name = p_name AND r.session IS NULL
                        AND r.lease_end_us > p_now_us)) THEN
    IF g.drain_token = 0 THEN
      UPDATE mintmark.guid_groups SET drain_token = nextval('mintmark.generations')
       WHERE name = p_name RETURNING * INTO g;
      v_raised_names := ARRAY[p_name];
    END IF;
    RETURN ROW(ARRAY[1, g.drain_token, g.lease_us], NULL, v_raised_names, NULL,
               NULL)::mintmark.outcome;  -- kWaiting
  END IF;

  SELECT greatest(g.floor_time, max(r.ceiling)) INTO v_limit
    FROM mintmark.guid_generators r WHERE r.group_name = p_name;
  DELETE FROM mintmark.guid_generators WHERE group_name = p_name;
  UPDATE mintmark.guid_groups SET
    is_deleted = true,
    drain_token = 0,
    guid_floor = greatest(guid_floor,
                          least(v_limit::numeric * (1::bigint << (counter_bits + generator_bits)),
                                9223372036854775807)::bigint)
  WHERE name = p_name;
  RETURN ROW(ARRAY[0], NULL, ARRAY[p_name], NULL, NULL)::mintmark.outcome;  -- kFinished
END
$$;

CREATE FUNCTION mintmark.release_generator_v1(
  p_group text, p_id bigint, p_session bigint, p_epoch bigint, p_generation bigint,
  p_ceiling bigint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  g mintmark.guid_groups := mintmark.lock_group_v1(p_group);
BEGIN
  UPDATE mintmark.guid_generators r SET
    epoch = r.epoch + 1, session = NULL,
    ceiling = greatest(r.start_time, least(r.ceiling, p_ceiling))
  WHERE r.group_name = p_group AND r.id = p_id AND r.session = p_session AND r.epoch = p_epoch
    AND g.generation = p_generation;
  RETURN CASE WHEN FOUND THEN 0 ELSE 1 END;  -- kReleased, kVoid
END
$$;

-- The new ceiling, or NULL when the generator is lost.
CREATE FUNCTION mintmark.extend_generator_v1(
  p_session bigint, p_now_us bigint, p_group text, p_id bigint, p_epoch bigint,
  p_generation bigint, p_ceiling bigint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  g mintmark.guid_groups := mintmark.lock_group_v1(p_group);
  v_ceiling bigint;
BEGIN
  UPDATE mintmark.guid_generators r SET
    ceiling = greatest(r.ceiling, least(p_ceiling, mintmark.highest_ceiling(
      g, greatest(mintmark.time_at(g.epoch_us, g.unit_us, p_now_us), r.start_time))))
  WHERE r.group_name = p_group AND r.id = p_id AND r.session = p_session AND r.epoch = p_epoch
    AND g.generation = p_generation AND g.drain_token = 0
  RETURNING r.ceiling INTO v_ceiling;
  RETURN v_ceiling;
END
$$;

CREATE FUNCTION mintmark.renew_lease_v1(
  p_now_us bigint, p_group text, p_id bigint, p_token text, p_ceiling bigint)
RETURNS bigint[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  g mintmark.guid_groups := mintmark.lock_group_v1(p_group);
  v_ceiling bigint;
BEGIN
  IF g.name IS NULL THEN
    RETURN ARRAY[2];  -- kAbsent
  END IF;
  UPDATE mintmark.guid_generators r SET
    lease_end_us = least(p_now_us::numeric + g.lease_us, 9223372036854775807)::bigint,
    ceiling = greatest(r.ceiling, least(p_ceiling, mintmark.highest_ceiling(
      g, greatest(mintmark.time_at(g.epoch_us, g.unit_us, p_now_us), r.start_time))))
  WHERE r.group_name = p_group AND r.id = p_id AND r.token = p_token AND p_token <> ''
    AND r.lease_end_us > p_now_us AND g.drain_token = 0
  RETURNING r.ceiling INTO v_ceiling;
  IF NOT FOUND THEN
    RETURN ARRAY[1];  -- kLost
  END IF;
  RETURN ARRAY[0, v_ceiling, g.lease_us];  -- kRenewed
END
$$;

CREATE FUNCTION mintmark.release_lease_v1(
  p_group text, p_id bigint, p_token text, p_last_time bigint)
RETURNS bigint[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  g mintmark.guid_groups := mintmark.lock_group_v1(p_group);
  r mintmark.guid_generators;
BEGIN
  IF g.name IS NULL THEN
    RETURN ARRAY[3];  -- kAbsent
  END IF;
  SELECT * INTO r FROM mintmark.guid_generators
   WHERE group_name = p_group AND id = p_id AND token = p_token AND p_token <> '';
  IF NOT FOUND THEN
    RETURN ARRAY[2];  -- kLost
  END IF;
  IF p_last_time < r.start_time OR p_last_time >= r.ceiling THEN
    RETURN ARRAY[1, r.start_time, r.ceiling];  -- kOutOfRange
  END IF;
  UPDATE mintmark.guid_generators SET
    epoch = epoch + 1, ceiling = p_last_time + 1, token = '', lease_end_us = 0
  WHERE group_name = p_group AND id = p_id;
  RETURN ARRAY[0];  -- kReleased
END
$$;

-- Which generator to lease: its result (kAcquired, or why there is none), its id, its
-- ceiling, and whether its row has to be made.
CREATE FUNCTION mintmark.choose_generator_v1(
  p_now_us bigint, g mintmark.guid_groups, p_max_ahead_us bigint)
RETURNS bigint[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_now bigint := mintmark.time_at(g.epoch_us, g.unit_us, p_now_us);
  v_end bigint := mintmark.end_time(g.time_bits, g.counter_bits + g.generator_bits);
  v_behind bigint;    -- The lowest id of those that are not ahead of now.
  v_lowest bigint[];  -- Ceiling and id of the lowest ceiling.
  v_new integer;
BEGIN
  IF v_now >= v_end THEN
    RETURN ARRAY[4];  -- kLifetimeOver
  END IF;
  SELECT min(f.id) FILTER (WHERE f.ceiling <= v_now), min(ARRAY[f.ceiling, f.id])
    INTO v_behind, v_lowest
    FROM (SELECT r.id, r.ceiling FROM mintmark.guid_generators r
           WHERE r.group_name = g.name AND r.session IS NULL AND r.lease_end_us <= p_now_us
          UNION ALL
          SELECT r.id, r.ceiling
            FROM mintmark.generator_sessions_v1(g.name) AS h(session)
           -- OFFSET: only those of sessions that are gone are looked at.
           CROSS JOIN LATERAL (SELECT q.id, q.ceiling FROM mintmark.guid_generators q
                                WHERE q.group_name = g.name AND q.session = h.session
                               OFFSET 0) AS r
           WHERE NOT mintmark.is_alive(h.session)) AS f;
  v_new := (v_behind IS NULL AND g.next_generator <= g.generator_max)::integer;
  IF v_behind IS NOT NULL THEN
    v_lowest := ARRAY[v_lowest[1], v_behind];
  ELSIF v_new = 1 THEN
    v_lowest := ARRAY[g.floor_time, g.next_generator];
  ELSIF v_lowest IS NULL THEN
    RETURN ARRAY[2];  -- kAllLeased
  END IF;
  IF v_lowest[1] > greatest(v_now, mintmark.time_ahead(g.epoch_us, g.unit_us, p_now_us,
                                                       p_max_ahead_us)) THEN
    RETURN ARRAY[3];  -- kAllAhead
  ELSIF v_lowest[1] >= v_end THEN
    RETURN ARRAY[4];  -- kLifetimeOver
  END IF;
  RETURN ARRAY[0, v_lowest[2], v_lowest[1], v_new];
END
$$;

-- p_key: of a request id its kind, hash, n and flags, and whether there is room for one
-- more; NULL when the call has none. nums: the result, whether there is a row, and the
-- row; then kAcquired and kKeySeen: id, epoch, start time, ceiling, what is left of the
-- lease, and whether it was taken over, with the token in texts; then kKeySeen: the
-- reply (find_keys_v1).
CREATE FUNCTION mintmark.acquire_generator_v1(
  p_session bigint, p_now_us bigint, p_group text, p_generation bigint, p_max_ahead_us bigint,
  p_owner text, p_token text, p_key bigint[], p_key_id text, p_key_slot integer)
RETURNS mintmark.outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  g mintmark.guid_groups := mintmark.lock_group_v1(p_group);
  r mintmark.guid_generators;
  v mintmark.outcome;
  v_row bigint[] := ARRAY[0];
  v_seen bigint[];
  v_choice bigint[];
  v_taken_over boolean := false;
  v_start bigint;
BEGIN
  IF g.name IS NOT NULL THEN
    v := mintmark.group_outcome(g);
    v_row := 1::bigint || v.nums;
  END IF;
  IF p_key IS NOT NULL THEN
    v_seen := mintmark.find_keys_v1(
      p_group, 1, 1, ARRAY[p_key[1]::integer], ARRAY[p_key_id], ARRAY[p_key[2]]);
  END IF;
  IF v_seen IS NOT NULL THEN
    -- The reply's generation, epoch and id say which lease was its own.
    SELECT * INTO r FROM mintmark.guid_generators q
     WHERE q.group_name = p_group AND q.id = v_seen[8] AND q.epoch = v_seen[6]
       AND q.lease_end_us > p_now_us AND g.generation = v_seen[5];
    v.nums := 1::bigint || v_row  -- kKeySeen
      || ARRAY[coalesce(r.id, 0), coalesce(r.epoch, 0), coalesce(r.start_time, 0),
               coalesce(r.ceiling, 0), least(coalesce(r.lease_end_us - p_now_us, 0), g.lease_us), 0]
      || v_seen;
    v.texts := v.texts || coalesce(r.token, '');
    RETURN v;
  END IF;
  IF v_row[1] = 0 OR g.drain_token <> 0
     OR (p_generation <> 0 AND p_generation <> g.generation) THEN
    v.nums := CASE WHEN g.drain_token <> 0 THEN 6 ELSE 5 END::bigint || v_row;  -- kDraining, kStale
    RETURN v;
  END IF;
  IF p_key[5] = 0 THEN
    v.nums := 7::bigint || v_row;  -- kKeysFull
    RETURN v;
  END IF;

  v_choice := mintmark.choose_generator_v1(p_now_us, g, p_max_ahead_us);
  IF v_choice[1] <> 0 THEN
    v.nums := v_choice[1] || v_row;
    RETURN v;
  END IF;
  IF v_choice[4] = 1 THEN
    UPDATE mintmark.guid_groups SET next_generator = v_choice[2] + 1 WHERE name = p_group;
    INSERT INTO mintmark.guid_generators
      (group_name, id, epoch, start_time, ceiling, session, lease_end_us, token, owner)
    VALUES (p_group, v_choice[2], 0, v_choice[3], v_choice[3], NULL, 0, '', '')
    RETURNING * INTO r;
  ELSE
    SELECT * INTO r FROM mintmark.guid_generators q
     WHERE q.group_name = p_group AND q.id = v_choice[2];
    v_taken_over := r.session IS NOT NULL OR r.token <> '';
  END IF;
  v_start := greatest(mintmark.time_at(g.epoch_us, g.unit_us, p_now_us), r.ceiling);
  UPDATE mintmark.guid_generators q SET
    epoch = q.epoch + 1,
    start_time = v_start,
    ceiling = mintmark.highest_ceiling(g, v_start),
    session = CASE WHEN p_token = '' THEN p_session END,
    lease_end_us = CASE WHEN p_token = '' THEN 0
      ELSE least(p_now_us::numeric + g.lease_us, 9223372036854775807)::bigint END,
    token = p_token,
    owner = p_owner
  WHERE q.group_name = p_group AND q.id = r.id RETURNING * INTO r;
  IF p_key IS NOT NULL THEN
    INSERT INTO mintmark.request_keys
      (hash, n, value, flags, kind, slot, name, id, generation, step, residue, runs)
    VALUES (p_key[2], p_key[3], r.id, p_key[4], p_key[1], p_key_slot, p_group, p_key_id,
            g.generation, r.epoch, 0, ARRAY[r.start_time, r.ceiling]);
    v.stored := 1;
  END IF;
  v.nums := 0::bigint || v_row  -- kAcquired
    || ARRAY[r.id, r.epoch, r.start_time, r.ceiling,
             CASE WHEN p_token = '' THEN 0 ELSE g.lease_us END, v_taken_over::integer];
  v.texts := v.texts || p_token;
  RETURN v;
END
$$;

-- Everything about groups and generators but lists, from numbers and texts in the
-- order that src/store/postgres/group_parameters.cc writes them. The first of them
-- lock and open groups, in the order of their names.
CREATE FUNCTION mintmark.run_group_operations_v1(
  p_session bigint, p_now timestamptz, p_ops bigint[], p_op_texts text[],
  p_key_slot integer, p_key_room bigint)
RETURNS mintmark.outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  i integer := 1;  -- In p_ops: the kind of an operation, and then its numbers.
  t integer := 1;  -- In p_op_texts: its group's name, and then its other texts.
  v_now_us bigint := mintmark.micros(p_now);
  v_nums bigint[] := '{}';
  v_texts text[] := '{}';
  v_raised_names text[] := '{}';
  v_stored bigint := 0;
  v mintmark.outcome;
  v_name text;
BEGIN
  WHILE i <= cardinality(p_ops) LOOP
    v_name := p_op_texts[t];
    v := NULL;
    CASE p_ops[i]
      WHEN 1 THEN
        PERFORM FROM mintmark.guid_groups WHERE name = v_name FOR UPDATE;
        i := i + 1;
        t := t + 1;
      WHEN 2 THEN
        v := mintmark.open_group_v1(v_name);
        i := i + 1;
        t := t + 1;
      WHEN 3 THEN
        v := mintmark.create_group_v1(
          v_now_us, v_name, p_ops[i + 1], p_ops[i + 2 : i + 13], p_op_texts[t + 1],
          p_op_texts[t + 2]);
        i := i + 14;
        t := t + 3;
      WHEN 4 THEN
        v := mintmark.delete_group_v1(v_now_us, v_name, p_ops[i + 1], p_ops[i + 2] <> 0);
        i := i + 3;
        t := t + 1;
      WHEN 5 THEN
        v.nums := ARRAY[mintmark.release_generator_v1(
          v_name, p_ops[i + 1], p_ops[i + 2], p_ops[i + 3], p_ops[i + 4], p_ops[i + 5])];
        i := i + 6;
        t := t + 1;
      WHEN 6 THEN
        v.nums := ARRAY[mintmark.extend_generator_v1(
          p_session, v_now_us, v_name, p_ops[i + 1], p_ops[i + 2], p_ops[i + 3], p_ops[i + 4])];
        i := i + 5;
        t := t + 1;
      WHEN 7 THEN
        v.nums := mintmark.renew_lease_v1(
          v_now_us, v_name, p_ops[i + 1], p_op_texts[t + 1], p_ops[i + 2]);
        i := i + 3;
        t := t + 2;
      WHEN 8 THEN
        v.nums := mintmark.release_lease_v1(
          v_name, p_ops[i + 1], p_op_texts[t + 1], p_ops[i + 2]);
        i := i + 3;
        t := t + 2;
      WHEN 9 THEN
        v := mintmark.acquire_generator_v1(
          p_session, v_now_us, v_name, p_ops[i + 1], p_ops[i + 2], p_op_texts[t + 1],
          p_op_texts[t + 2], NULL, NULL, NULL);
        i := i + 3;
        t := t + 3;
      WHEN 10 THEN
        v := mintmark.acquire_generator_v1(
          p_session, v_now_us, v_name, p_ops[i + 1], p_ops[i + 2], p_op_texts[t + 1],
          p_op_texts[t + 2], p_ops[i + 3 : i + 6] || (p_key_room > v_stored)::integer::bigint,
          p_op_texts[t + 3], p_key_slot);
        i := i + 7;
        t := t + 4;
    END CASE;
    v_nums := v_nums || v.nums;
    v_texts := v_texts || v.texts;
    v_raised_names := v_raised_names || v.raised_names;
    v_stored := v_stored + coalesce(v.stored, 0);
  END LOOP;
  RETURN ROW(v_nums, v_texts, v_raised_names, NULL, v_stored)::mintmark.outcome;
END
$$;
