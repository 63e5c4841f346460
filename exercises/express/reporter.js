// Prints a line for each test, and below a failed one what was expected.

function reason({ cause = {}, message }) {
  const { code, message: expectation, stack } = cause;
  // An error that no test expects, such as a typing mistake in app.js, comes with its place.
  return code === "ERR_ASSERTION" ? expectation.split("\n")[0] : (stack ?? message);
}

module.exports = async function* report(events) {
  let passed = 0;
  let failed = 0;
  for await (const { type, data } of events) {
    if (type === "test:pass") {
      passed += 1;
      yield `✔ ${data.name}\n`;
    } else if (type === "test:fail") {
      failed += 1;
      yield `✖ ${data.name}\n    expected: ${reason(data.details.error)}\n`;
    }
  }
  yield `\n${passed} passed, ${failed} failed\n`;
};
