import { ConfigError, loadLiveConfig } from '../config';
import type { LoadedConfig } from '../config/load-config';
import type { CommandDefinition, Invocation } from './command';
import type { Exit } from './exit-codes';
import { jsonOption } from './options';

export const checkConfig: CommandDefinition = {
  name: 'check-config',
  summary: 'Check all settings and list them, without starting anything.',
  description: [
    'Reads flags, environment variables and the files that they name, as `serve` does, and reports every mistake. Without mistakes, it lists the settings in force and where each comes from. Secrets are listed as (set), and the variables of OpenTelemetry while tracing is on.',
    'It does not connect to Redis; `doctor` does.',
  ],
  options: [jsonOption()],
  takesSettings: true,
  examples: [
    { command: 'session-sidecar check-config', purpose: 'the settings in the environment' },
    { command: 'session-sidecar check-config --idle-timeout 1h --json', purpose: 'for a script' },
  ],
  exits: ['ok', 'usage'],
  run: (invocation) => Promise.resolve(check(invocation)),
};

function check({ args, env, output, otherWords, readFile }: Invocation): Exit {
  let loaded;
  try {
    loaded = loadLiveConfig({ args, env, readFile, otherWords });
  } catch (error) {
    if (!output.isJson || !(error instanceof ConfigError)) throw error;
    output.json({ valid: false, problems: error.problems });
    return 'usage';
  }
  const { config, warnings } = loaded;
  const settings = rowsOf(loaded);
  const store = config.store.kind;
  const collector = config.tracing?.collector;
  if (output.isJson) {
    output.json({ valid: true, store, collector, settings, warnings });
    return 'ok';
  }
  output.table(
    settings.map(({ setting, value, from }) => [setting, from ?? 'default', value]),
    { head: ['SETTING', 'FROM', 'VALUE'] },
  );
  output.line();
  for (const warning of warnings) output.line(`${output.style('yellow', 'Warning:')} ${warning}`);
  const where = store === 'redis' ? 'Redis' : "the sidecar's memory";
  const traces = collector === undefined ? '' : ` Traces go to ${collector}.`;
  output.line(`${output.style('green', 'All settings are valid.')} Sessions are kept in ${where}.${traces}`);
  return 'ok';
}

interface SettingInForce {
  /** Its variable. */
  readonly setting: string;
  readonly value: string;
  /** The variable or flag that sets it; `null`: its default is in force. */
  readonly from: string | null;
}

function rowsOf({ effective, report }: LoadedConfig): SettingInForce[] {
  return report.flatMap(({ variable: setting, from = null }) => {
    const value = effective[setting];
    return value === undefined ? [] : [{ setting, value, from }];
  });
}
