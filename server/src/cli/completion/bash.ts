import { optionsWith } from './routes';
import type { Route } from './routes';

/** Needs nothing but bash itself. */
export function bashScript(routes: readonly Route[]): string {
  const known = routes.flatMap(({ words }) => (words === '' ? [] : [`'${words}'`]));
  return `# Completion of session-sidecar for bash. Printed by: session-sidecar completion bash
_session_sidecar() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} route='' word candidates=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${route:+$route }$word" in
      ${known.join('|')}) route="\${route:+$route }$word" ;;
    esac
  done
  COMPREPLY=()
  case $previous in
    ${optionsWith('file', routes).join('|')}) compopt -o default; return ;;
    ${optionsWith('text', routes).join('|')}) return ;;
  esac
  case $route in
${routes.map(({ words, candidates }) => `    '${words}') candidates='${candidates.map(({ text }) => text).join(' ')}' ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$candidates" -- "$current"))
}
complete -F _session_sidecar session-sidecar
`;
}
