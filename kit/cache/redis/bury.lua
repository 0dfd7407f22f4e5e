-- Puts a tombstone in place of a value that nobody can read, if it still lies there.
-- KEYS[1] the key, ARGV[1] the value as it was read, ARGV[2] the tombstone.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
end
return 1
