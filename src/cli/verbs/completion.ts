import { usageError } from '../arguments.ts'
import { completionScript, SHELLS } from '../completion/scripts.ts'
import { ONE_ARGUMENT, type Verb } from '../verb.ts'

export const completionVerb: Verb = {
  name: 'completion',
  usage: `completion ${SHELLS.join('|')}`,
  summary: 'Print a script that makes the shell complete commands',
  arguments: ONE_ARGUMENT,
  completes: SHELLS,
  flags: {},
  variables: [],
  async run({ io, program }, { positionals }) {
    const shell = SHELLS.find((name) => name === positionals[0])
    if (!shell) throw usageError(`there is no completion for ${JSON.stringify(positionals[0])}: ${SHELLS.join(', ')}`)
    io.stdout.write(completionScript(shell, program))
    return 0
  },
}
