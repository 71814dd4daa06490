// Ends a test run with one plain line that people and programs can read: 12 passed, 0 failed, 1 skipped
module.exports = class PlainSummaryReporter {
  onRunComplete(_contexts, results) {
    // A suite that could not run has no failed tests, but is a failure.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    // At exit, because jest prints its own summary after all reporters.
    process.once('exit', () => {
      process.stdout.write(`${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped\n`);
    });
  }
};
