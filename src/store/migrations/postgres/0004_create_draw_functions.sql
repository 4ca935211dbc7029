-- Draws: positions for callers, straight from the master. Called with the rows of
-- the sequences locked (0003_create_sequence_functions.sql).
--
-- Items and keys of all draws lie one after the other in arrays; p_item_draws and
-- p_key_items say to which draw, and to which item, each belongs (from 1).

-- Serves one draw item by item, from the unowned shards, lowest ceiling first, and
-- then from the master. nums: the draw's result; kServed: of each item its result,
-- then kDrawn: number of runs, first and limit of each; kKeysSeen: the replies
-- (find_keys_v1). Otherwise whether there is a row, and the row.
CREATE FUNCTION mintmark.draw_one_by_one_v1(
  p_name text, p_generation bigint, p_revision bigint,
  p_first_item integer, p_last_item integer,
  p_item_shapes integer[], p_item_ns bigint[], p_key_items integer[],
  p_key_kinds integer[], p_key_ids text[], p_key_hashes bigint[], p_key_ns bigint[],
  p_key_flags integer[], p_key_shares bigint[],
  p_key_slot integer, p_key_room bigint)
RETURNS mintmark.outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  s mintmark.sequences;
  v mintmark.outcome;
  v_nums bigint[] := ARRAY[0];  -- kServed
  v_stored bigint := 0;
  v_is_raised boolean := false;
  -- What there is to draw from: the shards, and the master as the last.
  v_ids bigint[];
  v_firsts bigint[];
  v_limits bigint[];
  v_taken bigint[];
  v_is_held boolean;
  v_is_many boolean;
  v_least bigint;
  v_found bigint;
  v_take bigint;
  v_runs bigint[];
  v_key integer;       -- The item's first key and, one past it, the next item's.
  v_next_key integer;
  v_seen bigint[];
BEGIN
  SELECT * INTO s FROM mintmark.sequences WHERE name = p_name;
  IF NOT FOUND THEN
    RETURN ROW(ARRAY[1, 0], NULL, NULL, NULL, 0)::mintmark.outcome;  -- kStale
  END IF;
  IF s.drain <> 0 OR s.generation <> p_generation OR s.revision <> p_revision THEN
    v := mintmark.sequence_outcome(s, false);
    v.nums := ARRAY[CASE WHEN s.drain <> 0 THEN 2 ELSE 1 END, 1] || v.nums;  -- kDraining, kStale
    v.stored := 0;
    RETURN v;
  END IF;

  v_is_held := EXISTS (SELECT FROM mintmark.shards h WHERE h.sequence = p_name AND h.is_owned);
  SELECT coalesce(array_agg(h.id ORDER BY h.ceiling, h.id), '{}') || 0::bigint,
         coalesce(array_agg(h.ceiling ORDER BY h.ceiling, h.id), '{}') || s.frontier,
         coalesce(array_agg(h.shard_limit ORDER BY h.ceiling, h.id), '{}') || s.limit_position
    INTO v_ids, v_firsts, v_limits
    FROM mintmark.shards h WHERE h.sequence = p_name AND NOT h.is_owned;

  v_next_key := coalesce((SELECT min(k.place) FROM unnest(p_key_items) WITH ORDINALITY AS k(item, place)
                          WHERE k.item >= p_first_item), 1);
  FOR i IN p_first_item .. p_last_item LOOP
    v_key := v_next_key;
    WHILE p_key_items[v_next_key] = i LOOP
      v_next_key := v_next_key + 1;
    END LOOP;
    IF v_next_key > v_key THEN
      v_seen := mintmark.find_keys_v1(
        p_name, v_key, v_next_key - 1, p_key_kinds, p_key_ids, p_key_hashes);
      IF v_seen IS NOT NULL THEN
        v_nums := v_nums || 3::bigint || v_seen;  -- kKeysSeen
        CONTINUE;
      END IF;
      IF v_next_key - v_key > p_key_room - v_stored THEN
        v_nums := v_nums || 5::bigint;  -- kKeysFull
        CONTINUE;
      END IF;
    END IF;

    v_is_many := p_item_shapes[i] IN (0, 1);  -- kAll, kUpTo
    v_least := CASE WHEN p_item_shapes[i] IN (0, 3) THEN p_item_ns[i] ELSE 1 END;
    v_found := 0;
    v_runs := '{}';
    v_taken := array_fill(0::bigint, ARRAY[cardinality(v_ids)]);
    FOR j IN 1 .. cardinality(v_ids) LOOP
      v_take := least(mintmark.count_between(v_firsts[j], v_limits[j]), p_item_ns[i] - v_found);
      CONTINUE WHEN v_take < 1 OR (NOT v_is_many AND v_take < v_least);
      v_taken[j] := v_take;
      v_found := v_found + v_take;
      IF v_runs[cardinality(v_runs)] = v_firsts[j] THEN
        v_runs[cardinality(v_runs)] := v_firsts[j] + v_take;  -- Runs that touch are one.
      ELSE
        v_runs := v_runs || ARRAY[v_firsts[j], v_firsts[j] + v_take];
      END IF;
      EXIT WHEN NOT v_is_many OR v_found = p_item_ns[i];
    END LOOP;

    IF v_found < v_least THEN
      v_nums := v_nums || CASE WHEN v_is_held THEN 1 ELSE 2 END::bigint;  -- kHeld, kExhausted
      v_is_raised := v_is_raised OR v_is_held;
      CONTINUE;
    END IF;
    IF v_next_key - v_key > 1 AND cardinality(v_runs) > 2 THEN
      v_nums := v_nums || 4::bigint;  -- kOneByOne
      CONTINUE;
    END IF;
    FOR j IN 1 .. cardinality(v_ids) LOOP
      v_firsts[j] := v_firsts[j] + v_taken[j];
    END LOOP;
    v_nums := v_nums || ARRAY[0, cardinality(v_runs) / 2] || v_runs;  -- kDrawn
    CONTINUE WHEN v_next_key = v_key;
    -- A key alone has whatever was drawn, which may be less than was asked for;
    -- several share the one run in order.
    INSERT INTO mintmark.request_keys
      (hash, n, value, flags, kind, slot, name, id, generation, step, residue, runs)
    SELECT p_key_hashes[k.place], p_key_ns[k.place], 0, p_key_flags[k.place],
           p_key_kinds[k.place], p_key_slot, p_name, p_key_ids[k.place],
           s.generation, s.step, s.residue,
           CASE WHEN v_next_key - v_key = 1 THEN v_runs
                ELSE ARRAY[v_runs[1] + k.before, v_runs[1] + k.before + p_key_shares[k.place]]
           END
      FROM (SELECT g.place,
                   (sum(p_key_shares[g.place]) OVER (ORDER BY g.place)
                      - p_key_shares[g.place])::bigint AS before
              FROM generate_series(v_key, v_next_key - 1) AS g(place)) AS k;
    v_stored := v_stored + (v_next_key - v_key);
  END LOOP;

  IF cardinality(v_ids) > 1 THEN
    PERFORM mintmark.write_rests_v1(p_name, v_ids, v_firsts);
  END IF;
  v_take := v_firsts[cardinality(v_firsts)];
  IF v_take <> s.frontier OR v_is_raised THEN
    UPDATE mintmark.sequences SET
      frontier = v_take, wanted = wanted + v_is_raised::integer
    WHERE name = p_name;
  END IF;
  RETURN ROW(v_nums, NULL, CASE WHEN v_is_raised THEN ARRAY[p_name] END, NULL,
             v_stored)::mintmark.outcome;
