/**
 * The commands by the first word of the command line, in the order of the help, with what each does. Apart from their definitions,
 * because the program reads it at every start.
 */
export const commandSummaries = {
  serve: 'Run the sidecar. The default.',
  'check-config': 'Check all settings and list them, without starting anything.',
  doctor: 'Examine the Redis that the settings locate.',
  secret: 'Make and identify secrets.',
  session: 'Show or end one session.',
  subject: 'List or end the sessions of a subject.',
  sessions: 'Count or end sessions of all visitors.',
  stats: 'Show the metrics of a running sidecar as tables.',
  load: 'Generate load on a running sidecar and measure the latency.',
  import: 'Import sessions of another store.',
  completion: 'Print a completion script for a shell.',
  help: 'Explain a command.',
} as const;

export type CommandName = keyof typeof commandSummaries;
