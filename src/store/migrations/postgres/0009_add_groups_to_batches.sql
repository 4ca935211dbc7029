-- What every batch does, with GUID groups: as in 0006_create_batch_functions.sql but
-- for them, and for the time, which is clock_v1's.

-- As raise_attention_v1, for groups that this batch has locked.
CREATE FUNCTION mintmark.raise_group_attention_v1(p_names text[]) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_number bigint;
BEGIN
  UPDATE mintmark.store_info SET attention = attention + cardinality(p_names)
  RETURNING attention - cardinality(p_names) INTO v_number;
  UPDATE mintmark.guid_groups g SET attention = v_number + n.place
    FROM (SELECT u.name, max(u.place) AS place
            FROM unnest(p_names) WITH ORDINALITY AS u(name, place) GROUP BY u.name) AS n
   WHERE g.name = n.name;
END
$$;

-- What a report ends with: for each group that has to be looked at its generation (0:
-- deleted) and whether it drains, after their number, with its name in texts.
CREATE FUNCTION mintmark.report_groups_v1(p_attention_seen bigint) RETURNS mintmark.outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_nums bigint[] := '{}';
  v_texts text[];
  v_count bigint := 0;
  r record;
BEGIN
  FOR r IN
    SELECT g.name, CASE WHEN g.is_deleted THEN 0 ELSE g.generation END AS generation,
           g.drain_token
      FROM mintmark.guid_groups g
     WHERE g.attention > 0 AND g.attention > p_attention_seen ORDER BY g.attention
  LOOP
    v_count := v_count + 1;
    v_nums := v_nums || ARRAY[r.generation, (r.drain_token <> 0)::integer];
    v_texts := v_texts || r.name;
  END LOOP;
  RETURN ROW(v_count || v_nums, v_texts, NULL, NULL, NULL)::mintmark.outcome;
END
$$;

-- Generators of a group by id, above p_after, p_limit of them at most. nums: whether
-- there is the group, how many, and of each id, epoch, start time, ceiling, session (or
-- NULL), whether it is leased, and until when; texts: its owner.
CREATE FUNCTION mintmark.list_generators_v1(
  p_now_us bigint, p_group text, p_after bigint, p_limit bigint, p_leased_only boolean,
  p_session_lease_us bigint)
RETURNS mintmark.outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_nums bigint[] := '{}';
  v_texts text[];
  v_count bigint := 0;
  r record;
BEGIN
  IF NOT EXISTS (SELECT FROM mintmark.guid_groups WHERE name = p_group AND NOT is_deleted) THEN
    RETURN ROW(ARRAY[0, 0], NULL, NULL, NULL, NULL)::mintmark.outcome;
  END IF;
  FOR r IN
    SELECT q.*, o.id IS NOT NULL OR q.lease_end_us > p_now_us AS is_leased,
           CASE WHEN o.id IS NULL THEN q.lease_end_us
                ELSE least(mintmark.micros(o.seen_at)::numeric + p_session_lease_us,
                           9223372036854775807)::bigint END AS end_us
      FROM mintmark.guid_generators q
      LEFT JOIN mintmark.sessions o ON o.id = q.session AND o.buried_at IS NULL
     WHERE q.group_name = p_group AND q.id > p_after
       AND (NOT p_leased_only OR o.id IS NOT NULL OR q.lease_end_us > p_now_us)
     ORDER BY q.id LIMIT p_limit
  LOOP
    v_count := v_count + 1;
    v_nums := v_nums || ARRAY[r.id, r.epoch, r.start_time, r.ceiling, r.session,
                              r.is_leased::integer, r.end_us];
    v_texts := v_texts || r.owner;
  END LOOP;
  RETURN ROW(ARRAY[1, v_count] || v_nums, v_texts, NULL, NULL, NULL)::mintmark.outcome;
END
$$;

-- Pages of rows: as list_pages_v1, with groups (2) in byte order of names, and
-- generators (3): after what id, how many at most, whether leased ones only, how long a
-- session is leased, and the group's name.
CREATE FUNCTION mintmark.list_pages_v2(
  p_now timestamptz, p_pages bigint[], p_page_texts text[])
