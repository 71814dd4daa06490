import { optionsWith } from './routes';
import type { Route } from './routes';

/** A function for a folder of fpath, or a script to be sourced. */
export function zshScript(routes: readonly Route[]): string {
  const known = routes.flatMap(({ words }) => (words === '' ? [] : [quoted(words)]));
  return `#compdef session-sidecar
# Completion of session-sidecar for zsh. Printed by: session-sidecar completion zsh
_session-sidecar() {
  local route='' word
  local -a candidates
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${route:+$route }$word" in
      (${known.join('|')}) route="\${route:+$route }$word" ;;
    esac
  done
  case "\${words[CURRENT-1]}" in
    (${optionsWith('file', routes).join('|')}) _files; return ;;
    (${optionsWith('text', routes).join('|')}) return ;;
  esac
  case "$route" in
${routes.map(rowOf).join('\n')}
  esac
  _describe 'session-sidecar' candidates
}
if [ "\${funcstack[1]}" = '_session-sidecar' ]; then _session-sidecar "$@"; else compdef _session-sidecar session-sidecar; fi
`;
}

function rowOf({ words, candidates }: Route): string {
  const all = candidates.map(({ text, description }) => quoted(`${text.replaceAll(':', '\\:')}:${description}`));
  return `    (${quoted(words)}) candidates=(${all.join(' ')}) ;;`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
