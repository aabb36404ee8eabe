// Scripts that make a shell complete this program. They only pass on what is written so far: all knowledge is in the program itself
// (`__complete`), so that a script stays right when the program is updated.

export const COMPLETE_WORD = '__complete'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

export function completionScript(shell: Shell, program: string): string {
  return SCRIPTS[shell](program)
}

const SCRIPTS: Readonly<Record<Shell, (program: string) => string>> = {
  // Bash breaks words at colons, which stand in most names of models, and at equals signs: the line is split at blanks instead, and what
  // bash has taken for finished words is cut off the candidates. Without mapfile and negative indices, for macOS's bash 3.2.
  bash: (program) => `# bash completion of ${program}: source <(${program} completion bash)
_${program}_complete() {
  local line="\${COMP_LINE:0:COMP_POINT}" words current prefix="" candidate
  read -ra words <<<"$line"
  [[ "$line" == *[[:space:]] ]] && words+=("")
  current="\${words[\${#words[@]} - 1]}"
  [[ "$current" == *[:=]* && "$COMP_WORDBREAKS" == *:* ]] && prefix="\${current%"\${current##*[:=]}"}"
  COMPREPLY=()
  while IFS= read -r candidate; do
    COMPREPLY+=("\${candidate#"$prefix"}")
  done < <(command ${program} ${COMPLETE_WORD} "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _${program}_complete ${program}
`,
  zsh: (program) => `#compdef ${program}
# zsh completion of ${program}: source <(${program} completion zsh)
_${program}() {
  local -a candidates
  candidates=("\${(@f)$(command ${program} ${COMPLETE_WORD} "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  candidates=("\${(@)candidates:#}")
  if (( \${#candidates} )); then
    compadd -- "\${(@)candidates}"
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" == "_${program}" ]]; then
  _${program} "$@"
else
  compdef _${program} ${program}
fi
`,
  fish: (program) => `# fish completion of ${program}: ${program} completion fish | source
function __${program}_complete
    set -l written (commandline -opc)
    set -l current (commandline -ct)
    command ${program} ${COMPLETE_WORD} $written[2..-1] "$current" 2>/dev/null
end
complete -c ${program} -f -a '(__${program}_complete)'
complete -c ${program} -n '__fish_seen_subcommand_from create' -s f -l file -r -F
`,
}
