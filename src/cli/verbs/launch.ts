import { AppError } from '../../base/errors.ts'
import { ANY_ARGUMENTS, type Verb } from '../verb.ts'

export const launchVerb: Verb = {
  name: 'launch',
  usage: 'launch [INTEGRATION] [-- [EXTRA_ARGS...]]',
  summary: 'Start another program with a model (not offered)',
  arguments: ANY_ARGUMENTS,
  flags: {},
  variables: [],
  raw: true,
  async run({ config }, { positionals }) {
    const target = positionals.find((word) => !word.startsWith('-')) ?? 'the program'
    throw new AppError(
      'not_supported',
      `launch is not offered: start ${target} yourself and give it the server's address, ${config.serverUrl}`,
    )
  },
}