END
$$;

-- Writes how far each of a sequence's unowned shards was drawn from. What is used up
-- goes; what was drawn from is nobody's for good.
CREATE FUNCTION mintmark.write_rests_v1(p_name text, p_ids bigint[], p_ceilings bigint[])
RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  DELETE FROM mintmark.sequence_shards h USING unnest(p_ids, p_ceilings) AS c(id, ceiling)
   WHERE h.sequence = p_name AND h.id = c.id AND c.ceiling >= h.shard_limit;
  UPDATE mintmark.sequence_shards h SET
    owner = NULL, epoch = h.epoch + 1, window_start = c.ceiling, ceiling = c.ceiling
  FROM unnest(p_ids, p_ceilings) AS c(id, ceiling)
  WHERE h.sequence = p_name AND h.id = c.id AND c.ceiling > h.ceiling;
END
$$;

-- Whether the master alone can serve a draw: it is as the draw expects it, and holds
-- enough. (In SQL: it becomes part of the statements that use it.)
CREATE FUNCTION mintmark.is_servable(
  s mintmark.sequences, p_generation bigint, p_revision bigint, p_total bigint)
RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT s.generation = p_generation AND s.revision = p_revision AND s.drain = 0
     AND mintmark.count_between(s.frontier, s.limit_position) >= p_total
$$;

-- All draws of a batch. p_places: where their sequences' rows lie (lock_sequences_v1).
-- p_totals: what a draw's items ask for together; NULL where they have to be served
-- one by one in any case. p_key_offsets: where a key's positions begin, counted from
-- the first position of its draw, when the draw is one run. A draw that the master
-- alone can serve is served together with the others like it, in a few statements for
-- all: its first position is in `bulk`. Those with NULL there are in nums and texts
-- (draw_one_by_one_v1), in order.
CREATE FUNCTION mintmark.run_draws_v1(
  p_places tid[], p_names text[], p_generations bigint[], p_revisions bigint[], p_totals bigint[],
  p_item_draws integer[], p_item_shapes integer[], p_item_ns bigint[],
  p_key_items integer[], p_key_kinds integer[], p_key_ids text[], p_key_hashes bigint[],
  p_key_ns bigint[], p_key_flags integer[], p_key_shares bigint[], p_key_offsets bigint[],
  p_key_slot integer, p_key_room bigint)
RETURNS mintmark.outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_apart integer[] := '{}';  -- Draws with keys that are known, or have no room.
  v_nums bigint[] := '{}';
  v_texts text[] := '{}';
  v_raised_names text[] := '{}';
  v_stored bigint := 0;
  v_firsts bigint[];
  v_steps bigint[];
  v_residues bigint[];
  v_item integer := 1;
  v_next_item integer;
  v mintmark.outcome;