RETURNS mintmark.outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  i integer := 1;
  t integer := 1;
  v_nums bigint[] := '{}';
  v_texts text[] := '{}';
  v_rows bigint[];
  v_count bigint;
  v mintmark.outcome;
  g mintmark.guid_groups;
BEGIN
  WHILE i <= cardinality(p_pages) LOOP
    IF p_pages[i] = 3 THEN
      v := mintmark.list_generators_v1(
        mintmark.micros(p_now), p_page_texts[t], p_pages[i + 1], p_pages[i + 2],
        p_pages[i + 3] <> 0, p_pages[i + 4]);
      v_nums := v_nums || v.nums;
      v_texts := v_texts || v.texts;
      i := i + 5;
      t := t + 1;
      CONTINUE;
    ELSIF p_pages[i] = 2 THEN
      v_count := 0;
      v_rows := '{}';
      -- No byte of a name is above the tilde.
      FOR g IN
        SELECT * FROM mintmark.guid_groups q
         WHERE q.name > p_page_texts[t + 1] AND q.name >= p_page_texts[t]
           AND q.name < p_page_texts[t] || '~' AND NOT q.is_deleted
         ORDER BY q.name LIMIT p_pages[i + 1]
      LOOP
        v := mintmark.group_outcome(g);
        v_rows := v_rows || v.nums;
        v_texts := v_texts || v.texts;
        v_count := v_count + 1;
      END LOOP;
      v_nums := v_nums || v_count || v_rows;
    ELSE
      v := mintmark.list_pages_v1(p_pages[i : i + 1], p_page_texts[t : t + 1]);
      v_nums := v_nums || v.nums;
      v_texts := v_texts || v.texts;
    END IF;
    i := i + 2;
    t := t + 2;
  END LOOP;
  RETURN ROW(v_nums, v_texts, NULL, NULL, NULL)::mintmark.outcome;
END
$$;

-- Makes a session. nums: its id, and then the report. p_attention_seen: 0 for one
-- that knows of no sequence and no group.
CREATE FUNCTION mintmark.open_session_v2(
  p_lock_timeout text, p_server text, p_attention_seen bigint, p_list_sessions boolean,
  p_purge boolean, p_bury bigint[], p_rotate bigint[])
RETURNS mintmark.batch_results
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_begun boolean;
  v_now timestamptz := mintmark.clock_v1();
  v_id bigint;
  v mintmark.outcome;
  v_groups mintmark.outcome;
BEGIN
  v_begun := mintmark.begin_batch_v1(p_lock_timeout);
  v_id := nextval('mintmark.session_ids');
  INSERT INTO mintmark.sessions (id, epoch, last_batch, attention_seen, seen_at, server)
  SELECT v_id, 1, 0, CASE WHEN p_attention_seen = 0 THEN i.attention ELSE p_attention_seen END,
         v_now, p_server
    FROM mintmark.store_info i;
  INSERT INTO mintmark.session_results (session, number) VALUES (v_id, 0);
  IF p_bury IS NOT NULL THEN
    PERFORM mintmark.bury_sessions_v1(v_id, v_now, p_bury);
  END IF;
  IF p_purge THEN
    PERFORM mintmark.purge_sessions_v1(v_now);
    PERFORM mintmark.raise_attention_v1(v_now, '{}', true);
  END IF;
  IF p_rotate IS NOT NULL THEN
    PERFORM mintmark.rotate_keys_v1(v_now, p_rotate);
  END IF;
  v := mintmark.report_v1(
    v_id, v_now, nullif(p_attention_seen, 0), p_list_sessions,
    CASE WHEN p_list_sessions THEN mintmark.count_keys_v1() END);
  v_groups.nums := ARRAY[0];
  IF p_attention_seen > 0 THEN
    v_groups := mintmark.report_groups_v1(p_attention_seen);
  END IF;
  RETURN ROW(v_id || v.nums || v_groups.nums, v.texts || v_groups.texts, NULL, NULL, NULL,
             NULL)::mintmark.batch_results;
END
$$;

