-- Sessions, lists, and the functions that a server calls: one call a batch, which is
-- one statement and so one transaction.

-- Buries the sessions (id, epoch and last batch of each) that are still as given.
-- Those whose row is locked have a batch under way and are not silent: they are
-- left alone, so that nobody waits here while holding a row of its own.
CREATE FUNCTION mintmark.bury_sessions_v1(p_session bigint, p_now timestamptz, p_bury bigint[])
RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  UPDATE mintmark.sessions SET buried_at = p_now, epoch = epoch + 1
   WHERE id IN (
     SELECT s.id
       FROM generate_series(1, cardinality(p_bury), 3) AS b(i)
       JOIN mintmark.sessions s
         ON s.id = p_bury[b.i] AND s.epoch = p_bury[b.i + 1] AND s.last_batch = p_bury[b.i + 2]
      WHERE s.id <> p_session AND s.buried_at IS NULL
        FOR UPDATE OF s SKIP LOCKED);
END
$$;

-- Forgets sessions buried more than a day ago.
CREATE FUNCTION mintmark.purge_sessions_v1(p_now timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  WITH gone AS (
    DELETE FROM mintmark.sessions
     WHERE id IN (SELECT s.id FROM mintmark.sessions s
                   WHERE s.buried_at < p_now - interval '1 day' FOR UPDATE SKIP LOCKED)
    RETURNING id)
  DELETE FROM mintmark.session_results WHERE session IN (SELECT id FROM gone);
END
$$;

-- Gives sequences attention numbers, one after the other, and forgets deleted ones
-- that every session has learnt of. The row of store_info is the last to be locked,
-- and whoever writes sequence_attention has locked it: numbers become visible in
-- order.
CREATE FUNCTION mintmark.raise_attention_v1(p_now timestamptz, p_names text[], p_purge boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_number bigint;
  v_seen_by_all bigint;
BEGIN
  UPDATE mintmark.store_info SET attention = attention + cardinality(p_names)
  RETURNING attention - cardinality(p_names) INTO v_number;
  INSERT INTO mintmark.sequence_attention AS a (name, number, deleted_at)
  SELECT n.name, v_number + max(n.place),
         CASE WHEN NOT EXISTS (SELECT FROM mintmark.sequences s WHERE s.name = n.name)
              THEN p_now END
    FROM unnest(p_names) WITH ORDINALITY AS n(name, place)
   GROUP BY n.name
  ON CONFLICT (name) DO UPDATE SET number = excluded.number, deleted_at = excluded.deleted_at;
  IF p_purge THEN
    SELECT coalesce(min(attention_seen), v_number) INTO v_seen_by_all
      FROM mintmark.sessions WHERE buried_at IS NULL;
    DELETE FROM mintmark.sequence_attention
     WHERE deleted_at < p_now - interval '1 day' AND number <= v_seen_by_all;
  END IF;
END
$$;

-- Empties the oldest slot of request ids and begins to fill it, if they have been
-- rotated p_rotate[1] times and p_rotate[2] microseconds ago at least. Emptying wants
-- the slot for itself: it waits for that a moment only, since batches that wait for
-- a row of this one may be reading there, and is left for another time otherwise.
CREATE FUNCTION mintmark.rotate_keys_v1(p_now timestamptz, p_rotate bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_is_due boolean;
BEGIN
  FOR v_round IN 1 .. 2 LOOP
    SELECT i.key_rotation = p_rotate[1]
           AND i.key_rotated_at <= p_now - p_rotate[2] * interval '1 microsecond'
      INTO v_is_due FROM mintmark.store_info i WHERE i.one = 1;
    IF NOT v_is_due THEN
      RETURN;
    END IF;
    EXIT WHEN v_round = 2;
    -- Then look again: another lane may have rotated while this one waited.
    PERFORM set_config('lock_timeout', '50ms', true);
    EXECUTE format('LOCK TABLE mintmark.request_keys_%s IN ACCESS EXCLUSIVE MODE',
                   (p_rotate[1] + 1) % 4);
  END LOOP;
  EXECUTE format('TRUNCATE mintmark.request_keys_%s', (p_rotate[1] + 1) % 4);
  UPDATE mintmark.store_info SET key_rotation = key_rotation + 1, key_rotated_at = p_now;
  DELETE FROM mintmark.request_key_counts WHERE rotation <= p_rotate[1] - 3;
EXCEPTION
  WHEN lock_not_available THEN
    RETURN;
END
$$;

-- What every batch brings back: the store's time, whether it is suspect, the last
-- attention number, how often request ids were rotated, how many there are (NULL
-- unless known), and then for each sequence that has to be looked at: its generation
-- (0: deleted), revision, version, wanted number, whether it drains, with its name in
-- texts; and for each other live session its id, epoch and last batch. Each of the
-- two lists after its length. p_attention_seen: NULL when no sequence is of interest.
CREATE FUNCTION mintmark.report_v1(
  p_session bigint, p_now timestamptz, p_attention_seen bigint, p_list_sessions boolean,
  p_key_count bigint)
RETURNS mintmark.outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_nums bigint[] := '{}';
  v_texts text[];
  v_head bigint[];
  v_attention bigint;
  v_count integer := 0;
  r record;
BEGIN
  SELECT ARRAY[mintmark.micros(p_now), i.suspect::integer, i.attention, i.key_rotation,
               p_key_count],
         i.attention
    INTO v_head, v_attention
    FROM mintmark.store_info i WHERE i.one = 1;
  IF v_attention > p_attention_seen THEN
    FOR r IN
      SELECT a.name, s.generation, s.revision, s.version, s.wanted, s.drain
        FROM mintmark.sequence_attention a LEFT JOIN mintmark.sequences s ON s.name = a.name
       WHERE a.number > p_attention_seen ORDER BY a.number
    LOOP
      v_count := v_count + 1;
      v_nums := v_nums || ARRAY[coalesce(r.generation, 0), coalesce(r.revision, 0),
                            coalesce(r.version, 0), coalesce(r.wanted, 0),
                            (coalesce(r.drain, 0) <> 0)::integer];
      v_texts := v_texts || r.name;
    END LOOP;
  END IF;
  v_nums := v_head || v_count::bigint || v_nums;
  IF NOT p_list_sessions THEN
    v_nums := v_nums || 0::bigint;
    RETURN ROW(v_nums, v_texts, NULL, NULL, NULL)::mintmark.outcome;
  END IF;
  v_count := 0;
  v_head := '{}';
  FOR r IN
    SELECT o.id, o.epoch, o.last_batch FROM mintmark.sessions o
     WHERE o.id <> p_session AND o.buried_at IS NULL ORDER BY o.id
  LOOP
    v_count := v_count + 1;
    v_head := v_head || ARRAY[r.id, r.epoch, r.last_batch];
  END LOOP;
  v_nums := v_nums || v_count::bigint || v_head;
  RETURN ROW(v_nums, v_texts, NULL, NULL, NULL)::mintmark.outcome;
END
$$;

-- Request ids stored now, but for those that other transactions are about to store.
CREATE FUNCTION mintmark.count_keys_v1() RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN (SELECT coalesce(sum(keys), 0) FROM mintmark.request_key_counts);
END
$$;

-- Pages of rows in byte order of names: of what (0 sequences, 1 counters) and at
-- most how many, with the prefix and the name after which to go on.
CREATE FUNCTION mintmark.list_pages_v1(
  p_pages bigint[], p_page_texts text[])
RETURNS mintmark.outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_nums bigint[] := '{}';
  v_texts text[] := '{}';
  v_count bigint;
  v_rows bigint[];
  v mintmark.outcome;
  v_prefix text;
  v_after text;
  s mintmark.sequences;
  r record;
BEGIN
  FOR i IN 1 .. cardinality(p_pages) / 2 LOOP
    v_prefix := p_page_texts[2 * i - 1];
    v_after := p_page_texts[2 * i];
    v_count := 0;
    v_rows := '{}';
    -- No byte of a name is above the tilde.
    IF p_pages[2 * i - 1] = 0 THEN
      FOR s IN
        SELECT * FROM mintmark.sequences q
         WHERE q.name > v_after AND q.name >= v_prefix AND q.name < v_prefix || '~'
         ORDER BY q.name LIMIT p_pages[2 * i]
      LOOP
        v := mintmark.sequence_outcome(s, true);
        v_rows := v_rows || v.nums;
        v_texts := v_texts || v.texts;
        v_count := v_count + 1;
      END LOOP;
    ELSE
      FOR r IN
        SELECT q.name, q.value, mintmark.micros(q.created_at) AS created_us,
               mintmark.micros(q.updated_at) AS updated_us
          FROM mintmark.counters q
         WHERE q.name > v_after AND q.name >= v_prefix AND q.name < v_prefix || '~'
         ORDER BY q.name LIMIT p_pages[2 * i]
      LOOP
        v_rows := v_rows || ARRAY[r.value, r.created_us, r.updated_us];
        v_texts := v_texts || r.name;
        v_count := v_count + 1;
      END LOOP;
    END IF;
    v_nums := v_nums || v_count || v_rows;
  END LOOP;
  RETURN ROW(v_nums, v_texts, NULL, NULL, NULL)::mintmark.outcome;
END
$$;

-- Settings for the rest of the transaction, and only for it: a connection may be one
-- of a pool's. Plans are made once, for any parameters, and always with the indexes,
-- so that they stay right while tables grow from nothing. What is read after a lock
-- was had has to be newer than what waited for it: only READ COMMITTED sees to that.
CREATE FUNCTION mintmark.begin_batch_v1(p_lock_timeout text) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_setting text;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'mintmark runs its batches in READ COMMITTED transactions; set default_transaction_isolation to that'
      USING ERRCODE = 'invalid_transaction_state';
  END IF;
  v_setting := set_config('lock_timeout', p_lock_timeout, true);
  v_setting := set_config('plan_cache_mode', 'force_generic_plan', true);
  v_setting := set_config('enable_seqscan', 'off', true);
  v_setting := set_config('jit', 'off', true);
  RETURN true;
END
$$;

-- What a batch returned. nums and texts: of the operations in order, but for draws
-- and adds that were done together, whose results are in draw_firsts and add_values
-- (run_draws_v1, run_adds_v1); and of the report at the end (report_v1).
CREATE TYPE mintmark.batch_results AS (
  nums bigint[],
  texts text[],
  draw_firsts bigint[],
  add_values bigint[],
  page_nums bigint[],   -- Lists: not stored with the session.
  page_texts text[]
);

-- Makes a session. nums: its id, and then the report. p_attention_seen: 0 for one
-- that knows of no sequence.
CREATE FUNCTION mintmark.open_session_v1(
  p_lock_timeout text, p_server text, p_attention_seen bigint, p_list_sessions boolean,
  p_purge boolean, p_bury bigint[], p_rotate bigint[])
RETURNS mintmark.batch_results
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_begun boolean;
  v_now timestamptz := clock_timestamp();
  v_id bigint;
  v mintmark.outcome;
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
  RETURN ROW(v_id || v.nums, v.texts, NULL, NULL, NULL, NULL)::mintmark.batch_results;
END
$$;

-- Runs the batch p_number of a session. One row comes back; `nums` is NULL in it
-- when the session is not where the batch expects it, and then nothing happened.
--
-- A parameter is NULL where a batch has nothing of the kind. p_lock_sequences: the
-- sequences that operations other than opens are about; NULL when those are the
-- draws. p_rotate: see rotate_keys_v1. p_key_room: for how many more request ids there
-- is room; NULL: it is to be found out from p_max_keys.
CREATE FUNCTION mintmark.commit_v1(
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
  v_now timestamptz := clock_timestamp();
  v_places tid[];
  v_nums bigint[];
  v_texts text[];
  v_draw_firsts bigint[];
  v_add_values bigint[];
  v_pages mintmark.outcome;
  v_raised text[];
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

  IF p_draw_key_hashes IS NOT NULL OR p_add_key_hashes IS NOT NULL THEN
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
    v_pages := mintmark.list_pages_v1(p_pages, p_page_texts);
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
  v := mintmark.report_v1(
    p_session, v_now, p_attention_seen, p_list_sessions,
    CASE WHEN p_list_sessions THEN mintmark.count_keys_v1()
         ELSE v_key_count + v_stored END);
  v_nums := v_nums || v.nums;
  v_texts := v_texts || v.texts;

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

-- Fences the batch of a session that may still be on its way, and tells how far the
-- session got and what its last batch returned. No row: there is no such session.
-- Waits for a batch that is at work, since that has the session's row locked.
CREATE FUNCTION mintmark.resolve_v1(
  p_lock_timeout text, p_session bigint,
  OUT epoch bigint, OUT last_batch bigint, OUT buried boolean,
  OUT number bigint, OUT nums bigint[], OUT texts text[], OUT draw_firsts bigint[],
  OUT add_values bigint[])
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_begun boolean;
BEGIN
  v_begun := mintmark.begin_batch_v1(p_lock_timeout);
  UPDATE mintmark.sessions s SET epoch = s.epoch + 1, seen_at = clock_timestamp()
   WHERE s.id = p_session
  RETURNING s.epoch, s.last_batch, s.buried_at IS NOT NULL INTO epoch, last_batch, buried;
  SELECT r.number, r.nums, r.texts, r.draw_firsts, r.add_values
    INTO number, nums, texts, draw_firsts, add_values
    FROM mintmark.session_results r WHERE r.session = p_session;
END
$$;
