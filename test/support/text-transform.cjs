// Lets tests import Lua, CSS and scripts for browsers as text, as the bundler does for the server.
module.exports = {
  process: (source) => ({ code: `exports.__esModule = true; exports.default = ${JSON.stringify(source)};` }),
};