-- Runs the batch p_number of a session: as commit_v1, with p_group_ops and
-- p_group_texts after the draws (run_group_operations_v1). p_group_keys: whether there
-- are request ids among them.
CREATE FUNCTION mintmark.commit_v2(
  p_session bigint, p_epoch bigint, p_number bigint, p_lock_timeout text,
  p_attention_seen bigint, p_list_sessions boolean, p_purge boolean, p_close boolean,
  p_bury bigint[], p_rotate bigint[], p_key_room bigint, p_max_keys bigint,
  p_opens bigint[], p_open_texts text[],
  p_lock_sequences text[], p_sequence_ops bigint[], p_sequence_texts text[],
  p_draw_names text[], p_draw_generations bigint[], p_draw_revisions bigint[],
  p_draw_totals bigint[],
  p_item_draws integer[], p_item_shapes integer[], p_item_ns bigint[],
  p_draw_key_items integer[], p_draw_key_kinds integer[], p_draw_key_ids text[],
  p_draw_key_hashes bigint[], p_draw_key_ns bigint[], p_draw_key_flags integer[],
  p_draw_key_shares bigint[], p_draw_key_offsets bigint[],
  p_group_ops bigint[], p_group_texts text[], p_group_keys boolean,
  p_lock_counters text[], p_bulk_lo bigint, p_bulk_hi bigint,
  p_add_names text[], p_add_sums bigint[], p_add_los bigint[], p_add_his bigint[],
  p_add_modes integer[],
  p_add_key_adds integer[], p_add_key_kinds integer[], p_add_key_ids text[],
  p_add_key_hashes bigint[], p_add_key_ns bigint[], p_add_key_flags integer[],
  p_add_key_shares bigint[],
  p_counter_ops bigint[], p_counter_texts text[],
  p_pages bigint[], p_page_texts text[])
RETURNS mintmark.batch_results
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_begun boolean;
  v_now timestamptz := mintmark.clock_v1();
  v_places tid[];
  v_nums bigint[];
  v_texts text[];
  v_draw_firsts bigint[];
  v_add_values bigint[];
  v_pages mintmark.outcome;
  v_raised text[];
  v_raised_groups text[];
  v_rotation bigint;
  v_key_room bigint := p_key_room;
  v_stored bigint := 0;
  v_key_count bigint;
  v mintmark.outcome;
