// Lets tests import Lua files as text, as the bundler does for the server.
module.exports = {
  process: (source) => ({ code: `exports.__esModule = true; exports.default = ${JSON.stringify(source)};` }),
};