BEGIN
  IF p_key_hashes IS NOT NULL THEN
    IF cardinality(p_key_hashes) > p_key_room THEN
      v_apart := ARRAY(SELECT DISTINCT p_item_draws[k.item] FROM unnest(p_key_items) AS k(item));
    ELSIF EXISTS (SELECT FROM mintmark.request_keys WHERE hash = ANY (p_key_hashes)) THEN
      v_apart := ARRAY(
        SELECT DISTINCT p_item_draws[k.item]
          FROM unnest(p_key_items, p_key_kinds, p_key_ids, p_key_hashes) AS k(item, kind, id, hash)
         WHERE EXISTS (SELECT FROM mintmark.request_keys q
                        WHERE q.hash = k.hash AND q.kind = k.kind AND q.id = k.id
                          AND q.name = p_names[p_item_draws[k.item]]));
    END IF;
  END IF;

  -- Where no shard is unowned and the master has enough, every shape of item gets
  -- one run from it, one after the other.
  IF cardinality(p_names) = 1 THEN
    UPDATE mintmark.sequences s SET frontier = s.frontier + p_totals[1]
     WHERE s.name = p_names[1]
       AND mintmark.is_servable(s, p_generations[1], p_revisions[1], p_totals[1])
       AND (SELECT h.id FROM mintmark.shards h
             WHERE h.sequence = s.name AND NOT h.is_owned LIMIT 1) IS NULL
       AND cardinality(v_apart) = 0
    RETURNING ARRAY[s.frontier - p_totals[1]], ARRAY[s.step], ARRAY[s.residue]
      INTO v_firsts, v_steps, v_residues;
    v_firsts := coalesce(v_firsts, ARRAY[NULL]::bigint[]);
  ELSE
    WITH drawn AS (
      UPDATE mintmark.sequences s SET frontier = s.frontier + d.total
        FROM unnest(p_places, p_generations, p_revisions, p_totals) WITH ORDINALITY
               AS d(tid, generation, revision, total, place)
       WHERE s.ctid = d.tid
         AND mintmark.is_servable(s, d.generation, d.revision, d.total)
         AND (SELECT h.id FROM mintmark.shards h
               WHERE h.sequence = s.name AND NOT h.is_owned LIMIT 1) IS NULL
         AND d.place <> ALL (v_apart)
      RETURNING d.place, s.frontier - d.total AS first, s.step, s.residue)
    SELECT array_agg(w.first ORDER BY o.place), array_agg(w.step ORDER BY o.place),
           array_agg(w.residue ORDER BY o.place)
      INTO v_firsts, v_steps, v_residues
      FROM generate_series(1, cardinality(p_names)) AS o(place)
      LEFT JOIN drawn w ON w.place = o.place;
  END IF;

  IF p_key_hashes IS NOT NULL THEN
    INSERT INTO mintmark.request_keys
      (hash, n, value, flags, kind, slot, name, id, generation, step, residue, runs)
    SELECT k.hash, k.n, 0, k.flags, k.kind, p_key_slot, p_names[i.draw], k.id,
           p_generations[i.draw], v_steps[i.draw], v_residues[i.draw],
           ARRAY[v_firsts[i.draw] + k.key_offset, v_firsts[i.draw] + k.key_offset + k.share]
      FROM unnest(p_key_items, p_key_kinds, p_key_ids, p_key_hashes, p_key_ns, p_key_flags,
                  p_key_shares, p_key_offsets)
             AS k(item, kind, id, hash, n, flags, share, key_offset)
     CROSS JOIN LATERAL (SELECT p_item_draws[k.item] AS draw) AS i
     WHERE v_firsts[i.draw] IS NOT NULL;
    GET DIAGNOSTICS v_stored = ROW_COUNT;
  END IF;

  IF array_position(v_firsts, NULL) IS NULL THEN
    RETURN ROW(v_nums, v_texts, v_raised_names, v_firsts, v_stored)::mintmark.outcome;
  END IF;
  FOR d IN 1 .. cardinality(p_names) LOOP
    v_next_item := v_item;
    WHILE p_item_draws[v_next_item] = d LOOP
      v_next_item := v_next_item + 1;
    END LOOP;
    IF v_firsts[d] IS NULL THEN
      v := mintmark.draw_one_by_one_v1(
        p_names[d], p_generations[d], p_revisions[d], v_item, v_next_item - 1,
        p_item_shapes, p_item_ns, p_key_items, p_key_kinds, p_key_ids, p_key_hashes,
        p_key_ns, p_key_flags, p_key_shares, p_key_slot, p_key_room - v_stored);
      v_nums := v_nums || v.nums;
      v_texts := v_texts || v.texts;
      v_raised_names := v_raised_names || v.raised_names;
      v_stored := v_stored + v.stored;
    END IF;
    v_item := v_next_item;
  END LOOP;
  RETURN ROW(v_nums, v_texts, v_raised_names, v_firsts, v_stored)::mintmark.outcome;
END
$$;
