/** How a command ends. Codes above 1 are those of sysexits.h, so that they differ from the ones that shells use. */
export const exitCodes = {
  ok: { code: 0, meaning: 'Success.' },
  failed: { code: 1, meaning: 'The command ran and found something wrong, or the sidecar could not start or go on.' },
  usage: { code: 64, meaning: 'The command line, a setting or the input is not valid. Nothing was done.' },
  unavailable: { code: 69, meaning: 'The sidecar or Redis cannot be reached.' },
  internal: { code: 70, meaning: 'An unexpected error in the command itself. Report it.' },
  denied: { code: 77, meaning: 'The sidecar does not accept the API token, or Redis the credentials.' },
  interrupted: { code: 130, meaning: 'Interrupted by Ctrl-C. What was found until then is printed.' },
} as const;

export type Exit = keyof typeof exitCodes;
