import type { ProgressBody } from '../../api/transfer.ts'
import { DEFAULT_NAMESPACE, fullName, tryParseModelName } from '../../model/name.ts'
import { untilInterrupted } from '../interrupt.ts'
import { JSON_LINES_FLAG } from '../json.ts'
import { streamed } from '../server.ts'
import { readTransferFlags, TRANSFER_FLAGS } from '../transfer-flags.ts'
import { followTransfer } from '../transfer-progress.ts'
import { ONE_ARGUMENT, type Verb } from '../verb.ts'

export const pushVerb: Verb = {
  name: 'push',
  usage: 'push MODEL',
  summary: 'Send a model to a registry',
  arguments: ONE_ARGUMENT,
  completes: 'models',
  flags: { ...TRANSFER_FLAGS, json: JSON_LINES_FLAG },
  variables: ['host'],
  async run(context, invocation) {
    const { client, io, program } = context
    const [model = ''] = invocation.positionals
    const json = invocation.boolean('json')
    const request = { model, ...readTransferFlags(invocation) }
    const note = `Stopped. Layers that have arrived are not sent again: '${program} push ${model}' goes on.`
    await untilInterrupted(io, note, async (signal) => {
      await followTransfer(context, streamed(client.push(request, signal)), { label: labelPush, hideEmpty: false, json })
    })
    if (!json) io.stdout.write(`\nYou can find your model at:\n\n\t${destinationOf(model)}\n`)
    return 0
  },
}

function labelPush({ status = '', digest = '' }: ProgressBody): string {
  return status || `pushing ${digest.slice('sha256:'.length).slice(0, 12)}`
}

function destinationOf(model: string): string {
  const name = tryParseModelName(model)
  if (!name) return model
  if (!/\.ollama\.(ai|com)$/.test(name.host)) return fullName(name)
  const path = name.namespace === DEFAULT_NAMESPACE ? name.model : `${name.namespace}/${name.model}`
  return `https://ollama.com/${path}${name.tag === 'latest' ? '' : `:${name.tag}`}`
}
