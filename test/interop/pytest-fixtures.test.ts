import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import { outcomeOf } from '../support/commands';
import { stackForEachTest } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found } from '../support/toolchains';
import { root } from '../docs/markdown';

const stack = stackForEachTest();
const { python } = toolchains();
sayIfMissing('the fixtures for pytest', python);
const testPython = python.missing === undefined ? test : test.skip;

let directory: string;

beforeEach(() => {
  directory = stack.directory();
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
});

/** Runs pytest on files, and returns what it printed. */
function pytest(files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const { command, env } = python as Found;
  const args = ['-m', 'pytest', '-q', '-p', 'no:cacheprovider'];
  return outcomeOf(command, args, { cwd: directory, env }).stdout;
}

const conftest = 'pytest_plugins = ["session_sidecar.testing.fixtures"]\n';

const tests = `
from datetime import datetime, timedelta, timezone

import pytest
from session_sidecar import SessionClient

tokens = []
addresses = set()


@pytest.mark.parametrize("turn", [1, 2])
def test_begins_without_sessions_and_with_the_real_time(sidecar, running_sidecar, turn):
    assert sidecar is running_sidecar
    assert sidecar.now() <= datetime.now(timezone.utc)
    with SessionClient(sidecar.address, timeout=20) as sessions:
        for token in tokens:
            assert sessions.open(token).origin == "not_found"
        session = sessions.create()
        session["turn"] = turn
        session.save()
        tokens.append(session.token)
    sidecar.advance(timedelta(seconds=10))


def test_without_the_function_scope(running_sidecar):
    with SessionClient(running_sidecar.address, timeout=20) as sessions:
        origins = [sessions.open(token).origin for token in tokens]
    assert origins == ["not_found", EXPECTED]
`;

testPython('each test gets the sidecar of the process, without sessions and with the real time', () => {
  expect(pytest({ 'conftest.py': conftest, 'test_it.py': tests.replace('EXPECTED', '"found"') })).toMatch(/^3 passed/m);
});

testPython('a fixture of the application gives it settings', () => {
  const settings = `${conftest}
import pytest

@pytest.fixture(scope="session")
def sidecar_settings():
    return {"IDLE_TIMEOUT": "2s"}
`;
  const files = { 'conftest.py': settings, 'test_it.py': tests.replace('EXPECTED', '"not_found"') };
  expect(pytest(files)).toMatch(/^3 passed/m);
});

testPython('a setting that is not valid fails the tests with the reason', () => {
  const settings =
    conftest + 'import pytest\nsidecar_settings = pytest.fixture(scope="session")(lambda: {"MAX_KEYS": "x"})\n';
  const output = pytest({ 'conftest.py': settings, 'test_it.py': 'def test_it(sidecar): pass\n' });
  expect(output).toContain('SESSION_SIDECAR_MAX_KEYS: Expected a whole number');
  expect(output).toMatch(/^1 error/m);
});
