import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { candidates } from '../nouns/completion.ts';
import { on, type Run } from '../run.ts';

/** What the launcher answers to, which is the same program to whoever types. */
const launcherVerbs = ['up', 'down', 'status', 'test'];

export function completionCommands(program: Command, cli: Cli): void {
  program
    .command('completion')
    .description('completion of commands and options for a shell')
    .command('bash')
    .description('for bash: source <(ostler completion bash)')
    .action(() => void cli.out.write(bashCompletion(program)));
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .action(
      on(cli, async (run: Run, words: readonly string[]) => {
        const found = await candidates(run, program, words);
        cli.out.write(found.map((word) => `${word}\n`).join(''));
      }),
    );
}

/**
 * A table of which verbs a noun has, which bash looks up by itself; flags, and the names of what there is, are asked of the program.
 */
export function bashCompletion(program: Command): string {
  const words = new Map<string, string[]>();
  collect(program, '', words);
  words.set('', [...launcherVerbs, ...(words.get('') ?? [])]);
  const cases = [...words].map(([path, next]) => `    '${path}') words='${next.join(' ')}' ;;`);
  return `# bash completion for ostler
_ostler() {
  local current=\${COMP_WORDS[COMP_CWORD]} path='' words='' at
  for ((at = 1; at < COMP_CWORD; at++)); do
    case " $(_ostler_nouns) " in *" \${path:+$path/}\${COMP_WORDS[at]} "*) path=\${path:+$path/}\${COMP_WORDS[at]} ;; *) break ;; esac
  done
  [[ $at -lt $COMP_CWORD ]] || case $path in
${cases.join('\n')}
  esac
  if [[ -n $words && $current != -* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    mapfile -t COMPREPLY < <("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  fi
  [[ \${#COMPREPLY[@]} -gt 0 || $current == -* ]] || COMPREPLY=($(compgen -f -- "$current"))
}
_ostler_nouns() { echo '${[...words.keys()].filter((path) => path !== '').join(' ')}'; }
complete -o filenames -F _ostler ostler ./ostler
`;
}

function collect(command: Command, path: string, words: Map<string, string[]>): void {
  if (command.commands.length === 0) return;
  words.set(
    path,
    command.commands.map((one) => one.name()).filter((name) => !name.startsWith('__')),
  );
  for (const one of command.commands) collect(one, path === '' ? one.name() : `${path}/${one.name()}`, words);
}
