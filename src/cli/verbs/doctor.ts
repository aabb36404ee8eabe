import type { CheckBody } from '../../api/maintenance.ts'
import { checkServer } from '../doctor/check-server.ts'
import { JSON_FLAG, printJson } from '../json.ts'
import { isNotFound } from '../server.ts'
import { type Context, NO_ARGUMENTS, type Verb } from '../verb.ts'

export const doctorVerb: Verb = {
  name: 'doctor',
  usage: 'doctor',
  summary: 'Find what is wrong, and what to do about it',
  arguments: NO_ARGUMENTS,
  flags: { json: JSON_FLAG },
  variables: ['host', 'models', 'home'],
  /** Exit status 1 when a check fails. */
  async run(context, invocation) {
    const { config, io } = context
    const { check, isLlamero } = await checkServer(context)
    const settings = config.warnings.map(
      (text): CheckBody => ({ name: 'settings', level: 'warn', text, advice: 'correct the environment variable' }),
    )
    const checks = [check, ...settings, ...(isLlamero ? await askServer(context) : await context.diagnose())]
    if (invocation.boolean('json')) printJson(io, { checks })
    else io.stdout.write(checks.map(formatCheck).join(''))
    return checks.some(({ level }) => level === 'fail') ? 1 : 0
  },
}

/** The server's own view: it may run as another user, with another environment. */
async function askServer({ client, diagnose }: Context): Promise<CheckBody[]> {
  try {
    return (await client.doctor()).checks
  } catch (error) {
    // An older server cannot tell.
    if (isNotFound(error)) return diagnose()
    throw error
  }
}

function formatCheck({ name, level, text, advice }: CheckBody): string {
  const line = `${level.padEnd(4)}  ${name.padEnd(NAME_COLUMNS)}  ${text}\n`
  return advice === undefined ? line : `${line}${' '.repeat(NAME_COLUMNS + 8)}-> ${advice}\n`
}

const NAME_COLUMNS = 9
