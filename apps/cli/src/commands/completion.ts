import type { Command } from 'commander';
import type { Cli } from '../cli.ts';

/** What the launcher answers to, which is the same program to whoever types. */
const launcherVerbs = ['up', 'down', 'status', 'test'];

export function completionCommand(program: Command, cli: Cli): void {
  program
    .command('completion')
    .description('completion of commands and options for a shell')
    .command('bash')
    .description('for bash: source <(ostler completion bash)')
    .action(() => void cli.out.write(bashCompletion(program)));
}

/** A table of what may follow what, from the commands as they are declared, and a few lines of bash that look it up. */
export function bashCompletion(program: Command): string {
  const words = new Map<string, string[]>();
  collect(program, '', words);
  words.set('', [...launcherVerbs, ...(words.get('') ?? [])]);
  const cases = [...words].map(([path, next]) => `    '${path}') words='${next.join(' ')}' ;;`);
  return `# bash completion for ostler
_ostler() {
  local current=\${COMP_WORDS[COMP_CWORD]} path='' words='' at
  for ((at = 1; at < COMP_CWORD; at++)); do
    case " $(_ostler_nouns) " in *" \${path:+$path/}\${COMP_WORDS[at]} "*) path=\${path:+$path/}\${COMP_WORDS[at]} ;; esac
  done
  case $path in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ \${#COMPREPLY[@]} -gt 0 || $current == -* ]] || COMPREPLY=($(compgen -f -- "$current"))
}
_ostler_nouns() { echo '${[...words.keys()].filter((path) => path !== '').join(' ')}'; }
complete -o filenames -F _ostler ostler ./ostler
`;
}

function collect(command: Command, path: string, words: Map<string, string[]>): void {
  const options = command.options.flatMap(({ long, hidden }) => (long === undefined || long === null || hidden ? [] : [long]));
  words.set(path, [...command.commands.map((one) => one.name()), ...options]);
  for (const one of command.commands) collect(one, path === '' ? one.name() : `${path}/${one.name()}`, words);
}
