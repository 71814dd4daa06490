-- Numbers as text.

-- tostring() would use an exponent from 10^14 up.
local function integer(number)
  return string.format('%.0f', number)
end
