import { formatModels, readModels } from './model-list.ts'
import { chooseLine } from './terminal/choose.ts'
import type { Context } from './verb.ts'

/** A choice on the terminal among the models that one can talk to. Undefined when there is none, which is said, or the user left. */
export async function chooseModel(context: Context, enter: string): Promise<string | undefined> {
  const { clock, io, program } = context
  const models = (await readModels(context)).filter(({ capabilities }) => capabilities?.includes('completion') ?? true)
  if (models.length === 0) {
    io.stdout.write(`There is no model to chat with yet: '${program} pull MODEL' gets one, '${program} --help' lists the commands.\n`)
    return undefined
  }
  const [title = '', ...lines] = formatModels(models, clock.nowMs()).trimEnd().split('\n')
  const choice = await chooseLine(io, { title: `  ${title}`, lines, footer: `↑/↓ choose • ${enter} • esc leave` })
  return choice === undefined ? undefined : models[choice]?.name
}
