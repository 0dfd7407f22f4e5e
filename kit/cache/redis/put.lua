-- Stores an entry unless a newer one lies there, in one step (cache.Entry.Replaces).
-- KEYS[1] the key, ARGV[1] the entry, ARGV[2] its time to live in milliseconds.
-- Returns 1 if it was stored, else 0.

-- version returns the digits of the version of an entry, nil where text is none.
-- They are compared as text: Lua's numbers are floats, which are not exact to the
-- last versions.
local function version(text)
  if type(text) ~= 'string' then -- No key, or one of another type.
    return nil
  end
  local digits = string.match(text, '[{,]"_version":(%d+)}$')
  if not digits or #digits > 19 or (#digits == 19 and digits > '9223372036854775807') or string.match(digits, '^0%d') then
    return nil
  end
  return digits
end

local function tombstone(text, digits)
  return text == '{"_tombstone":true,"_version":' .. digits .. '}'
end

local text = redis.pcall('GET', KEYS[1])
local present, new = version(text), version(ARGV[1])
if present then
  if #new < #present or (#new == #present and new < present) then
    return 0
  end
  if new == present and not (tombstone(text, present) and not tombstone(ARGV[1], new)) then
    return 0
  end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
