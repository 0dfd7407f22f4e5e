-- Events that somebody who wants them does not remember are sent once more.
ANALYZE handled;
WITH again AS (
  UPDATE outbox SET sent_at = NULL, attempts = 0, lease = '', not_before = 0, last_error = ''
   WHERE sent_at IS NOT NULL AND EXISTS (
     SELECT FROM (VALUES ('order.created', 'notification'), ('order.status_changed', 'notification'),
                         ('order.status_changed', 'product'), ('order.deleted', 'product')) AS wanted (type, consumer)
      WHERE wanted.type = outbox.type AND NOT EXISTS (
        SELECT FROM handled WHERE handled.consumer = wanted.consumer AND handled.message_id = outbox.id))
  RETURNING 1)
SELECT count(*) || ' events that were on their way are sent again' FROM again;
