-- Counters. What each operation means stands in src/engine/batch.h; the numbers of
-- kinds and results are those of its enumerations.

-- As lock_sequences_v1 (0003_create_sequence_functions.sql).
CREATE FUNCTION mintmark.lock_counters_v1(p_names text[]) RETURNS tid[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_places tid[];
BEGIN
  SELECT array_agg(x.tid ORDER BY n.place) INTO v_places
    FROM unnest(p_names) WITH ORDINALITY AS n(name, place)
    LEFT JOIN LATERAL (SELECT c.ctid AS tid FROM mintmark.counters c
                        WHERE c.name = n.name FOR UPDATE) AS x ON true;
  RETURN v_places;
END
$$;

-- One add. nums: the result, then kAdded and kOverflow: the value; kKeysSeen: the
-- replies (find_keys_v1).
CREATE FUNCTION mintmark.add_one_v1(
  p_now timestamptz, p_name text, p_sum bigint, p_lo bigint, p_hi bigint, p_create boolean,
  p_first_key integer, p_last_key integer,
  p_key_kinds integer[], p_key_ids text[], p_key_hashes bigint[], p_key_ns bigint[],
  p_key_flags integer[], p_key_shares bigint[],
  p_key_slot integer, p_key_room bigint)
RETURNS mintmark.outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_nums bigint[];
  v_stored bigint := 0;
  v_value bigint;
  v_seen bigint[];
  v_is_there boolean;
  v_is_new boolean := false;
  v_keys integer := p_last_key - p_first_key + 1;
BEGIN
  LOOP
    SELECT value INTO v_value FROM mintmark.counters WHERE name = p_name FOR UPDATE;
    v_is_there := FOUND;
    EXIT WHEN v_is_there OR NOT p_create;
    -- Made before its keys are looked up: its row is what they are locked by.
    -- Where somebody else makes it, this waits, and the row is there then.
    INSERT INTO mintmark.counters (name, value, created_at, updated_at)
    VALUES (p_name, 0, p_now, p_now) ON CONFLICT (name) DO NOTHING;
    v_is_new := FOUND;
  END LOOP;

  IF v_keys > 0
     AND EXISTS (SELECT FROM mintmark.request_keys
                  WHERE hash = ANY (p_key_hashes[p_first_key : p_last_key])) THEN
    v_seen := mintmark.find_keys_v1(
      p_name, p_first_key, p_last_key, p_key_kinds, p_key_ids, p_key_hashes);
  END IF;
  IF v_seen IS NOT NULL THEN
    v_nums := 2::bigint || v_seen;  -- kKeysSeen
  ELSIF NOT v_is_there THEN
    v_nums := ARRAY[3];  -- kAbsent
  ELSIF v_keys > p_key_room THEN
    v_nums := ARRAY[4];  -- kKeysFull
  ELSIF v_value NOT BETWEEN p_lo AND p_hi THEN
    v_nums := ARRAY[1, v_value];  -- kOverflow
  ELSE
    UPDATE mintmark.counters SET value = value + p_sum, updated_at = p_now WHERE name = p_name;
    IF v_keys > 0 THEN
      INSERT INTO mintmark.request_keys (hash, n, value, flags, kind, slot, name, id)
      SELECT p_key_hashes[k.place], p_key_ns[k.place], v_value + p_key_shares[k.place],
             p_key_flags[k.place], p_key_kinds[k.place], p_key_slot, p_name, p_key_ids[k.place]
        FROM generate_series(p_first_key, p_last_key) AS k(place);
      v_stored := v_keys;
    END IF;
    v_nums := ARRAY[0, v_value + p_sum];  -- kAdded
    v_is_new := false;
  END IF;
  IF v_is_new THEN  -- And not added to: nothing happened.
    DELETE FROM mintmark.counters WHERE name = p_name;
  END IF;
  RETURN ROW(v_nums, NULL, NULL, NULL, v_stored)::mintmark.outcome;
END
$$;

-- All adds of a batch. p_modes: 1, the counter is created when it does not exist;
-- 2, it is the first add of its name, and can be done together with the others like
-- it, in a few statements for all: the sums after those are in `bulk`. Those
-- with NULL there are in nums (add_one_v1), in order.
--
-- p_lock_names: the counters of the batch, to be locked before anything is read. NULL
-- when every first add of a name creates its counter, has no keys, and allows all
-- values from p_bulk_lo to p_bulk_hi, 0 among them: then one statement locks, creates
-- and adds, in the order of the names.
CREATE FUNCTION mintmark.run_adds_v1(
  p_now timestamptz, p_lock_names text[], p_bulk_lo bigint, p_bulk_hi bigint,
  p_names text[], p_sums bigint[], p_los bigint[], p_his bigint[], p_modes integer[],
  p_key_adds integer[], p_key_kinds integer[], p_key_ids text[], p_key_hashes bigint[],
  p_key_ns bigint[], p_key_flags integer[], p_key_shares bigint[],
  p_key_slot integer, p_key_room bigint)
RETURNS mintmark.outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_places tid[];
  v_apart integer[] := '{}';  -- Adds with keys that are known, or have no room.
  v_nums bigint[] := '{}';
  v_stored bigint := 0;
  v_sums bigint[];
  v_added text[];
  v_key integer := 1;
  v_next_key integer;
  v mintmark.outcome;
BEGIN
  IF p_lock_names IS NULL AND cardinality(p_names) = 1 THEN
    INSERT INTO mintmark.counters AS c (name, value, created_at, updated_at)
    VALUES (p_names[1], p_sums[1], p_now, p_now)
    ON CONFLICT (name) DO UPDATE SET
      value = c.value + excluded.value, updated_at = excluded.updated_at
    WHERE c.value BETWEEN p_bulk_lo AND p_bulk_hi
    RETURNING ARRAY[c.value] INTO v_sums;
    IF FOUND THEN
      RETURN ROW(v_nums, NULL, NULL, v_sums, 0)::mintmark.outcome;
    END IF;
    v_sums := ARRAY[NULL]::bigint[];
  ELSIF cardinality(p_names) = 1 THEN
    PERFORM mintmark.lock_counters_v1(p_lock_names);
    v_sums := ARRAY[NULL]::bigint[];
  ELSIF p_lock_names IS NULL THEN
    WITH added AS (
      INSERT INTO mintmark.counters AS c (name, value, created_at, updated_at)
      SELECT a.name, a.sum, p_now, p_now
        FROM unnest(p_names, p_sums, p_modes) AS a(name, sum, mode)
       WHERE a.mode & 2 <> 0
      ON CONFLICT (name) DO UPDATE SET
        value = c.value + excluded.value, updated_at = excluded.updated_at
      WHERE c.value BETWEEN p_bulk_lo AND p_bulk_hi
      RETURNING c.name, c.value)
    SELECT array_agg(w.name), array_agg(w.value) INTO v_added, v_sums FROM added w;
    IF v_added = p_names THEN
      RETURN ROW(v_nums, NULL, NULL, v_sums, 0)::mintmark.outcome;
    END IF;
    SELECT array_agg(w.value ORDER BY a.place) INTO v_sums
      FROM unnest(p_names, p_modes) WITH ORDINALITY AS a(name, mode, place)
      LEFT JOIN unnest(v_added, v_sums) AS w(name, value)
        ON w.name = a.name AND a.mode & 2 <> 0;
  ELSE
    v_places := mintmark.lock_counters_v1(p_lock_names);
    IF p_lock_names <> p_names THEN
      v_places := mintmark.lock_counters_v1(p_names);
    END IF;
    IF p_key_hashes IS NOT NULL THEN
      IF cardinality(p_key_hashes) > p_key_room THEN
        v_apart := ARRAY(SELECT DISTINCT k.add FROM unnest(p_key_adds) AS k(add));
      ELSIF EXISTS (SELECT FROM mintmark.request_keys WHERE hash = ANY (p_key_hashes)) THEN
        v_apart := ARRAY(
          SELECT DISTINCT k.add
            FROM unnest(p_key_adds, p_key_kinds, p_key_ids, p_key_hashes)
                   AS k(add, kind, id, hash)
           WHERE EXISTS (SELECT FROM mintmark.request_keys q
                          WHERE q.hash = k.hash AND q.kind = k.kind AND q.id = k.id
                            AND q.name = p_names[k.add]));
      END IF;
    END IF;
    WITH added AS (
      UPDATE mintmark.counters c SET value = c.value + a.sum, updated_at = p_now
        FROM unnest(v_places, p_sums, p_los, p_his, p_modes) WITH ORDINALITY
               AS a(tid, sum, lo, hi, mode, place)
       WHERE c.ctid = a.tid AND c.value BETWEEN a.lo AND a.hi
         AND a.mode & 2 <> 0 AND a.place <> ALL (v_apart)
      RETURNING a.place, c.value)
    SELECT array_agg(w.value ORDER BY o.place) INTO v_sums
      FROM generate_series(1, cardinality(p_names)) AS o(place)
      LEFT JOIN added w ON w.place = o.place;
    IF p_key_hashes IS NOT NULL THEN
      INSERT INTO mintmark.request_keys (hash, n, value, flags, kind, slot, name, id)
      SELECT k.hash, k.n, v_sums[k.add] - p_sums[k.add] + k.share, k.flags, k.kind,
             p_key_slot, p_names[k.add], k.id
        FROM unnest(p_key_adds, p_key_kinds, p_key_ids, p_key_hashes, p_key_ns, p_key_flags,
                    p_key_shares) AS k(add, kind, id, hash, n, flags, share)
       WHERE v_sums[k.add] IS NOT NULL;
      GET DIAGNOSTICS v_stored = ROW_COUNT;
    END IF;
  END IF;

  IF array_position(v_sums, NULL) IS NULL THEN
    RETURN ROW(v_nums, NULL, NULL, v_sums, v_stored)::mintmark.outcome;
  END IF;
  FOR a IN 1 .. cardinality(p_names) LOOP
    v_next_key := v_key;
    WHILE p_key_adds[v_next_key] = a LOOP
      v_next_key := v_next_key + 1;
    END LOOP;
    IF v_sums[a] IS NULL THEN
      v := mintmark.add_one_v1(
        p_now, p_names[a], p_sums[a], p_los[a], p_his[a], p_modes[a] & 1 <> 0,
        v_key, v_next_key - 1, p_key_kinds, p_key_ids, p_key_hashes, p_key_ns, p_key_flags,
        p_key_shares, p_key_slot, p_key_room - v_stored);
      v_nums := v_nums || v.nums;
      v_stored := v_stored + v.stored;
    END IF;
    v_key := v_next_key;
  END LOOP;
  RETURN ROW(v_nums, NULL, NULL, v_sums, v_stored)::mintmark.outcome;
END
$$;

-- kGet, kSet and kDelete. Whether it was found, and the row that there is then: its
-- value, create and update time.
CREATE FUNCTION mintmark.change_counter_v1(
  p_now timestamptz, p_name text, p_kind bigint, p_value bigint)
RETURNS bigint[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  c mintmark.counters;
  v_is_found boolean;
BEGIN
  SELECT * INTO c FROM mintmark.counters WHERE name = p_name;
  v_is_found := FOUND;
  IF p_kind = 1 THEN
    INSERT INTO mintmark.counters AS q (name, value, created_at, updated_at)
    VALUES (p_name, p_value, p_now, p_now)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
    RETURNING q.* INTO c;
  ELSIF p_kind = 2 THEN
    DELETE FROM mintmark.counters WHERE name = p_name;
    RETURN ARRAY[v_is_found::integer, 0];
  ELSIF NOT v_is_found THEN
    RETURN ARRAY[0, 0];
  END IF;
  RETURN ARRAY[v_is_found::integer, 1, c.value, mintmark.micros(c.created_at),
               mintmark.micros(c.updated_at)];
END
$$;

-- Changes and reads of counters, from numbers and texts in the order that
-- src/store/postgres/batch_parameters.cc writes them. The counters that change are
-- locked.
CREATE FUNCTION mintmark.run_counter_operations_v1(
  p_now timestamptz, p_ops bigint[], p_op_texts text[])
RETURNS bigint[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  i integer := 1;
  t integer := 1;
  v_nums bigint[] := '{}';
  v_count integer;
BEGIN
  WHILE i <= cardinality(p_ops) LOOP
    IF p_ops[i] = 1 THEN
      v_nums := v_nums
        || mintmark.change_counter_v1(p_now, p_op_texts[t], p_ops[i + 1], p_ops[i + 2]);
      i := i + 3;
      t := t + 1;
    ELSE
      v_count := p_ops[i + 1];
      v_nums := v_nums || ARRAY(
        SELECT coalesce((SELECT c.value FROM mintmark.counters c WHERE c.name = n.name), 0)
          FROM unnest(p_op_texts[t : t + v_count - 1]) WITH ORDINALITY AS n(name, place)
         ORDER BY n.place);
      i := i + 2;
      t := t + v_count;
    END IF;
  END LOOP;
  RETURN v_nums;
END
$$;
