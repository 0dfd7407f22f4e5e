-- Numbers go on further than those of the backup.
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, coalesce(last_value, 0) + current_setting('shop.skip')::bigint)
  FROM pg_sequences WHERE schemaname = 'public' AND sequencename NOT LIKE 'goose%';