BEGIN
  v_begun := mintmark.begin_batch_v1(p_lock_timeout);
  UPDATE mintmark.sessions SET
    last_batch = p_number, attention_seen = p_attention_seen, seen_at = v_now
  WHERE id = p_session AND epoch = p_epoch AND last_batch = p_number - 1 AND buried_at IS NULL;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  IF p_bury IS NOT NULL THEN
    PERFORM mintmark.bury_sessions_v1(p_session, v_now, p_bury);
  END IF;
  IF p_purge THEN
    PERFORM mintmark.purge_sessions_v1(v_now);
  END IF;

  IF p_opens IS NOT NULL THEN
    v := mintmark.run_sequence_operations_v1(p_session, v_now, p_opens, p_open_texts);
    v_nums := v.nums;
    v_texts := v.texts;
    v_raised := v.raised_names;
  END IF;
  IF p_sequence_ops IS NOT NULL OR p_draw_names IS NOT NULL THEN
    -- For the whole batch at once, so that there is one order.
    v_places := mintmark.lock_sequences_v1(coalesce(p_lock_sequences, p_draw_names));
  END IF;
  IF p_sequence_ops IS NOT NULL THEN
    v := mintmark.run_sequence_operations_v1(p_session, v_now, p_sequence_ops, p_sequence_texts);
    v_nums := v_nums || v.nums;
    v_texts := v_texts || v.texts;
    v_raised := v_raised || v.raised_names;
  END IF;

  IF p_draw_key_hashes IS NOT NULL OR p_add_key_hashes IS NOT NULL OR p_group_keys THEN
    SELECT i.key_rotation INTO v_rotation FROM mintmark.store_info i WHERE i.one = 1;
    IF p_key_room IS NULL THEN
      v_key_count := mintmark.count_keys_v1();
      v_key_room := p_max_keys - v_key_count;
    END IF;
  END IF;
  IF p_draw_names IS NOT NULL THEN
    IF p_lock_sequences IS NOT NULL THEN
      v_places := mintmark.lock_sequences_v1(p_draw_names);  -- Rows may have moved.
    END IF;
    v := mintmark.run_draws_v1(
      v_places, p_draw_names, p_draw_generations, p_draw_revisions, p_draw_totals,
      p_item_draws, p_item_shapes, p_item_ns,
      p_draw_key_items, p_draw_key_kinds, p_draw_key_ids, p_draw_key_hashes, p_draw_key_ns,
      p_draw_key_flags, p_draw_key_shares, p_draw_key_offsets,
      (v_rotation % 4)::integer, v_key_room);
    v_draw_firsts := v.bulk;
    v_nums := v_nums || v.nums;
    v_texts := v_texts || v.texts;
    v_raised := v_raised || v.raised_names;
    v_stored := v.stored;
  END IF;

  IF p_group_ops IS NOT NULL THEN
    v := mintmark.run_group_operations_v1(
      p_session, v_now, p_group_ops, p_group_texts,
      (v_rotation % 4)::integer, v_key_room - v_stored);
    v_nums := v_nums || v.nums;
    v_texts := v_texts || v.texts;
    v_raised_groups := v.raised_names;
    v_stored := v_stored + v.stored;
  END IF;

  IF p_add_names IS NOT NULL THEN
    v := mintmark.run_adds_v1(
      v_now, p_lock_counters, p_bulk_lo, p_bulk_hi,
      p_add_names, p_add_sums, p_add_los, p_add_his, p_add_modes,
      p_add_key_adds, p_add_key_kinds, p_add_key_ids, p_add_key_hashes, p_add_key_ns,
      p_add_key_flags, p_add_key_shares,
      (v_rotation % 4)::integer, v_key_room - v_stored);
    v_add_values := v.bulk;
    v_nums := v_nums || v.nums;
    v_stored := v_stored + v.stored;
  ELSIF p_lock_counters IS NOT NULL THEN
    v_places := mintmark.lock_counters_v1(p_lock_counters);
  END IF;
  IF p_counter_ops IS NOT NULL THEN
    v_nums := v_nums || mintmark.run_counter_operations_v1(v_now, p_counter_ops, p_counter_texts);
  END IF;
  IF p_pages IS NOT NULL THEN
    v_pages := mintmark.list_pages_v2(v_now, p_pages, p_page_texts);
  END IF;

  IF v_stored > 0 THEN
    INSERT INTO mintmark.request_key_counts AS c (rotation, session, keys)
    VALUES (v_rotation, p_session, v_stored)
    ON CONFLICT (rotation, session) DO UPDATE SET keys = c.keys + excluded.keys;
  END IF;
  IF p_rotate IS NOT NULL THEN
    PERFORM mintmark.rotate_keys_v1(v_now, p_rotate);
  END IF;
  IF cardinality(v_raised) > 0 OR p_purge THEN
    PERFORM mintmark.raise_attention_v1(v_now, coalesce(v_raised, '{}'), p_purge);
  END IF;
  IF cardinality(v_raised_groups) > 0 THEN
    PERFORM mintmark.raise_group_attention_v1(v_raised_groups);
  END IF;
  v := mintmark.report_v1(
    p_session, v_now, p_attention_seen, p_list_sessions,
    CASE WHEN p_list_sessions THEN mintmark.count_keys_v1()
         ELSE v_key_count + v_stored END);
  v_nums := v_nums || v.nums;
  v_texts := v_texts || v.texts;
  IF v.nums[3] > p_attention_seen THEN
    v := mintmark.report_groups_v1(p_attention_seen);
    v_nums := v_nums || v.nums;
    v_texts := v_texts || v.texts;
  ELSE
    v_nums := v_nums || 0::bigint;
  END IF;

  IF p_close THEN
    DELETE FROM mintmark.session_results WHERE session = p_session;
    DELETE FROM mintmark.sessions WHERE id = p_session;
  ELSE
    UPDATE mintmark.session_results r SET
      number = p_number, nums = v_nums, texts = v_texts,
      draw_firsts = v_draw_firsts, add_values = v_add_values
    WHERE r.session = p_session;
  END IF;
  RETURN ROW(v_nums, v_texts, v_draw_firsts, v_add_values, v_pages.nums,
             v_pages.texts)::mintmark.batch_results;
END
$$;
