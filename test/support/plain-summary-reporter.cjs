// Ends a test run with one plain line, for people and programs that read nothing else: 12 passed, 0 failed, 1 skipped
module.exports = class PlainSummaryReporter {
  onRunComplete(_contexts, results) {
    // A suite that could not run has no tests to count, and must not look like one that has nothing to say.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    // Jest's own summary comes after all reporters.
    process.once('exit', () => {
      process.stdout.write(`${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped\n`);
    });
  }
};
